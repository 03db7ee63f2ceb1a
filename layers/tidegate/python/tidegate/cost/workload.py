"""Workload: how many files come a day, and how many of them a run takes."""

import math
from dataclasses import dataclass

from tidegate.cost.deployment import CORES_PER_DPU, TASK_BYTES, Deployment
from tidegate.cost.measured import MEGABYTE, Rates
from tidegate.cost.prices import Prices
from tidegate.model.runs import Compute
from tidegate.usecases.routing import Routed, choose, factor_of

_DAY = 86_400  # seconds
_IN_A_RUN = ("claim", "load", "audit", "settle")  # functions that a run waits for


@dataclass(frozen=True, slots=True)
class Workload:
    """Files that come evenly over the day, and as many to each dataset.

    `files` a day to all `datasets` together, each of so many `bytes`, its name ending in `ending`. `window` is the batching window in
    seconds, 0 for none. `days_kept` days of files lie in the landing bucket, which is listed to find what no event announced.
    """

    files: int
    bytes: int
    datasets: int = 1
    window: int = 0
    ending: str = ".csv"
    days_kept: int = 30

    def __post_init__(self) -> None:
        """Refuse what is no workload."""
        if min(self.files, self.bytes, self.datasets) < 1 or min(self.window, self.days_kept) < 0:
            raise ValueError(f"no workload: {self}")

    @property
    def files_a_second(self) -> float:
        """How fast files come to one dataset."""
        return self.files / self.datasets / _DAY

    @property
    def text(self) -> int:
        """Bytes of text in a file, as routing reckons: packed files hold more than they weigh."""
        return self.bytes * factor_of(self.ending)


@dataclass(frozen=True, slots=True)
class Plan:
    """How a workload becomes runs: where they are loaded, how many a day in all datasets, of how many files, on how many workers.

    `seconds` is how long a run is loaded. `behind`: more files come than runs can take, one after the other.
    """

    compute: Compute
    runs: float
    files: float
    workers: int
    seconds: float
    behind: bool


@dataclass(frozen=True, slots=True)
class Planner:
    """Plans runs from what they are measured to take."""

    prices: Prices
    deployment: Deployment

    def forced(self, workload: Workload, compute: Compute, rates: Rates) -> Plan:
        """Every run by one route. Files that come while a run is at work, or while a window is open, are the next run's."""
        most = self._most(workload, compute)
        gathered = self._gathered(workload)
        files, behind = self._at_rest(workload, compute, rates, min(gathered, most), most)
        runs = workload.files / files
        workers = self._routed(workload, files).workers if compute is Compute.GLUE else 0
        return Plan(compute, runs, files, workers, self.seconds(workload, compute, rates, files), behind)

    def chosen(self, workload: Workload, by_lambda: Plan, by_glue: Plan) -> Plan:
        """What the thresholds choose, from the text that waits when a run is claimed."""
        waiting = self._gathered(workload)
        if by_lambda.behind:  # files pile up until a run takes as many as it may
            room = max(self.deployment.batch_bytes, self.deployment.thresholds.batch)
            waiting = max(1, min(self.deployment.batch_files, room // workload.bytes))
        routed = self._routed(workload, max(waiting, by_lambda.files))
        return by_glue if routed.compute is Compute.GLUE else by_lambda

    def seconds(self, workload: Workload, compute: Compute, rates: Rates, files: float, workers: int = 0) -> float:
        """Return how long a run of so many files takes, from its claim on, as on the machine of the measurements.

        A Glue job's rates are those of one core: it has the cores of all workers but the driver, and no more of them work than there
        are tasks.
        """
        used = rates.of_run(files, files * workload.text, window=False)
        steps = sum(used.milliseconds.get(verb, 0) for verb in _IN_A_RUN) / 1000
        if compute is Compute.LAMBDA:
            return steps
        workers = workers or self._routed(workload, files).workers
        return steps + self.job_seconds(workload, rates, files, workers)

    def job_seconds(self, workload: Workload, rates: Rates, files: float, workers: int) -> float:
        """Return how long the Glue job of a run of so many files takes."""
        cores = (workers - 1) * CORES_PER_DPU * self.prices.glue_worker_dpus[self.deployment.worker_type]
        at_once = max(1, min(cores, math.ceil(files * workload.text / TASK_BYTES)))
        spread = rates.file.job_seconds * files + rates.megabyte.job_seconds * files * workload.text / MEGABYTE
        return rates.run.job_seconds + spread / at_once

    def _gathered(self, workload: Workload) -> float:
        """Files that a window gathers: the first one opens it, and a full batch closes it."""
        full = math.ceil(self.deployment.batch_bytes / workload.bytes)
        return max(1, min(1 + math.floor(workload.files_a_second * workload.window), self.deployment.batch_files, full))

    def _most(self, workload: Workload, compute: Compute) -> int:
        room = self.deployment.batch_bytes if compute is Compute.LAMBDA else self.deployment.thresholds.batch
        return max(1, min(self.deployment.batch_files, room // workload.bytes))

    def _at_rest(self, workload: Workload, compute: Compute, rates: Rates, least: float, most: int) -> tuple[float, bool]:
        """Return the files of a run that takes as long as they take to come, and whether even the largest run falls behind."""
        files = least
        while (come := workload.files_a_second * self.seconds(workload, compute, rates, files)) > files:
            if files >= most:
                return most, True
            files = min(most, max(come, files * 1.01))
        return files, False

    def _routed(self, workload: Workload, files: float) -> Routed:
        return choose(int(files * workload.text), 0, self.deployment.thresholds)
