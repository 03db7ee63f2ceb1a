"""Iceberg tables and the workshop in plain Python: the same promises as `aws.iceberg` and `tables.workshop`, rows in memory."""

import itertools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from simulator.rows import Row, accepts, fold, is_tombstone, newest_first, winners
from tidegate.contracts.contract import Contract
from tidegate.engine import FileResult, Inspection, Keyring, Limits, Parents, Refusal, StagedFile
from tidegate.errors import AccessDenied, BooksUnbalanced, NotFound, StaleCommit
from tidegate.model.runs import Books, Commit, Epoch, Leaving, Manifest, ManifestFile
from tidegate.ports import DataFile, Layers, LiveFile, Objects, Orphan, Outcome, Swap, Table, TableVersion
from tidegate.tables.workshop import LocalWorkshop

Call = Callable[[str, str, Callable[[], Any]], Any]
LAYERS = ("bronze", "quarantine", "silver")
_WORDS = ("added", "removed", "before", "after")


@dataclass(frozen=True)
class Snapshot:
    """One version of a table."""

    files: tuple[LiveFile, ...] = ()
    author: str = ""
    summary: Mapping[str, str] = field(default_factory=dict)
    added: int = 0
    removed: int = 0
    made_at: int = 0
    expired: bool = False

    @property
    def rows(self) -> int:
        """Rows of the table."""
        return sum(f.rows for f in self.files)


class MemoryLake:
    """All tables, all data files, and what is on the disks of the Lambdas."""

    def __init__(self, call: Call, clock: Callable[[], int] = lambda: 0) -> None:
        self.call, self.clock = call, clock
        self.written: dict[str, int] = {}  # when each data file was
        self.places: dict[str, str] = {}  # the table at whose place it is
        self.tables: dict[str, list[Snapshot]] = {}
        self.data: dict[str, list[Row]] = {}
        self.numbers = itertools.count(1)

    def open(self, contract: Contract) -> Layers:
        """Open a dataset's tables."""
        return Layers(*(MemoryTable(self, f"{layer}.{contract.table}") for layer in LAYERS))

    def existing(self, table: str) -> list[str]:
        """Names of the tables of a dataset."""
        return [f"{layer}.{table}" for layer in LAYERS if f"{layer}.{table}" in self.tables]

    def has_many_files(self) -> bool:
        """Whether there is something to merge."""
        return any(len(history[-1].files) > 1 for history in self.tables.values())

    def totals(self, table: str) -> Mapping[str, tuple[int, str]]:
        """What the catalog shows."""
        names = self.existing(table)
        return self.call("glue", "GetTable", lambda: {n: (self.tables[n][-1].rows, self.tables[n][-1].author) for n in names})

    def commits(self, table: str, run_id: str) -> Sequence[Commit]:
        """What a run committed."""

        def read() -> list[Commit]:
            found = []
            for layer in LAYERS:
                history = self.tables.get(f"{layer}.{table}", [])
                for before, snapshot in itertools.pairwise(history):
                    if snapshot.author == run_id and not snapshot.expired:
                        rows = 0 if before.expired else before.rows
                        found.append(Commit(f"{layer}.{table}", snapshot.added, snapshot.removed, rows, snapshot.rows))
            return found

        return self.call("glue", "GetTable", read)

    def rows(self, name: str) -> list[Row]:
        """Every row of a table's newest version."""
        history = self.tables.get(name, [Snapshot()])
        return [row for f in history[-1].files for row in self.data.get(f.path, ())]

    def keep(self, rows: Sequence[Row]) -> Path:
        """Write rows to a file."""
        path = Path(f"/data/{next(self.numbers)}.parquet")
        self.data[str(path)] = list(rows)
        self.written[str(path)] = self.clock()
        return path


