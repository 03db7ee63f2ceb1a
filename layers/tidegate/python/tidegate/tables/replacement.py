"""Swap the rows of whole landing objects in a bronze or quarantine table."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tidegate.engine import Limits
from tidegate.model.runs import Leaving
from tidegate.ports import LiveFile, Swap, Table
from tidegate.tables.duck import connect, copy_to, count_rows, reading

_LEAVES = "EXISTS (FROM leaving l WHERE l.key = _object_key AND l.file_id IN ('', _file_id))"


def replace_rows(table: Table, leaving: Sequence[Leaving], arriving: Sequence[Path], room: Path, limits: Limits) -> Swap:
    """Take the rows `leaving` out and put those of the Parquet files `arriving` in.

    Only data files that hold a leaving row are rewritten: files whose bounds exclude every key are not read.
    """
    touched = may_lose(table, leaving)
    if not touched:
        return Swap((), list(arriving), sum(map(count_rows, arriving)))
    left = leave_out(table.columns, table.field_ids, table.fetch(touched, room), leaving, room, limits)
    kept = [left.kept] if left.kept else []
    return Swap([touched[n] for n in left.holding], [*kept, *arriving], sum(map(count_rows, arriving)), left.removed)


def may_lose(table: Table, leaving: Sequence[Leaving]) -> list[LiveFile]:
    """Return the data files whose bounds do not exclude every key that leaves."""
    return [file for file in table.live() if any(_may_hold(file, gone.key) for gone in leaving)]


def _may_hold(file: LiveFile, key: str) -> bool:
    return (file.lower is None or file.lower <= key) and (file.upper is None or key <= file.upper)


class Left(NamedTuple):
    """What is left of some data files: the places of those that hold a leaving row, a file of what stays of them, the rows removed.

    `kept` is None where nothing stays.
    """

    holding: list[int]
    kept: Path | None
    removed: int


def leave_out(
    columns: Mapping[str, str],
    field_ids: Mapping[str, int],
    paths: Sequence[Path],
    leaving: Sequence[Leaving],
    room: Path,
    limits: Limits,
) -> Left:
    """Write the rows that stay of the files that hold a leaving row into one."""
    with connect(room, limits) as db:
        listed = {"keys": [gone.key for gone in leaving], "files": [gone.file_id for gone in leaving]}
        db.execute("CREATE TEMP TABLE leaving AS SELECT unnest($keys) AS key, unnest($files) AS file_id", listed)
        leaves = (f"SELECT count(*) FROM ({reading(columns, [path])} WHERE {_LEAVES})" for path in paths)
        counts = [int(db.sql(query).fetchall()[0][0]) for query in leaves]
        holding = [number for number, count in enumerate(counts) if count]
        if not holding:
            return Left([], None, 0)
        stays = f"{reading(columns, [paths[n] for n in holding])} WHERE NOT {_LEAVES} ORDER BY _arrival, _file_id, _record"
        return Left(holding, copy_to(db, stays, room / "kept.parquet", field_ids), sum(counts))
