"""The books of a fold: every arriving row has one fate, and keys leave silver or come back to it."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import duckdb

from tidegate.engine.sql import name as identifier
from tidegate.model.runs import Books
from tidegate.ports import LiveFile
from tidegate.tables.duck import reading
from tidegate.tables.order import Order

_LIVING = "(FROM winners WHERE NOT dead)"


def count_fates(
    db: duckdb.DuckDBPyConnection,
    order: Order,
    columns: Mapping[str, str],
    values: Sequence[str],
    held_in: Sequence[tuple[LiveFile, Path]],
    sources: Mapping[int, Path],
) -> Books:
    """Count from the tables of a fold (`silver._Fold`); rows are `unchanged` when they have the same `values` as silver's row."""
    same = order.same_key("h", "w")
    # A key has one row in silver; a contract that made its key coarser is not counted twice for it.
    db.execute(
        f"CREATE TEMP TABLE pairs AS SELECT w.source, w.rn, h.source AS held_source, h.rn AS held_rn FROM {_LIVING} w JOIN held h ON {same}"
        " WHERE w.origin = 'arriving' QUALIFY row_number() OVER (PARTITION BY w.source, w.rn ORDER BY h.source, h.rn) = 1"
    )
    arriving, pairs = _count(db, "FROM arriving"), _count(db, "FROM pairs")
    fates = "count(*) FILTER (NOT dead), count(*) FILTER (dead)"
    won, died = map(int, db.execute(f"SELECT {fates} FROM winners WHERE origin = 'arriving'").fetchall()[0])
    unchanged = _unchanged(db, columns, values, held_in, sources) if pairs else 0
    keys = f"(SELECT DISTINCT {order.key} FROM held)"
    return Books(
        rows_inserted=won - pairs,
        rows_updated=pairs - unchanged,
        rows_unchanged=unchanged,
        rows_superseded=arriving - won - died,
        rows_deleted=died,
        rows_removed=_count(db, f"FROM {keys} h ANTI JOIN {_LIVING} w ON {same}"),
        rows_restored=_count(db, f"FROM (FROM {_LIVING} WHERE origin <> 'arriving') w ANTI JOIN held h ON {same}"),
    )


def _unchanged(
    db: duckdb.DuckDBPyConnection,
    columns: Mapping[str, str],
    values: Sequence[str],
    held_in: Sequence[tuple[LiveFile, Path]],
    sources: Mapping[int, Path],
) -> int:
    def all_of(paths: Iterable[tuple[int, Path]]) -> str:
        return " UNION ALL ".join(
            f"SELECT {number} AS source, * FROM ({reading(columns, [p], numbered=True)})" for number, p in paths
        )

    old = all_of(enumerate(path for _, path in held_in))
    arrived = [number for (number,) in db.execute("SELECT DISTINCT source FROM pairs ORDER BY source").fetchall()]
    new = all_of((number, sources[number]) for number in arrived)
    same = " AND ".join(f"o.{identifier(v)} IS NOT DISTINCT FROM n.{identifier(v)}" for v in values) or "true"
    return _count(
        db,
        f"FROM ({old}) o JOIN pairs p ON p.held_source = o.source AND p.held_rn = o.rn JOIN ({new}) n ON n.source = p.source"
        f" AND n.rn = p.rn WHERE {same}",
    )


def _count(db: duckdb.DuckDBPyConnection, rows: str) -> int:
    return int(db.execute(f"SELECT count(*) {rows}").fetchall()[0][0])
