"""Silver is a fold of bronze: per key, the newest row of the current epoch.

Newest is decided by (the contract's orderBy column, arrival, file id, record number), so any order of loading gives the same
table. Two ways lead to it. When no row leaves, silver itself already is the fold of what was there, and only the new rows are
folded in. When a file is replaced or a full load starts a new epoch, the keys concerned are recomputed from bronze; so they are when
a tombstone, which silver does not show, may be newer than a row that arrives.
"""

from collections.abc import Sequence
from pathlib import Path

import duckdb

from tidegate.contracts.contract import Contract, LoadMode
from tidegate.engine import Limits
from tidegate.engine.sql import name as identifier
from tidegate.engine.sql import text, texts
from tidegate.model.runs import Books, Epoch, Manifest
from tidegate.ports import Layers, LiveFile, Swap, Table
from tidegate.tables.duck import connect, copy_to, reading

LINEAGE = ("_object_key", "_version_id", "_file_id", "_record", "_arrival", "_load_id", "_run_id", "_contract_version")


def fold_silver(
    contract: Contract,
    manifest: Manifest,
    layers: Layers,
    arriving: Path | None,
    leaving: Sequence[str],
    room: Path,
    limits: Limits,
) -> tuple[Swap, Books]:
    """Say what brings silver up to date with bronze for one run, and what becomes of each accepted row.

    `layers.bronze` is the table after the run's commit, `arriving` the accepted rows, `leaving` the object keys of which rows left
    bronze.
    """
    if arriving is None and not leaving and not manifest.epoch_changes:
        return Swap(), Books()
    with connect(room, limits) as db:
        fold = _Fold(db, contract, manifest.epoch, layers.silver, layers.bronze, room)
        fold.stage(arriving)
        remove = fold.affect(leaving, everything=manifest.epoch_changes)
        fold.compute(from_bronze=bool(leaving) or manifest.epoch_changes or fold.may_be_deleted())
        books = fold.books()
        add, added, removed = fold.write(remove)
    return Swap(remove, add, added, removed), books


def count_living(contract: Contract, rows: Path, room: Path, limits: Limits) -> int:
    """Count the rows that silver would hold of these alone: one for each key, none where the newest is a tombstone."""
    order = _Order(contract)
    with connect(room, limits) as db:
        winners = f"SELECT * FROM read_parquet({text(str(rows))}) QUALIFY {order.is_newest}"
        return int(db.execute(f"SELECT count(*) FROM ({winners}) WHERE {order.lives}").fetchall()[0][0])


class _Order:
    """What a contract says of rows, in SQL: `key`, which row of a key is the newest, and whether that one is shown."""

    def __init__(self, contract: Contract) -> None:
        upsert = contract.load_mode is LoadMode.UPSERT
        self.columns = contract.primary_key if upsert else ("_object_key", "_record")
        self.key = ", ".join(identifier(name) for name in self.columns)
        first = [contract.order_by] if contract.order_by else []
        newest = ", ".join(f"{identifier(n)} DESC NULLS LAST" for n in (*first, "_arrival", "_file_id", "_record"))
        self.is_newest = f"row_number() OVER (PARTITION BY {self.key} ORDER BY {newest}) = 1"
        when = contract.delete_when
        self.dead = f"{identifier(when.column)} IN ({texts(when.values)})" if when else ""
        self.lives = f"coalesce(NOT {self.dead}, true)" if when else "true"


