"""The deployed stack while everything goes wrong: `make chaos`, or `python -m scripts.chaos [--files N] [--datasets N] [--seed N]`.

Files are dropped into several datasets of the stack on a laptop's AWS of its own while Lambda processes are killed, notifications come
twice and out of order, and AWS calls fail before or after their effect. Then the disturbances end, the dead-letter queues are answered
as a person would, and the real tables are compared, row by row, with a plain fold of what is in the landing bucket.
"""

import argparse
import json
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from local.laptop import CommandFailedError, Laptop, laptop, send
from scripts.sent import CONTRACT, expected, puts
from tidegate.aws.iceberg import GlueLake
from tidegate.cli.wait import TIMED_OUT

RATES = {
    "errors": {"dynamodb": 0.03, "s3": 0.03, "states": 0.1, "sqs": 0.05, "sns": 0.1, "glue": 0.03},
    "outage": 0.001,
    "duplicate": 0.2,
    "shuffle": 3.0,
}
_LEASE_SECONDS = 20
_FILES_A_SECOND = 15  # so that there are many runs, and not one for all
_PATIENCE = 1200  # seconds for everything to come to rest once nothing disturbs it
_COLUMNS = {
    "bronze": ("_object_key", "_record", "id", "at", "amount", "op"),
    "quarantine": ("_object_key", "_record"),
    "silver": ("id", "at", "amount", "op"),
}


class Killer(threading.Thread):
    """Ends a random Lambda process every now and then, as a machine that fails does."""

    def __init__(self, here: Laptop, seed: int) -> None:
        """Begin when it is started."""
        super().__init__(daemon=True)
        self._here, self._dice, self._over = here, random.Random(seed), threading.Event()  # noqa: S311 - no secret
        self.kills: Counter[str] = Counter()

    def run(self) -> None:
        """Kill until it is told to stop."""
        while not self._over.wait(self._dice.uniform(0.5, 2.0)):
            function = self._dice.choice(("Ingest", "Claim", "Load", "Audit", "Settle", "Fail"))
            workers = list(self._here.workers(f"{self._here.stack.name}-{function}Function"))
            if workers:
                send([self._dice.choice(workers)], signal.SIGKILL)
                self.kills[function.lower()] += 1

    def stop(self) -> None:
        """Stop and wait for it."""
        self._over.set()
        self.join()


