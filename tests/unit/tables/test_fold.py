"""Silver is a fold of bronze: what each kind of arrival does to it, and that the books say so."""

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.tables.histories import HISTORIES, Step, play
from tests.unit.tables.lake import DELTA, EVENTS, FULL, SALES, Dataset, LocalLake, Version
from tidegate.contracts.contract import LoadMode
from tidegate.errors import StaleCommit
from tidegate.model.runs import Books


@pytest.fixture
def sales(tmp_path: Path) -> Dataset:
    (tmp_path / "warehouse").mkdir()
    return Dataset(LocalLake(tmp_path / "warehouse"), tmp_path)


@settings(max_examples=15, deadline=None)
@given(HISTORIES, st.booleans())
def test_any_history_of_an_upsert_dataset_leaves_the_plain_fold(history: list[Step], apart: bool) -> None:  # noqa: FBT001 - drawn
    with tempfile.TemporaryDirectory() as place:
        play(Dataset(LocalLake(Path(place)), Path(place), SALES, apart=apart), history)


@settings(max_examples=15, deadline=None)
@given(HISTORIES, st.booleans())
def test_any_history_of_an_append_dataset_leaves_the_plain_fold(history: list[Step], apart: bool) -> None:  # noqa: FBT001 - drawn
    with tempfile.TemporaryDirectory() as place:
        play(Dataset(LocalLake(Path(place)), Path(place), EVENTS, apart=apart), history)


@settings(max_examples=15, deadline=None)
@given(HISTORIES)
def test_any_history_of_a_dataset_laid_out_by_other_columns_leaves_the_plain_fold(history: list[Step]) -> None:
    with tempfile.TemporaryDirectory() as place:
        play(Dataset(LocalLake(Path(place)), Path(place), replace(SALES, sort_by=("amount", "at"))), history)


def test_full_load_of_a_replace_dataset_has_one_row_for_each_key(tmp_path: Path) -> None:
    (tmp_path / "warehouse").mkdir()
    sales = Dataset(LocalLake(tmp_path / "warehouse"), tmp_path, replace(SALES, load_mode=LoadMode.REPLACE))
    assert sales.put(FULL + "1", ("a", 2, "1.00"), ("a", 1, "9.00"), ("b", 1, "1.00")) == Books(rows_inserted=2, rows_superseded=1)
    assert sales.silver == [("a", 2, "1.00"), ("b", 1, "1.00")]


def test_newest_is_decided_by_order_column_then_arrival_then_record(sales: Dataset) -> None:
    sales.put(DELTA + "1", ("a", 2, "1.00"), ("b", 1, "1.00"), ("b", 1, "2.00"), ("c", None, "1.00"))
    sales.put(DELTA + "2", ("a", 1, "9.00"), ("b", 1, "3.00"), ("c", 1, "2.00"), ("c", None, "9.00"))
    assert sales.silver == [("a", 2, "1.00"), ("b", 1, "3.00"), ("c", 1, "2.00")]


def test_file_id_decides_between_rows_of_one_arrival(sales: Dataset) -> None:
    first, second = sales.arrive(DELTA + "1", ("a", 1, "1.00")), sales.arrive(DELTA + "2", ("a", 1, "2.00"))
    twin = Twin(second.key, second.arrival, second.rows, first.place)
    sales.load(twin, first)
    assert sales.silver == [("a", 1, "2.00")]


def test_each_row_has_one_fate(sales: Dataset) -> None:
    sales.put(DELTA + "1", ("a", 1, "1.00"), ("b", 5, "1.00"), ("c", 1, None))
    books = sales.put(DELTA + "2", ("a", 2, "2.00"), ("b", 4, "2.00"), ("c", 1, None), ("d", 1, "1.00"), ("d", 2, "2.00"))
    assert books == Books(rows_inserted=1, rows_updated=1, rows_unchanged=1, rows_superseded=2)


def test_late_older_delta_is_superseded(sales: Dataset) -> None:
    late = sales.arrive(DELTA + "1", ("a", 1, "1.00"))
    sales.put(DELTA + "2", ("a", 1, "2.00"))
    assert sales.load(late) == Books(rows_superseded=1)
    assert sales.silver == [("a", 1, "2.00")]


def test_row_of_another_file_resurfaces_when_the_file_that_hid_it_is_overwritten(sales: Dataset) -> None:
    sales.put(DELTA + "1", ("a", 1, "1.00"), ("b", 1, "1.00"))
    sales.put(DELTA + "2", ("a", 2, "2.00"), ("c", 1, "2.00"))
    books = sales.put(DELTA + "2", ("d", 1, "3.00"))
    assert sales.silver == [("a", 1, "1.00"), ("b", 1, "1.00"), ("d", 1, "3.00")]
    assert books == Books(rows_inserted=1, rows_removed=1)  # c left; a fell back to what the other file says


