"""Silver is a fold of bronze: what each kind of arrival does to it, and that the books say so."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings

from tests.unit.tables.histories import HISTORIES, Step, play
from tests.unit.tables.lake import DELTA, EVENTS, FULL, SALES, Dataset, LocalLake
from tidegate.model.runs import Books


@pytest.fixture
def sales(tmp_path: Path) -> Dataset:
    (tmp_path / "warehouse").mkdir()
    return Dataset(LocalLake(tmp_path / "warehouse"), tmp_path)


@settings(max_examples=40, deadline=None)
@given(HISTORIES)
def test_any_history_of_an_upsert_dataset_leaves_the_plain_fold(history: list[Step]) -> None:
    with tempfile.TemporaryDirectory() as place:
        play(Dataset(LocalLake(Path(place)), Path(place), SALES), history)


@settings(max_examples=25, deadline=None)
@given(HISTORIES)
def test_any_history_of_an_append_dataset_leaves_the_plain_fold(history: list[Step]) -> None:
    with tempfile.TemporaryDirectory() as place:
        play(Dataset(LocalLake(Path(place)), Path(place), EVENTS), history)
