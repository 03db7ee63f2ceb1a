"""Two worlds that are given the same batches: the simulator's tables and workshop, and Iceberg tables with DuckDB."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3

from simulator.lake import MemoryLake, PlainWorkshop
from tests.duck import looking
from tests.fakes import Crash, FakeObjects, ManualClock
from tests.spread import TINY, Serial, workshop
from tidegate.aws.catalog import GlueMetadata
from tidegate.aws.iceberg import GlueLake
from tidegate.contracts.publish import load_version
from tidegate.engine import Keyring, Limits
from tidegate.errors import TidegateError
from tidegate.model.runs import Account, DatasetState, Manifest, RunRecord, RunState
from tidegate.ports import Catalog, Lake, Layers, Table, Workshop
from tidegate.spark.workshop import Portions
from tidegate.tables.duck import reading
from tidegate.tables.workshop import LocalWorkshop
from tidegate.usecases.load import load

Content = list[list[Any]] | None  # rows of id, at and kind; None: a file that is refused as a whole
KEYRING = Keyring("test", b"k" * 64)
COMMIT_POINTS = 6  # before and after each of three commits


class Decisions:
    """What load asks of the ledger: who holds the lease, and what became of runs."""

    def __init__(self) -> None:
        self.runs: dict[str, RunRecord] = {}

    def hold(self, dataset: str, token: int, until: int, run_id: str = "") -> bool:
        del dataset, token, until, run_id
        return True

    def run(self, run_id: str) -> RunRecord | None:
        return self.runs.get(run_id)

    def state(self, dataset: str) -> DatasetState:
        return DatasetState(dataset)


class Cut:
    """A table whose commits die at one point of all commits."""

    def __init__(self, table: Table, points: list[None]) -> None:
        self._table, self._points = table, points

    def __getattr__(self, name: str) -> Any:
        return getattr(self._table, name)

    def commit(self, *args: Any, **rest: Any) -> Any:
        self._step()
        done = self._table.commit(*args, **rest)
        self._step()
        return done

    def _step(self) -> None:
        if not self._points:
            raise Crash
        self._points.pop()


class CutLake:
    """A lake in which the process dies after so many steps."""

    def __init__(self, lake: Lake, steps: int) -> None:
        self._lake, self._points = lake, [None] * steps

    def open(self, contract: Any) -> Layers:
        layers = self._lake.open(contract)
        return Layers(*(Cut(t, self._points) for t in (layers.bronze, layers.quarantine, layers.silver)))  # type: ignore[arg-type]


class World:
    """One of the two."""

    def __init__(
        self,
        lake: Lake,
        catalog: Catalog,
        workshop: Callable[["World", Path, Manifest], Workshop],
        encode: Callable[[Content], bytes],
    ) -> None:
        self.lake, self.catalog, self.workshop, self.encode = lake, catalog, workshop, encode
        self.landing, self.objects, self.ledger = FakeObjects(), FakeObjects(), Decisions()
        self._clock = ManualClock()

    def put(self, key: str, version: str, content: Content) -> None:
        self.landing.put(key, self.encode(content), version)

    def load(self, manifest: Manifest, room: Path, dies_after: int | None, meanwhile: Callable[[], object]) -> Account | str:
        """Load a batch; an error of our tree is returned as its name and text. `meanwhile` happens between opening and committing."""
        room.mkdir()
        sized = replace(manifest, files=tuple(replace(f, size=len(self._body(f.key, f.version_id))) for f in manifest.files))
        lake = self.lake if dies_after is None else CutLake(self.lake, dies_after)
        try:
            return load(
                sized,
                ledger=self.ledger,  # type: ignore[arg-type]
                landing=self.landing,
                objects=self.objects,
                lake=lake,  # type: ignore[arg-type]
                clock=self._clock,
                lease_us=1,
                workshop=Meanwhile(self.workshop(self, room, sized), meanwhile),  # type: ignore[arg-type]
            )
        except Crash:
            return "it died"
        except TidegateError as error:
            return f"{type(error).__name__}: {error}"

    def tables(self, contract_key: str) -> list[Table]:
        layers = self.lake.open(load_version(contract_key, self.objects))
        return [layers.bronze, layers.quarantine, layers.silver]

    def decide(self, run_id: str, state: RunState) -> None:
        self.ledger.runs[run_id] = RunRecord(run_id, "", 1, state, 0, 0, "", "", "")

    def _body(self, key: str, version: str) -> bytes:
        return dict(self.landing.stored.get(key, ())).get(version) or b""


class Meanwhile:
    """A workshop in which something happens while rows are worked on."""

    def __init__(self, workshop: Workshop, meanwhile: Callable[[], object]) -> None:
        self._workshop, self._meanwhile = workshop, meanwhile

    def __getattr__(self, name: str) -> Any:
        if name == "run":
            self._meanwhile()
        return getattr(self._workshop, name)


def simulated() -> World:
    lake = MemoryLake(lambda _service, _operation, effect: effect())
    return World(lake, lake, lambda _, room, __: PlainWorkshop(room, lake, lambda: None), as_json)


def real(lake: GlueLake, stack: str = "twins") -> World:
    catalog = GlueMetadata(stack, boto3.client("glue"), boto3.client("s3"))
    limits = Limits(memory_mb=256, threads=1)
    return World(lake, catalog, lambda _, room, __: LocalWorkshop(room, limits, KEYRING), as_csv)


def spread(lake: GlueLake, stack: str, portions: Portions = TINY) -> World:
    """The real one, where the rows are worked on in tasks, some of them twice."""
    s3 = boto3.client("s3")

    def workshop_of(world: World, room: Path, manifest: Manifest) -> Workshop:
        return workshop(room, Serial(world.landing, world.objects, s3, KEYRING, twice=3), manifest, portions)

    return World(lake, GlueMetadata(stack, boto3.client("glue"), s3), workshop_of, as_csv)


def as_json(content: Content) -> bytes:
    return json.dumps({"refused": True} if content is None else {"rows": content}).encode()


def as_csv(content: Content) -> bytes:
    return b"no,such,header\n1,2,3\n" if content is None else "".join(["id,at,kind\n", *map(_line, content)]).encode()


def _line(values: Sequence[Any]) -> str:
    return ",".join("" if v is None else str(v) for v in values) + "\n"


def rows_of(world: World, table: Table, room: Path) -> list[tuple[Any, ...]]:
    """Return a table's rows with their lineage, sorted. In quarantine, values are the text that the file had."""
    as_text = table.name.startswith("quarantine")
    if isinstance(world.lake, MemoryLake):
        return sorted(
            ((_line(r.values).rstrip("\n"), *r[3:]) if as_text else tuple(r) for r in world.lake.rows(table.name)), key=str
        )
    room.mkdir(exist_ok=True)
    values = "raw" if as_text else 'id, "at", kind'
    with looking() as db:
        rows = reading(table.columns, table.fetch(table.live(), room))
        lineage = "_object_key, _file_id, _record, _arrival, _load_id"
        return sorted(db.sql(f"SELECT {values}, {lineage} FROM ({rows})").fetchall(), key=str)  # noqa: S608 - names of ours


def shown(world: World, contract_key: str, table: str, runs: Sequence[str], room: Path) -> dict[str, Any]:
    """Return everything that can be seen of a dataset's tables, comparable between the two worlds."""
    opened = world.tables(contract_key)
    return {
        "rows": {t.name: rows_of(world, t, room) for t in opened},
        "files": {t.name: sorted((f.rows, f.lower, f.upper) for f in t.live()) for t in opened},
        "author": {t.name: t.author for t in opened},
        "committed": {(t.name, run): _ours(t.committed(run)) for t in opened for run in runs},
        "totals": dict(world.catalog.totals(table)),
        "commits": {run: sorted(world.catalog.commits(table, run), key=str) for run in runs},
    }


def _ours(summary: Any) -> dict[str, str] | None:
    """Return the properties that the use case writes; `kept` is the adapter's own, and the run is what it was looked up by."""
    if summary is None:
        return None
    return {k: v for k, v in summary.items() if k.startswith("tidegate.") and k not in ("tidegate.kept", "tidegate.run-id")}


__all__ = ["COMMIT_POINTS", "Content", "World", "real", "shown", "simulated", "spread"]
