"""DuckDB over local Parquet files of an Iceberg table: columns by name as the table has them now, field ids on what is written."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from tidegate.engine import Limits
from tidegate.engine.sql import name as identifier
from tidegate.engine.sql import text as literal


@contextmanager
def connect(directory: Path, limits: Limits) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open an in-memory database that spills to `directory` and reaches nothing else."""
    config: dict[str, str | bool | int | float | list[str]] = {
        "temp_directory": str(directory),
        "memory_limit": f"{limits.memory_mb}MB",
        "threads": limits.threads,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    with duckdb.connect(":memory:", config=config) as db:
        yield db


def reading(columns: Mapping[str, str], paths: Sequence[Path]) -> str:
    """Return a SELECT of the table's columns from data files, NULL where a file is older than a column; WHERE may be appended."""
    nulls = ", ".join(f"NULL::{kind} AS {identifier(name)}" for name, kind in columns.items())
    names = ", ".join(identifier(name) for name in columns)
    shape = f"SELECT {nulls} WHERE false"
    if paths:
        files = ", ".join(literal(str(p)) for p in paths)
        shape += f" UNION ALL BY NAME SELECT * FROM read_parquet([{files}], union_by_name = true)"
    return f"SELECT {names} FROM ({shape})"


def copy_to(db: duckdb.DuckDBPyConnection, query: str, path: Path, field_ids: Mapping[str, int]) -> Path | None:
    """Write a query's rows as one Parquet data file; None when there are none."""
    db.execute(f"COPY ({query}) TO {literal(str(path))} (FORMAT parquet, COMPRESSION zstd, FIELD_IDS {nested(field_ids)})")
    return path if count_rows(path) else None


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
