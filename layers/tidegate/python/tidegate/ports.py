"""What the use cases need from the outside, as protocols. `tidegate.aws` implements them; tests hold fakes to the same contract."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from tidegate.contracts.contract import Contract
from tidegate.model.arrivals import Arrival, Route
from tidegate.model.files import FileRecord, FileState, Versions
from tidegate.model.runs import Books, Commit, DatasetState, Lease, Leaving, Manifest, Receipt, RunRecord, RunState
from tidegate.model.selection import DeadLetter

if TYPE_CHECKING:  # DuckDB is heavy, and half of the functions never need it
    from tidegate.engine import FieldIds, Inspection, Output, Parents, StagedFile


class Registration(StrEnum):
    """What registering an arrival did."""

    NEW = "NEW"
    DUPLICATE = "DUPLICATE"  # this version is known already
    SUPERSEDED = "SUPERSEDED"  # a newer version of the key is known
    MOVED = "MOVED"  # nothing: this version was to come after one that is not the newest any more


class Ledger(Protocol):
    """The truth about files, leases and runs. Every transition is one conditional write; a refused one changes nothing."""

    def register(self, arrival: Arrival, route: Route, state: FileState, reason: str) -> Registration:
        """Record an object version once. PENDING files join their dataset's queue, REGISTERED ones their load's parts."""
        ...

    def lease(self, dataset: str) -> Lease:
        """Read the lease, strongly consistent."""
        ...

    def take(self, seen: Lease, now: int, until: int, keeper: str = "") -> Lease | None:
        """Take a free or expired lease with token + 1; None when somebody else did since it was `seen`.

        With a `keeper` nobody starts an execution for it.
        """
        ...

    def hold(self, dataset: str, token: int, until: int, run_id: str = "") -> bool:
        """Extend a lease; False when the token is not the lease's any more, or when `run_id` is given and not its open run."""
        ...

    def release(self, dataset: str, token: int) -> bool:
        """Give a lease back; False when the token is not the lease's any more, or when a run is open or not concluded under it."""
        ...

    def back_off(self, dataset: str, token: int, opens_at: int) -> bool:
        """Give a lease back after a failure: one more, and nobody takes it unasked before `opens_at`; False as release."""
        ...

    def reserve(self, seen: Lease, opens_at: int) -> bool:
        """Keep a held lease, once it is given back, from being taken unasked before `opens_at`; False when it changed since."""
        ...

    def arm(self, seen: Lease, opens_at: int) -> bool:
        """Keep a free lease from being taken unasked before `opens_at`; False when it changed since it was `seen`."""
        ...

    def queue(self, dataset: str, limit: int, after: str = "") -> Sequence[FileRecord]:
        """Read files that wait for a run or are in one that is not settled, oldest first, those that arrived later than `after`."""
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

    def end_run(self, token: int, run: RunRecord, state: DatasetState | None = None) -> RunRecord:
        """Decide, in one write under the lease, what became of an open run: this is the moment from which its rows count or do not.

        Return the decision, which is an earlier one when there was one. Its files follow by `settle`, `queue_again` or `give_up`,
        any number of times; `close_run` comes last. Raise LeaseLost when the lease is not `token`'s or names another run.
        """
        ...

    def settle(self, token: int, run: RunRecord, receipts: Sequence[Receipt]) -> None:
        """Write receipts on the run's files and take them out of the queue; raise LeaseLost when the lease is not `token`'s."""
        ...

    def queue_again(self, token: int, run: RunRecord, files: Sequence[str], *, alone: bool) -> None:
        """Let the files of a run wait for another, after a FAILED one in batches of at most `run.again`; `alone` counts a failure."""
        ...

    def give_up(self, token: int, run: RunRecord, files: Sequence[str]) -> None:
        """Move the files of a FAILED run to FAILED and out of the queue; raise LeaseLost as settle does."""
        ...

    def close_run(self, dataset: str, token: int, run_id: str) -> None:
        """Take an ended run out of the lease; nothing happens when the lease does not name it."""
        ...

    def supersede(self, files: Sequence[FileRecord], lease: Lease | None = None) -> None:
        """Take overtaken files out of the queue: to SUPERSEDED, or back to LOADED where their rows are in the tables.

        A file that moved since it was read is left alone. With a `lease`, raise LeaseLost when it is not the caller's any more, or
        when a run was opened under it since it was read: that run may be loading them.
        """
        ...

    def requeue(self, record: FileRecord, *, forced: bool = False) -> bool:
        """Put a file at rest back to PENDING and into the queue; False when its state does not allow it any more."""
        ...

    def explain(self, file_id: str, reason: str) -> None:
        """Say on a waiting file what it waits for."""
        ...

    def mark_unclean(self, dataset: str) -> None:
        """Note that the tables hold what no settled run left there: the next run takes it back, even when no file waits."""
        ...

    def run(self, run_id: str) -> RunRecord | None:
        """Read one run."""
        ...

    def cursor(self, name: str) -> Mapping[str, Any]:
        """Read where a long piece of work stopped; empty when it never did."""
        ...

    def keep_cursor(self, name: str, fields: Mapping[str, Any]) -> None:
        """Write where a long piece of work stopped: texts and whole numbers."""
        ...

    def datasets(self) -> Iterator[str]:
        """List every dataset that ever had a file."""
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


