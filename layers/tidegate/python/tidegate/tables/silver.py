"""Silver is a fold of bronze: per key, the newest row of the current epoch.

Newest is decided by (the contract's orderBy column, arrival, file id, record number), so any order of loading gives the same
table. When no row leaves, silver itself already is the fold of what was there, and only the new rows are folded in. Bronze is asked
for the keys of which silver cannot say the newest row: when a file is replaced or a full load starts a new epoch, and when a
tombstone, which silver does not show, may be newer than a row that arrives.

What is decided is decided on narrow rows, of key, order and place (data file, number of the row in it). Only rows that win and are
not in silver yet are read whole, and only data files that hold a row which leaves are written anew (`rewriting`).
"""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import duckdb

from tidegate.contracts.contract import Contract
from tidegate.engine import Limits
from tidegate.engine.sql import name as identifier
from tidegate.engine.sql import texts
from tidegate.model.runs import Books, Epoch, Leaving, Manifest
from tidegate.ports import Layers, LiveFile, Swap, Table
from tidegate.tables.books import count_fates
from tidegate.tables.crowding import crowd
from tidegate.tables.duck import connect, count_rows, reading
from tidegate.tables.order import Order
from tidegate.tables.pruning import may_equal, may_hold
from tidegate.tables.rewriting import Decided, Rewriting, Write, write_here
from tidegate.tables.writing import form_of

LINEAGE = ("_object_key", "_version_id", "_file_id", "_record", "_arrival", "_load_id", "_run_id", "_contract_version")
_AT_ONCE = 8  # data files that are fetched together
_MANY = 200_000  # rows
_SORTED = 8  # one in so many parts of the memory sorts at once, as Parquet


class Spread(NamedTuple):
    """How several machines write what one decides: `write` does, of new rows about `stretch` bytes at once.

    `arrived` are the data files of bronze in which the arriving rows are, so nobody has to look there for others.
    """

    write: Write
    stretch: int
    arrived: Collection[str] = ()


