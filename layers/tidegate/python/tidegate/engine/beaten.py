"""Accepted rows for a Parquet file, those apart that a newer row of their key beats: silver will show none of them.

Where the rows of a key come near each other, as they do in files that are sorted by key or by time, the other row groups hold nothing
but rows that silver can take as they are (see `tables.copying`). What is not noticed here costs time there, and nothing else.
"""

from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tidegate.engine.parquet_files import GROUP_BYTES, GROUP_ROWS, ParquetFile

Beaten = Callable[[pa.Table], pa.Array]
"""A boolean for each row of a table, whose column `UNWANTED` is true for rows that beat nobody."""
UNWANTED, _BEATEN = "_unwanted", "_beaten"  # no column of a contract begins like that
_SHARE = 8  # of a row group: the rows that wait for the next ones
_NEAR = GROUP_ROWS // _SHARE


class BeatenApart:
    """A Parquet file of which row groups have either no row that is beaten within about a row group, or such rows only."""

    def __init__(self, file: ParquetFile, beaten: Beaten) -> None:
        """Hold nothing yet."""
        self._file, self._beaten = file, beaten
        self._waiting: list[pa.Table] = []  # with a column that says who is unwanted, and one that says who is known to be beaten
        self._lost: list[pa.Table] = []

    def write(self, cells: Mapping[str, Any], unwanted: pa.Array) -> None:
        """Add rows without those that are unwanted."""
        table = self._file.table(cells).append_column(UNWANTED, unwanted)
        self._waiting.append(table.append_column(_BEATEN, pa.repeat(pa.scalar(value=False), table.num_rows)))
        if _large(self._waiting, GROUP_ROWS + _NEAR, GROUP_BYTES):
            self._write_groups(wait=True)

    def keep(self, change: Callable[[pa.Table], pa.Table]) -> None:
        """Take rows out again."""
        self._waiting, self._lost = ([change(table) for table in tables] for tables in (self._waiting, self._lost))
        self._file.keep(change)

    def close(self) -> None:
        """Write what waits."""
        self._write_groups(wait=False)
        self._write_lost()
        self._file.close()

    def _write_groups(self, *, wait: bool) -> None:
        """Write what waits, or all but the last rows, which the next ones may beat."""
        table = pa.concat_tables(self._waiting) if self._waiting else pa.table({})
        if not table.num_rows:
            return
        near = min(_NEAR, table.num_rows * GROUP_BYTES // (_SHARE * max(1, table.nbytes))) if wait else 0
        some = max(0, table.num_rows - near)
        beaten = pc.or_(table[_BEATEN], self._beaten(table))
        table = table.set_column(table.num_columns - 1, _BEATEN, beaten)
        self._waiting = [table.slice(some)]
        size = -(-some // max(1, round(some / GROUP_ROWS)))
        for place in range(0, some, max(1, size)):
            self._write_group(table.slice(place, min(size, some - place)))
        if _large(self._lost, GROUP_ROWS, GROUP_BYTES):
            self._write_lost()

    def _write_group(self, group: pa.Table) -> None:
        rows, wanted = group.select(self._file.schema.names), pc.invert(group[UNWANTED])
        lost = pc.and_(group[_BEATEN], wanted)
        if pc.any(lost).as_py():
            self._lost.append(rows.filter(lost))
            wanted = pc.and_not(wanted, lost)
        self._file.write_table(rows if pc.all(wanted).as_py() else rows.filter(wanted))
        self._file.end_group()

    def _write_lost(self) -> None:
        lost, self._lost = self._lost, []
        for table in lost:
            self._file.write_table(table)
        self._file.end_group()


def _large(tables: list[pa.Table], rows: int, size: int) -> bool:
    held: int = sum(table.num_rows for table in tables)
    return held >= rows or bool(sum(table.nbytes for table in tables) >= size)