class Timer(Protocol):
    """A wake-up call for a dataset: at least once, not before its time."""

    def ring(self, dataset: str, seconds: int) -> None:
        """Have the dataset woken in so many seconds, at most 900."""
        ...


class Letters(Protocol):
    """The failures DLQ."""

    def send(self, letter: Mapping[str, Any]) -> None:
        """Keep a failure for a person to look at and to replay."""
        ...

    def discard(self, letters: Sequence[DeadLetter]) -> None:
        """Delete letters whose contents are safe."""
        ...

    def give_back(self, letters: Sequence[DeadLetter]) -> None:
        """Let others see letters again at once."""
        ...


@dataclass(frozen=True, slots=True)
class ObjectVersion:
    """A version of an object as the bucket lists it, newest first within a key. `version_id` is empty in an unversioned bucket.

    A `deleted` one is a delete marker.
    """

    key: str
    version_id: str
    size: int
    latest: bool
    deleted: bool = False
    etag: str = ""


class Objects(Protocol):
    """A bucket."""

    def get(self, key: str) -> bytes | None:
        """Read a small object; None when there is none."""
        ...

    def put(self, key: str, body: bytes) -> None:
        """Write a small object."""
        ...

    def versions(self, prefix: str, after: str = "") -> Iterator[ObjectVersion]:
        """List versions under a prefix in the order of their keys, of the keys after `after`."""
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
    bytes: int = 0


class Table(Protocol):
    """One Iceberg table as it was when it was opened. A commit is made on that version or refused.

    After a commit of its own the table is at the version that the commit made.
    """

    name: str
    author: str  # the run whose commit made this version; empty for none, and where a commit was taken back
    columns: Mapping[str, str]  # name -> DuckDB type, in order
    field_ids: Mapping[str, int]  # dotted column path -> Iceberg field id

    def committed(self, run_id: str) -> Mapping[str, str] | None:
        """Return the summary properties of the run's commit, None when the run has not committed."""
        ...

    def live(self) -> Sequence[LiveFile]:
        """List data files of the version that was opened."""
        ...

    def bounds(self, column: str) -> Mapping[str, tuple[str, str]]:
        """Return lower and upper bound of a column by data file, as texts that DuckDB casts to its type; left out when unknown.

        They hold for the values that are not NULL, and not NaN, and may be wider than the values are.
        """
        ...

    def fetch(self, files: Sequence[LiveFile], directory: Path) -> Sequence[Path]:
        """Copy data files to local disk, in the order given."""
        ...

    def commit(self, run_id: str, *, remove: Sequence[LiveFile], add: Sequence[Path], summary: Mapping[str, str]) -> Commit:
        """Swap data files in one snapshot that carries the run id; raise StaleCommit when the table moved."""
        ...

    def undo(self) -> None:
        """Take the newest commit back, by a commit that holds the data files from before it; raise StaleCommit as commit does."""
        ...


class Snapshot(Protocol):
    """One Iceberg table at one version, for reading."""

    version: str  # names it for ever; empty for a table without rows
    columns: Mapping[str, str]  # name -> DuckDB type, in order

    def live(self) -> Sequence[LiveFile]:
        """List data files of the version."""
        ...

    def fetch(self, files: Sequence[LiveFile], directory: Path) -> Sequence[Path]:
        """Copy data files to local disk, in the order given."""
        ...


@dataclass(frozen=True, slots=True)
class TableVersion:
    """One version in a table's history, a snapshot; `made_at` is in microseconds since 1970, UTC."""

    number: int
    made_at: int


@dataclass(frozen=True, slots=True)
class Orphan:
    """An object where a table keeps its files, to which no version of the table refers."""

    key: str
    bytes: int


