"""A lake on local disk that keeps the promises of `ports.Table`, and a dataset whose runs can be played on any lake."""

import itertools
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.duck import looking
from tidegate.contracts.contract import Column, ColumnType, Contract, Kind, LoadMode, When
from tidegate.engine import Keyring, Limits
from tidegate.errors import NotFound, StaleCommit
from tidegate.model.runs import Books, Commit, Epoch, Leaving, Manifest
from tidegate.ports import DataFile, Lake, Layers, LiveFile, Orphan, StoredFile, Table, TableVersion, Workshop
from tidegate.tables.duck import copy_to, reading
from tidegate.tables.schema import duckdb_type, field_ids, quarantine_schema, row_schema
from tidegate.tables.silver import LINEAGE
from tidegate.tables.workshop import LocalWorkshop
from tidegate.usecases.commit import commit_rows, commit_silver

LIMITS = Limits(memory_mb=256, threads=1)
KEYRING = Keyring("test", b"k" * 64)
DELTA = "shop/sales/delta/"
FULL = "shop/sales/full/"
Row = tuple[str, int | None, str | None]  # id, at, and what the contract has third: amount or op

SALES = Contract(
    "shop",
    "sales",
    "1.0.0",
    "0" * 64,
    (
        Column("id", ColumnType(Kind.STRING), sources=("id",), primary_key=True),
        Column("at", ColumnType(Kind.INTEGER), sources=("at",)),
        Column("amount", ColumnType(Kind.DECIMAL, 10, 2), sources=("amount",)),
    ),
    LoadMode.UPSERT,
    order_by="at",
)
EVENTS = replace(SALES, load_mode=LoadMode.APPEND, order_by=None)
#: A row whose op is D is a tombstone.
CHANGES = replace(
    SALES, columns=(*SALES.columns[:2], Column("op", ColumnType(Kind.STRING), sources=("op",))), delete_when=When("op", ("D",))
)


@dataclass(frozen=True)
class _Version:
    """What a catalog keeps of one version of a table."""

    files: tuple[LiveFile, ...] = ()
    author: str = ""
    summary: Mapping[str, str] = field(default_factory=dict)
    made_at: int = 0
    expired: bool = False