class MemoryTable:
    """One table at the version it was opened at."""

    merges = True
    location = "/data"
    columns: Mapping[str, str] = {}
    field_ids: Mapping[str, int] = {}

    def __init__(self, lake: MemoryLake, name: str) -> None:
        self.name, self._lake = name, lake
        self._history = lake.call("glue", "GetTable", lambda: list(lake.tables.setdefault(name, [Snapshot()])))

    @property
    def author(self) -> str:
        """The run of the newest commit."""
        return self._history[-1].author

    @property
    def data_bytes(self) -> int:
        """Nothing has a size here."""
        return 0

    def committed(self, run_id: str) -> Mapping[str, str] | None:
        """The summary of the run's commit."""
        return next((s.summary for s in reversed(self._history) if s.author == run_id and not s.expired), None)

    def live(self) -> Sequence[LiveFile]:
        """Data files."""
        return self._history[-1].files

    def bounds(self, column: str) -> Mapping[str, tuple[str, str]]:
        """Nothing is known of other columns."""
        del column
        return {}

    def fetch(self, files: Sequence[LiveFile], directory: Path) -> Sequence[Path]:
        """Data files are where they are."""
        del directory
        return [Path(f.path) for f in files]

    def commit(self, run_id: str, *, remove: Sequence[LiveFile], add: Sequence[DataFile], summary: Mapping[str, str]) -> Commit:
        """Swap data files on the version that was opened."""
        gone = {f.path for f in remove}
        kept = sum(f.rows for f in remove) - int(summary["tidegate.removed"])
        files = (*(f for f in self.live() if f.path not in gone), *(self._live(path) for path in add))
        added = sum(len(self._lake.data[str(p)]) for p in add) - kept
        self._swap(Snapshot(files, run_id, dict(summary), added, int(summary["tidegate.removed"])))
        return Commit(self.name, *(int(summary[f"tidegate.{word}"]) for word in _WORDS))

    def undo(self) -> None:
        """Commit the data files from before the newest commit."""
        if self._history[-2].expired:
            raise NotFound(f"{self.name}: the version before was expired")
        self._swap(Snapshot(self._history[-2].files))

    def history(self) -> Sequence[TableVersion]:
        """Versions, newest first; the first one is the empty table before any commit."""
        return [TableVersion(n, s.made_at) for n, s in enumerate(self._history) if n and not s.expired][::-1]

    def merge(self, by: str, remove: Sequence[LiveFile], add: Path) -> None:
        """Put one file in the place of others."""
        del by
        gone, added = {f.path for f in remove}, self._live(add)
        if added.rows != sum(f.rows for f in remove):
            raise BooksUnbalanced(f"{self.name}: a merge lost rows")
        self._swap(Snapshot((*(f for f in self.live() if f.path not in gone), added)))

    def expire(self, versions: Sequence[TableVersion]) -> None:
        """Forget versions."""

        def forget() -> None:
            now = self._current()
            for version in versions:
                now[version.number] = replace(now[version.number], expired=True)

        self._lake.call("glue", "UpdateTable", forget)
        self._history = [replace(s, expired=s.expired or n in {v.number for v in versions}) for n, s in enumerate(self._history)]

    def orphans(self, before: int) -> Iterator[Sequence[Orphan]]:
        """List what is at the table's place and no version refers to."""
        lake = self._lake
        referred = {f.path for s in self._history if not s.expired for f in s.files}

        def listed() -> list[Orphan]:
            there = [path for path, name in lake.places.items() if name == self.name and path in lake.data]
            return [Orphan(p, len(lake.data[p])) for p in there if lake.written[p] < before and p not in referred]

        if found := lake.call("s3", "ListObjects", listed):
            yield found

    def remove(self, orphans: Sequence[Orphan]) -> None:
        """Delete data files."""
        self._lake.call("s3", "DeleteObjects", lambda: [self._lake.data.pop(o.key, None) for o in orphans])

    def _swap(self, snapshot: Snapshot) -> None:
        made = replace(snapshot, made_at=self._lake.clock())
        self._lake.call("glue", "UpdateTable", lambda: self._current().append(made))
        self._history = [*self._history, made]

    def _current(self) -> list[Snapshot]:
        """The table as it is now; raise StaleCommit when it moved."""
        now = self._lake.tables[self.name]
        if len(now) != len(self._history):
            raise StaleCommit(f"{self.name} moved since it was opened")
        return now

    def _live(self, path: Path) -> LiveFile:
        keys = [row.object_key for row in self._lake.data[str(path)]]
        self._lake.places[str(path)] = self.name
        return LiveFile(str(path), len(keys), min(keys), max(keys), len(keys))


@dataclass(frozen=True)
class MemoryStore:
    """The tables as maintenance sees them."""

    lake: MemoryLake

    def tables(self, table: str) -> Sequence[MemoryTable]:
        """Open the tables that are there."""
        return [MemoryTable(self.lake, name) for name in self.lake.existing(table)]

    @contextmanager
    def merged(self, table: Table, files: Sequence[LiveFile]) -> Iterator[Path]:
        """Write the rows of files into one."""
        del table
        rows = self.lake.call("s3", "GetObject data", lambda: [row for f in files for row in self.lake.data[f.path]])
        yield self.lake.keep(sorted(rows, key=lambda r: (r.arrival, r.file_id, r.record)))


