"""Real public files on one machine and in tasks: the same tables, types, reasons, raw texts and receipts, also when runs change routes."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from tests.duck import looking
from tests.integration.catalogs import glue_lake
from tests.integration.twins import World, real, spread
from tidegate.aws.iceberg import GlueLake
from tidegate.contracts.publish import publish
from tidegate.model.runs import Account, Epoch, Manifest, ManifestFile, RunState
from tidegate.ports import Table
from tidegate.spark.workshop import Portions
from tidegate.tables.duck import reading

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "data"
SYNTHEA = sorted((SHARED / "synthea").glob("*.csv"))
DATASETS = {f"healthcare.{path.stem}": [path] for path in SYNTHEA} | {
    "covid.jhu_daily": sorted((SHARED / "covid" / "jhu_daily").glob("*.csv"))
}

pytestmark = pytest.mark.skipif(not SHARED.exists(), reason="../shared/data is not here")


@pytest.fixture(scope="module")
def lakes() -> Iterator[tuple[GlueLake, GlueLake]]:
    with glue_lake("alone", "alone") as one, glue_lake("together", "together") as other:
        yield one, other


@pytest.mark.parametrize("dataset", DATASETS)
def test_real_files_leave_the_same_tables_by_both_routes(lakes: tuple[GlueLake, GlueLake], dataset: str, tmp_path: Path) -> None:
    paths = DATASETS[dataset]
    size = sum(path.stat().st_size for path in paths)
    portions = Portions(task=max(4096, size // 3), splitting=8192 if len(paths) == 1 else size)
    one, other = real(lakes[0], "alone"), spread(lakes[1], "together", portions)
    text = (ROOT / "contracts" / f"{dataset.replace('.', '/')}.odcs.yaml").read_text(encoding="utf-8")
    contract_key = f"contracts/{dataset.replace('.', '/')}/{yaml.safe_load(text)['version']}.odcs.yaml"
    half, rows = len(paths) // 2, 0
    for number, batch in enumerate([paths[half:], paths[:half], paths[-1:]]):
        if batch:
            for world in (one, other):
                publish(text, "contract", store=world.objects)
            replayed = number == 2
            rows += load(dataset, contract_key, batch, number, (one, other), tmp_path, replaces=replayed)
            same_tables(one, other, contract_key, tmp_path)
            one.workshop, other.workshop = other.workshop, one.workshop
    assert rows > 0


def load(
    dataset: str, contract_key: str, paths: list[Path], number: int, worlds: tuple[World, World], place: Path, *, replaces: bool
) -> int:
    """Load files in a run of both worlds, compare what is said of them, and return the rows."""
    files = []
    for path in paths:
        key = f"{dataset.replace('.', '/')}/delta/{path.name}"
        for world in worlds:
            world.landing.put(key, path.read_bytes(), "v1")
        arrival = f"2026-01-01#{path.name}"
        files.append(ManifestFile(path.name, key, "landing", key, "v1", 0, arrival, "", replaces=replaces, loaded=replaces))
    version = contract_key.rsplit("/", 1)[-1].removesuffix(".odcs.yaml")
    manifest = Manifest(dataset, 1, f"run-{number}", contract_key, version, Epoch(), Epoch(), tuple(files))
    said = []
    for which, world in enumerate(worlds):
        world.decide(manifest.run_id, RunState.RUNNING)
        done = world.load(manifest, place / f"room-{number}-{which}", None, lambda: None)
        assert isinstance(done, Account), done
        world.decide(manifest.run_id, RunState.SUCCEEDED)
        said.append(replace(done, sizes={}))
    assert said[0] == said[1]
    return said[0].books.rows_accepted


def same_tables(one: World, other: World, contract_key: str, place: Path) -> None:
    for mine, theirs in zip(one.tables(contract_key), other.tables(contract_key), strict=True):
        assert (mine.name, mine.columns) == (theirs.name, theirs.columns)
        with looking() as db:
            queries = [_rows(table, place / str(which)) for which, table in enumerate((mine, theirs))]
            for left, right in (queries, reversed(queries)):
                assert db.sql(f"SELECT count(*) FROM ({left} EXCEPT ALL {right})").fetchall() == [(0,)], mine.name  # noqa: S608


def _rows(table: Table, room: Path) -> str:
    room.mkdir(exist_ok=True)
    return reading(table.columns, table.fetch(table.live(), room))
