"""What a burst of many small files costs: `make burst` or `python scripts/burst.py [--files N]`.

A burst of files into one dataset of the stack on a laptop's AWS of its own, counted by its meter and priced at AWS's list prices.
Milliseconds are the laptop's. Beside it what one AWS Glue run a file costs. What files cost that come evenly, `tidegate cost` says.
"""

import argparse
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from local.laptop import Laptop, laptop
from scripts.metered import metered, quiet
from tests.e2e.datasets import contract, readings
from tidegate.cost import data
from tidegate.cost.bill import bill
from tidegate.cost.deployment import Deployment
from tidegate.cost.model import Model

DATASET, ROWS = "burst.files", 10


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=10_000)
    arguments = parser.parse_args()
    model = Model(data.prices(), data.measured(), Deployment())
    with (
        tempfile.TemporaryDirectory() as folder,
        laptop(Path(folder), "tidegate", environment={"TIDEGATE_LOCAL_METER": "1"}) as here,
    ):
        quiet(here)
        here.publish(contract(DATASET), Path(folder))
        burst(here, arguments.files, model)
    print(f"  list prices of {model.prices.as_of} ({model.prices.region}). {model.prices.note}")


def burst(here: Laptop, files: int, model: Model) -> None:
    """Drop many files at once and wait until every row is in."""
    here.ask("/_tidegate/meter", b"")
    bucket, s3 = here.stack.landing.bucket, here.client("s3")
    bodies = {f"burst/files/delta/{n:06d}.csv": readings(ROWS, first=n * ROWS) for n in range(files)}
    began = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: s3.put_object(Bucket=bucket, Key=key, Body=bodies[key]), bodies))
    dropped = time.monotonic() - began
    here.rest(3600, pause=1)
    seconds = time.monotonic() - began
    runs = _all_loaded(here, files)
    used = metered(here, files, runs)
    dollars = bill(used, model.prices, model.deployment)
    by_verb = ", ".join(f"{verb} {n:.0f}" for verb, n in used.invocations.items())
    print(f"burst of {files:,} files of {ROWS} rows into one dataset: every row once")
    print(f"  seconds         {seconds:9.1f}   of which dropping them took {dropped:.1f}; {files / seconds:.0f} files/s")
    print(f"  runs            {runs:9,}   {files / runs:.0f} files a run")
    print(f"  invocations     {sum(used.invocations.values()):9,.0f}   {by_verb}")
    print(f"  transitions     {used.transitions:9,.0f}")
    print(
        f"  DynamoDB units  {used.writes + used.reads:9,.0f}   {used.writes / files:.2f} written and {used.reads / files:.2f} read a file"
    )
    print(f"  cost            ${sum(dollars.values()):8.2f}   {_priced(dollars)}")
    print(f"  one Glue run a file: ${sum(model.one_glue_run(len(body)) for body in bodies.values()):.2f}")


def _all_loaded(here: Laptop, files: int) -> int:
    """Return how many runs there were, once every row is seen to be in."""
    states = {f["state"] for f in here.files(DATASET)}
    if states != {"LOADED"}:
        raise SystemExit(f"files ended as {states}")
    runs = list(here.stack.ledger.list_runs(DATASET))
    inserted = sum(run.books.rows_inserted for run in runs)
    if inserted != files * ROWS:
        raise SystemExit(f"{inserted} rows were inserted, {files * ROWS} were sent")
    return len(runs)


def _priced(dollars: Mapping[str, float]) -> str:
    return ", ".join(f"{service} {each:.3f}" for service, each in dollars.items() if each)


if __name__ == "__main__":
    main()
