"""Copy rows of a Parquet file in the order that they are in: DuckDB does not keep it when a join chooses the rows."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tidegate.engine.parquet_files import ParquetFile

Kept = Callable[[int, int], pa.Array]


def copy_kept(source: Path, kept: Kept, field_ids: Mapping[str, int], directory: Path, target_bytes: int) -> list[Path]:
    """Write the kept rows as Parquet data files of about a size; none when there are no rows.

    `kept` gives, for the row group that begins at a row of the file and has so many, the places (int64) in it of those to keep.
    """
    whole = pq.ParquetFile(source, read_dictionary=_dictionaries(pq.read_metadata(source)))
    schema = pa.schema(
        field.with_metadata({b"PARQUET:field_id": str(field_ids[field.name]).encode()}) for field in pq.read_schema(source)
    )
    groups = [whole.metadata.row_group(number) for number in range(whole.num_row_groups)]
    out: ParquetFile | None = None
    written: list[Path] = []
    first = size = 0
    for number, group in enumerate(groups):
        places = kept(first, group.num_rows)
        first += group.num_rows
        if not len(places):
            continue
        table = whole.read_row_group(number, use_threads=False)
        if out is None or size >= target_bytes:
            if out is not None:
                out.close()
            written.append(directory / f"copied-{len(written)}.parquet")
            out, size = ParquetFile(written[-1], schema), 0
        rows = table if len(places) == table.num_rows else table.take(places)
        out.write({name: rows[name] for name in schema.names})
        size += sum(group.column(n).total_compressed_size for n in range(group.num_columns)) * len(places) // group.num_rows
    if out is not None:
        out.close()
    return written


def _dictionaries(metadata: pq.FileMetaData) -> list[str]:
    """The columns of texts that are written as dictionaries: they need not be spelled out in between."""
    columns = [metadata.row_group(0).column(n) for n in range(metadata.num_columns)] if metadata.num_row_groups else []
    return [c.path_in_schema for c in columns if c.physical_type == "BYTE_ARRAY" and c.has_dictionary_page]
