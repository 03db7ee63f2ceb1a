"""Gold of the public COVID-19 files: loaded by the application's own code, built by dbt on DuckDB."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import yaml

from scripts.gold_sources import wanted
from tests.integration.catalogs import glue_lake
from tests.integration.twins import World, real
from tidegate.contracts.publish import publish
from tidegate.model.runs import Account, Epoch, Manifest, ManifestFile, RunState
from tidegate.tables.mirror import mirror

ROOT = Path(__file__).resolve().parents[2]
PROJECT = ROOT / "sql"
DBT = ROOT / ".venvs/dbt/bin/dbt"
SHARED = ROOT.parent / "shared" / "data" / "covid"
REPORTS = SHARED / "jhu_daily"
HISTORY = SHARED / "testing" / "states_daily.csv"
_MARTS = ["+path:models/marts/covid", "path:models/marts/shared"]
_FIRST_ARRIVAL = 1_767_225_600_000_000  # microseconds since 1970


def build_covid(folder: Path, reports: Sequence[Path], history: Path) -> Path:
    """Load daily reports and a testing history, build gold and run dbt's tests; return the DuckDB file."""
    file = folder / "gold.duckdb"
    with glue_lake("tidegate", "lake") as lake:
        world = real(lake, "lake")
        _load(world, folder, "covid.jhu_daily", reports)
        _load(world, folder, "covid.states_daily", [history])
        mirror(wanted(), lake, "tidegate", file, folder / "copies")
    _dbt(file)
    return file


def _dbt(file: Path) -> None:
    """Build the COVID-19 marts in a DuckDB file that has the sources."""
    left = {"DBT_TARGET_PATH": file.parent / "target", "DBT_LOG_PATH": file.parent / "logs", "TIDEGATE_GOLD_FILE": file}
    done = subprocess.run(  # noqa: S603 - dbt with arguments of ours
        [str(DBT), "build", "--profiles-dir", str(PROJECT), "--project-dir", str(PROJECT), "--select", *_MARTS],
        env=os.environ | {name: str(path) for name, path in left.items()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]


def _load(world: World, folder: Path, dataset: str, paths: Sequence[Path]) -> None:
    contract = (ROOT / "contracts" / f"{dataset.replace('.', '/')}.odcs.yaml").read_text(encoding="utf-8")
    version = yaml.safe_load(contract)["version"]
    publish(contract, "contract", store=world.objects)
    files = []
    for number, path in enumerate(paths):
        key = f"{dataset.replace('.', '/')}/delta/{path.name}"
        world.landing.put(key, path.read_bytes(), "v1")
        arrival = f"{_FIRST_ARRIVAL + number * 1_000_000:016d}-{path.name[:8]}"
        files.append(
            ManifestFile(f"{dataset}#{path.name}", key, "landing", key, "v1", 0, arrival, "", replaces=False, loaded=False)
        )
    contract_key = f"contracts/{dataset.replace('.', '/')}/{version}.odcs.yaml"
    manifest = Manifest(dataset, 1, f"run-{dataset}", contract_key, version, Epoch(), Epoch(), tuple(files))
    world.decide(manifest.run_id, RunState.RUNNING)
    done = world.load(manifest, folder / dataset, None, lambda: None)
    assert isinstance(done, Account), done
    world.decide(manifest.run_id, RunState.SUCCEEDED)
