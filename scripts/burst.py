"""What many small files cost: `make burst` or `python scripts/burst.py [--files N]`.

A burst of files into one dataset of the stack on a laptop's AWS of its own, counted by its meter and priced at AWS's list prices, and,
from the same kind of counts, a day of 10,000 files that come evenly: with every file started at once, and with a window of a minute.
Milliseconds are the laptop's. Beside it what one AWS Glue run a file costs.
"""

import argparse
import json
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.laptop import Laptop, laptop
from tests.e2e.datasets import contract, readings

PRICES = json.loads(Path(__file__).with_name("prices.json").read_text(encoding="utf-8"))
A_DAY = 10_000  # files
WINDOWS = 24 * 60
IDLE_POLLS = 5 * 3 * 60 * 24  # Lambda's pollers ask an empty queue, each three times a minute
RECONCILES = 12 * 24
SURVEYS = 4  # of the landing bucket, every six hours


@dataclass(frozen=True)
class Measured:
    """What the meter counted for some files, and how many files and runs that were."""

    files: int
    runs: int
    counts: dict[str, Any]

    def total(self, kind: str, name: str = "") -> int:
        """Return the number of things of a kind whose names begin with `name`."""
        return sum(n for key, n in self.counts.get(kind, {}).items() if key.startswith(name))

    @property
    def gb_seconds(self) -> float:
        """Memory times time of all invocations."""
        return sum(f["milliseconds"] / 1000 * f["memory"] / 1024 for f in self.counts["invocations"].values())

    @property
    def invocations(self) -> int:
        """How often functions ran."""
        return int(sum(f["count"] for f in self.counts["invocations"].values()))

    def cost(self) -> dict[str, float]:
        """Return dollars by service."""
        written = 2 * self.total("writes", "transactional") + self.total("writes", "single")
        listed = self.files + self.runs  # what the ledger's index lists costs once more, when it is made
        puts = self.total("requests", "s3.PUT") + self.total("requests", "s3.LIST") + self.total("requests", "s3.POST")
        gets = self.total("requests", "s3.GET") + self.total("requests", "s3.HEAD")
        queue = self.total("notifications") + 2 * self.counts["invocations"].get("ingest", {"count": 0})["count"]
        return {
            "Step Functions": self.total("transitions") * PRICES["state_transition"],
            "Lambda": self.invocations * PRICES["lambda_request"] + self.gb_seconds * PRICES["lambda_gb_second"],
            "S3": puts * PRICES["s3_put"] + gets * PRICES["s3_get"],
            "DynamoDB": (written + listed) * PRICES["dynamodb_write_unit"] + self.total("reads") * PRICES["dynamodb_read_unit"],
            "Glue catalog": self.total("requests", "glue.") * PRICES["glue_catalog_request"],
            "SQS, SNS": (queue + self.total("requests", "sqs.")) * PRICES["sqs_request"] + self.runs * PRICES["sns_publish"],
        }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--singles", type=int, default=40, help="files that are started at once, one after the other")
    parser.add_argument("--windows", type=int, default=20, help="windows of seven files")
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        laptop(Path(folder), "tidegate", environment={"TIDEGATE_LOCAL_METER": "1"}) as here,
    ):
        without_schedules(here)
        for dataset in ("burst.files", "burst.singles", "burst.windows"):
            here.publish(with_window(dataset), Path(folder))
        burst(here, arguments.files)
        singles, windows, survey = one_by_one(here, arguments.singles), by_window(here, arguments.windows), a_reconcile(here)
    print(f"\n{A_DAY:,} files spread evenly over a day, at list prices of {PRICES['as_of']} ({PRICES['region']})")
    a_day("started at once", singles, A_DAY, survey)
    a_day("one-minute window", windows, WINDOWS, survey)
    a_file = PRICES["glue_dpu_hour"] * PRICES["glue_least_dpus"] * PRICES["glue_least_minutes"] / 60
    print(
        f"  one Glue run a file   ${A_DAY * a_file:8.2f}   ({PRICES['glue_least_dpus']} DPUs for {PRICES['glue_least_minutes']} minute)"
    )
    print(f"  {PRICES['note']}")


def without_schedules(here: Laptop) -> None:
    """Stop reconcile's schedule: what it costs is counted by itself, and not with whatever is measured when it comes."""
    events = here.client("events")
    for rule in events.list_rules()["Rules"]:
        if "ScheduleExpression" in rule:
            events.disable_rule(Name=rule["Name"])


def with_window(dataset: str) -> str:
    """Return a contract; the dataset of the windows gathers files for two seconds, which stand for a minute."""
    text = contract(dataset)
    return f"{text}  - {{property: batchWindow, value: 2}}\n" if dataset == "burst.windows" else text


def measured(here: Laptop, dataset: str, files: int) -> Measured:
    """Return what the meter counted since it was last asked."""
    counts = here.ask("/_tidegate/meter", b"")
    counts["invocations"] = {_verb(name): entry for name, entry in counts["invocations"].items()}
    return Measured(files, sum(1 for _ in here.stack.ledger.list_runs(dataset)), counts)


