"""Actual: what the runs in the ledger cost.

The ledger knows where a run was loaded, its files and bytes, and when it was claimed and settled. It does not know how long its
functions and its job ran, nor what was tried again. So there are two answers: `at_most` takes all of the time from claim to end for the
load function's, or for the Glue job's; `modelled` takes the seconds of the measurements. Both take the measurements' requests, and
bytes for text: the record of a run does not say which files were packed.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from math import fsum

from tidegate.cost.bill import bill, dpu_seconds
from tidegate.cost.model import LEAST_WORKERS, Model
from tidegate.cost.usage import Usage
from tidegate.cost.workload import Workload
from tidegate.model.runs import Compute, RunRecord


@dataclass(frozen=True, slots=True)
class Spent:
    """What a dataset's runs cost, in US dollars; runs that are not over are counted in `unfinished` and nowhere else.

    `on_lambda` and `on_glue` are runs, those that failed among them. `run_a_file` is what Glue would have billed for one run a file.
    """

    dataset: str
    on_lambda: int = 0
    on_glue: int = 0
    failed: int = 0
    unfinished: int = 0
    files: int = 0
    bytes: int = 0
    modelled: float = 0
    at_most: float = 0
    run_a_file: float = 0


def spent(dataset: str, runs: Iterable[RunRecord], model: Model, since: str = "") -> Spent:
    """Price a dataset's runs that were claimed at or after a time (ISO-8601, UTC)."""
    counted = [run for run in runs if run.started_at >= since]
    over = [run for run in counted if run.ended_at]
    routes = Counter(run.route for run in over)
    return Spent(
        dataset,
        on_lambda=routes[Compute.LAMBDA],
        on_glue=routes[Compute.GLUE],
        failed=sum(run.state != "SUCCEEDED" for run in over),
        unfinished=len(counted) - len(over),
        files=sum(run.files for run in over),
        bytes=sum(run.bytes for run in over),
        modelled=fsum(_dollars(_modelled(run, model), model) for run in over),
        at_most=fsum(_dollars(_at_most(run, model), model) for run in over),
        run_a_file=fsum(run.files * model.one_glue_run(run.bytes / run.files) for run in over if run.files),
    )


def seconds_of(run: RunRecord) -> float:
    """Return how long a run took from its claim to its end."""
    return (datetime.fromisoformat(run.ended_at) - datetime.fromisoformat(run.started_at)).total_seconds()


def _modelled(run: RunRecord, model: Model) -> Usage:
    job = 0.0
    if run.route is Compute.GLUE:
        workers, workload = _workers(run), Workload(max(1, run.files), max(1, run.bytes // max(1, run.files)))
        seconds = model.planner.job_seconds(workload, model.rates[Compute.GLUE], run.files, workers)
        job = dpu_seconds(seconds, workers, model.prices, model.deployment)
    return model.run(run.route, run.files, run.bytes, window=True, job=job)


def _at_most(run: RunRecord, model: Model) -> Usage:
    if run.route is Compute.GLUE:
        job = dpu_seconds(seconds_of(run), _workers(run), model.prices, model.deployment)
        return model.run(run.route, run.files, run.bytes, window=True, job=job)
    used = model.run(run.route, run.files, run.bytes, window=True)
    return replace(used, milliseconds={**used.milliseconds, "load": seconds_of(run) * 1000})


def _workers(run: RunRecord) -> int:
    return max(LEAST_WORKERS, run.workers)


def _dollars(usage: Usage, model: Model) -> float:
    return sum(bill(usage, model.prices, model.deployment).values())