class KeptTable(Table, Protocol):
    """A table as maintenance sees it. What it does changes no row, and is done on the version that was opened or refused, as commits."""

    @property
    def merges(self) -> bool:
        """Whether data files may be merged: not where other hands added files that delete rows of others."""
        ...

    def history(self) -> Sequence[TableVersion]:
        """List the versions that led to the one that was opened, newest first."""
        ...

    def merge(self, by: str, remove: Sequence[LiveFile], add: Path) -> None:
        """Put one data file with the same rows in the place of others, by a commit without author.

        Raise BooksUnbalanced when it has not as many rows, and StaleCommit when the table moved.
        """
        ...

    def expire(self, versions: Sequence[TableVersion]) -> None:
        """Forget old versions. Their data files stay until they are removed as orphans; raise StaleCommit when the table moved."""
        ...

    def orphans(self, before: int) -> Iterator[Sequence[Orphan]]:
        """List orphans that were written before a time (microseconds since 1970, UTC), in batches.

        Raise NotFound when a file is not there that says what versions refer to.
        """
        ...

    def remove(self, orphans: Sequence[Orphan]) -> None:
        """Delete orphans; the lake bucket keeps them as old versions for a while."""
        ...


class Store(Protocol):
    """Where the tables of a dataset are kept."""

    def tables(self, table: str) -> "Sequence[KeptTable]":
        """Open those tables of `<domain>_<dataset>` that are there, as they are."""
        ...


class Merger(Protocol):
    """Room and tools to make one data file out of several."""

    def merged(self, table: Table, files: Sequence[LiveFile]) -> AbstractContextManager[Path]:
        """Copy the files and write their rows into one, in the order of arrival; both are gone after the block."""
        ...


@dataclass(frozen=True, slots=True)
class Layers:
    """The three tables of a dataset, opened together."""

    bronze: Table
    quarantine: Table
    silver: Table


@dataclass(frozen=True, slots=True)
class Swap:
    """Data files to replace: `remove` leave the table, `add` (local Parquet) come; `added` and `removed` count what changed in rows."""

    remove: Sequence[LiveFile] = ()
    add: Sequence[Path] = ()
    added: int = 0
    removed: int = 0


class Workshop(Protocol):
    """Room and tools for the rows of one batch. Nothing here changes a table: it says what to swap.

    The same input gives the same rows, so a step that died is done again from the start. Paths are Parquet on local disk.
    """

    directory: Path

    @property
    def key_id(self) -> str:
        """The id of the key that this run's tokens and shifts are made with."""
        ...

    @property
    def largest_file(self) -> int:
        """Bytes of a landing object that the disk takes, with what is made of it."""
        ...

    def inspect(self, contract: Contract, files: "Sequence[StagedFile]") -> "Inspection":
        """Read the headers: refused files, and the columns that drift brings."""
        ...

    def run(
        self, contract: Contract, files: "Sequence[StagedFile]", field_ids: "FieldIds", run_id: str, parents: "Parents"
    ) -> "Output":
        """Parse, type, check and mask every row; `parents` are the tables that it may refer to."""
        ...

    def replace(self, table: Table, leaving: Sequence[Leaving], arriving: Path | None) -> Swap:
        """Take rows of landing objects out of bronze or quarantine and put others in."""
        ...

    def fold(
        self,
        contract: Contract,
        manifest: Manifest,
        layers: Layers,
        arriving: Path | None,
        leaving: Sequence[Leaving],
    ) -> tuple[Swap, Books]:
        """Bring silver up to date with bronze (as opened after the run's commit) and say what became of each accepted row."""
        ...

    def living(self, contract: Contract, rows: Path | None) -> int:
        """Count the rows that silver would hold of these alone: one for each key, none where the newest is a tombstone."""
        ...

    def measure(
        self,
        contract: Contract,
        manifest: Manifest,
        layers: Layers,
        arriving: Path | None,
        leaving: Sequence[Leaving],
    ) -> Sequence[float | None]:
        """Return, for each of the contract's `Rules.measured`, the rows of the batch that would break it, or what its query gives."""
        ...

    def highest(self, rows: Path | None, column: str | None) -> str:
        """Return the highest value of a column as text; empty without rows or column, or when all are NULL."""
        ...


class Catalog(Protocol):
    """What the catalog says of tables, without opening them."""

    def totals(self, table: str) -> Mapping[str, tuple[int, str]]:
        """Read `<layer>.<table>` -> rows and the author of the newest commit (see Table), of every layer that has the table."""
        ...

    def commits(self, table: str, run_id: str) -> Sequence[Commit]:
        """Read what a run committed to `<domain>_<dataset>` in every layer, from the tables' own metadata."""
        ...


class Lake(Protocol):
    """The Iceberg tables in the catalog."""

    def open(self, contract: Contract) -> Layers:
        """Open a dataset's tables, creating them and adding columns as the contract says."""
        ...

    def silver(self, table: str, version: str = "") -> Snapshot | None:
        """Open the silver of any dataset for reading, at a version or as it is now; None when there is no such table."""
        ...


class QuarantineReader(Protocol):
    """Quarantine for people: read, never created or changed."""

    def quarantine(self, table: str) -> Table | None:
        """Open the quarantine of `<domain>_<dataset>` as it is now; None when there is none."""
        ...
