"""Where the rows of a batch are worked on, as a protocol."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from tidegate.contracts.contract import Contract
from tidegate.errors import AccessDenied, NotFound
from tidegate.model.runs import Books, Leaving, Manifest, ManifestFile
from tidegate.ports.services import Objects
from tidegate.ports.tables import DataFile, Layers, LiveFile, Table

if TYPE_CHECKING:  # DuckDB is heavy, and half of the functions never need it
    from tidegate.engine import FileResult, Inspection, Parents, StagedFile


@dataclass(frozen=True, slots=True)
class Swap:
    """Data files to replace: `remove` leave the table, `add` come; `added` and `removed` count what changed in rows."""

    remove: Sequence[LiveFile] = ()
    add: Sequence[DataFile] = ()
    added: int = 0
    removed: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the row engine made of a batch: a result per file in the order of the input, and the rows as Parquet files.

    `newest` is the highest orderBy value of an accepted row, as text; empty when there is none.
    """

    files: "tuple[FileResult, ...]"
    accepted: tuple[DataFile, ...] = ()
    quarantined: tuple[DataFile, ...] = ()
    newest: str = ""


class Workshop(Protocol):
    """Room and tools for the rows of one batch. Nothing here changes a table: it says what to swap.

    The same input gives the same rows, so a step that died is done again from the start.
    """

    directory: Path

    @property
    def key_id(self) -> str:
        """The id of the key that this run's tokens and shifts are made with."""
        ...

    def stage(self, files: Sequence[ManifestFile], landing: Objects) -> "Iterator[StagedFile | NotFound | AccessDenied]":
        """Make landing objects ready to be read, in the order given; of one that cannot be had the error is yielded.

        Raises:
            NoRoom: one of them is more than this machine takes, and a larger one may take it.
        """
        ...

    def inspect(self, contract: Contract, files: "Sequence[StagedFile]") -> "Inspection":
        """Read the headers: refused files, and the columns that drift brings."""
        ...

    def run(self, contract: Contract, files: "Sequence[StagedFile]", layers: Layers, run_id: str, parents: "Parents") -> Outcome:
        """Parse, type, check and mask every row; `parents` are the tables that it may refer to."""
        ...

    def replace(self, table: Table, leaving: Sequence[Leaving], arriving: Sequence[DataFile]) -> Swap:
        """Take rows of landing objects out of bronze or quarantine and put others in."""
        ...

    def fold(
        self,
        contract: Contract,
        manifest: Manifest,
        layers: Layers,
        arriving: Sequence[DataFile],
        leaving: Sequence[Leaving],
    ) -> tuple[Swap, Books]:
        """Bring silver up to date with bronze (as opened after the run's commit) and say what became of each accepted row."""
        ...

    def living(self, contract: Contract, rows: Sequence[DataFile]) -> int:
        """Count the rows that silver would hold of these alone: one for each key, none where the newest is a tombstone."""
        ...

    def measure(
        self,
        contract: Contract,
        manifest: Manifest,
        layers: Layers,
        arriving: Sequence[DataFile],
        leaving: Sequence[Leaving],
    ) -> Sequence[float | None]:
        """Return, for each of the contract's `Rules.measured`, the rows of the batch that would break it, or what its query gives."""
        ...
