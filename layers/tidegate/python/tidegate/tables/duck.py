"""DuckDB over local Parquet files of an Iceberg table: columns by name as the table has them now, field ids on what is written."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from tidegate.engine import Limits
from tidegate.engine.databases import opened
from tidegate.engine.sql import name as identifier
from tidegate.engine.sql import text as literal

ROW_GROUP = 122_880  # rows, DuckDB's own
_VECTOR = 2_048  # rows
_SHARE = 16  # a thread's row group takes one in so many parts of the memory


@contextmanager
def connect(directory: Path, limits: Limits) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open an in-memory database that spills to `directory` and reaches nothing else."""
    with opened({"memory_limit": f"{limits.memory_mb}MB", "threads": limits.threads}, directory) as connection:
        yield connection()


def reading(columns: Mapping[str, str], paths: Sequence[Path], *, numbered: bool = False) -> str:
    """Return a SELECT of the table's columns from data files, NULL where a file is older than a column; WHERE may be appended.

    A `numbered` one also has `rn`, the place of the row in its data file, from 0.
    """
    kinds = {**columns, **({"file_row_number": "BIGINT"} if numbered else {})}
    nulls = ", ".join(f"NULL::{kind} AS {identifier(name)}" for name, kind in kinds.items())
    names = ", ".join((*map(identifier, columns), *(["file_row_number AS rn"] if numbered else [])))
    shape = f"SELECT {nulls} WHERE false"
    if paths:
        files = ", ".join(literal(str(p)) for p in paths)
        options = "union_by_name = true, hive_partitioning = false" + (", file_row_number = true" if numbered else "")
        shape += f" UNION ALL BY NAME SELECT * FROM read_parquet([{files}], {options})"
    return f"SELECT {names} FROM ({shape})"


def copy_to(
    db: duckdb.DuckDBPyConnection, query: str, path: Path, field_ids: Mapping[str, int], row_group: int = ROW_GROUP
) -> Path | None:
    """Write a query's rows as one Parquet data file; None when there are none."""
    db.execute(f"COPY ({query}) TO {literal(str(path))} ({_written(field_ids, row_group)})")
    return path if count_rows(path) else None


def copy_into(
    db: duckdb.DuckDBPyConnection,
    query: str,
    directory: Path,
    field_ids: Mapping[str, int],
    target_bytes: int,
    row_group: int = ROW_GROUP,
) -> list[Path]:
    """Write a query's rows, in their order, as Parquet data files of about a size; none when there are no rows.

    A file ends with the row group that takes it over the size, so its own key range follows the one before it.
    """
    options = f"{_written(field_ids, row_group)}, FILE_SIZE_BYTES {target_bytes}"
    db.execute(f"COPY ({query}) TO {literal(str(directory))} ({options})")
    numbered = sorted(directory.iterdir(), key=lambda p: int(p.stem.rpartition("_")[2]))
    return [path for path in numbered if count_rows(path)]


def row_group_of(paths: Iterable[Path], limits: Limits) -> int:
    """Return how many rows like those of some Parquet files a row group may have: each thread holds a few of them, unpacked."""
    widths = [1]
    for metadata in map(pq.read_metadata, paths):
        groups = (metadata.row_group(number) for number in range(metadata.num_row_groups))
        widths.append(sum(g.total_byte_size for g in groups) // max(1, metadata.num_rows))
    room = limits.memory_mb * 1024 * 1024 // (_SHARE * limits.threads)
    # Encoded values are smaller than those in memory, by a dictionary or by their fixed part there.
    return max(_VECTOR, min(ROW_GROUP, room // (2 * max(widths))))


def _written(field_ids: Mapping[str, int], row_group: int) -> str:
    # Level 1 writes files as small as level 3 does (165 MB and 167 MB of 5,000,000 rows) for an eighth less of the work.
    return f"FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE {row_group}, FIELD_IDS {nested(field_ids)}"


def count_rows(path: Path) -> int:
    """Return the rows of a Parquet file, from its footer."""
    return int(pq.read_metadata(path).num_rows)


def highest(path: Path | None, column: str | None, limits: Limits) -> str:
    """Return the highest value of a column in a Parquet file as text; empty without rows or column, or when all are NULL."""
    if path is None or column is None:
        return ""
    with connect(path.parent, limits) as db:
        found = db.execute(f"SELECT max({identifier(column)})::VARCHAR FROM read_parquet({literal(str(path))})").fetchall()
    return str(found[0][0] or "")


def nested(field_ids: Mapping[str, int]) -> str:
    """Return DuckDB's FIELD_IDS value for dotted column paths such as `reasons.element.rule`."""
    entries = []
    for name, number in field_ids.items():
        if "." in name:
            continue
        below = {path.removeprefix(f"{name}."): n for path, n in field_ids.items() if path.startswith(f"{name}.")}
        value = f"{{__duckdb_field_id: {number}, {nested(below)[1:-1]}}}" if below else str(number)
        entries.append(f"{identifier(name)}: {value}")
    return "{" + ", ".join(entries) + "}"
