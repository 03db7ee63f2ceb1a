"""The lake on a laptop: views in a DuckDB database over copies of live data files, under the names that Athena knows the tables by."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import duckdb

from tidegate.engine.sql import name as identifier
from tidegate.ports import Table
from tidegate.tables.duck import reading


class Tables(Protocol):
    """Where the tables of a dataset are kept."""

    def tables(self, table: str) -> "Iterable[Table]":
        """Open those tables of `<domain>_<dataset>` that are there, as they are: their names are `<layer>.<table>`."""
        ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """A table that is wanted: its layer, its name, and the columns (name -> DuckDB type) that it has where the lake has no such table."""

    layer: str
    table: str
    columns: Mapping[str, str]


def mirror(wanted: Iterable[Wanted], lake: Tables, stack: str, database: Path, copies: Path) -> dict[str, int]:
    """Make a view `<stack>_<layer>.<table>` for each table, and return their rows. What was copied before is not copied again.

    A table that the lake does not have has no rows.
    """
    found: dict[str, int] = {}
    by_name: dict[str, list[Wanted]] = {}
    for one in wanted:
        by_name.setdefault(one.table, []).append(one)
    with duckdb.connect(str(database)) as db:
        for name, layers in by_name.items():
            opened = {table.name: table for table in lake.tables(name)}
            for one in layers:
                schema, view = f"{stack}_{one.layer}", f"{one.layer}.{name}"
                room = copies / one.layer / name
                room.mkdir(parents=True, exist_ok=True)
                table = opened.get(view)
                live = table.live() if table else ()
                paths = table.fetch(live, room) if table else ()
                _forget(room, paths)
                rows = reading(table.columns if table else one.columns, [path.resolve() for path in paths])
                db.execute(f"CREATE SCHEMA IF NOT EXISTS {identifier(schema)}")
                db.execute(f"CREATE OR REPLACE VIEW {identifier(schema)}.{identifier(name)} AS {rows}")
                found[view] = sum(file.rows for file in live)
    return found


def _forget(room: Path, paths: Iterable[Path]) -> None:
    """Remove copies of data files that are live no more."""
    kept = {path.name for path in paths}
    for path in room.iterdir():
        if path.name not in kept:
            path.unlink()
