"""Deployment: what of template.yaml and of the state machine decides about costs. A test holds both equal."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tidegate.model.runs import Compute
from tidegate.usecases.routing import Thresholds

#: The states that a run enters when nothing fails, by where it is loaded: each is a state transition.
RUN_STATES = {
    Compute.LAMBDA: ("Claim", "Load", "Audit", "Settle", "Crawl?", "Notify"),
    Compute.GLUE: ("Claim", "Load", "Escalate", "LoadOnGlue", "Audit", "Settle", "Crawl?", "Notify"),
}
VERBS = ("ingest", "claim", "load", "audit", "settle", "fail", "replay", "reconcile", "maintain", "gold")
TASK_BYTES = 67_108_864  # of text: what one core of a Glue job takes at a time
CORES_PER_DPU = 4
_LOADERS = ("load", "maintain")  # the functions with LoadMemory and LoadEphemeralStorage
_THRESHOLDS = Thresholds(text=1 << 30, silver=1 << 30, batch=64 << 30, per_worker=4 << 30, workers=10)


def _sizes(loaders: int, others: int) -> dict[str, int]:
    return {verb: loaders if verb in _LOADERS else others for verb in VERBS}


@dataclass(frozen=True, slots=True)
class Deployment:
    """The template's parameters and constants, with their defaults.

    `memory` and `disk` are in MB, by function. A run takes at most `batch_files` files, and on a Lambda `batch_bytes` bytes of them;
    `merge_files` small data files are merged. Reconcile and maintain come every so many minutes, a survey of the landing bucket every so
    many seconds. `pollers` of Lambda ask the arrivals queue, each with `poll_seconds` of patience.
    """

    architecture: str = "x86_64"
    memory: Mapping[str, int] = field(default_factory=lambda: _sizes(3008, 512) | {"gold": 1769})
    disk: Mapping[str, int] = field(default_factory=lambda: _sizes(4096, 512))
    batch_files: int = 1000
    batch_bytes: int = 256 << 20
    thresholds: Thresholds = _THRESHOLDS
    worker_type: str = "G.1X"
    merge_files: int = 16
    reconcile_minutes: int = 5
    maintain_minutes: int = 30
    survey_seconds: int = 21_600
    pollers: int = 5
    poll_seconds: int = 20
    keys: int = 1
    secrets: int = 1
    alarms: int = 11

    def with_parameters(self, given: Mapping[str, str]) -> "Deployment":
        """Return what a stack with these parameters is; those that the template lacks, or that do not matter here, change nothing."""
        memory = int(given.get("LoadMemory", self.memory["load"]))
        disk = int(given.get("LoadEphemeralStorage", self.disk["load"]))
        return replace(
            self,
            architecture=given.get("Architecture", self.architecture),
            memory={**self.memory, **dict.fromkeys(_LOADERS, memory)},
            disk={**self.disk, **dict.fromkeys(_LOADERS, disk)},
            worker_type=given.get("GlueWorkerType", self.worker_type),
        )
