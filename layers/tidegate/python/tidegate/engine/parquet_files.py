"""Parquet files of Arrow tables, written a row group at a time."""

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

GROUP_ROWS, GROUP_BYTES = 1 << 17, 1 << 27
_SAMPLE, _REPEATS = 20_000, 0.5
_AT_ONCE = 8192  # values that go through an encoder together


class ParquetFile:
    """A Parquet file that exists once it has a row. A row group is encoded while the next one is gathered."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        """Write nothing yet."""
        self._path, self.schema = path, schema
        self._waiting: list[pa.Table] = []
        self._rows = self._bytes = 0
        self._writer: pq.ParquetWriter | None = None
        self._pool = ThreadPoolExecutor(1)
        self._encoding: Future[None] | None = None

    def write(self, cells: Mapping[str, Any], unwanted: pa.Array | None = None) -> None:
        """Add rows without those that are unwanted; they are written a row group at a time."""
        table = self.table(cells)
        self.write_table(table if unwanted is None or not pc.any(unwanted).as_py() else table.filter(pc.invert(unwanted)))

    def table(self, cells: Mapping[str, Any]) -> pa.Table:
        """Return rows as `write_table` takes them."""
        return pa.table([cells[name] for name in self.schema.names], names=self.schema.names)

    def write_table(self, table: pa.Table) -> None:
        """Add rows."""
        if table.num_rows:
            self._waiting.append(table)
            self._rows, self._bytes = self._rows + table.num_rows, self._bytes + table.nbytes
        if self._rows >= GROUP_ROWS or self._bytes >= GROUP_BYTES:
            self.end_group()

    def end_group(self) -> None:
        """Have what waits encoded, once the row group before it is."""
        if not self._waiting:
            return
        table = pa.concat_tables(self._waiting)
        self._waiting.clear()
        self._rows = self._bytes = 0
        self._settle()
        self._encoding = self._pool.submit(self._encode, table)

    def _encode(self, table: pa.Table) -> None:
        if self._writer is None:
            self._writer = _parquet(self._path, _as_written(table.schema, self.schema), _repeating(table.slice(0, _SAMPLE)))
        self._writer.write_table(table.cast(self._writer.schema), row_group_size=table.num_rows)

    def _settle(self) -> None:
        """Wait for the row group that is being encoded; raise what went wrong with it."""
        encoding, self._encoding = self._encoding, None
        if encoding is not None:
            encoding.result()

    def close(self) -> None:
        """Write what waits."""
        self.end_group()
        self._settle()
        self._pool.shutdown()
        if self._writer is not None:
            self._writer.close()

    def keep(self, change: Callable[[pa.Table], pa.Table]) -> None:
        """Take rows out again: rare, and so a second pass over the file. It can be added to afterwards."""
        self._waiting = [change(table) for table in self._waiting]
        self._settle()
        if self._writer is None:
            return
        self._writer.close()
        self._writer = _rewritten(self._path, self.schema, change)


def _rewritten(path: Path, schema: pa.Schema, change: Callable[[pa.Table], pa.Table]) -> pq.ParquetWriter:
    whole = pq.ParquetFile(path)
    aside = path.with_suffix(".kept")
    out = _parquet(aside, schema, _repeating(whole.read_row_group(0).slice(0, _SAMPLE)))
    for number in range(whole.num_row_groups):
        table = change(whole.read_row_group(number))
        if table.num_rows:
            out.write_table(table.cast(schema))
    aside.replace(path)
    return out


def _parquet(path: Path, schema: pa.Schema, repeating: list[str]) -> pq.ParquetWriter:
    return pq.ParquetWriter(
        path,
        schema,
        compression="zstd",
        store_schema=False,
        store_decimal_as_integer=True,
        use_dictionary=repeating,
        write_batch_size=_AT_ONCE,
    )


def _repeating(table: pa.Table) -> list[str]:
    """Columns with few values among many rows. A dictionary of the others costs its making and is thrown away."""
    return [name for name in table.column_names if _repeats(table[name])]


def _repeats(values: pa.ChunkedArray) -> bool:
    if pa.types.is_dictionary(values.type) or pa.types.is_nested(values.type):
        return bool(pa.types.is_dictionary(values.type))
    distinct: int = len(pc.unique(values))
    return distinct <= len(values) * _REPEATS


def _as_written(given: pa.Schema, wanted: pa.Schema) -> pa.Schema:
    """The wanted schema, with the columns that come as dictionaries left so: they are cheap to write."""
    return pa.schema(
        field.with_type(given.field(field.name).type) if pa.types.is_dictionary(given.field(field.name).type) else field
        for field in wanted
    )