def main() -> None:
    """Disturb, mend, compare; exit 1 when a row is lost or doubled."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--datasets", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    names = [f"d{n}" for n in range(arguments.datasets)]
    with (
        tempfile.TemporaryDirectory() as folder,
        laptop(
            Path(folder), "tidegate", {"LeaseSeconds": str(_LEASE_SECONDS)}, {"TIDEGATE_LOCAL_CHAOS": json.dumps({"seed": 0})}
        ) as here,
    ):
        for name in names:
            here.publish(CONTRACT.format(name=name), Path(folder))
        _hurry(here)
        began = time.monotonic()
        print(f"dropping {arguments.files:,} files while things go wrong", flush=True)
        kills = disturb(here, names, arguments.files, arguments.seed)
        injected = here.ask("/_tidegate/chaos")["injected"]
        disturbed = time.monotonic() - began
        print(f"over after {disturbed:.0f} s: answering the dead-letter queues", flush=True)
        mended = mend(here)
        print(f"{arguments.files:,} files into {len(names)} datasets, {disturbed:.0f} s of chaos, seed {arguments.seed}")
        print(f"  kills         {sum(kills.values()):6,}   {_listed(kills)}")
        print(
            f"  redeliveries  {injected.get('notification twice', 0) + injected.get('message again', 0):6,}   "
            f"{injected.get('notification twice', 0)} notifications twice, {injected.get('message again', 0)} messages again"
        )
        calls = {kind: n for kind, n in sorted(injected.items()) if not kind.startswith(("notification", "message"))}
        print(f"  failed calls  {sum(calls.values()):6,}   {_listed(calls)}")
        print(f"  mended by     {sum(mended.values()):6,}   {_listed(mended)}")
        wrong = [problem for name in names for problem in compare(here, name)] + ledger_problems(here, names)
    print(f"  violations    {len(wrong):6,}")
    for problem in wrong[:50]:
        print(f"    {problem}")
    sys.exit(bool(wrong))


def disturb(here: Laptop, names: list[str], files: int, seed: int) -> Counter[str]:
    """Drop all files and let things go wrong until the stack has heard of them; return the kills by function."""
    here.ask("/_tidegate/chaos", json.dumps({**RATES, "seed": seed}).encode())
    killer = Killer(here, seed)
    killer.start()
    s3, bucket = here.client("s3"), here.stack.landing.bucket
    try:
        last: dict[str, Any] = {}
        with ThreadPoolExecutor(4) as pool:
            for put in puts(names, files, seed):
                before = last.get(put.key)
                if before:
                    before.result()  # versions of one key are put in their order
                last[put.key] = pool.submit(s3.put_object, Bucket=bucket, Key=put.key, Body=put.body)
                time.sleep(1 / _FILES_A_SECOND)
        _rest(here, 300)
    finally:
        killer.stop()
    return killer.kills


def mend(here: Laptop) -> Counter[str]:
    """End the disturbances and do what the runbook says until nothing is left in a queue; return what was done."""
    here.ask("/_tidegate/chaos", b"{}")
    done: Counter[str] = Counter()
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        done["messages redriven"] += here.json("redrive")["moved"]
        found = here.reconcile()
        done["datasets woken by reconcile"] += len(found["woken"])
        done["files found by reconcile"] += found["registered"]
        replayed = here.json("replay", "--letters", "1000", "--most-replays", "100")
        done["letters answered"] += replayed["letters"]
        done["files replayed"] += replayed["files_total"]
        at_rest = _rest(here, 60)
        if at_rest and not here.letters() and not here.json("redrive", "--dry-run")["waiting"]:
            return done
    raise SystemExit("the stack did not come to rest: " + here.run("status").stdout)


def compare(here: Laptop, name: str) -> list[str]:
    """Hold the three tables of a dataset against a fold of the newest versions in the landing bucket."""
    found = {
        layer: sorted(tuple(row[c] for c in columns) for row in _rows(here, layer, name)) for layer, columns in _COLUMNS.items()
    }
    problems = []
    for layer, wanted in expected(_newest(here, f"chaos/{name}/")).items():
        lost, doubled = Counter(wanted) - Counter(found[layer]), Counter(found[layer]) - Counter(wanted)
        problems += [f"{layer} of chaos.{name} lacks {row}" for row in lost.elements()]
        problems += [f"{layer} of chaos.{name} has too much: {row}" for row in doubled.elements()]
        print(f"  chaos.{name:<4} {layer:<10} {len(found[layer]):8,} rows, {lost.total()} lost, {doubled.total()} too many")
    return problems


def ledger_problems(here: Laptop, names: list[str]) -> list[str]:
    """Say which files are not at their end, and which tables reconcile finds astray."""
    problems = []
    states: Counter[str] = Counter()
    for name in names:
        keys = Counter(f["key"] for f in here.files(f"chaos.{name}") if f["state"] == "LOADED")
        landed = _newest(here, f"chaos/{name}/")
        problems += [f"{key} is LOADED {keys[key]} times" for key in landed if keys[key] != 1]
        states.update(f["state"] for f in here.files(f"chaos.{name}"))
    problems += [f"{n} files are {state}" for state, n in states.items() if state not in ("LOADED", "SUPERSEDED")]
    print(f"  files         {states.total():6,}   {_listed(states)}")
    return problems + [f"{table}: {what}" for table, what in here.astray(*(f"chaos.{name}" for name in names)).items()]


def _hurry(here: Laptop) -> None:
    """Let a message whose reader was killed come back after ten seconds and not after six minutes."""
    here.client("sqs").set_queue_attributes(QueueUrl=here.stack.outputs["ArrivalsQueue"], Attributes={"VisibilityTimeout": "10"})


def _rest(here: Laptop, seconds: int) -> bool:
    """Wait for a while; say whether nothing is left to do."""
    done = here.run("wait", "--timeout", str(seconds), check=False)
    if done.returncode not in (0, TIMED_OUT):
        raise CommandFailedError(done.stderr)
    return done.returncode == 0


def _newest(here: Laptop, prefix: str) -> dict[str, bytes]:
    """Return the newest version of each object under a prefix."""
    keys = [v.key for v in here.stack.landing.versions(prefix) if v.latest]
    return {key: here.stack.landing.get(key) or b"" for key in keys}


def _rows(here: Laptop, layer: str, name: str) -> list[dict[str, Any]]:
    lake = GlueLake(here.stack.name, here.stack.lake.bucket, here.client("s3"), here.client("glue"))
    table = lake.load(layer, f"chaos_{name}")
    rows: list[dict[str, Any]] = table.scan(selected_fields=_COLUMNS[layer]).to_arrow().to_pylist()
    return rows


def _listed(counts: Any) -> str:  # noqa: ANN401 - a mapping of counts
    return ", ".join(f"{kind} {n}" for kind, n in sorted(counts.items()))


if __name__ == "__main__":
    main()