class _Fold:
    """The tables of one fold: `arriving`, `affected` (keys), `old` (their silver rows), `new` (what silver shall hold for them)."""

    def __init__(
        self, db: duckdb.DuckDBPyConnection, contract: Contract, epoch: Epoch, silver: Table, bronze: Table, room: Path
    ) -> None:
        self.db, self.silver, self.bronze, self.room, self.epoch = db, silver, bronze, room, epoch
        self.order = _Order(contract)
        self.key, self.deletes = self.order.key, contract.delete_when is not None
        self.same_key = " AND ".join(f"a.{identifier(n)} = b.{identifier(n)}" for n in self.order.columns)
        self.dead_winner = f"coalesce(b.{self.order.dead}, false)" if self.deletes else "false"
        self.values = [identifier(n) for n in silver.columns if n not in LINEAGE]
        self.fetched: list[tuple[LiveFile, Path]] = []
        self.bronze_paths: Sequence[Path] | None = None

    def stage(self, arriving: Path | None) -> None:
        """Load the accepted rows of the run."""
        paths = [arriving] if arriving is not None else []
        self.db.execute(f"CREATE TEMP TABLE arriving AS {reading(self.silver.columns, paths)}")

    def affect(self, leaving: Sequence[str], *, everything: bool) -> list[LiveFile]:
        """Find the keys whose row may change, and the silver data files that hold them: these are the ones to rewrite."""
        live = self.silver.live()
        self.fetched = (
            list(zip(live, self.silver.fetch(live, self.room), strict=True)) if self._must_read(leaving, everything) else []
        )
        held = reading(self.silver.columns, [p for _, p in self.fetched])
        self.db.execute("CREATE TEMP TABLE leaving AS SELECT unnest($keys::VARCHAR[]) AS key", {"keys": list(leaving)})
        where = "" if everything else " WHERE _object_key IN (SELECT key FROM leaving)"
        hidden = self._hidden(held) if leaving or everything else ""
        self.db.execute(
            f"CREATE TEMP TABLE affected AS SELECT DISTINCT {self.key} FROM arriving"
            f" UNION SELECT DISTINCT {self.key} FROM ({held}{where}){hidden}"
        )
        self.db.execute(f"CREATE TEMP TABLE old AS SELECT b.* FROM ({held}) b WHERE EXISTS (FROM affected a WHERE {self.same_key})")
        return [file for file, path in self.fetched if self._holds_affected(path)]

    def compute(self, *, from_bronze: bool) -> None:
        """Fold the candidates of the affected keys into one row each; where that is a tombstone, silver has none."""
        if from_bronze:
            candidates = f"SELECT b.* FROM ({self._bronze_rows()}) b WHERE EXISTS (FROM affected a WHERE {self.same_key})"
        else:
            candidates = "FROM old UNION ALL BY NAME FROM arriving"
        self.db.execute(
            f"CREATE TEMP TABLE winners AS SELECT * FROM ({candidates}) WHERE {self._current()} QUALIFY {self.order.is_newest}"
        )
        self.db.execute(f"CREATE TEMP TABLE new AS FROM winners WHERE {self.order.lives}")

    def may_be_deleted(self) -> bool:
        """Whether a tombstone that silver does not show may be newer than an arriving row: of a key that silver does not have."""
        missing = f"SELECT EXISTS (FROM affected a WHERE NOT EXISTS (FROM old b WHERE {self.same_key}))"
        return self.deletes and bool(self.db.execute(missing).fetchall()[0][0])

    def books(self) -> Books:
        """Give every arriving row one fate, and count the keys that left and those that came back."""
        same = " AND ".join(f"b.{c} IS NOT DISTINCT FROM o.{c}" for c in self.values) or "true"
        fates = self.db.execute(
            "SELECT CASE WHEN b._file_id IS NULL THEN 'superseded'"
            f" WHEN {self.dead_winner} THEN 'deleted' WHEN o._file_id IS NULL THEN 'inserted'"
            f" WHEN {same} THEN 'unchanged' ELSE 'updated' END, count(*) FROM arriving r"
            " LEFT JOIN winners b ON r._file_id = b._file_id AND r._record = b._record"
            f" LEFT JOIN old o ON {self.same_key.replace('a.', 'o.')} GROUP BY 1"
        ).fetchall()
        counts = {f"rows_{fate}": int(number) for fate, number in fates}
        gone = self.db.execute(f"SELECT count(*) FROM old a WHERE NOT EXISTS (FROM new b WHERE {self.same_key})").fetchall()
        back = self.db.execute(
            f"SELECT count(*) FROM new a WHERE NOT EXISTS (FROM old b WHERE {self.same_key})"
            " AND NOT EXISTS (FROM arriving r WHERE r._file_id = a._file_id AND r._record = a._record)"
        ).fetchall()
        return Books(**counts, rows_removed=int(gone[0][0]), rows_restored=int(back[0][0]))

    def write(self, remove: Sequence[LiveFile]) -> tuple[list[Path], int, int]:
        """Write what the rewritten data files hold now; return the new files, rows added and rows removed."""
        kept_from = [path for file, path in self.fetched if file in remove]
        kept = reading(self.silver.columns, kept_from)
        order = f"ORDER BY {self.key}"
        untouched = f"SELECT b.* FROM ({kept}) b WHERE NOT EXISTS (FROM affected a WHERE {self.same_key})"
        path = copy_to(
            self.db, f"FROM ({untouched} UNION ALL BY NAME FROM new) {order}", self.room / "silver.parquet", self.silver.field_ids
        )
        added = self.db.execute("SELECT count(*) FROM new").fetchall()[0][0]
        removed = self.db.execute("SELECT count(*) FROM old").fetchall()[0][0]
        return ([path] if path else []), int(added), int(removed)

    def _hidden(self, held: str) -> str:
        """The keys of bronze that silver does not have. A tombstone may have left: silver cannot say whose it was."""
        return (
            f" UNION (SELECT {self.key} FROM ({self._bronze_rows()}) EXCEPT SELECT {self.key} FROM ({held}))"
            if self.deletes
            else ""
        )

    def _bronze_rows(self) -> str:
        if self.bronze_paths is None:
            self.bronze_paths = self.bronze.fetch(self.bronze.live(), self.room)
        return reading(self.silver.columns, self.bronze_paths)

    def _must_read(self, leaving: Sequence[str], everything: bool) -> bool:  # noqa: FBT001
        # Keys of appended rows are the objects' own: where no object comes again, silver cannot hold them yet.
        return "_object_key" not in self.key or bool(leaving) or everything

    def _holds_affected(self, path: Path) -> bool:
        rows = reading(self.silver.columns, [path])
        query = f"SELECT EXISTS (FROM ({rows}) b WHERE EXISTS (FROM affected a WHERE {self.same_key}))"
        return bool(self.db.execute(query).fetchall()[0][0])

    def _current(self) -> str:
        if not self.epoch.load:
            return "true"
        # The values come from the ledger, not from a user: a load's identity and an arrival.
        self.db.execute("SET VARIABLE epoch_load = $load", {"load": self.epoch.load})
        self.db.execute("SET VARIABLE epoch_start = $start", {"start": self.epoch.start})
        return "(_load_id = getvariable('epoch_load') OR (_load_id = '' AND _arrival >= getvariable('epoch_start')))"
