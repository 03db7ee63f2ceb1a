"""Gold of the public files of ../shared/data, loaded and built once for all tests about it."""

from collections.abc import Iterator

import pytest

from local.gold import DBT, Gold
from tests.gold.lake import DATASETS, SHARED, Loaded
from tests.integration.catalogs import glue_lake


@pytest.fixture(scope="session")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    """A lake with all public files."""
    if not SHARED.exists():
        pytest.skip("../shared/data is not here")
    with glue_lake("tidegate", "lake") as lake:
        loaded = Loaded(lake, "lake", tmp_path_factory.mktemp("runs"))
        for dataset, paths in DATASETS.items():
            assert loaded.load(dataset, paths) > 0
        yield loaded


@pytest.fixture(scope="session")
def gold(loaded: Loaded, tmp_path_factory: pytest.TempPathFactory) -> Gold:
    """Gold of it. A test of dbt that fails is an error here."""
    if not DBT.exists():
        pytest.skip("dbt is not here: make .venvs/dbt/.ready")
    gold = Gold("tidegate", tmp_path_factory.mktemp("gold"))
    gold.mirror(loaded.lake)
    assert "ERROR=0" in gold.build()
    return gold
