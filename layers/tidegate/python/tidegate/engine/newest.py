"""Which row of a key is its newest: by the contract's orderBy column, then by where the row came from, so that it is always one."""

from collections.abc import Sequence

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from tidegate.contracts.contract import Contract
from tidegate.engine import sql
from tidegate.engine.beaten import UNWANTED
from tidegate.engine.numbers import numbers


def deciding_columns(contract: Contract) -> tuple[str, ...]:
    """The columns that rows of one key are compared by, the first one first."""
    return (*([contract.order_by] if contract.order_by else []), "_arrival", "_file_id", "_record")


def is_newest(contract: Contract, key: Sequence[str]) -> str:
    """SQL that is true of one row of each key, to be asked by QUALIFY."""
    newest = ", ".join(f"{sql.name(n)} DESC NULLS LAST" for n in deciding_columns(contract))
    return f"row_number() OVER (PARTITION BY {', '.join(map(sql.name, key))} ORDER BY {newest}) = 1"


def beaten_rows(connection: duckdb.DuckDBPyConnection, contract: Contract, rows: pa.Table) -> pa.Array:
    """Return a boolean for each row: whether another one of them, that is not `unwanted`, is newer and has its primary key."""
    key = contract.primary_key
    columns = list(dict.fromkeys((*key, *deciding_columns(contract), UNWANTED)))
    places = numbers(rows.num_rows, pa.int64())
    connection.register("unranked", rows.select(columns).append_column("place", places))
    hashed = f"hash({', '.join(map(sql.name, key))})"
    # Most keys have one row: only those are ranked that seem to repeat. Two keys of one hash are ranked in vain.
    repeated = f"SELECT {hashed} AS hashed FROM unranked WHERE NOT {UNWANTED} GROUP BY ALL HAVING count(*) > 1"
    ranked = f"SELECT * FROM unranked SEMI JOIN ({repeated}) ON {hashed} = hashed WHERE NOT {UNWANTED}"
    try:
        beaten = connection.sql(f"SELECT place FROM ({ranked}) QUALIFY NOT ({is_newest(contract, key)})").to_arrow_table()
    finally:
        connection.unregister("unranked")
    return pc.is_in(places, beaten["place"].combine_chunks())