def test_overwrite_without_rows_takes_the_old_rows_away(sales: Dataset) -> None:
    sales.put(DELTA + "1", ("a", 1, "1.00"))
    assert sales.put(DELTA + "1") == Books(rows_removed=1)
    assert sales.silver == []


def test_full_load_replaces_the_state_and_later_deltas_fold_into_it(sales: Dataset) -> None:
    sales.put(DELTA + "1", ("a", 9, "1.00"), ("b", 9, "1.00"))
    assert sales.put(FULL + "1", ("a", 1, "2.00"), ("c", 1, "2.00")) == Books(rows_inserted=1, rows_updated=1, rows_removed=1)
    sales.put(DELTA + "2", ("c", 2, "3.00"))
    assert sales.silver == [("a", 1, "2.00"), ("c", 2, "3.00")]


def test_delta_from_before_the_full_load_does_not_come_back(sales: Dataset) -> None:
    late = sales.arrive(DELTA + "1", ("a", 9, "1.00"))
    sales.put(FULL + "1", ("a", 1, "2.00"))
    for _ in range(2):  # loaded late, then replayed
        assert sales.load(late) == Books(rows_superseded=1)
        assert sales.silver == [("a", 1, "2.00")]


def test_replay_of_an_older_full_load_does_not_make_it_current_again(sales: Dataset) -> None:
    older = sales.arrive(FULL + "1", ("a", 9, "1.00"))
    sales.load(older)
    sales.put(FULL + "2", ("b", 1, "2.00"))
    assert sales.load(older) == Books(rows_superseded=1)
    assert sales.silver == [("b", 1, "2.00")]


def test_replay_changes_nothing(sales: Dataset) -> None:
    first = sales.arrive(DELTA + "1", ("a", 1, "1.00"), ("b", 1, None))
    sales.load(first)
    sales.put(DELTA + "2", ("a", 2, "2.00"))
    before = sales.silver
    assert sales.load(first) == Books(rows_unchanged=1, rows_superseded=1)
    assert sales.silver == before


def test_appended_rows_all_stay_and_an_overwritten_file_brings_its_own_back(tmp_path: Path) -> None:
    (tmp_path / "warehouse").mkdir()
    events = Dataset(LocalLake(tmp_path / "warehouse"), tmp_path, EVENTS)
    events.put(DELTA + "1", ("a", 1, "1.00"), ("a", 1, "1.00"))
    assert events.put(DELTA + "2", ("a", 1, "1.00")) == Books(rows_inserted=1)
    assert len(events.silver) == 3
    books = events.put(DELTA + "1", ("a", 1, "1.00"), ("b", 1, "1.00"), ("c", 1, "1.00"))
    assert books == Books(rows_inserted=1, rows_updated=1, rows_unchanged=1)
    assert events.silver == [("a", 1, "1.00"), ("a", 1, "1.00"), ("b", 1, "1.00"), ("c", 1, "1.00")]


def test_run_that_is_played_again_finds_its_commits(sales: Dataset) -> None:
    version = sales.arrive(DELTA + "1", ("a", 1, "1.00"))
    manifest, leaving = sales.plan("run-1", version)
    done = sales.play(manifest, leaving, version)
    versions = [sales.rows(layer) for layer in ("bronze", "silver")]
    assert sales.play(manifest, leaving, version) == done
    assert versions == [sales.rows(layer) for layer in ("bronze", "silver")]


def test_batch_without_rows_leaves_silver_alone(sales: Dataset) -> None:
    sales.put(DELTA + "1", ("a", 1, "1.00"))
    version = sales.arrive(DELTA + "2")
    manifest, leaving = sales.plan("run-9", version)
    sales.play(manifest, leaving, version)
    layers = sales.lake.open(SALES)
    assert layers.bronze.author == "run-9"  # it moves in every run, so that a try that was given up for dead stops there
    assert layers.silver.committed("run-9") is None


def test_replacement_that_removes_nothing_moves_the_tables_all_the_same(sales: Dataset) -> None:
    """A zombie may be about to commit the earlier version: it has to find the tables moved."""
    version = sales.arrive(DELTA + "1")
    manifest, _ = sales.plan("run-9", version)
    zombie = sales.lake.open(SALES)
    sales.play(manifest, [version.key], version)
    layers = sales.lake.open(SALES)
    assert (layers.bronze.author, layers.silver.author) == ("run-9", "run-9")
    with pytest.raises(StaleCommit):
        zombie.bronze.commit("run-8", remove=[], add=[], summary={})


@dataclass(frozen=True)
class Twin(Version):
    """A version with the arrival of another."""

    at: str

    @property
    def place(self) -> str:
        return self.at
