"""Tombstones in silver: a key whose newest row is one is not there, whatever order things happened in."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings

from tests.unit.tables.histories import HISTORIES_WITH_TOMBSTONES, Step, play
from tests.unit.tables.lake import CHANGES, DELTA, FULL, Dataset, LocalLake
from tidegate.model.runs import Books


@pytest.fixture
def changes(tmp_path: Path) -> Dataset:
    (tmp_path / "warehouse").mkdir()
    return Dataset(LocalLake(tmp_path / "warehouse"), tmp_path, CHANGES)


@settings(max_examples=15, deadline=None)
@given(HISTORIES_WITH_TOMBSTONES)
def test_any_history_with_tombstones_leaves_the_plain_fold_and_balanced_books(history: list[Step]) -> None:
    with tempfile.TemporaryDirectory() as place:
        play(Dataset(LocalLake(Path(place)), Path(place), CHANGES), history)


def test_tombstone_takes_its_key_away_and_nothing_else(changes: Dataset) -> None:
    changes.put(DELTA + "1", ("a", 1, "I"), ("b", 1, "I"))
    assert changes.put(DELTA + "2", ("a", 2, "D")) == Books(rows_deleted=1, rows_removed=1)
    assert changes.silver == [("b", 1, "I")]
    assert [(r["id"], r["op"]) for r in changes.rows("bronze")] == [("a", "I"), ("b", "I"), ("a", "D")]


def test_row_whose_marker_is_null_lives(changes: Dataset) -> None:
    changes.put(DELTA + "1", ("a", 1, "D"))
    assert changes.put(DELTA + "2", ("a", 2, None)) == Books(rows_inserted=1)
    assert changes.silver == [("a", 2, None)]


def test_deleted_key_that_is_inserted_again_is_there_again(changes: Dataset) -> None:
    changes.put(DELTA + "1", ("a", 1, "I"))
    changes.put(DELTA + "2", ("a", 2, "D"))
    assert changes.put(DELTA + "3", ("a", 3, "I")) == Books(rows_inserted=1)
    assert changes.silver == [("a", 3, "I")]


def test_row_that_is_older_than_the_tombstone_does_not_come_back_when_it_is_late(changes: Dataset) -> None:
    """Silver does not show the tombstone any more: only bronze knows it."""
    changes.put(DELTA + "1", ("a", 1, "I"), ("a", 5, "D"))
    assert changes.put(DELTA + "2", ("a", 3, "U"), ("b", 1, "I")) == Books(rows_inserted=1, rows_superseded=1)
    assert changes.silver == [("b", 1, "I")]


def test_tombstone_that_is_older_than_the_row_deletes_nothing(changes: Dataset) -> None:
    changes.put(DELTA + "1", ("a", 5, "I"))
    assert changes.put(DELTA + "2", ("a", 3, "D")) == Books(rows_superseded=1)
    assert changes.silver == [("a", 5, "I")]


def test_order_decides_inside_a_file_and_the_record_where_the_order_is_equal(changes: Dataset) -> None:
    books = changes.put(DELTA + "1", ("a", 2, "D"), ("a", 1, "I"), ("b", 1, "D"), ("b", 1, "I"), ("c", 1, "I"), ("c", 1, "D"))
    assert books == Books(rows_inserted=1, rows_superseded=3, rows_deleted=2)
    assert changes.silver == [("b", 1, "I")]


def test_tombstone_without_order_is_older_than_every_row_that_has_one(changes: Dataset) -> None:
    changes.put(DELTA + "1", ("a", 1, "I"), ("b", None, "I"))
    assert changes.put(DELTA + "2", ("a", None, "D"), ("b", None, "D")) == Books(rows_superseded=1, rows_deleted=1, rows_removed=1)
    assert changes.silver == [("a", 1, "I")]


def test_tombstone_of_a_key_that_nobody_knows_is_counted_and_removes_nothing(changes: Dataset) -> None:
    assert changes.put(DELTA + "1", ("x", 1, "D")) == Books(rows_deleted=1)
    assert changes.silver == []


def test_second_tombstone_of_a_deleted_key_removes_nothing_more(changes: Dataset) -> None:
    changes.put(DELTA + "1", ("a", 1, "I"))
    changes.put(DELTA + "2", ("a", 2, "D"))
    assert changes.put(DELTA + "3", ("a", 3, "D"), ("a", 4, "D")) == Books(rows_deleted=1, rows_superseded=1)


def test_tombstone_that_is_replayed_deletes_once(changes: Dataset) -> None:
    changes.put(DELTA + "1", ("a", 1, "I"), ("b", 1, "I"))
    tombstone = changes.arrive(DELTA + "2", ("a", 2, "D"))
    changes.load(tombstone)
    assert changes.load(tombstone) == Books(rows_deleted=1)
    assert changes.silver == [("b", 1, "I")]


def test_row_returns_when_the_file_with_its_tombstone_is_replaced_by_one_without(changes: Dataset) -> None:
    changes.put(DELTA + "1", ("a", 1, "I"), ("b", 1, "I"))
    changes.put(DELTA + "2", ("a", 2, "D"), ("x", 1, "D"))
    assert changes.put(DELTA + "2", ("b", 2, "U")) == Books(rows_updated=1, rows_restored=1)
    assert changes.silver == [("a", 1, "I"), ("b", 2, "U")]


def test_row_returns_when_the_file_with_its_tombstone_is_replaced_by_an_empty_one(changes: Dataset) -> None:
    changes.put(DELTA + "1", ("a", 1, "I"))
    changes.put(DELTA + "2", ("a", 2, "D"))
    assert changes.put(DELTA + "2") == Books(rows_restored=1)
    assert changes.silver == [("a", 1, "I")]


def test_key_stays_away_while_another_file_still_deletes_it(changes: Dataset) -> None:
    changes.put(DELTA + "1", ("a", 1, "I"))
    changes.put(DELTA + "2", ("a", 2, "D"))
    changes.put(DELTA + "3", ("a", 3, "D"))
    assert changes.put(DELTA + "3", ("b", 1, "I")) == Books(rows_inserted=1)
    assert changes.silver == [("b", 1, "I")]


def test_tombstone_in_a_full_load_deletes_its_key_and_counts(changes: Dataset) -> None:
    changes.put(DELTA + "1", ("a", 1, "I"), ("b", 1, "I"), ("c", 1, "I"))
    books = changes.put(FULL + "1", ("a", 1, "U"), ("b", 1, "D"), ("d", 1, "I"), ("d", 2, "D"))
    assert books == Books(rows_updated=1, rows_superseded=1, rows_deleted=2, rows_removed=2)
    assert changes.silver == [("a", 1, "U")]


def test_full_load_forgets_the_tombstones_before_it(changes: Dataset) -> None:
    changes.put(DELTA + "1", ("a", 1, "I"))
    changes.put(DELTA + "2", ("a", 9, "D"))
    assert changes.put(FULL + "1", ("a", 1, "U")) == Books(rows_inserted=1)
    assert changes.put(DELTA + "3", ("a", 2, "I")) == Books(rows_updated=1)
    assert changes.silver == [("a", 2, "I")]


def test_row_that_an_older_tombstone_hid_returns_when_a_full_load_between_them_ends_its_time(changes: Dataset) -> None:
    """The full load came before the row and was loaded after it: the row counts, the tombstone from before does not."""
    changes.put(DELTA + "1", ("a", 9, "D"))
    full = changes.arrive(FULL + "1", ("b", 1, "I"))
    changes.put(DELTA + "2", ("a", 1, "I"))
    assert changes.silver == []
    assert changes.load(full) == Books(rows_inserted=1, rows_restored=1)
    assert changes.silver == [("a", 1, "I"), ("b", 1, "I")]


def test_late_tombstone_from_before_the_full_load_deletes_nothing(changes: Dataset) -> None:
    late = changes.arrive(DELTA + "1", ("a", 9, "D"))
    changes.put(FULL + "1", ("a", 1, "I"))
    assert changes.load(late) == Books(rows_superseded=1)
    assert changes.silver == [("a", 1, "I")]