def _verb(function: str) -> str:
    return next(
        (v for v in ("ingest", "claim", "load", "audit", "settle", "fail", "replay", "reconcile") if v in function.lower()),
        function,
    )


def burst(here: Laptop, files: int) -> None:
    """Drop many files at once and wait until every row is in."""
    here.ask("/_tidegate/meter", b"")
    bucket, s3 = here.stack.landing.bucket, here.client("s3")
    began = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        put = lambda n: s3.put_object(Bucket=bucket, Key=f"burst/files/delta/{n:06d}.csv", Body=readings(10, first=n * 10))  # noqa: E731
        list(pool.map(put, range(files)))
    dropped = time.monotonic() - began
    here.rest(3600)
    seconds = time.monotonic() - began
    found = measured(here, "burst.files", files)
    states = {f["state"] for f in here.files("burst.files")}
    if states != {"LOADED"}:
        raise SystemExit(f"files ended as {states}")
    runs = [r.books for r in here.stack.ledger.list_runs("burst.files")]
    inserted = sum(b.rows_inserted for b in runs)
    if inserted != files * 10:
        raise SystemExit(f"{inserted} rows were inserted, {files * 10} were sent")
    requests = found.total("requests", "dynamodb.")
    print(f"burst of {files:,} files of 10 rows into one dataset: every row once")
    print(f"  seconds         {seconds:9.1f}   of which dropping them took {dropped:.1f}; {files / seconds:.0f} files/s")
    print(f"  runs            {found.runs:9,}   {files / found.runs:.0f} files a run")
    by_verb = ", ".join(f"{verb} {int(each['count'])}" for verb, each in sorted(found.counts["invocations"].items()))
    print(f"  invocations     {found.invocations:9,}   {by_verb}")
    print(f"  transitions     {found.total('transitions'):9,}")
    print(f"  DynamoDB        {requests:9,}   {requests / files:.2f} requests a file")
    costs = found.cost()
    print(f"  cost            ${sum(costs.values()):8.2f}   {_priced(costs)}")
    a_file = PRICES["glue_dpu_hour"] * PRICES["glue_least_dpus"] * PRICES["glue_least_minutes"] / 60
    print(f"  one Glue run a file: ${files * a_file:.2f}")


def one_by_one(here: Laptop, files: int) -> Measured:
    """Drop files so that each finds its dataset idle."""
    here.put("burst/singles/delta/warm.csv", readings(10))
    here.rest()
    here.ask("/_tidegate/meter", b"")
    before = sum(1 for _ in here.stack.ledger.list_runs("burst.singles"))
    for n in range(files):
        here.put(f"burst/singles/delta/{n:06d}.csv", readings(10, first=n * 10))
        _until_loaded(here, "burst.singles", n + 2)
    found = measured(here, "burst.singles", files)
    return Measured(files, found.runs - before, found.counts)


def by_window(here: Laptop, windows: int) -> Measured:
    """Drop seven files for each window."""
    each = round(A_DAY / WINDOWS)
    here.ask("/_tidegate/meter", b"")
    for n in range(windows):
        for m in range(each):
            here.put(f"burst/windows/delta/{n:04d}-{m}.csv", readings(10, first=(n * each + m) * 10))
        _until_loaded(here, "burst.windows", (n + 1) * each)
    return measured(here, "burst.windows", windows * each)


def a_reconcile(here: Laptop) -> Measured:
    """Run reconcile when there is nothing to do."""
    here.reconcile()
    here.ask("/_tidegate/meter", b"")
    here.reconcile()
    return measured(here, "", 0)


def _until_loaded(here: Laptop, dataset: str, files: int) -> None:
    """Wait; the meter does not count what the root user asks."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        time.sleep(0.3)
        lease = here.stack.ledger.lease(dataset)
        if lease.token and not lease.held and not here.stack.ledger.queue(dataset, 1):
            done = sum(1 for f in here.stack.ledger.list_files(dataset) if f.state == "LOADED")
            if done >= files:
                return
    raise SystemExit(f"{dataset} did not load {files} files")


def a_day(name: str, unit: Measured, runs: int, survey: Measured) -> None:
    """Print what a day costs, from what some runs of the same shape cost."""
    costs = {service: dollars / unit.runs * runs for service, dollars in unit.cost().items()}
    for service, dollars in survey.cost().items():
        costs[service] += dollars * RECONCILES
    costs["S3"] += SURVEYS * A_DAY / 1000 * PRICES["s3_put"]  # a listing has a thousand versions
    costs["DynamoDB"] += SURVEYS * A_DAY * PRICES["dynamodb_read_unit"]
    costs["SQS, SNS"] += IDLE_POLLS * PRICES["sqs_request"]
    load = unit.counts["invocations"]["load"]
    print(
        f"  {name:<20}  ${sum(costs.values()):8.2f}   {_priced(costs)}"
        f"; {unit.total('transitions') / unit.runs:.1f} transitions and {load['milliseconds'] / load['count'] / 1000:.2f} s of load a run"
    )


def _priced(costs: dict[str, float]) -> str:
    return ", ".join(f"{service} {dollars:.3f}" for service, dollars in costs.items())


if __name__ == "__main__":
    main()