class LocalTable:
    """One table at the version it was opened at."""

    merges = True

    def __init__(
        self, name: str, stored: list[_Version], columns: Mapping[str, str], ids: Mapping[str, int], lake: "LocalLake"
    ) -> None:
        self.name, self.columns, self.field_ids, self.location = name, columns, ids, str(lake.place)
        self._stored, self._lake, self._history = stored, lake, list(stored)
        self.fetched: list[str] = []
        self.version = ""

    @property
    def author(self) -> str:
        return self._history[-1].author

    @property
    def data_bytes(self) -> int:
        return sum(f.bytes for f in self.live())

    def committed(self, run_id: str) -> Mapping[str, str] | None:
        return next((v.summary for v in self._history if v.author == run_id and not v.expired), None)

    def live(self) -> Sequence[LiveFile]:
        return self._history[-1].files

    def bounds(self, column: str) -> Mapping[str, tuple[str, str]]:
        known = f'SELECT min("{column}")::VARCHAR, max("{column}")::VARCHAR FROM read_parquet($1)'  # noqa: S608 - names of ours
        with looking() as db:
            found = {f.path: db.execute(known, [f.path]).fetchall()[0] for f in self.live()}
        return {path: (low, high) for path, (low, high) in found.items() if low is not None}

    def fetch(self, files: Sequence[LiveFile], directory: Path) -> Sequence[Path]:
        self.fetched += [f.path for f in files]
        return [Path(shutil.copy(f.path, directory)) for f in files]

    def commit(self, run_id: str, *, remove: Sequence[LiveFile], add: Sequence[DataFile], summary: Mapping[str, str]) -> Commit:
        added = tuple(self._keep(path, number) for number, path in enumerate(add))
        self._swap(_Version(tuple(f for f in self.live() if f not in remove) + added, run_id, dict(summary)))
        return Commit(self.name, *(int(summary[f"tidegate.{word}"]) for word in ("added", "removed", "before", "after")))

    def undo(self) -> None:
        if self._history[-2].expired:
            raise NotFound(f"{self.name}: the version before was expired")
        self._swap(_Version(self._history[-2].files))

    def history(self) -> Sequence[TableVersion]:
        kept = [TableVersion(number, v.made_at) for number, v in enumerate(self._history) if number and not v.expired]
        return kept[::-1]

    def merge(self, by: str, remove: Sequence[LiveFile], add: Path) -> None:
        del by
        added = self._keep(add, 0)
        assert added.rows == sum(f.rows for f in remove)
        self._swap(_Version((*(f for f in self.live() if f not in remove), added)))

    def expire(self, versions: Sequence[TableVersion]) -> None:
        self._check()
        for version in versions:
            self._stored[version.number] = replace(self._stored[version.number], expired=True)
        self._history = list(self._stored)

    def orphans(self, before: int) -> Iterator[Sequence[Orphan]]:
        kept = {f.path for v in self._stored if not v.expired for f in v.files}
        there = [p for p in self._lake.place.glob(f"{self.name}-*") if self._lake.written[str(p)] < before and str(p) not in kept]
        yield [Orphan(str(p), p.stat().st_size) for p in sorted(there)]

    def remove(self, orphans: Sequence[Orphan]) -> None:
        for orphan in orphans:
            Path(orphan.key).unlink()

    def leave_behind(self, name: str) -> Path:
        """What a try that died before its commit leaves at the table's place."""
        path = self._lake.place / f"{self.name}-{name}.parquet"
        path.write_bytes(b"half")
        self._lake.written[str(path)] = self._lake.clock()
        return path

    def _check(self) -> None:
        if len(self._stored) != len(self._history):
            raise StaleCommit(f"{self.name} moved")

    def _swap(self, version: _Version) -> None:
        self._check()
        self._stored.append(replace(version, made_at=self._lake.clock()))
        self._history = list(self._stored)

    def _keep(self, file: DataFile, number: int) -> LiveFile:
        path = Path(file.uri) if isinstance(file, StoredFile) else file
        kept = self._lake.place / f"{self.name}-{len(self._history)}-{number}-{next(self._lake.numbers)}.parquet"
        kept.write_bytes(path.read_bytes())
        self._lake.written[str(kept)] = self._lake.clock()
        keys = pq.read_table(kept, columns=["_object_key"])["_object_key"].to_pylist()
        return LiveFile(str(kept), len(keys), min(keys), max(keys), kept.stat().st_size)


