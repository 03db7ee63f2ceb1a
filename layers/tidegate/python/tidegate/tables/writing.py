"""Write the pieces of silver that a fold decided on: new data files of rows that stay and of rows that come.

A piece is written alone, from the files that it names and from the parcels of coming rows that are for it, so pieces can be written
by one machine after the other or by many at the same time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import duckdb
import pyarrow.parquet as pq

from tidegate.contracts.contract import Contract
from tidegate.engine.sql import name as identifier
from tidegate.engine.sql import text
from tidegate.tables.duck import copy_into, copy_to, reading
from tidegate.tables.order import Order

TARGET_BYTES = 128 * 1024 * 1024
OUTGROWN = 1.5  # times the target
_DISORDER = 0.25  # share of a file's rows that may lie out of order before it is sorted again: sorting is a third of rewriting
_OPEN = 64  # parcels that are written at the same time


@dataclass(frozen=True, slots=True)
class Base:
    """A data file of silver of which rows stay: its number in the fold, its rows and bytes, and how many rows are `kept`."""

    number: int
    uri: str
    rows: int
    size: int
    kept: int

    @property
    def bytes(self) -> int:
        """About what stays."""
        return self.size * self.kept // max(1, self.rows)


@dataclass(frozen=True, slots=True)
class Piece:
    """Files that are written anew together, none for rows of places that no file covers, and how many rows come to them.

    `bytes` are about those of all its rows; `partition` is what they have in common, empty in a table without partitions. Of a group of
    files to which many rows come a piece has only the places from `low` on and below `high`, as texts; None where there is no end.
    """

    bases: tuple[Base, ...]
    coming: int
    bytes: int
    partition: str = ""
    low: str | None = None
    high: str | None = None

    @property
    def is_cut(self) -> bool:
        """Whether other pieces have rows of its files too."""
        return self.low is not None or self.high is not None

    def within(self, place: str, kind: str) -> str:
        """Return the condition that a row's place is in this piece. The last piece of a group has those without one."""
        above = "" if self.low is None else f"{place} >= {text(self.low)}::{kind}"
        if self.high is not None:
            return " AND ".join(filter(None, (above, f"{place} < {text(self.high)}::{kind}")))
        return f"({above} OR {place} IS NULL)" if above else "true"


class Form(NamedTuple):
    """What all data files of a silver have: columns with their DuckDB types, field ids, and about how many bytes."""

    columns: Mapping[str, str]
    field_ids: Mapping[str, int]
    target: int

    @property
    def names(self) -> str:
        """The columns as a list in SQL."""
        return ", ".join(map(identifier, self.columns))


def form_of(contract: Contract, columns: Mapping[str, str], field_ids: Mapping[str, int]) -> Form:
    """Return the form of a contract's silver."""
    return Form(columns, field_ids, contract.target_file_mb << 20 if contract.target_file_mb else TARGET_BYTES)


def write_piece(
    db: duckdb.DuckDBPyConnection,
    form: Form,
    order: Order,
    piece: Piece,
    bases: Mapping[int, Path],
    coming: str,
    place: Path,
    row_group: int,
) -> list[Path]:
    """Write one piece to files whose names begin with `place`.

    `bases` are its files by their numbers, `coming` is a query of the rows that come to it, and the table `gone` of the database has the
    rows that leave: source (the number of a base) and rn.
    """
    query = f"SELECT {form.names} FROM ({coming}) ORDER BY {order.layout}"
    outgrown = piece.bytes > form.target * OUTGROWN
    if piece.bases:
        here = piece.within(identifier(order.place), form.columns[order.place])
        kept = " UNION ALL ".join(
            f"SELECT {form.names} FROM ({reading(form.columns, [bases[b.number]], numbered=True)}) r"
            f" ANTI JOIN (SELECT rn FROM gone WHERE source = {b.number}) g ON g.rn = r.rn WHERE {here}"
            for b in piece.bases
        )
        query = f"{kept} UNION ALL ({query})" if piece.coming else kept
        if len(piece.bases) > 1 or outgrown or piece.is_cut or _loose(piece, bases, order.place):
            query = f"FROM ({query}) ORDER BY {order.layout}"
    if outgrown:
        return copy_into(db, query, place, form.field_ids, form.target, row_group)
    one = copy_to(db, query, place.with_suffix(".parquet"), form.field_ids, row_group)
    return [one] if one else []


def _loose(piece: Piece, bases: Mapping[int, Path], column: str) -> bool:
    """Whether too many rows of a piece with one base would lie out of order if what comes were put behind what stays."""
    (base,) = piece.bases
    out = disorder(bases[base.number], column) + piece.coming + base.rows - base.kept
    return out > _DISORDER * (base.kept + piece.coming)


def disorder(path: Path, column: str) -> int:
    """Count the rows in row groups that begin below where an earlier one ended; a file of one row group counts whole."""
    metadata = pq.read_metadata(path)
    number = metadata.schema.to_arrow_schema().get_field_index(column)
    if metadata.num_row_groups == 1 or number < 0:
        return int(metadata.num_rows)
    rows, highest = 0, None
    for group in (metadata.row_group(g) for g in range(metadata.num_row_groups)):
        statistics = group.column(number).statistics
        if statistics is None or not statistics.has_min_max:
            return int(metadata.num_rows)
        rows += group.num_rows if highest is not None and statistics.min < highest else 0
        highest = statistics.max if highest is None else max(highest, statistics.max)
    return rows


def cut_query(form: Form, path: Path, homes: str) -> str:
    """Return a query of some rows of a data file: home and their columns. `homes` is a query of their places: rn, home."""
    rows = reading(form.columns, [path], numbered=True)
    return f"SELECT home, {form.names} FROM ({rows}) r JOIN (SELECT rn AS wanted, home FROM ({homes})) c ON c.wanted = r.rn"


def cut(db: duckdb.DuckDBPyConnection, rows: str, by: str, directory: Path, batch: int) -> dict[int, list[Path]]:
    """Write the rows of a query as Parquet files by the number in the column `by`, which is left out. Nothing is sorted.

    About `batch` rows are held back, so that a file's row groups have some.
    """
    db.execute(f"SET partitioned_write_flush_threshold = {batch}; SET partitioned_write_max_open_files = {_OPEN}")
    options = f"FORMAT parquet, PARQUET_VERSION v2, COMPRESSION zstd, COMPRESSION_LEVEL 1, PARTITION_BY ({identifier(by)})"
    db.execute(f"COPY ({rows}) TO {text(str(directory))} ({options})")
    return {int(folder.name.partition("=")[2]): sorted(folder.iterdir()) for folder in directory.iterdir()}