@dataclass(frozen=True)
class PlainWorkshop:
    """What DuckDB does with rows, in Python. `poisoned` is called when a file kills its loader."""

    directory: Path
    lake: MemoryLake
    poisoned: Callable[[], None]
    key_id = "k1"

    def stage(self, files: Sequence[ManifestFile], landing: Objects) -> Iterator[StagedFile | NotFound | AccessDenied]:
        """Copy landing objects, as one machine does."""
        return LocalWorkshop(self.directory, Limits(), Keyring("", b"")).stage(files, landing)

    def inspect(self, contract: Contract, files: Sequence[StagedFile]) -> Inspection:
        """Nothing is known of headers here."""
        del contract, files
        return Inspection((), {}, ())

    def run(self, contract: Contract, files: Sequence[StagedFile], layers: Layers, run_id: str, parents: Parents) -> Outcome:
        """Sort rows into accepted and quarantined ones. The contract refers to no other table."""
        del layers, run_id, parents
        results, accepted, quarantined = [], [], []
        for file in files:
            content = json.loads(file.path.read_bytes() or b'{"refused": true}')
            if content.get("poison"):
                self.poisoned()
            if content.get("refused"):
                results.append(FileResult(file.file_id, 0, 0, 0, Refusal("WRONG_HEADER", "mend it")))
                continue
            rows = [
                Row(*values, file.key, file.file_id, n, file.arrival, file.load_id) for n, values in enumerate(content["rows"], 1)
            ]
            good = [row for row in rows if accepts(contract, row.values)]
            bad = [row for row in rows if not accepts(contract, row.values)]
            accepted += good
            quarantined += bad
            results.append(FileResult(file.file_id, len(rows), len(good), len(bad)))
        newest = str(max((r.at for r in accepted if r.at is not None), default=""))
        return Outcome(tuple(results), self._files(accepted), self._files(quarantined), newest)

    def replace(self, table: Table, leaving: Sequence[Leaving], arriving: Sequence[DataFile]) -> Swap:
        """Rewrite the data files that hold leaving rows."""
        gone = {(g.key, g.file_id) for g in leaving}

        def leaves(row: Row) -> bool:
            return (row.object_key, "") in gone or (row.object_key, row.file_id) in gone

        remove = [f for f in table.live() if any(leaves(r) for r in self.lake.data[f.path])]
        before = [r for f in remove for r in self.lake.data[f.path]]
        kept = [r for r in before if not leaves(r)]
        return Swap(remove, [*self._files(kept), *arriving], len(self._rows(arriving)), len(before) - len(kept))

    def fold(
        self, contract: Contract, manifest: Manifest, layers: Layers, arriving: Sequence[DataFile], leaving: Sequence[Leaving]
    ) -> tuple[Swap, Books]:
        """Fold new rows into silver, or recompute the keys concerned from bronze."""
        new_rows, gone = self._rows(arriving), {g.key for g in leaving}
        if not new_rows and not gone and not manifest.epoch_changes:
            return Swap(), Books()
        silver = [r for f in layers.silver.live() for r in self.lake.data[f.path]]
        affected = {r.id for r in new_rows} | {r.id for r in silver if manifest.epoch_changes or r.object_key in gone}
        bronze = [r for f in layers.bronze.live() for r in self.lake.data[f.path]]
        if gone or manifest.epoch_changes:
            affected |= self._hidden(contract, bronze, silver)
        old = {r.id: r for r in silver if r.id in affected}
        if gone or manifest.epoch_changes or self._may_be_deleted(contract, affected - old.keys()):
            candidates = [r for r in bronze if r.id in affected]
        else:
            candidates = [*old.values(), *new_rows]
        newest = winners(candidates, manifest.epoch)
        new = {key: row for key, row in newest.items() if not is_tombstone(contract, row)}
        fates = [_fate(row, old, newest, new) for row in new_rows]
        books = Books(
            **{f"rows_{word}": fates.count(word) for word in ("inserted", "updated", "unchanged", "superseded", "deleted")},
            rows_removed=len(old.keys() - new.keys()),
            rows_restored=sum(1 for key, row in new.items() if key not in old and row not in new_rows),
        )
        stay = {key for key, row in old.items() if row == new.get(key) and row not in new_rows}
        gone_rows, come = old.keys() - stay, [row for key, row in new.items() if key not in stay]
        remove = [f for f in layers.silver.live() if any(r.id in gone_rows for r in self.lake.data[f.path])]
        untouched = [r for f in remove for r in self.lake.data[f.path] if r.id not in gone_rows]
        add = self._files(sorted([*untouched, *come], key=newest_first))
        return Swap(remove, add, len(come), len(gone_rows)), books

    def living(self, contract: Contract, rows: Sequence[DataFile]) -> int:
        """The rows that silver would hold of these alone."""
        return len(fold(contract, self._rows(rows), Epoch()))

    def _hidden(self, contract: Contract, bronze: Sequence[Row], silver: Sequence[Row]) -> set[str | None]:
        """Return the keys that tombstones hid: they may have left."""
        return {r.id for r in bronze} - {r.id for r in silver} if contract.delete_when else set()

    def _may_be_deleted(self, contract: Contract, missing: set[str | None]) -> bool:
        """Whether bronze may hold a newer tombstone of a key that silver does not show."""
        return contract.delete_when is not None and bool(missing)

    def _rows(self, paths: Sequence[DataFile]) -> list[Row]:
        return [row for path in paths for row in self.lake.data[str(path)]]

    def _files(self, rows: Sequence[Row]) -> tuple[Path, ...]:
        return (self.lake.keep(rows),) if rows else ()


def _fate(row: Row, old: Mapping[str | None, Row], newest: Mapping[str | None, Row], new: Mapping[str | None, Row]) -> str:
    winner = newest.get(row.id)
    if winner is None or (winner.file_id, winner.record) != (row.file_id, row.record):
        return "superseded"
    if row.id not in new:
        return "deleted"
    before = old.get(row.id)
    if before is None:
        return "inserted"
    return "unchanged" if before.values == row.values else "updated"