class LocalLake:
    """Tables in a directory, and the catalog that shows them."""

    def __init__(self, place: Path, clock: Callable[[], int] = lambda: 0) -> None:
        self.place, self.clock, self._tables = place, clock, dict[str, list[_Version]]()
        self.written: dict[str, int] = {}
        self.numbers = itertools.count(1)
        self._shapes: dict[str, tuple[Mapping[str, str], Mapping[str, int]]] = {}

    def move(self, place: Path) -> None:
        """Keep everything somewhere else from now on: its files were copied there."""
        self.place = place
        self.written = {str(place / Path(path).name): at for path, at in self.written.items()}
        for versions in self._tables.values():
            for number, v in enumerate(versions):
                files = tuple(replace(f, path=str(place / Path(f.path).name)) for f in v.files)
                versions[number] = replace(v, files=files)

    def tables(self, table: str) -> Sequence[LocalTable]:
        names = [f"{layer}.{table}" for layer in ("bronze", "quarantine", "silver") if f"{layer}.{table}" in self._tables]
        return [LocalTable(name, self._tables[name], *self._shapes[name], self) for name in names]

    def open(self, contract: Contract) -> Layers:
        return Layers(*(self._open(layer, contract) for layer in ("bronze", "quarantine", "silver")))

    def silver(self, table: str, version: str = "") -> "LocalTable | None":
        name = f"silver.{table}"
        stored = self._tables.get(name)
        if stored is None:
            return None
        seen = LocalTable(name, stored[: int(version) + 1] if version else stored, *self._shapes[name], self)
        seen.version = version or str(len(stored) - 1 or "")
        return seen

    def totals(self, table: str) -> Mapping[str, tuple[int, str]]:
        found = {name: versions[-1] for name, versions in self._tables.items() if name.endswith(f".{table}")}
        return {name: (_rows(newest), newest.author) for name, newest in found.items()}

    def commits(self, table: str, run_id: str) -> Sequence[Commit]:
        """What a run committed; rows before and after are those of the data files."""
        return [
            Commit(
                name, int(now.summary["tidegate.added"]), int(now.summary["tidegate.removed"]), *(_rows(v) for v in (before, now))
            )
            for name, versions in self._tables.items()
            if name.endswith(f".{table}")
            for before, now in pairwise(versions)
            if now.author == run_id
        ]

    def _open(self, layer: str, contract: Contract) -> LocalTable:
        schema = quarantine_schema() if layer == "quarantine" else row_schema(contract)
        columns = {f.name: duckdb_type(f.field_type) for f in schema.fields}
        name = f"{layer}.{contract.table}"
        self._shapes[name] = columns, field_ids(schema)
        return LocalTable(name, self._tables.setdefault(name, [_Version()]), *self._shapes[name], self)


@dataclass(frozen=True)
class Version:
    """One version of one landing object. `arrival` is its place in the order of arrival."""

    key: str
    arrival: int
    rows: tuple[Row, ...]

    @property
    def file_id(self) -> str:
        return f"f{self.arrival:04d}"

    @property
    def place(self) -> str:
        return f"{self.arrival:04d}"

    @property
    def load(self) -> str:
        return f"load-{self.file_id}" if self.key.startswith(FULL) else ""


