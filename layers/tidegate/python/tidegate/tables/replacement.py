"""Swap the rows of whole landing objects in a bronze or quarantine table, in one commit."""

from collections.abc import Sequence
from pathlib import Path

from tidegate.engine import Limits
from tidegate.model.runs import Commit
from tidegate.ports import LiveFile, Table
from tidegate.tables.duck import connect, copy_to, count_rows, reading


def replace_objects(table: Table, leaving: Sequence[str], arriving: Path | None, run_id: str, room: Path, limits: Limits) -> Commit:
    """Remove the rows of the object keys `leaving` and add the rows of the Parquet file `arriving`, once per run.

    Only data files that hold a leaving key are rewritten: files whose bounds exclude every key are not read.
    """
    done = table.committed(run_id)
    if done is not None:
        return Commit(table.name, *(int(done[f"tidegate.{word}"]) for word in ("added", "removed", "before", "after")))
    room.mkdir()
    touched = [f for f in table.live() if any(_may_hold(f, key) for key in leaving)]
    remove, kept, removed = _without(table, touched, leaving, room, limits)
    add = [path for path in (kept, arriving) if path is not None]
    before = sum(f.rows for f in table.live())
    # With keys that leave, an empty commit moves the table all the same: whoever loaded these keys before may still be at it, and
    # a table that stood still would let it commit.
    if not remove and not add and not leaving:
        return Commit(table.name, rows_before=before, rows_after=before)
    added = count_rows(arriving) if arriving is not None else 0
    numbers = {"added": added, "removed": removed, "before": before, "after": before + added - removed}
    summary = {f"tidegate.{word}": str(number) for word, number in numbers.items()}
    return table.commit(run_id, remove=remove, add=add, summary=summary)


def _may_hold(file: LiveFile, key: str) -> bool:
    return (file.lower is None or file.lower <= key) and (file.upper is None or key <= file.upper)


def _without(
    table: Table, touched: Sequence[LiveFile], leaving: Sequence[str], room: Path, limits: Limits
) -> tuple[list[LiveFile], Path | None, int]:
    """Rewrite the files that hold a leaving key; return them, the file with what stays (None: nothing), and the rows removed."""
    if not touched:
        return [], None, 0
    paths = table.fetch(touched, room)
    with connect(room, limits) as db:
        db.execute("CREATE TEMP TABLE leaving AS SELECT unnest($keys) AS key", {"keys": list(leaving)})
        holding = []
        removed = 0
        for file, path in zip(touched, paths, strict=True):
            leaves = reading(table.columns, [path]) + " WHERE _object_key IN (SELECT key FROM leaving)"
            gone = db.sql(f"SELECT count(*) FROM ({leaves})").fetchall()[0][0]
            if gone:
                holding.append((file, path))
                removed += int(gone)
        if not holding:
            return [], None, 0
        stays = reading(table.columns, [p for _, p in holding]) + " WHERE _object_key NOT IN (SELECT key FROM leaving)"
        kept = copy_to(db, f"{stays} ORDER BY _arrival, _file_id, _record", room / "kept.parquet", table.field_ids)
    return [f for f, _ in holding], kept, removed
