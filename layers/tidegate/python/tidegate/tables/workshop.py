"""The workshop of one machine: DuckDB over files on local disk."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tidegate import engine
from tidegate.contracts.contract import Contract
from tidegate.engine import FieldIds, Inspection, Keyring, Limits, Output, Parents, StagedFile
from tidegate.model.runs import Books, Leaving, Manifest
from tidegate.ports import Layers, Swap, Table
from tidegate.tables import duck
from tidegate.tables.measures import measure
from tidegate.tables.replacement import replace_rows
from tidegate.tables.silver import count_living, fold_silver

_COPIES = 3  # of a file: its own bytes, its accepted rows, and silver of them; Parquet is seldom larger than the text


@dataclass(frozen=True, slots=True)
class LocalWorkshop:
    """An empty directory, what DuckDB may use, and the key that tokenises personal values."""

    directory: Path
    limits: Limits
    keyring: Keyring

    @property
    def key_id(self) -> str:
        """The id of the key that this run's tokens and shifts are made with."""
        return self.keyring.key_id

    @property
    def largest_file(self) -> int:
        """Bytes of a landing object that the disk takes now, with what is made of it."""
        return shutil.disk_usage(self.directory).free // _COPIES

    def inspect(self, contract: Contract, files: Sequence[StagedFile]) -> Inspection:
        """Read the headers: refused files, and the columns that drift brings."""
        return engine.inspect(contract, files)

    def run(self, contract: Contract, files: Sequence[StagedFile], field_ids: FieldIds, run_id: str, parents: Parents) -> Output:
        """Parse, type, check and mask every row; `parents` are the tables that it may refer to."""
        return engine.run(
            contract,
            files,
            field_ids=field_ids,
            keyring=self.keyring,
            run_id=run_id,
            workdir=self.directory,
            limits=self.limits,
            parents=parents,
        )

    def replace(self, table: Table, leaving: Sequence[Leaving], arriving: Path | None) -> Swap:
        """Take rows of landing objects out of bronze or quarantine and put others in."""
        return replace_rows(table, leaving, arriving, self._room(table.name), self.limits)

    def fold(
        self, contract: Contract, manifest: Manifest, layers: Layers, arriving: Path | None, leaving: Sequence[Leaving]
    ) -> tuple[Swap, Books]:
        """Bring silver up to date with bronze and say what became of each accepted row."""
        keys = sorted({gone.key for gone in leaving})
        return fold_silver(contract, manifest, layers, arriving, keys, self._room(layers.silver.name), self.limits)

    def living(self, contract: Contract, rows: Path | None) -> int:
        """Count the rows that silver would hold of these alone."""
        return count_living(contract, rows, self._room("living"), self.limits) if rows else 0

    def measure(
        self, contract: Contract, manifest: Manifest, layers: Layers, arriving: Path | None, leaving: Sequence[Leaving]
    ) -> Sequence[float | None]:
        """Return what each of `Rules.measured` asks of the batch."""
        room = self._room(layers.silver.name)
        return measure(contract, layers.silver, manifest.epoch, arriving, leaving, room, self.limits)

    def highest(self, rows: Path | None, column: str | None) -> str:
        """Return the highest value of a column as text; empty without rows or column, or when all are NULL."""
        return duck.highest(rows, column, self.limits)

    def _room(self, name: str) -> Path:
        room = self.directory / name
        room.mkdir(exist_ok=True)  # what is measured before a commit need not be fetched again for it
        return room
