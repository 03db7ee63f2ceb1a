"""Gold of the public files of ../shared/data, and a laptop's AWS with a lake of made-up rows: each made once for all tests about it."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from local import control
from local.gold import DBT, Gold
from tests.gold import generated
from tests.gold.lake import DATASETS, SHARED, Loaded
from tests.integration.catalogs import glue_lake
from tests.local.conftest import serving
from tidegate.aws.iceberg import GlueLake

STACK, BUCKET = "tidegate", "tidegate-lake"


@pytest.fixture(scope="session")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    """A lake with all public files."""
    if not SHARED.exists():
        pytest.skip("../shared/data is not here")
    with glue_lake(STACK, "lake") as lake:
        loaded = Loaded(lake, "lake", tmp_path_factory.mktemp("runs"))
        for dataset, paths in DATASETS.items():
            assert loaded.load(dataset, paths) > 0
        yield loaded


@pytest.fixture(scope="session")
def gold(loaded: Loaded, tmp_path_factory: pytest.TempPathFactory) -> Gold:
    """Gold of it. A test of dbt that fails is an error here."""
    if not DBT.exists():
        pytest.skip("dbt is not here: make .venvs/dbt/.ready")
    gold = Gold(STACK, tmp_path_factory.mktemp("gold"))
    gold.mirror(loaded.lake)
    assert "ERROR=0" in gold.build()
    return gold


@dataclass(frozen=True)
class Laptop:
    """Where the lake of made-up rows is."""

    settings: control.Settings
    lake: GlueLake

    @property
    def environment(self) -> dict[str, str]:
        """For whoever builds gold of it."""
        polls = {"ATHENA_POLL_SECONDS": "0.02"}
        return control.environment(self.settings) | {"LAKE_BUCKET": BUCKET, "TIDEGATE_STACK": STACK} | polls


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laptop]:
    state = Path(os.environ.get("TIDEGATE_GOLD_STATE", "") or tmp_path_factory.mktemp("gold"))
    with serving(state) as settings:
        yield Laptop(settings, generated.lake(STACK, BUCKET))
