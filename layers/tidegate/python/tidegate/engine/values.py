"""What goes into the row engine and what comes out, as frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tidegate.contracts.contract import Column

LINEAGE = ("_object_key", "_version_id", "_file_id", "_record", "_arrival", "_load_id", "_run_id", "_contract_version")
"""Columns that every row of both outputs carries, in this order (`_record` is a bigint, the others are text)."""
FieldIds = Mapping[str, Mapping[str, int]]
"""Iceberg field ids by layer (`bronze`, `quarantine`), each by dotted column path; see `output`."""


@dataclass(frozen=True, slots=True)
class Split:
    """Whole records of a large text file: its bytes from `start` to `stop`; `before` records come before them."""

    start: int
    stop: int
    before: int


@dataclass(frozen=True, slots=True)
class StagedFile:
    """One landing object on local disk.

    `arrival` is sortable text, `file_id` is unique in a batch, `load_id` names its full load or is empty. Of a large one `path` may have
    the head and one `split` only (see `splits`).
    """

    file_id: str
    key: str
    version_id: str
    arrival: str
    path: Path
    load_id: str = ""
    split: Split | None = None

    @property
    def before(self) -> int:
        """How many records of the object come before those at `path`."""
        return self.split.before if self.split is not None else 0


@dataclass(frozen=True, slots=True)
class FilePlan:
    """How one file is read: its header names, and `from_key` values by column name."""

    file: StagedFile
    header: tuple[str, ...]
    key_values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a whole file cannot be loaded; the message says what to do and holds no value of the file."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class FileResult:
    """One file's books, in records; all zero when the file is refused.

    `counted` are the accepted rows that break each check of `Rules.counted`, in its order; empty when there are none.
    """

    file_id: str
    rows_read: int
    rows_accepted: int
    rows_quarantined: int
    refused: Refusal | None = None
    counted: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Output:
    """The outcome of a run: one result per file in the order of the input; a path is None when it would hold no row."""

    files: tuple[FileResult, ...]
    accepted: Path | None
    quarantined: Path | None
    extra_columns: tuple[Column, ...] = ()


@dataclass(frozen=True, slots=True)
class Parent:
    """The silver of a dataset that rows refer to, as data files on local disk; `columns` are all of the table's, with DuckDB's types."""

    columns: Mapping[str, str]
    paths: tuple[Path, ...] = ()


Parents = Mapping[str, Parent]
"""By the name of the table, `<domain>_<dataset>`."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a run may use: DuckDB's memory in MiB, a folder for spilled data (None: in the work folder), threads."""

    memory_mb: int = 1024
    temp_dir: Path | None = None
    threads: int = 2


@dataclass(frozen=True, slots=True)
class Keyring:
    """A key that tokens and date shifts are made with; `key_id` may be shown, `key` never is. `prefix` stands before each token."""

    key_id: str
    key: bytes = field(repr=False)
    prefix: str = ""
