"""Why a row is rejected: the rules that it breaks, each with its column and what the value looks like, never the value.

Telling what a value looks like costs more than all checks of its row, and DuckDB would pay for it in every vector that has one broken
row. So the checks give the text of the value, and the few texts are told afterwards, all together.
"""

from collections.abc import Mapping

import duckdb
import pyarrow as pa

from tidegate.engine.value_classes import value_class

REASON_FIELDS = ("rule", "column", "value_class")
BROKEN_TYPE = 'STRUCT("rule" VARCHAR, "column" VARCHAR, "text" VARCHAR)[]'
Reasons = list[Mapping[str, str | None]]


def told(connection: duckdb.DuckDBPyConnection, broken: pa.Array | pa.ChunkedArray) -> list[Reasons]:
    """Return the reasons of each row from what the checks gave, an empty list for NULL."""
    if broken.null_count == len(broken):
        return [[] for _ in range(len(broken))]
    connection.register("broken_rows", pa.table({"broken": broken}))
    reason = f"{{'rule': b.rule, 'column': b.column, 'value_class': {value_class('b.text')}}}"
    try:
        rows = connection.execute(f"SELECT list_transform(broken, lambda b: {reason}) FROM broken_rows").fetchall()
    finally:
        connection.unregister("broken_rows")
    return [reasons or [] for (reasons,) in rows]
