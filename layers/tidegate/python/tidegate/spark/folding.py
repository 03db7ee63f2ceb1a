"""Tasks that write silver: rows are cut out of the files that they came in, and handed to who writes the piece that they belong to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tidegate.aws.stored_files import fetch_stored, store
from tidegate.contracts.contract import Contract
from tidegate.model.runs import Leaving
from tidegate.ports import StoredFile
from tidegate.spark.tasks import Tools
from tidegate.tables.duck import connect, count_rows, reading, row_group_of
from tidegate.tables.order import Order
from tidegate.tables.replacement import leave_out
from tidegate.tables.writing import Form, Piece, cut, cut_query, write_piece

Parcel = tuple[int, bytes]
"""Rows as Parquet for a piece, which is named by its number."""


@dataclass(frozen=True, slots=True)
class CutRows:
    """Cut rows out of a data file. `homes` are Parquet files of their places (rn) and the pieces that they belong to (home)."""

    form: Form
    file: StoredFile
    homes: tuple[bytes, ...]

    def perform(self, tools: Tools) -> list[Parcel]:
        """Return the rows as parcels."""
        path = fetch_stored(tools.s3, self.file, tools.room / "rows.parquet")
        listed = reading({"rn": "BIGINT", "home": "INTEGER"}, _unpacked(self.homes, tools.room / "homes"))
        with connect(tools.room, tools.limits) as db:
            parcels = cut(
                db, cut_query(self.form, path, listed), "home", tools.room / "parcels", row_group_of([path], tools.limits)
            )
        return [(home, path.read_bytes()) for home, paths in sorted(parcels.items()) for path in paths]


@dataclass(frozen=True, slots=True)
class WritePiece:
    """Write one piece of silver to the table's place. `gone` are Parquet files of the rows (rn) that leave a base, by its number."""

    contract: Contract
    form: Form
    location: str
    run_id: str
    piece: Piece
    gone: Mapping[int, tuple[bytes, ...]]

    def perform(self, tools: Tools, parcels: Sequence[bytes] = ()) -> list[StoredFile]:
        """Return the data files."""
        bases = {
            base.number: fetch_stored(
                tools.s3, StoredFile(base.uri, base.rows, base.size), tools.room / f"base-{base.number}.parquet"
            )
            for base in self.piece.bases
        }
        coming = _unpacked(parcels, tools.room / "coming")
        row_group = row_group_of((*bases.values(), *coming), tools.limits)
        with connect(tools.room, tools.limits) as db:
            db.execute("CREATE TEMP TABLE gone (source INTEGER, rn BIGINT)")
            for number, files in self.gone.items():
                rows = reading({"rn": "BIGINT"}, _unpacked(files, tools.room / f"gone-{number}"))
                db.execute(f"INSERT INTO gone SELECT {number}, rn FROM ({rows})")
            rows = reading(self.form.columns, coming)
            place, order = tools.room / "piece", Order(self.contract)
            written = write_piece(db, self.form, order, self.piece, bases, rows, place, row_group)
        return [store(tools.s3, path, self.location, self.run_id) for path in written]


@dataclass(frozen=True, slots=True)
class LeaveOut:
    """Write a data file of bronze or quarantine without the rows of some landing objects."""

    form: Form
    location: str
    run_id: str
    file: StoredFile
    leaving: tuple[Leaving, ...]

    def perform(self, tools: Tools) -> tuple[int, StoredFile | None]:
        """Return how many rows leave it, and the file with those that stay; none when nothing leaves, or everything."""
        path = fetch_stored(tools.s3, self.file, tools.room / "rows.parquet")
        left = leave_out(self.form.columns, self.form.field_ids, [path], self.leaving, tools.room, tools.limits)
        return left.removed, store(tools.s3, left.kept, self.location, self.run_id) if left.kept else None


def stored(path: Path, uri: str) -> StoredFile:
    """Describe a data file that is in the lake bucket and, as a copy, at a path."""
    return StoredFile(uri, count_rows(path), path.stat().st_size)


def _unpacked(files: Sequence[bytes], directory: Path) -> list[Path]:
    directory.mkdir()
    paths = [directory / f"{number:06d}.parquet" for number in range(len(files))]
    for path, body in zip(paths, files, strict=True):
        path.write_bytes(body)
    return paths
