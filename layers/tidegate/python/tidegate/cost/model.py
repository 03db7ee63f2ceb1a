"""Model: what a workload costs a day, by the route of its runs."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property

from tidegate.cost.bill import DAYS_A_MONTH, Dollars, Service, bill, dpu_seconds, standing
from tidegate.cost.deployment import RUN_STATES, Deployment
from tidegate.cost.measured import Measured, Rates
from tidegate.cost.prices import Prices
from tidegate.cost.usage import Usage
from tidegate.cost.workload import Plan, Planner, Workload
from tidegate.model.runs import Compute

_DAY = 86_400  # seconds
_DAY_MINUTES = 24 * 60
_LISTED = 1000  # versions in an answer of S3
LEAST_WORKERS = 2


class Way(StrEnum):
    """How files may be loaded."""

    CHOSEN = "chosen"
    LAMBDA = "Lambda"
    GLUE = "Glue"
    RUN_A_FILE = "one Glue run a file"


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a day costs in one way, in US dollars by service; `dollars` is empty where it cannot be done, and `remark` says why."""

    way: Way
    plan: Plan
    dollars: Dollars
    remark: str = ""

    @property
    def a_day(self) -> float | None:
        """All services together."""
        return sum(self.dollars.values()) if self.dollars else None

    @property
    def a_month(self) -> float | None:
        """Thirty days of it."""
        return None if self.a_day is None else self.a_day * DAYS_A_MONTH


@dataclass(frozen=True)
class Model:
    """Prices, measurements and a deployment: all that costs follow from."""

    prices: Prices
    measured: Measured
    deployment: Deployment

    @cached_property
    def rates(self) -> Mapping[Compute, Rates]:
        """What a run, a file and a megabyte use, by route."""
        return {compute: self.measured.rates(compute) for compute in Compute}

    @property
    def planner(self) -> Planner:
        """Says how files become runs."""
        return Planner(self.prices, self.deployment)

    def estimate(self, workload: Workload) -> list[Estimate]:
        """Return what the workload costs a day: as the thresholds choose, all on Lambdas, all on Glue, and with one Glue run a file."""
        planner = self.planner
        plans = {c: planner.forced(workload, c, self.rates[c]) for c in Compute}
        chosen = planner.chosen(workload, plans[Compute.LAMBDA], plans[Compute.GLUE])
        too_large = workload.text > self.deployment.thresholds.text
        by_lambda = Estimate(Way.LAMBDA, plans[Compute.LAMBDA], {}, "a file is more than a Lambda takes (LambdaTextBytes)")
        return [
            self._loaded(Way.CHOSEN, workload, chosen),
            by_lambda if too_large else self._loaded(Way.LAMBDA, workload, plans[Compute.LAMBDA]),
            self._loaded(Way.GLUE, workload, plans[Compute.GLUE]),
            self._run_a_file(workload),
        ]

    def run(self, compute: Compute, files: float, text: float, *, window: bool, job: float = 0) -> Usage:
        """Return what one run uses; `job` are the DPU-seconds that Glue bills for it."""
        used = self.rates[compute].of_run(files, text, window=window)
        return replace(used, transitions=len(RUN_STATES[compute]), notices=1, dpu_seconds=job)

    def one_glue_run(self, text: float) -> float:
        """Return the dollars that Glue bills for a job of its own for a file with so many bytes of text, on two workers."""
        workload = Workload(1, max(1, int(text)))
        seconds = self.planner.job_seconds(workload, self.rates[Compute.GLUE], 1, LEAST_WORKERS)
        billed = Usage(dpu_seconds=dpu_seconds(seconds, LEAST_WORKERS, self.prices, self.deployment))
        return bill(billed, self.prices, self.deployment)[Service.GLUE]

    def upkeep(self, workload: Workload, runs: float) -> Usage:
        """Return what a day uses beside its runs: reconcile, maintain, listing the landing bucket, asking an empty queue."""
        deployment, measured, datasets = self.deployment, self.measured, workload.datasets
        reconciles, maintains = _DAY_MINUTES / deployment.reconcile_minutes, _DAY_MINUTES / deployment.maintain_minutes
        merges = min(maintains, runs / datasets / deployment.merge_files)
        surveyed = workload.files * workload.days_kept * _DAY / deployment.survey_seconds
        polls = deployment.pollers * _DAY / deployment.poll_seconds
        return (
            (measured.reconcile + measured.reconciled * datasets) * reconciles
            + (measured.maintain + measured.maintained * datasets) * maintains
            + measured.merged * datasets * merges
            + Usage(puts=surveyed / _LISTED, reads=surveyed, messages=polls)
        )

    def _loaded(self, way: Way, workload: Workload, plan: Plan) -> Estimate:
        job = 0.0
        if plan.compute is Compute.GLUE:
            seconds = self.planner.job_seconds(workload, self.rates[Compute.GLUE], plan.files, plan.workers)
            job = dpu_seconds(seconds, plan.workers, self.prices, self.deployment)
        one = self.run(plan.compute, plan.files, plan.files * workload.text, window=workload.window > 0, job=job)
        used = one * plan.runs + self.upkeep(workload, plan.runs)
        dollars = {**bill(used, self.prices, self.deployment), Service.STANDING: standing(self.prices, self.deployment)}
        behind = "more files come than runs can take one after the other: files would wait longer and longer"
        return Estimate(way, plan, dollars, behind if plan.behind else "")

    def _run_a_file(self, workload: Workload) -> Estimate:
        seconds = self.planner.job_seconds(workload, self.rates[Compute.GLUE], 1, LEAST_WORKERS)
        plan = Plan(Compute.GLUE, workload.files, 1, LEAST_WORKERS, seconds, behind=False)
        return Estimate(Way.RUN_A_FILE, plan, {Service.GLUE: workload.files * self.one_glue_run(workload.text)})