class Dataset:
    """Plays runs on a lake as claim and load do: what is loaded, which keys leave, which epoch holds.

    `apart`: the accepted rows of a run come in a data file for each of its files, as when several machines wrote them. `crowded`: data
    files may be rewritten because there are many.
    """

    crowded = False

    def __init__(self, lake: Lake, place: Path, contract: Contract = SALES, *, apart: bool = False) -> None:
        self.lake, self.contract, self._place, self._apart = lake, contract, place, apart
        self.loaded: dict[str, Version] = {}  # by key
        self.epoch = Epoch()
        self._runs = 0
        self._arrivals = 0

    def arrive(self, key: str, *rows: Row) -> Version:
        """Register an object version without loading it."""
        self._arrivals += 1
        return Version(key, self._arrivals, rows)

    def put(self, key: str, *rows: Row) -> Books:
        """Register an object version and load it in a run of its own."""
        return self.load(self.arrive(key, *rows))

    def load(self, *versions: Version) -> Books:
        """Load a batch in one run; versions of known keys replace them."""
        self._runs += 1
        manifest, leaving = self.plan(f"run-{self._runs:03d}", *versions)
        self.epoch = manifest.epoch
        self.loaded |= {v.key: v for v in versions}
        before = self.silver_files()
        commit, books = self.play(manifest, leaving, *versions)
        after = self.silver_files()
        rows = {row for held in after.values() for row in held}
        for path in () if self.crowded else before.keys() - after.keys():
            assert not before[path] <= rows, "a data file was rewritten that held no row which left"
        assert commit.rows_after == commit.rows_before + books.rows_inserted + books.rows_restored - books.rows_removed
        return books

    def plan(self, run_id: str, *versions: Version) -> tuple[Manifest, list[str]]:
        leaving = sorted(v.key for v in versions if v.key in self.loaded)
        first = min(v.place for v in versions)
        changes = bool(versions[0].load) and first >= self.epoch.start
        epoch = Epoch(versions[0].load, first) if changes else self.epoch
        return Manifest(self.contract.dataset, 1, run_id, "key", "1.0.0", epoch, self.epoch, ()), leaving

    def play(self, manifest: Manifest, leaving: Sequence[str], *versions: Version) -> tuple[Commit, Books]:
        """Commit bronze and silver, and check what both say about themselves."""
        room = self._place / f"{manifest.run_id}-{len(list(self._place.iterdir()))}"
        room.mkdir()
        workshop = self.workshop(room, manifest)
        layers = self.lake.open(self.contract)
        arriving = self.accepted(room, manifest.run_id, layers.bronze, *versions)
        gone = [Leaving(key) for key in leaving]
        bronze = commit_rows(layers.bronze, gone, arriving, manifest.run_id, workshop, fence=True)
        commit, books = commit_silver(self.contract, manifest, layers, arriving, gone, workshop)
        rows = sum(len(v.rows) for v in versions)
        replace(books, rows_read=rows, rows_accepted=rows).check()
        for done in (bronze, commit):
            done.check()
        return commit, books

    def workshop(self, room: Path, manifest: Manifest) -> Workshop:
        """Who makes the tables' data files."""
        del manifest
        return LocalWorkshop(room, LIMITS, KEYRING)

    def accepted(self, room: Path, run_id: str, bronze: Table, *versions: Version) -> Sequence[DataFile]:
        """Write what the row engine would."""
        parts = [[v] for v in versions] if self._apart else [versions]
        written = (self._written(room / f"accepted-{n}.parquet", run_id, bronze, part) for n, part in enumerate(parts))
        return [path for path in written if path is not None]

    def _written(self, path: Path, run_id: str, bronze: Table, versions: Sequence[Version]) -> Path | None:
        third = self.contract.columns[2]
        rows = [
            {"id": row[0], "at": row[1], third.name: Decimal(row[2]) if row[2] and third.type.kind is Kind.DECIMAL else row[2]}
            | dict(zip(LINEAGE, (v.key, "v", v.file_id, number, v.place, v.load, run_id, "1.0.0"), strict=True))
            for v in versions
            for number, row in enumerate(v.rows, 1)
        ]
        if not rows:
            return None
        with looking() as db:
            db.register("made", pa.Table.from_pylist(rows))
            cast = ", ".join(f'"{name}"::{kind} AS "{name}"' for name, kind in bronze.columns.items() if name in rows[0])
            return copy_to(db, f"SELECT {cast} FROM made", path, bronze.field_ids)  # noqa: S608 - names of ours

    # Looking

    def silver_files(self) -> dict[str, set[tuple[object, ...]]]:
        """Silver's data files, and which rows they hold."""
        names = ["_file_id", "_record", "_run_id"]
        live = self.lake.open(self.contract).silver.live()
        return {f.path: set(zip(*pq.read_table(f.path, columns=names).to_pydict().values(), strict=True)) for f in live}

    def rows(self, layer: str) -> list[dict[str, Any]]:
        return rows_of(getattr(self.lake.open(self.contract), layer), self._place)

    @property
    def silver(self) -> list[Row]:
        third = self.contract.columns[2].name
        return sorted(((r["id"], r["at"], _text(r[third])) for r in self.rows("silver")), key=str)


def rows_of(table: Table, place: Path) -> list[dict[str, Any]]:
    """Read a table whole, as plain rows."""
    room = place / "looking"
    room.mkdir(exist_ok=True)
    with looking() as db:
        paths = table.fetch(table.live(), room)
        return list(db.sql(reading(table.columns, paths)).to_arrow_table().to_pylist())


def _rows(version: _Version) -> int:
    return sum(f.rows for f in version.files)


def _text(amount: Decimal | str | None) -> str | None:
    return None if amount is None else str(amount)
