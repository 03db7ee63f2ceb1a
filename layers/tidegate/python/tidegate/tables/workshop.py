"""The workshop of one machine: DuckDB over files on local disk."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tidegate import engine
from tidegate.contracts.contract import Contract
from tidegate.engine import FieldIds, Inspection, Keyring, Limits, Output, Parents, StagedFile
from tidegate.errors import AccessDenied, NoRoom, NotFound, ServiceUnavailable
from tidegate.model.runs import Books, Leaving, Manifest, ManifestFile
from tidegate.ports import DataFile, Layers, Objects, Outcome, Swap, Table
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

    def stage(self, files: Sequence[ManifestFile], landing: Objects) -> Iterator[StagedFile | NotFound | AccessDenied]:
        """Copy landing objects to local disk, in the order given; raise NoRoom for one that the disk does not take."""
        room = self.room("staged")
        for number, file in enumerate(files):
            largest = shutil.disk_usage(self.directory).free // _COPIES
            if file.size > largest:
                raise NoRoom(f"{file.size >> 20:,} MiB are more than this machine's disk takes, {largest >> 20:,} MiB")
            try:
                yield fetch(file, landing, room / f"{number:06d}")
            except (NotFound, AccessDenied) as error:
                yield error

    def inspect(self, contract: Contract, files: Sequence[StagedFile]) -> Inspection:
        """Read the headers: refused files, and the columns that drift brings."""
        return engine.inspect(contract, files)

    def run(self, contract: Contract, files: Sequence[StagedFile], layers: Layers, run_id: str, parents: Parents) -> Outcome:
        """Parse, type, check and mask every row; `parents` are the tables that it may refer to."""
        field_ids = {"bronze": layers.bronze.field_ids, "quarantine": layers.quarantine.field_ids}
        output = self.convert(contract, files, field_ids, run_id, parents)
        return Outcome(output.files, _listed(output.accepted), _listed(output.quarantined), self.newest(output, contract))

    def convert(
        self, contract: Contract, files: Sequence[StagedFile], field_ids: FieldIds, run_id: str, parents: Parents
    ) -> Output:
        """Do what `run` does, for who wants to look at the rows."""
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

    def newest(self, output: Output, contract: Contract) -> str:
        """Return the highest orderBy value of the accepted rows as text; empty when there is none."""
        return duck.highest(output.accepted, contract.order_by, self.limits)

    def replace(self, table: Table, leaving: Sequence[Leaving], arriving: Sequence[DataFile]) -> Swap:
        """Take rows of landing objects out of bronze or quarantine and put others in."""
        return replace_rows(table, leaving, _local(arriving), self.room(table.name), self.limits)

    def fold(
        self, contract: Contract, manifest: Manifest, layers: Layers, arriving: Sequence[DataFile], leaving: Sequence[Leaving]
    ) -> tuple[Swap, Books]:
        """Bring silver up to date with bronze and say what became of each accepted row."""
        return fold_silver(contract, manifest, layers, _local(arriving), leaving, self.room(layers.silver.name), self.limits)

    def living(self, contract: Contract, rows: Sequence[DataFile]) -> int:
        """Count the rows that silver would hold of these alone."""
        return count_living(contract, _local(rows), self.room("living"), self.limits) if rows else 0

    def measure(
        self, contract: Contract, manifest: Manifest, layers: Layers, arriving: Sequence[DataFile], leaving: Sequence[Leaving]
    ) -> Sequence[float | None]:
        """Return what each of `Rules.measured` asks of the batch."""
        room = self.room(layers.silver.name)
        return measure(contract, layers.silver, manifest.epoch, _local(arriving), leaving, room, self.limits)

    def room(self, name: str) -> Path:
        """Return a folder of the directory."""
        room = self.directory / name
        room.mkdir(exist_ok=True)  # what is measured before a commit need not be fetched again for it
        return room


def fetch(file: ManifestFile, landing: Objects, path: Path) -> StagedFile:
    """Copy one landing object to local disk.

    Raises:
        NotFound: this version of it is gone.
        AccessDenied: it may not be read.
        ServiceUnavailable: it came in part, or more than once: that would give rows which nobody sent.
    """
    landing.download(file.key, file.version_id, path)
    if path.stat().st_size != file.size:
        raise ServiceUnavailable(f"{file.key}: {path.stat().st_size} bytes came of {file.size}")
    return StagedFile(file.file_id, file.key, file.version_id, file.arrival, path, load_id=file.load)


def _listed(path: Path | None) -> tuple[Path, ...]:
    return () if path is None else (path,)


def _local(files: Sequence[DataFile]) -> list[Path]:
    """Of one machine all rows are on its disk."""
    paths = [file for file in files if isinstance(file, Path)]
    if len(paths) != len(files):
        message = "a workshop of one machine was given rows that are stored elsewhere"
        raise TypeError(message)
    return paths
