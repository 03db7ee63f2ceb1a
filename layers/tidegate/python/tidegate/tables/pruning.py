"""Which data files may hold a key, from the bounds that the table keeps of each: the others are not even fetched."""

from collections.abc import Sequence

import duckdb

from tidegate.engine.sql import name as identifier
from tidegate.ports import LiveFile, Table

#: Parquet leaves NaN out of a column's bounds.
_UNBOUNDED = ("DOUBLE",)


def may_hold(db: duckdb.DuckDBPyConnection, table: Table, column: str, keys: str) -> Sequence[LiveFile]:
    """Return the live files whose bounds of a column do not exclude every value that the SQL query `keys` gives for it."""
    live = table.live()
    if not live or table.columns[column] in _UNBOUNDED:
        return live
    _measure(db, table, column)
    # The smallest key that is not below a file is in the file's stretch, or none is. NULL is in no stretch.
    excluded = db.execute(
        f"WITH keys AS (SELECT DISTINCT {identifier(column)} AS key FROM ({keys}))"
        " SELECT s.path FROM stretches s ASOF LEFT JOIN keys k ON s.low <= k.key"
        " WHERE (k.key IS NULL OR k.key > s.high) AND NOT EXISTS (FROM keys WHERE key IS NULL)"
    ).fetchall()
    out = {path for (path,) in excluded}
    return [file for file in live if file.path not in out]


def may_equal(table: Table, column: str, values: Sequence[str]) -> Sequence[LiveFile]:
    """Return the live files whose bounds of a text column do not exclude every one of some values."""
    bounds = table.bounds(column) if column in table.columns else {}
    unknown = (None, None)
    return [file for file in table.live() if any(_within(value, *bounds.get(file.path, unknown)) for value in values)]


def order_files(db: duckdb.DuckDBPyConnection, table: Table, column: str) -> list[str]:
    """Return the live files that have bounds of a column, in its order; the table `stretches` has these: path, low, high."""
    _measure(db, table, column)
    return [path for (path,) in db.execute("SELECT path FROM stretches ORDER BY low, high, path").fetchall()]


def slices_of(db: duckdb.DuckDBPyConnection, table: Table, columns: Sequence[str], piece: str) -> dict[str, str]:
    """Return the partition of every live file: `piece` is SQL of it over the columns that a file has one piece of."""
    paths, lows = [file.path for file in table.live()], [table.bounds(column) for column in columns]
    listed = {f"c{n}": [low[path][0] if path in low else None for path in paths] for n, low in enumerate(lows)}
    cells = "".join(f", unnest($c{n}::VARCHAR[])::{table.columns[c]} AS {identifier(c)}" for n, c in enumerate(columns))
    found = db.execute(f"SELECT path, {piece} FROM (SELECT unnest($paths::VARCHAR[]) AS path{cells})", {"paths": paths, **listed})
    return dict(found.fetchall())


def _measure(db: duckdb.DuckDBPyConnection, table: Table, column: str) -> None:
    kind, bounds = table.columns[column], table.bounds(column)
    listed = {"paths": list(bounds), "low": [low for low, _ in bounds.values()], "high": [high for _, high in bounds.values()]}
    db.execute(
        "CREATE OR REPLACE TEMP TABLE stretches AS SELECT unnest($paths::VARCHAR[]) AS path,"
        f" unnest($low::VARCHAR[])::{kind} AS low, unnest($high::VARCHAR[])::{kind} AS high",
        listed,
    )


def _within(value: str, low: str | None, high: str | None) -> bool:
    return (low is None or low <= value) and (high is None or value <= high)
