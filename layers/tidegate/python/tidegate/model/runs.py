"""Runs: the lease that allows one, what it claims, and the books it must balance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from tidegate.errors import BooksUnbalanced
from tidegate.model.drift import Drift, Header
from tidegate.model.files import FileState, Warned


class RunState(StrEnum):
    """The words of Step Functions."""

    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    ABORTED = "ABORTED"


class Compute(StrEnum):
    """Where the rows of a run are loaded."""

    LAMBDA = "LAMBDA"
    GLUE = "GLUE"


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write a dataset's tables.

    `token` is the fencing token: it only grows. `expires_at` and `opens_at` are in microseconds since 1970, UTC. `run_id` is the run
    that is open under this lease, empty when none; `batch` counts the runs under this token. `stale_run_id` was open when the lease
    was taken over. `failures` counts runs that failed since the last one that did not. `unclean`: a run ended without being
    settled, so the tables may hold commits to take back. Before `opens_at` nobody takes a free lease unasked: more files are
    awaited, or a failure's cause is given time, or maintenance asked for its turn. `keeper` names who took it to do something else than
    to run the state machine: no execution belongs to it then.
    """

    dataset: str
    token: int = 0
    held: bool = False
    expires_at: int = 0
    run_id: str = ""
    manifest_key: str = ""
    batch: int = 0
    stale_run_id: str = ""
    failures: int = 0
    unclean: bool = False
    opens_at: int = 0
    keeper: str = ""

    def is_free(self, now: int) -> bool:
        """Whether anyone may take it at `now` (microseconds)."""
        return not self.held or self.expires_at <= now


@dataclass(frozen=True, slots=True)
class Epoch:
    """The full load that the current state starts from, empty without one. Deltas that arrived before `start` are history."""

    load: str = ""
    start: str = ""


@dataclass(frozen=True, slots=True)
class FullLoad:
    """A full load that became the current state: when it began, and the run that loaded it last.

    `shown`: the file that it began with left rows in bronze, which say the same. A load without a row, or whose first file has none,
    is known here only.
    """

    load: str
    start: str
    run_id: str
    shown: bool


@dataclass(frozen=True, slots=True)
class DatasetState:
    """What the ledger keeps of a dataset between runs.

    `watermark` is the highest `orderBy` value loaded, as text. `rows` are the rows that settled runs left in each table, by name
    (`bronze.<domain>_<dataset>` …). `volumes` are the rows that came lately, newest last: `delta` has the rows a file of each run, `full`
    the rows of each full load. `sizes` are the bytes of the data files of each table, by name. `loaded_at` is when something new was
    loaded last, in microseconds since 1970, UTC; 0: not known.
    """

    dataset: str
    epoch: Epoch = Epoch()
    watermark: str = ""
    rows: Mapping[str, int] = field(default_factory=dict)
    volumes: Mapping[str, Sequence[int]] = field(default_factory=dict)
    loaded_at: int = 0
    header: Header = field(default_factory=Header)
    sizes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ManifestFile:
    """A file of a batch.

    `replaces`: rows of this key may already be in the tables and leave them in the same commit. `loaded`: rows of this very version
    are in the tables, by a settled run.
    """

    file_id: str
    object_id: str
    bucket: str
    key: str
    version_id: str
    size: int
    arrival: str
    load: str
    replaces: bool
    marker: bool = False
    loaded: bool = False


@dataclass(frozen=True, slots=True)
class Manifest:
    """What one run loads. It is written once to the lake bucket and never changes; `epoch` holds after this run, `epoch_before` now.

    `recovers`: a run before this one was not settled, so this one moves every table, to fence off whoever is still at it; it may
    have no files at all. `forced`: a person said that the checks on the batch as a whole do not hold it back. `attempts`: how often
    a file may fail by itself, and `failures` how often this batch did. `crawl`: the landing bucket is crawled when the run is settled.
    """

    dataset: str
    token: int
    run_id: str
    contract_key: str
    contract_version: str
    epoch: Epoch
    epoch_before: Epoch
    files: tuple[ManifestFile, ...]
    recovers: bool = False
    forced: bool = False
    attempts: int = 1
    failures: int = 0
    crawl: bool = False

    @property
    def epoch_changes(self) -> bool:
        """Whether a full load becomes the current state."""
        return self.epoch != self.epoch_before

    @property
    def bytes(self) -> int:
        """Size of the batch in bytes."""
        return sum(f.size for f in self.files)

    @property
    def is_whole(self) -> bool:
        """Whether the batch cannot be split: one file, or one full load."""
        return len(self.files) <= 1 or bool(self.files[0].load)


