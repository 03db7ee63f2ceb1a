"""The lake on a laptop: views in a DuckDB database over copies of live data files, under the names that Athena knows the tables by."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Protocol

import duckdb

from tidegate.engine.sql import name as identifier
from tidegate.ports import Table
from tidegate.tables.duck import reading


class Tables(Protocol):
    """Where the tables of a dataset are kept."""

    def tables(self, table: str) -> Sequence[Table]:
        """Open those tables of `<domain>_<dataset>` that are there, as they are: their names are `<layer>.<table>`."""
        ...


def mirror(wanted: Iterable[tuple[str, str]], lake: Tables, stack: str, database: Path, copies: Path) -> dict[str, int]:
    """Make a view `<stack>_<layer>.<table>` of each wanted (layer, table) that the lake has; return their rows by `<layer>.<table>`.

    What was copied before is not copied again; copies of data files that are live no more are removed.
    """
    found: dict[str, int] = {}
    with duckdb.connect(str(database)) as db:
        for name, layers in groupby(sorted(wanted, key=lambda w: w[1]), key=lambda w: w[1]):
            opened = {table.name: table for table in lake.tables(name)}
            for layer, _ in layers:
                view = f"{identifier(f'{stack}_{layer}')}.{identifier(name)}"
                db.execute(f"CREATE SCHEMA IF NOT EXISTS {identifier(f'{stack}_{layer}')}; DROP VIEW IF EXISTS {view}")
                if table := opened.get(f"{layer}.{name}"):
                    paths = _copied(table, copies / layer / name)
                    db.execute(f"CREATE VIEW {view} AS {reading(table.columns, paths)}")
                    found[table.name] = sum(file.rows for file in table.live())
    return found


def _copied(table: Table, room: Path) -> list[Path]:
    room.mkdir(parents=True, exist_ok=True)
    paths = [path.resolve() for path in table.fetch(table.live(), room)]
    for path in set(room.resolve().iterdir()) - set(paths):
        path.unlink()
    return paths
