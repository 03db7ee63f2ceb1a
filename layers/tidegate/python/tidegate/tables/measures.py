"""What a batch would do to the tables, measured before it is committed."""

from collections.abc import Sequence
from pathlib import Path

import duckdb

from tidegate.contracts.contract import Contract
from tidegate.contracts.rules import Unique
from tidegate.engine import Limits
from tidegate.engine.sql import name as identifier
from tidegate.model.runs import Epoch, Leaving
from tidegate.ports import Table
from tidegate.tables.duck import connect, reading
from tidegate.tables.order import Order


def measure(
    contract: Contract,
    silver: Table,
    epoch: Epoch,
    arriving: Sequence[Path],
    leaving: Sequence[Leaving],
    room: Path,
    limits: Limits,
) -> tuple[float | None, ...]:
    """Return what each of `Rules.measured` asks of the batch: rows that break it, or the number that a query gives.

    `arriving` are the accepted rows, `leaving` the landing objects whose rows they replace, `epoch` the one that holds after the run.
    """
    found: list[float | None] = []
    if contract.rules.uniques:
        with connect(room, limits) as db:
            _stage(db, contract, silver, epoch, arriving, leaving, room)
            found.extend(_repeated(db, unique) for unique in contract.rules.uniques)
    if contract.rules.queries:
        found.extend(_answers(contract, silver, arriving, room, limits))
    return tuple(found)


def _answers(contract: Contract, silver: Table, arriving: Sequence[Path], room: Path, limits: Limits) -> Sequence[float | None]:
    """Ask the queries. The tables are copied into the database before everything else is taken away from it."""
    from tidegate.contracts.queries import OBJECT, SILVER
    from tidegate.engine.queries import answer, lock

    queries = contract.rules.queries
    names = sorted({name for query in queries for name in query.columns}) or ["_record"]
    columns = {name: silver.columns[name] for name in names}
    held = silver.fetch(silver.live(), room) if any(query.silver for query in queries) else []
    with connect(room, limits) as db:
        for table, paths in ((OBJECT, list(arriving)), (SILVER, held)):
            db.execute(f"CREATE TABLE {table} AS {reading(columns, paths)}")
        lock(db)
        return [answer(db, contract, query) for query in queries]


def _stage(
    db: duckdb.DuckDBPyConnection,
    contract: Contract,
    silver: Table,
    epoch: Epoch,
    arriving: Sequence[Path],
    leaving: Sequence[Leaving],
    room: Path,
) -> None:
    """Make the table `state`: what silver would show after the batch, as far as silver and the batch can tell; `mine` are new rows.

    A row that silver does not show, and that comes back because a newer one is replaced by this batch, is not among them.
    """
    order = Order(contract)
    own = reading(silver.columns, list(arriving))
    held = reading(silver.columns, silver.fetch(silver.live(), room))
    gone = {"keys": [g.key for g in leaving], "files": [g.file_id for g in leaving]}
    db.execute("CREATE TEMP TABLE leaving AS SELECT unnest($keys::VARCHAR[]) AS key, unnest($files::VARCHAR[]) AS file_id", gone)
    db.execute("SET VARIABLE epoch_load = $load", {"load": epoch.load})
    db.execute("SET VARIABLE epoch_start = $start", {"start": epoch.start})
    current = "(_load_id = getvariable('epoch_load') OR (_load_id = '' AND _arrival >= getvariable('epoch_start')))"
    stays = f"{held} WHERE NOT EXISTS (FROM leaving l WHERE l.key = _object_key AND l.file_id IN ('', _file_id))"
    rows = f"SELECT *, true AS mine FROM ({own}) UNION ALL BY NAME SELECT *, false AS mine FROM ({stays})"
    newest = f"SELECT * FROM ({rows}) WHERE {current if epoch.load else 'true'} QUALIFY {order.is_newest}"
    columns = {"mine", *(name for unique in contract.rules.uniques for name in unique.columns)}
    kept = ", ".join(identifier(name) for name in sorted(columns))
    db.execute(f"CREATE TEMP TABLE state AS SELECT {kept} FROM ({newest}) WHERE {order.lives}")


def _repeated(db: duckdb.DuckDBPyConnection, unique: Unique) -> int:
    """Rows of the batch whose values another row of the table would have too."""
    values = [identifier(name) for name in unique.columns]
    known = " AND ".join(f"{value} IS NOT NULL" for value in values)
    counted = f"SELECT mine, count(*) OVER (PARTITION BY {', '.join(values)}) AS rows FROM state WHERE {known}"
    return int(db.execute(f"SELECT count(*) FILTER (mine AND rows > 1) FROM ({counted})").fetchall()[0][0])