def fold_silver(
    contract: Contract,
    manifest: Manifest,
    layers: Layers,
    arriving: Sequence[Path],
    leaving: Sequence[Leaving],
    room: Path,
    limits: Limits,
    spread: Spread | None = None,
) -> tuple[Swap, Books]:
    """Say what brings silver up to date with bronze for one run, and what becomes of each accepted row.

    `layers.bronze` is the table after the run's commit, `arriving` the accepted rows, `leaving` what of it left bronze. Without `spread`
    this machine writes the data files, of new rows as many at once as its memory sorts.
    """
    if not arriving and not leaving and not manifest.epoch_changes:
        return Swap(), Books()
    with connect(room, limits) as db:
        fold = _Fold(db, contract, manifest.epoch, layers, room, spread.arrived if spread else ())
        fold.stage(arriving)
        if manifest.epoch_changes:
            fold.begin_anew()
        else:
            fold.affect(sorted({gone.key for gone in leaving}))
        fold.decide()
        values = [name for name in layers.silver.columns if name not in LINEAGE]
        books = count_fates(db, fold.order, layers.silver.columns, values, fold.held_in, fold.sources)
        form = form_of(contract, layers.silver.columns, layers.silver.field_ids)
        gone = dict(db.execute("SELECT source, count(*) FROM gone GROUP BY source ORDER BY source").fetchall())
        coming = int(db.execute("SELECT count(*) FROM come").fetchall()[0][0])
        rewritten = dict.fromkeys(fold.gather(form.target), 0) | gone if coming or gone else gone
        rewriting = Rewriting(db, fold.order, layers.silver, form, fold.held_in, fold.sources)
        pieces = rewriting.pieces(rewritten, spread.stretch if spread else limits.memory_mb * 2**20 // _SORTED)
        decided = Decided(db, fold.order, form, fold.held_in, fold.sources, fold.origins, pieces)
        add = spread.write(decided) if spread else write_here(decided, room, limits)
        return Swap([fold.held_in[number][0] for number in rewritten], add, coming, sum(gone.values())), books


def count_living(contract: Contract, rows: Sequence[Path], room: Path, limits: Limits) -> int:
    """Count the rows that silver would hold of these alone: one for each key, none where the newest is a tombstone."""
    order = Order(contract)
    with connect(room, limits) as db:
        winners = f"SELECT * FROM read_parquet([{texts(map(str, rows))}]) QUALIFY {order.is_newest}"
        return int(db.execute(f"SELECT count(*) FROM ({winners}) WHERE {order.lives}").fetchall()[0][0])


class _Fold:
    """The narrow tables of one fold, each of rows with `source` (a number of a file) and `rn` (the row in it).

    `arriving`: the run's rows. `held`: silver's rows of the keys concerned. `recalled`: bronze's rows of the keys of which silver
    does not know enough. `winners`: the newest row of each key, with `origin`. `come` and `gone`: what changes in silver; the
    former with key and place.
    """

    def __init__(
        self,
        db: duckdb.DuckDBPyConnection,
        contract: Contract,
        epoch: Epoch,
        layers: Layers,
        room: Path,
        arrived: Collection[str],
    ) -> None:
        self.db, self.silver, self.bronze, self.room = db, layers.silver, layers.bronze, room
        self.order, self.when = Order(contract), contract.delete_when
        self.held_in: list[tuple[LiveFile, Path]] = []  # by the source number of `held`
        self.sources: dict[int, Path] = {}  # by the source number of `arriving`, and `recalled` behind them
        self.origins: dict[int, str] = {}  # the URIs of those of `recalled`
        self.epoch, self.arrived = epoch, frozenset(arrived)
        names = dict.fromkeys(
            (*self.order.columns, self.order.place, *self.order.slicing, *self.order.deciding, "_object_key", "_run_id")
        )
        self.narrow = ", ".join(map(identifier, names))

    def stage(self, arriving: Sequence[Path]) -> None:
        """Read the accepted rows of the run."""
        self.sources = dict(enumerate(arriving))
        rows = " UNION ALL ".join(self._rows(*source) for source in self.sources.items()) or self._rows(0)
        # Of many rows every question reads what it needs; few of them are cheaper read once.
        kind = "VIEW" if sum(map(count_rows, arriving)) > _MANY else "TABLE"
        self.db.execute(f"CREATE TEMP {kind} arriving AS {rows}")
        for table in ("held", "recalled"):
            self.db.execute(f"CREATE TEMP TABLE {table} AS FROM arriving LIMIT 0")
        self.db.execute(f"CREATE TEMP TABLE recomputed AS SELECT {self.order.key} FROM arriving LIMIT 0")

    def begin_anew(self) -> None:
        """A full load becomes the current state: every row of silver may leave, every one of bronze may come."""
        self._hold(self.silver.live(), "")
        self.db.execute(f"INSERT INTO recomputed SELECT DISTINCT {self.order.key} FROM held")
        self._recall(self.bronze.live(), "")

    def affect(self, leaving: Sequence[str]) -> None:
        """Find the keys whose row may change, silver's rows of them, and what only bronze knows of them."""
        if not leaving and not self.silver.live() and self.when is None:
            return  # nothing is known of any key
        self.db.execute(f"CREATE TEMP TABLE affected AS SELECT DISTINCT {self.order.key} FROM arriving")
        if leaving:
            self._leave(leaving)
        # Keys of appended rows are the objects' own: where no object comes again, silver cannot hold them yet.
        if leaving or "_object_key" not in self.order.columns:
            self._hold(self._may_hold(self.silver, "FROM affected"), f"SEMI JOIN affected a ON {self._same('a', 'r', 'affected')}")
        unknown = f"SELECT * FROM affected a ANTI JOIN held h ON {self.order.same_key('a', 'h')}"
        if leaving:
            if self.order.deletes:
                self.db.execute(f"INSERT INTO recomputed {unknown}")
            self._recall(self._may_hold(self.bronze, "FROM recomputed"), self._of("recomputed"))
        elif self.when is not None:
            # Of a key that silver lacks and that no row left, bronze can have only rows that a newer tombstone hides.
            self.db.execute(f"CREATE TEMP TABLE unknown AS {unknown}")
            dead = {f.path for f in may_equal(self.bronze, self.when.column, self.when.values)}
            files = [f for f in self._may_hold(self.bronze, "FROM unknown") if f.path in dead]
            self._recall(files, f"{self._of('unknown')} WHERE dead")

    def decide(self) -> None:
        """Find the newest row of each key, and what has to change in silver for it."""
        known = f"SELECT * FROM held r ANTI JOIN recomputed b ON {self.order.same_key('b', 'r')}"
        candidates = (
            "SELECT 'arriving' AS origin, * FROM arriving UNION ALL SELECT 'recalled', * FROM recalled"
            f" UNION ALL SELECT 'held', * FROM ({known})"
        )
        self.db.execute(f"CREATE TEMP VIEW candidates AS SELECT * FROM ({candidates}) WHERE {self._current()}")
        # Most keys have one row, and that one is their newest: only the others are ranked, and those few whose hash is another's.
        self.db.execute(
            f"CREATE TEMP TABLE repeated AS SELECT {self.order.hash} AS h FROM candidates GROUP BY h HAVING count(*) > 1"
        )
        rivals = f"SELECT * FROM candidates WHERE {self.order.hash} IN (FROM repeated)"
        self.db.execute(
            f"CREATE TEMP TABLE beaten AS SELECT origin, source, rn FROM ({rivals}) QUALIFY NOT ({self.order.is_newest})"
        )
        self.db.execute("CREATE TEMP VIEW winners AS FROM candidates ANTI JOIN beaten USING (origin, source, rn)")
        # A row is told from all others by its place in a file and the run that loaded it.
        same_row = "h._file_id = w._file_id AND h._record = w._record AND h._run_id = w._run_id"
        come = f"SELECT w.source, w.rn, {self.order.listed('w')} FROM winners w ANTI JOIN held h ON {same_row} WHERE NOT w.dead"
        self.db.execute(f"CREATE TEMP TABLE come AS SELECT *, {self.order.slice} AS slice FROM ({come})")
        self.db.execute(
            f"CREATE TEMP TABLE gone AS SELECT h.source, h.rn FROM held h ANTI JOIN (FROM winners WHERE NOT dead) w ON {same_row}"
        )

    def gather(self, target: int) -> list[int]:
        """Have files rewritten that have become a crowd, and return their numbers. They lose no rows by it."""
        numbers = {file.path: number for number, (file, _) in enumerate(self.held_in)}
        found = crowd(self.db, self.silver, self.order, target)
        for file, path in self._fetched(self.silver, [f for f in found if f.path not in numbers]):
            numbers[file.path] = len(self.held_in)
            self.held_in.append((file, path))
        return [numbers[file.path] for file in found]

    def _leave(self, leaving: Sequence[str]) -> None:
        """Have the keys recomputed of which silver shows a row of these objects; a tombstone that left may have been anybody's."""
        files = may_equal(self.silver, "_object_key", leaving)
        self.db.execute("CREATE TEMP TABLE leaving AS SELECT unnest($keys::VARCHAR[]) AS key", {"keys": list(leaving)})
        for path in self.silver.fetch(files, self.room):
            shown = f"SELECT {self.order.key} FROM ({self._rows(0, path)}) WHERE _object_key IN (SELECT key FROM leaving)"
            self.db.execute(f"INSERT INTO recomputed {shown}")
        self.db.execute("INSERT INTO affected FROM recomputed")
        if self.order.deletes:
            every = reading(self.silver.columns, self.bronze.fetch(self.bronze.live(), self.room))
            shown = reading(self.silver.columns, self.silver.fetch(self.silver.live(), self.room))
            key = self.order.key
            self.db.execute(f"INSERT INTO affected SELECT {key} FROM ({every}) EXCEPT SELECT {key} FROM ({shown})")

    def _hold(self, files: Sequence[LiveFile], which: str) -> None:
        """Add rows of silver data files to `held`, with a number for each file that has any."""
        for file, path in self._fetched(self.silver, files):
            number = len(self.held_in)
            if self._insert("held", f"SELECT r.* FROM ({self._rows(number, path)}) r {which}"):
                self.held_in.append((file, path))
            else:
                path.unlink()

    def _recall(self, files: Sequence[LiveFile], which: str) -> None:
        """Add rows of bronze data files to `recalled`; those that arrive are there already."""
        files = [file for file in files if file.path not in self.arrived]
        for number, (file, path) in enumerate(self._fetched(self.bronze, files), start=len(self.sources)):
            rows = f"SELECT r.* FROM ({self._rows(number, path)}) r {which}"
            other = "ANTI JOIN arriving n ON n._file_id = o._file_id AND n._record = o._record"
            if self._insert("recalled", f"SELECT o.* FROM ({rows}) o {other} WHERE {self._current('o.')}"):
                self.sources[number], self.origins[number] = path, file.path
            else:
                path.unlink()

    def _insert(self, table: str, query: str) -> int:
        return int(self.db.execute(f"INSERT INTO {table} {query}").fetchall()[0][0])

    def _fetched(self, table: Table, files: Sequence[LiveFile]) -> Iterator[tuple[LiveFile, Path]]:
        for first in range(0, len(files), _AT_ONCE):
            some = files[first : first + _AT_ONCE]
            yield from zip(some, table.fetch(some, self.room), strict=True)

    def _rows(self, number: int, *paths: Path) -> str:
        rows = reading(self.silver.columns, paths, numbered=True)
        return f"SELECT {number} AS source, rn, {self.narrow}, _load_id, {self.order.dead} AS dead FROM ({rows})"

    def _may_hold(self, table: Table, keys: str) -> Sequence[LiveFile]:
        return may_hold(self.db, table, self.order.columns[0], keys)

    def _of(self, keys: str) -> str:
        return f"SEMI JOIN {keys} a ON {self._same('a', 'r', keys)}"

    def _same(self, one: str, other: str, keys: str) -> str:
        nulls = " OR ".join(f"{identifier(name)} IS NULL" for name in self.order.columns)
        has_null = self.db.execute(f"SELECT EXISTS (FROM {keys} WHERE {nulls})").fetchall()[0][0]
        return self.order.same_key(one, other, null_safe=bool(has_null))

    def _current(self, row: str = "") -> str:
        if not self.epoch.load:
            return "true"
        # The values come from the ledger, not from a user: a load's identity and an arrival.
        self.db.execute("SET VARIABLE epoch_load = $load", {"load": self.epoch.load})
        self.db.execute("SET VARIABLE epoch_start = $start", {"start": self.epoch.start})
        since = f"({row}_load_id = '' AND {row}_arrival >= getvariable('epoch_start'))"
        return f"({row}_load_id = getvariable('epoch_load') OR {since})"
