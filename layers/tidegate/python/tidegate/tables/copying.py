"""Copy rows of a Parquet file in the order that they are in: DuckDB does not keep it when a join chooses the rows.

Row groups of which every row is kept are taken as they are.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tidegate.engine.parquet_files import ParquetFile
from tidegate.tables.row_groups import RowGroup, read_row_groups, write_row_groups

Kept = Callable[[int, int], pa.Array]


def copy_kept(source: Path, kept: Kept, field_ids: Mapping[str, int], directory: Path, target_bytes: int) -> list[Path]:
    """Write the kept rows as Parquet data files of about a size; none when there are no rows.

    `kept` gives, for the row group that begins at a row of the file and has so many, the places (int64) in it of those to keep.
    """
    found = pq.read_schema(source)
    wanted = _with_ids(found, field_ids)
    groups = _gathered(source, kept, wanted, directory, whole=True) if wanted.equals(found, check_metadata=True) else None
    if groups is None:
        groups = _gathered(source, kept, wanted, directory, whole=False) or []
    return _written(groups, directory, target_bytes)


def _gathered(source: Path, kept: Kept, schema: pa.Schema, directory: Path, *, whole: bool) -> list[RowGroup] | None:
    """Return the row groups of the kept rows, `whole` ones as they are; None when these do not go into one file with new ones."""
    encoding, first = _Encoding(source, schema, directory), 0
    groups: list[RowGroup] = []
    for number, group in enumerate(read_row_groups(source)):
        places = kept(first, group.rows)
        first += group.rows
        if whole and len(places) == group.rows:
            groups += [*encoding.done(), group]
        elif len(places):
            encoding.add(number, places)
    groups += encoding.done()
    return groups if len({group.footer.schema for group in groups}) <= 1 else None


def _with_ids(schema: pa.Schema, field_ids: Mapping[str, int]) -> pa.Schema:
    return pa.schema(field.with_metadata({b"PARQUET:field_id": str(field_ids[field.name]).encode()}) for field in schema)


class _Encoding:
    """Row groups of which some rows are kept, written to files aside; the source is opened when there is one."""

    def __init__(self, source: Path, schema: pa.Schema, directory: Path) -> None:
        self._source, self._schema, self._directory = source, schema, directory
        self._whole: pq.ParquetFile | None = None
        self._out: ParquetFile | None = None
        self._path, self._number = directory, 0

    def add(self, number: int, places: pa.Array) -> None:
        """Write the rows of a row group at some places."""
        if self._out is None:
            self._path = self._directory / f"encoded-{self._number}.parquet"
            self._out, self._number = ParquetFile(self._path, self._schema), self._number + 1
        if self._whole is None:
            metadata = pq.read_metadata(self._source)
            self._whole = pq.ParquetFile(self._source, metadata=metadata, read_dictionary=_dictionaries(metadata))
        table = self._whole.read_row_group(number, use_threads=False)
        rows = table if len(places) == table.num_rows else table.take(places)
        self._out.write({name: rows[name] for name in self._schema.names})

    def done(self) -> Sequence[RowGroup]:
        """Return the row groups of what was added since the last time."""
        if self._out is None:
            return ()
        self._out.close()
        self._out = None
        return read_row_groups(self._path)


def _written(groups: Sequence[RowGroup], directory: Path, target_bytes: int) -> list[Path]:
    written: list[Path] = []
    waiting: list[RowGroup] = []
    for place, group in enumerate(groups):
        waiting.append(group)
        if place == len(groups) - 1 or sum(g.end - g.start for g in waiting) >= target_bytes:
            written.append(directory / f"copied-{len(written)}.parquet")
            write_row_groups(written[-1], waiting)
            waiting = []
    return written


def _dictionaries(metadata: pq.FileMetaData) -> list[str]:
    """The columns of texts that are written as dictionaries: they need not be spelled out in between."""
    columns = [metadata.row_group(0).column(n) for n in range(metadata.num_columns)] if metadata.num_row_groups else []
    return [c.path_in_schema for c in columns if c.physical_type == "BYTE_ARRAY" and c.has_dictionary_page]
