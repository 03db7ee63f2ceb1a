"""What the generator takes for granted about the shipped contracts."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from demo.fold import APPEND, SUMS
from demo.personal import IDENTIFYING, NOT_DISTINCTIVE
from tests.unit.demo.recount import KEY, REQUIRED

CONTRACTS = Path(__file__).parents[3] / "contracts"
pytestmark = pytest.mark.skipif(not CONTRACTS.exists(), reason="the contracts are not in this tree")


def _contract(dataset: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((CONTRACTS / f"{dataset.replace('.', '/')}.odcs.yaml").read_text("utf-8"))
    return loaded


def _sources(dataset: str, **wanted: object) -> set[str]:
    columns = _contract(dataset)["schema"][0]["properties"]
    chosen = [c for c in columns if all(c.get(field) == value for field, value in wanted.items())]
    return {source for column in chosen for source in column.get("transformSourceObjects", [])}


@pytest.mark.parametrize("dataset", SUMS)
def test_load_mode_is_the_one_that_is_folded(dataset: str) -> None:
    modes = [p["value"] for p in _contract(dataset)["customProperties"] if p["property"] == "loadMode"]
    assert modes == ["append" if dataset in APPEND else "upsert"]


@pytest.mark.parametrize("dataset", KEY)
def test_primary_key_is_the_id(dataset: str) -> None:
    assert _sources(dataset, primaryKey=True) == {KEY[dataset]}


@pytest.mark.parametrize(("dataset", "columns"), list(REQUIRED.items()))
def test_columns_left_empty_on_purpose_are_required(dataset: str, columns: set[str]) -> None:
    assert columns <= _sources(dataset, required=True)


@pytest.mark.parametrize("dataset", IDENTIFYING)
@pytest.mark.parametrize("classification", ["personal", "sensitive"])
def test_every_classified_column_is_searched_for(dataset: str, classification: str) -> None:
    assert _sources(dataset, classification=classification) <= {*IDENTIFYING[dataset], *NOT_DISTINCTIVE}
