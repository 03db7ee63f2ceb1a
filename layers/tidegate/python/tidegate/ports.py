"""What the use cases need from the outside, as protocols. `tidegate.aws` implements them; tests hold fakes to the same contract."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from tidegate.contracts.contract import Contract
from tidegate.model.arrivals import Arrival, Route
from tidegate.model.files import FileRecord, FileState, Versions
from tidegate.model.runs import Commit, DatasetState, Lease, Receipt, RunRecord, RunState


class Registration(StrEnum):
    """What registering an arrival did."""

    NEW = "NEW"
    DUPLICATE = "DUPLICATE"  # this version is known already
    SUPERSEDED = "SUPERSEDED"  # a newer version of the key is known


class Ledger(Protocol):
    """The truth about files, leases and runs. Every transition is one conditional write; a refused one changes nothing."""

    def register(self, arrival: Arrival, route: Route, state: FileState, reason: str) -> Registration:
        """Record an object version once. PENDING files join their dataset's queue, REGISTERED ones their load's parts."""
        ...

    def lease(self, dataset: str) -> Lease:
        """Read the lease, strongly consistent."""
        ...

    def take(self, seen: Lease, now: int, until: int) -> Lease | None:
        """Take a free or expired lease with token + 1; None when somebody else did since it was `seen`."""
        ...

    def hold(self, dataset: str, token: int, until: int) -> bool:
        """Extend a lease; False when the token is not the lease's any more."""
        ...

    def release(self, dataset: str, token: int) -> bool:
        """Give a lease back; False when the token is not the lease's any more."""
        ...

    def queue(self, dataset: str, limit: int) -> Sequence[FileRecord]:
        """Read files that wait for a run or are in one that is not settled, oldest first, strongly consistent."""
        ...

    def parts(self, dataset: str, load_id: str) -> Sequence[FileRecord]:
        """Read the registered files of one full load, strongly consistent."""
        ...

    def versions(self, object_ids: Iterable[str]) -> Mapping[str, Versions]:
        """Read what is known of keys, strongly consistent."""
        ...

    def files(self, file_ids: Iterable[str]) -> Mapping[str, FileRecord]:
        """Read files by id, strongly consistent; unknown ids are left out."""
        ...

    def state(self, dataset: str) -> DatasetState:
        """Read what is kept of a dataset between runs."""
        ...

    def claim(self, lease: Lease, files: Sequence[FileRecord], run_id: str) -> None:
        """Move files to CLAIMED, attempts + 1, while the lease is the caller's; raise LeaseLost when it is not."""
        ...

    def open_run(self, lease: Lease, run: RunRecord) -> None:
        """Record the run and name it in the lease; raise LeaseLost when the lease is not the caller's."""
        ...

    def supersede(self, files: Sequence[FileRecord]) -> None:
        """Move files to SUPERSEDED and out of the queue."""
        ...

    def settle(self, run: RunRecord, receipts: Sequence[Receipt], state: DatasetState) -> None:
        """Write receipts, take the files out of the queue, close the run; raise LeaseLost when the lease is not the run's."""
        ...

    def fail(self, dataset: str, token: int, run_id: str, files: Sequence[str], reason: str) -> None:
        """Move claimed files of a run to FAILED and out of the queue and close the run; raise LeaseLost as settle does."""
        ...

    def requeue(self, record: FileRecord) -> bool:
        """Put a file at rest back to PENDING and into the queue; False when its state does not allow it any more."""
        ...

    def abandon(self, run_id: str) -> None:
        """Mark a run that lost its lease ABORTED."""
        ...

    def run(self, run_id: str) -> RunRecord | None:
        """Read one run."""
        ...

    def datasets(self) -> Iterator[Lease]:
        """List the lease of every dataset that ever had a file."""
        ...

    def list_files(self, dataset: str, since: str = "", until: str = "~") -> Iterator[FileRecord]:
        """List a dataset's files by arrival; eventually consistent."""
        ...

    def list_runs(self, dataset: str, state: RunState | None = None) -> Iterator[RunRecord]:
        """List a dataset's runs, oldest first; eventually consistent."""
        ...


class Workflow(Protocol):
    """The state machine that loads a dataset."""

    def start(self, dataset: str, token: int) -> None:
        """Start the execution of a lease. One that already exists is success: name and input follow from dataset and token."""
        ...


class Objects(Protocol):
    """A bucket."""

    def get(self, key: str) -> bytes | None:
        """Read a small object; None when there is none."""
        ...

    def put(self, key: str, body: bytes) -> None:
        """Write a small object."""
        ...

    def list(self, prefix: str) -> Iterator[str]:
        """List keys under a prefix."""
        ...

    def download(self, key: str, version_id: str, path: Path) -> None:
        """Copy one object version to local disk; raise NotFound when it is gone."""
        ...


class Clock(Protocol):
    """Time, as microseconds since 1970, UTC."""

    def __call__(self) -> int:
        """Return the time now."""
        ...


@dataclass(frozen=True, slots=True)
class LiveFile:
    """A data file of a table's current snapshot; `lower` and `upper` bound `_object_key` in it, None when unknown."""

    path: str
    rows: int
    lower: str | None
    upper: str | None


class Table(Protocol):
    """One Iceberg table as it was when it was opened. A commit is made on that version or refused."""

    name: str
    columns: Mapping[str, str]  # name -> DuckDB type, in order
    field_ids: Mapping[str, int]  # dotted column path -> Iceberg field id

    def committed(self, run_id: str) -> Mapping[str, str] | None:
        """Return the summary properties of the run's commit, None when the run has not committed."""
        ...

    def live(self) -> Sequence[LiveFile]:
        """List data files of the version that was opened."""
        ...

    def fetch(self, files: Sequence[LiveFile], directory: Path) -> Sequence[Path]:
        """Copy data files to local disk, in the order given."""
        ...

    def commit(self, run_id: str, *, remove: Sequence[LiveFile], add: Sequence[Path], summary: Mapping[str, str]) -> Commit:
        """Swap data files in one snapshot that carries the run id; raise StaleCommit when the table moved."""
        ...


@dataclass(frozen=True, slots=True)
class Layers:
    """The three tables of a dataset, opened together."""

    bronze: Table
    quarantine: Table
    silver: Table


class Lake(Protocol):
    """The Iceberg tables in the catalog."""

    def open(self, contract: Contract) -> Layers:
        """Open a dataset's tables, creating them and adding columns as the contract says."""
        ...

    def commits(self, table: str, run_id: str) -> Sequence[Commit]:
        """Read what a run committed to `<domain>_<dataset>` in every layer, from the tables' own metadata."""
        ...