@dataclass(frozen=True, slots=True)
class Leaving:
    """Rows that leave bronze and quarantine in a run's commit: those of a key, or only those of one file version of it."""

    key: str
    file_id: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one file. For a LOADED file rows_read = rows_accepted + rows_quarantined.

    `kept`: nothing was read in this run, what an earlier one loaded of this version stays, and so does its receipt.
    `key_id` is of the key that its tokens and shifts were made with, empty when the contract needs none.
    """

    file_id: str
    key: str
    version_id: str
    state: FileState
    rows_read: int
    rows_accepted: int
    rows_quarantined: int
    contract_version: str
    reason: str = ""
    kept: bool = False
    key_id: str = ""
    warnings: tuple[Warned, ...] = ()

    def check(self) -> None:
        """Raise BooksUnbalanced unless every row that was read is accounted for."""
        if self.rows_read != self.rows_accepted + self.rows_quarantined:
            raise BooksUnbalanced(
                f"{self.key}: read {self.rows_read} rows but accepted {self.rows_accepted} and quarantined {self.rows_quarantined}"
            )


@dataclass(frozen=True, slots=True)
class Books:
    """The rows of one run.

    Accepted rows of the batch are inserted (a new key), updated (a known key, other values), unchanged (a known key, the same
    values), superseded (another row of the key is newer) or deleted (tombstones: the newest of their keys). `rows_removed` are keys
    that left the current state, by tombstones, replaced files and full loads. `rows_restored` are keys that came back to it by rows of
    earlier runs, because the tombstones that hid them left. Silver grows by inserted and restored less removed.
    """

    rows_read: int = 0
    rows_accepted: int = 0
    rows_quarantined: int = 0
    rows_inserted: int = 0
    rows_updated: int = 0
    rows_unchanged: int = 0
    rows_superseded: int = 0
    rows_removed: int = 0
    rows_deleted: int = 0
    rows_restored: int = 0

    def check(self) -> None:
        """Raise BooksUnbalanced unless both sums of the third law hold."""
        if self.rows_read != self.rows_accepted + self.rows_quarantined:
            raise BooksUnbalanced(f"read {self.rows_read} ≠ accepted {self.rows_accepted} + quarantined {self.rows_quarantined}")
        fates = self.rows_inserted + self.rows_updated + self.rows_unchanged + self.rows_superseded + self.rows_deleted
        if self.rows_accepted != fates:
            raise BooksUnbalanced(
                f"accepted {self.rows_accepted} ≠ inserted {self.rows_inserted} + updated {self.rows_updated}"
                f" + unchanged {self.rows_unchanged} + superseded {self.rows_superseded} + deleted {self.rows_deleted}"
            )


@dataclass(frozen=True, slots=True)
class Commit:
    """One table commit of a run: rows added and removed, and the table's rows before and after. All zero: nothing to commit."""

    table: str
    rows_added: int = 0
    rows_removed: int = 0
    rows_before: int = 0
    rows_after: int = 0

    def check(self) -> None:
        """Raise BooksUnbalanced unless the table holds what it held, plus what was added, less what was removed."""
        if self.rows_after != self.rows_before + self.rows_added - self.rows_removed:
            raise BooksUnbalanced(
                f"{self.table}: {self.rows_before} rows + {self.rows_added} added - {self.rows_removed} removed ≠ {self.rows_after}"
            )


@dataclass(frozen=True, slots=True)
class Account:
    """What load did, for audit to check and settle to record; `epoch` is the one that silver now shows.

    `warnings` are those of all files, and what the checks on the batch as a whole found. `header` is what the next run compares with.
    `sizes` are the bytes of the data files of each table, by name.
    """

    run_id: str
    receipts: tuple[Receipt, ...]
    books: Books
    commits: tuple[Commit, ...] = ()
    epoch: Epoch = Epoch()
    watermark: str = ""
    drift: tuple[Drift, ...] = ()
    header: Header = field(default_factory=Header)
    warnings: tuple[Warned, ...] = ()
    sizes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run as the ledger holds it. Times are ISO-8601, UTC; `ended_at` is empty while it runs.

    `again` says what becomes of the files of a FAILED run: they wait for another one that takes at most so many of them, or, when
    it is 0, are FAILED too. `route` says where the run is loaded and `route_reason` why there, `workers` with how many machines of Glue.
    """

    run_id: str
    dataset: str
    token: int
    state: RunState
    files: int
    bytes: int
    contract_version: str
    manifest_key: str
    started_at: str
    ended_at: str = ""
    books: Books = field(default_factory=Books)
    error: str = ""
    again: int = 0
    warnings: tuple[Warned, ...] = ()
    drift: tuple[Drift, ...] = ()
    route: Compute = Compute.LAMBDA
    route_reason: str = ""
    workers: int = 0


def timestamp(microseconds: int) -> str:
    """Return a time as ISO-8601 text in UTC with milliseconds."""
    return datetime.fromtimestamp(microseconds / 1e6, UTC).isoformat(timespec="milliseconds")
