"""The tables and their catalog, as protocols."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tidegate.contracts.contract import Contract
from tidegate.model.runs import Commit


@dataclass(frozen=True, slots=True)
class LiveFile:
    """A data file of a table's current snapshot; `lower` and `upper` bound `_object_key` in it, None when unknown."""

    path: str
    rows: int
    lower: str | None
    upper: str | None
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A Parquet data file that lies where its table keeps its files, and that no version of the table refers to yet."""

    uri: str
    rows: int
    bytes: int


DataFile = Path | StoredFile
"""Rows that are to come into a table: a Parquet file on local disk, or one that is stored already."""


class Table(Protocol):
    """One Iceberg table as it was when it was opened. A commit is made on that version or refused.

    After a commit of its own the table is at the version that the commit made.
    """

    name: str
    location: str  # the URI that all of its files begin with
    author: str  # the run whose commit made this version; empty for none, and where a commit was taken back
    columns: Mapping[str, str]  # name -> DuckDB type, in order
    field_ids: Mapping[str, int]  # dotted column path -> Iceberg field id

    @property
    def data_bytes(self) -> int:
        """The bytes of all data files."""
        ...

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

    def commit(self, run_id: str, *, remove: Sequence[LiveFile], add: Sequence[DataFile], summary: Mapping[str, str]) -> Commit:
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
