"""Routing: whether a batch is loaded by a Lambda or by Spark on Glue, from what is known before anything of it is read."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Protocol

from tidegate.contracts.contract import Contract, LoadMode
from tidegate.errors import NoRoom
from tidegate.model.runs import Compute, DatasetState

#: Bytes of text that a byte of a file gives, by the end of its name. Names may lie: a load that does not fit goes to Glue all the same.
UNPACKED = {".gz": 8, ".zst": 8, ".zip": 8, ".xlsx": 8, ".parquet": 5}
_DATA_FILE = 128 << 20  # bytes: what one row that changes may have written anew
_MIB = 1 << 20


class Sized(Protocol):
    """A landing object."""

    @property
    def key(self) -> str:
        """Its name, which may say how it is packed."""
        ...

    @property
    def size(self) -> int:
        """Its bytes."""
        ...


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Up to how many bytes a Lambda loads: of `text` in a batch, of `silver` that it may have to write anew.

    A run on Glue takes up to `batch` bytes of files and a worker for each `per_worker` bytes, two at least and at most `workers`.
    """

    text: int
    silver: int
    batch: int
    per_worker: int
    workers: int


NEVER = Thresholds(text=1 << 62, silver=1 << 62, batch=0, per_worker=1 << 30, workers=2)
"""Where there is no Glue."""


@dataclass(frozen=True, slots=True)
class Routed:
    """Where a batch is loaded, the reason in words, and the workers it would take on Glue."""

    compute: Compute
    reason: str
    workers: int


def text_of(files: Sequence[Sized]) -> int:
    """Return about how many bytes of text files hold."""
    return sum(file.size * factor_of(file.key) for file in files)


def factor_of(key: str) -> int:
    """Return how many bytes of text a byte of a file is taken for, by its name."""
    return next((factor for end, factor in UNPACKED.items() if key.lower().endswith(end)), 1)


def route(files: Sequence[Sized], contract: Contract, state: DatasetState, thresholds: Thresholds, *, anew: bool) -> Routed:
    """Choose for a batch; `anew`: it is a full load that becomes the current state."""
    return choose(text_of(files), silver_of(len(files), contract, state, anew=anew), thresholds)


def choose(text: int, silver: int, thresholds: Thresholds) -> Routed:
    """Choose for so many bytes of text and of silver that may be written anew."""
    workers = min(thresholds.workers, max(2, 1 + -(-max(text, silver) // thresholds.per_worker)))
    if text > thresholds.text:
        return Routed(Compute.GLUE, f"{_mib(text)} of text, a Lambda takes {_mib(thresholds.text)} (LambdaTextBytes)", workers)
    if silver > thresholds.silver:
        reason = f"{_mib(silver)} of silver may be written anew, a Lambda takes {_mib(thresholds.silver)} (LambdaSilverBytes)"
        return Routed(Compute.GLUE, reason, workers)
    return Routed(Compute.LAMBDA, f"{_mib(text)} of text, at most {_mib(silver)} of silver to write anew", workers)


def keep_to_lambda(compute: str, reason: str) -> None:
    """Raise NoRoom when a run was routed to Glue: the state machine takes it there, without a Choice that every run would pay for."""
    if compute == Compute.GLUE:
        raise NoRoom(reason)


def silver_of(files: int, contract: Contract, state: DatasetState, *, anew: bool) -> int:
    """Return at most how many bytes of silver a batch of so many files has written anew.

    A row changes one data file, and how many rows a file has is known from earlier ones. Without any, every data file may change. Rows
    that are only appended change none, unless an earlier version of their file has to leave.
    """
    held = state.sizes.get(f"silver.{contract.table}", 0)
    if anew:
        return held
    if contract.load_mode is LoadMode.APPEND:
        return 0
    seen = state.volumes.get("delta", ())
    return min(held, int(files * median(seen) * _DATA_FILE)) if seen else held


def _mib(size: int) -> str:
    return f"{size / _MIB:,.1f} MiB" if size >= _MIB else f"{size:,} bytes"
