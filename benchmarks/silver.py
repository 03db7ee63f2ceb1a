"""A silver table to upsert into, and the rows that arrive, as Parquet with the table's field ids."""

from collections.abc import Mapping
from pathlib import Path

from benchmarks.data import FAULT_AT, FAULT_EVERY, MACROS, texts
from tidegate.contracts.contract import Contract
from tidegate.engine import Limits
from tidegate.tables.duck import connect, copy_to
from tidegate.tables.schema import duckdb_type, field_ids, row_schema

_LIMITS = Limits(memory_mb=4096, threads=2)
_ELSEWHERE = 20_000_000  # where in the endless table the arriving rows take their values from


def write_table(path: Path, contract: Contract, rows: int) -> None:
    """Write the rows of about so many keys, sorted by key, as a fold leaves them."""
    numbers = f"SELECT range AS key, range AS n FROM range({rows}) WHERE range % {FAULT_EVERY} <> {FAULT_AT}"
    _write(path, contract, numbers, "1")


def write_arriving(path: Path, contract: Contract, rows: int, upsert: int) -> None:
    """Write `upsert` newer rows: nine of ten of keys all over the table, the others of new keys."""
    known = upsert * 9 // 10
    step = rows // known
    keys = f"SELECT range * {step} + range % 7 AS key FROM range({known})"  # not the keys of a fault: there is no row of those
    keys = f"SELECT key + CASE WHEN key % {FAULT_EVERY} = {FAULT_AT} THEN 1 ELSE 0 END AS key FROM ({keys})"
    keys += f" UNION ALL SELECT {rows} + range AS key FROM range({upsert - known})"
    numbers = f"SELECT key, n + CASE WHEN n % {FAULT_EVERY} = {FAULT_AT} THEN 1 ELSE 0 END AS n FROM"
    _write(path, contract, f"{numbers} (SELECT key, key + {_ELSEWHERE} AS n FROM ({keys}))", "2")


def _write(path: Path, contract: Contract, numbers: str, arrival: str) -> None:
    schema = row_schema(contract)
    types: Mapping[str, str] = {f.name: duckdb_type(f.field_type) for f in schema.fields}
    values = {name: f"CAST({name} AS {kind})" for name, kind in types.items()}
    values |= {
        "claim_id": "'CLM-' || lpad(CAST(key AS VARCHAR), 9, '0')",
        "paid_on": "CAST(strptime(paid_on, '%m/%d/%Y') AS DATE)",
        "updated_at": f"CAST(updated_at AS TIMESTAMPTZ) + INTERVAL {10 * int(arrival)} YEAR",
        "_object_key": f"'bench/claims/delta/{arrival}.csv'",
        "_version_id": "'v'",
        "_file_id": f"'f{arrival}'",
        "_record": "key + 1",
        "_arrival": f"'{arrival}'",
        "_load_id": "''",
        "_run_id": f"'run-{arrival}'",
        "_contract_version": "'1.0.0'",
    }
    cells = ", ".join(f"{value} AS {name}" for name, value in values.items())
    with connect(path.parent, _LIMITS) as db:
        db.execute(MACROS)
        db.execute("SET TimeZone = 'UTC'")
        inner = texts(f"{numbers}").replace("SELECT ", "SELECT key, ", 1)
        copy_to(db, f"SELECT {cells} FROM ({inner}) ORDER BY claim_id", path, field_ids(schema))
