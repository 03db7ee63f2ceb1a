"""What runs use: `make usage` or `python -m scripts.usage [--write]`.

Runs of a few shapes on a laptop's AWS of its own, counted by its meter: what `tidegate cost` reckons with. With `--write` they replace
the measurements in the package. Milliseconds and seconds are the laptop's.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from benchmarks.data import write_rows
from benchmarks.machine import circumstances
from benchmarks.work.ours import CONTRACT
from local.control import has_spark
from local.deploy import deploy
from local.laptop import TEMPLATE, Laptop, laptop
from scripts.metered import metered, quiet
from tidegate.cost import measured
from tidegate.cost.deployment import RUN_STATES
from tidegate.cost.measured import Measured, Shape, Shapes
from tidegate.cost.usage import Usage
from tidegate.model.runs import Compute, RunRecord

OURS = Path(measured.__file__).with_name("measured.json")
ROWS = 100  # of a small file
FILES = 20  # of a run with many
LARGE = {Compute.LAMBDA: 80_000, Compute.GLUE: 200_000}  # rows of a large file, less than a task of a Glue job takes
GAP = 0.15  # seconds between files, so that each has an invocation of ingest, as files have that come evenly


class Bench:
    """A stack, and datasets in it that are measured one after the other."""

    def __init__(self, here: Laptop, folder: Path) -> None:
        """Measure on a deployed stack; files are made in a folder."""
        self.here, self._folder, self._rows = here, folder, 0

    def shape(self, name: str, runs: int, files: int, rows: int, window: int) -> Shape:
        """Return what some runs used, each of so many files of so many rows; one before them makes the tables and is not counted."""
        dataset = f"usage.{name}"
        self.here.publish(_contract(name, window), self._folder)
        self._run(dataset, "warm", files, rows)
        before = self._runs(dataset)
        self.here.ask("/_tidegate/meter", b"")
        size = sum(self._run(dataset, f"{n:03d}", files, rows) for n in range(runs))
        made = self._runs(dataset)[len(before) :]
        used = metered(self.here, runs * files, len(made))
        used = replace(used, job_seconds=float(sum(_job_seconds(self.here, run) for run in made)))
        _hold(name, used, made, runs)
        print(f"{name}: {runs} runs of {files} file(s), {size / runs / measured.MEGABYTE:.2f} MB, {asdict(used)}", flush=True)
        return Shape(runs, runs * files, size, used)

    def _run(self, dataset: str, name: str, files: int, rows: int) -> int:
        """Drop files and wait for their run; return their bytes."""
        size, bodies = 0, []
        for _ in range(files):
            path = self._folder / "rows.csv"
            write_rows(path, rows, self._rows)
            self._rows += rows
            bodies.append(path.read_bytes())
        done = len(self._runs(dataset))
        for number, body in enumerate(bodies):
            self.here.put(f"{dataset.replace('.', '/')}/delta/{name}-{number:03d}.csv", body)
            size += len(body)
            time.sleep(GAP)
        self._until(lambda: len(self._runs(dataset)) > done and not self._busy(dataset))
        time.sleep(0.5)  # until Notify is over
        return size

    def _runs(self, dataset: str) -> Sequence[RunRecord]:
        return [run for run in self.here.stack.ledger.list_runs(dataset) if run.ended_at]

    def _busy(self, dataset: str) -> bool:
        return self.here.stack.ledger.lease(dataset).held or bool(self.here.stack.ledger.queue(dataset, 1))

    def _until(self, met: Callable[[], bool]) -> None:
        """Wait; the meter does not count what the root user asks."""
        deadline = time.monotonic() + 240
        while not met():
            if time.monotonic() > deadline:
                raise SystemExit("a run did not end in four minutes")
            time.sleep(0.3)


def main() -> None:
    """Measure, print and, when asked to, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help=f"replace {OURS.name} in the package")
    arguments = parser.parse_args()
    if not has_spark():
        raise SystemExit("runs on Glue are measured too: install Java 17, then run `make spark`")
    with (
        tempfile.TemporaryDirectory() as folder,
        laptop(Path(folder), "tidegate", environment={"TIDEGATE_LOCAL_METER": "1"}) as here,
    ):
        found = measure(here, Path(folder))
    if arguments.write:
        OURS.write_text(json.dumps(asdict(found), indent=1) + "\n", encoding="utf-8")
        print(f"written: {OURS}")


