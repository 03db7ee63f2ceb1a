"""Swap the rows of whole landing objects in a bronze or quarantine table."""

from collections.abc import Sequence
from pathlib import Path

from tidegate.engine import Limits
from tidegate.model.runs import Leaving
from tidegate.ports import LiveFile, Swap, Table
from tidegate.tables.duck import connect, copy_to, count_rows, reading

_LEAVES = "EXISTS (FROM leaving l WHERE l.key = _object_key AND l.file_id IN ('', _file_id))"


def replace_rows(table: Table, leaving: Sequence[Leaving], arriving: Sequence[Path], room: Path, limits: Limits) -> Swap:
    """Take the rows `leaving` out and put those of the Parquet files `arriving` in.

    Only data files that hold a leaving row are rewritten: files whose bounds exclude every key are not read.
    """
    touched = [f for f in table.live() if any(_may_hold(f, gone.key) for gone in leaving)]
    remove, kept, removed = _without(table, touched, leaving, room, limits)
    return Swap(remove, [*([kept] if kept else []), *arriving], sum(map(count_rows, arriving)), removed)


def _may_hold(file: LiveFile, key: str) -> bool:
    return (file.lower is None or file.lower <= key) and (file.upper is None or key <= file.upper)


def _without(
    table: Table, touched: Sequence[LiveFile], leaving: Sequence[Leaving], room: Path, limits: Limits
) -> tuple[list[LiveFile], Path | None, int]:
    """Rewrite the files that hold a leaving row; return them, the file with what stays (None: nothing), and the rows removed."""
    if not touched:
        return [], None, 0
    paths = table.fetch(touched, room)
    with connect(room, limits) as db:
        listed = {"keys": [gone.key for gone in leaving], "files": [gone.file_id for gone in leaving]}
        db.execute("CREATE TEMP TABLE leaving AS SELECT unnest($keys) AS key, unnest($files) AS file_id", listed)
        holding = []
        removed = 0
        for file, path in zip(touched, paths, strict=True):
            leaves = f"{reading(table.columns, [path])} WHERE {_LEAVES}"
            gone = db.sql(f"SELECT count(*) FROM ({leaves})").fetchall()[0][0]
            if gone:
                holding.append((file, path))
                removed += int(gone)
        if not holding:
            return [], None, 0
        stays = f"{reading(table.columns, [p for _, p in holding])} WHERE NOT {_LEAVES}"
        kept = copy_to(db, f"{stays} ORDER BY _arrival, _file_id, _record", room / "kept.parquet", table.field_ids)
    return [f for f, _ in holding], kept, removed
