"""What the rows of a file have in common: where they come from, and what the object's key says."""

from collections.abc import Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

from tidegate.contracts.contract import Contract
from tidegate.engine.checks import ColumnSql, typed_rows
from tidegate.engine.mapping import null_text
from tidegate.engine.values import FilePlan


def file_rows(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    columns: Sequence[ColumnSql],
    plans: Sequence[tuple[int, FilePlan]],
    run_id: str,
) -> pa.Table:
    """Return a row for each file: `number`, lineage, the columns taken from the key (cast, checked and masked), and `broken` rules."""
    keyed = [c for c in columns if c.column.from_key is not None]
    cells = {
        "number": pa.array([number for number, _ in plans], pa.int32()),
        "_object_key": pa.array([p.file.key for _, p in plans], pa.large_string()),
        "_version_id": pa.array([p.file.version_id for _, p in plans], pa.large_string()),
        "_file_id": pa.array([p.file.file_id for _, p in plans], pa.large_string()),
        "_arrival": pa.array([p.file.arrival for _, p in plans], pa.large_string()),
        "_load_id": pa.array([p.file.load_id for _, p in plans], pa.large_string()),
        "_run_id": pa.array([run_id for _ in plans], pa.large_string()),
        "_contract_version": pa.array([contract.version for _ in plans], pa.large_string()),
    }
    lineage = ", ".join(cells)
    for c in keyed:
        cells[f"k{c.number}"] = pa.array([dict(p.key_values)[c.column.name] for _, p in plans], pa.large_string())
    connection.register("arrived", pa.table(cells))
    texts = [null_text(f"k{c.number}", (*contract.null_values, *c.column.null_values)) for c in keyed]
    select = typed_rows(keyed, texts, "arrived", lineage)
    rows = connection.sql(select).to_arrow_table()
    connection.unregister("arrived")
    return rows


def count_by_file(connection: duckdb.DuckDBPyConnection, path: Path) -> dict[str, int]:
    """Count the rows of a file that was written, read back from it, by file id."""
    if not path.exists():
        return {}
    return dict(connection.execute("SELECT _file_id, count(*) FROM read_parquet($1) GROUP BY ALL", [str(path)]).fetchall())