def measure(here: Laptop, folder: Path) -> Measured:
    """Measure everything: a Lambda's runs, those of a stack that sends everything to Glue, and the schedules."""
    quiet(here)
    reconcile, maintain = _reconcile(here), _maintain(here)
    bench = Bench(here, folder)
    at_once = bench.shape("at_once", runs=20, files=1, rows=ROWS, window=0)
    by_lambda = Shapes(
        bench.shape("one", runs=20, files=1, rows=ROWS, window=1),
        bench.shape("many", runs=8, files=FILES, rows=ROWS, window=6),
        bench.shape("large", runs=5, files=1, rows=LARGE[Compute.LAMBDA], window=1),
    )
    datasets = len(list(here.stack.ledger.datasets()))
    merging = _maintain(here)
    at_rest = (_maintain(here) - maintain) * (1 / datasets)
    merged = (merging - maintain - at_rest * datasets) * (1 / 2)  # only those that had twenty runs have files to merge
    here.reconcile()  # it surveys
    reconciled = (_reconcile(here) - reconcile) * (1 / datasets)
    deploy("spark", here.environment, TEMPLATE, {"LambdaTextBytes": "1"})
    there = Laptop(here.settings, "spark")
    quiet(there)
    bench = Bench(there, folder)
    by_glue = Shapes(
        bench.shape("one", runs=3, files=1, rows=ROWS, window=1),
        bench.shape("many", runs=3, files=FILES, rows=ROWS, window=6),
        bench.shape("large", runs=3, files=1, rows=LARGE[Compute.GLUE], window=1),
    )
    routes = {Compute.LAMBDA: by_lambda, Compute.GLUE: by_glue}
    words = circumstances(1, None).split(". ")
    today = time.strftime("%Y-%m-%d", time.gmtime())
    return Measured(today, "; ".join(words[1:]).rstrip("."), at_once, routes, reconcile, reconciled, maintain, at_rest, merged)


def _contract(name: str, window: int) -> str:
    """Return the benchmark's contract for a dataset."""
    text = CONTRACT.read_text(encoding="utf-8")
    for old, new in (
        ("bench", "usage"),
        ("usage_claims", f"usage_{name}"),
        ("usage.claims", f"usage.{name}"),
        ("name: claims", f"name: {name}"),
    ):
        text = text.replace(old, new)
    return text.replace("usage/claims", f"usage/{name}").rstrip() + f"\n  - {{property: batchWindow, value: {window}}}\n"


def _reconcile(here: Laptop) -> Usage:
    here.reconcile()
    here.ask("/_tidegate/meter", b"")
    here.reconcile()
    return metered(here, 0, 0)


def _maintain(here: Laptop) -> Usage:
    here.run("maintain", "--dry-run")  # so that no start of a process is in the difference of two measurements
    here.ask("/_tidegate/meter", b"")
    here.run("maintain")
    return metered(here, 0, 0)


def _job_seconds(here: Laptop, run: RunRecord) -> int:
    """Return the seconds of a run's job; none for one on a Lambda."""
    if run.route is Compute.LAMBDA:
        return 0
    jobs = here.client("glue").get_job_runs(JobName=f"{here.stack.name}-load")["JobRuns"]
    (job,) = [job for job in jobs if job["Arguments"]["--manifest_key"] == run.manifest_key]
    return int(job["ExecutionTime"])


def _hold(name: str, used: Usage, made: Sequence[RunRecord], runs: int) -> None:
    """Refuse a measurement of something else than what was to be measured."""
    states = len(RUN_STATES[made[0].route])
    if len(made) != runs or {run.state for run in made} != {"SUCCEEDED"} or used.transitions != runs * states:
        raise SystemExit(f"{name}: {runs} runs of {states} states were to be measured, not {made} with {used.transitions} states")


if __name__ == "__main__":
    main()
