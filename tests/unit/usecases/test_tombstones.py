"""Tombstones from the landing bucket to the tables."""

from pathlib import Path

import pytest

from tests.unit.usecases.shop import DATASET, DELTA, FULL, Shop
from tidegate.model.runs import Books
from tidegate.usecases.audit import audit


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    made = Shop(tmp_path)
    made.drop(DELTA + "1.csv", "a,1,I,Ann", "b,1,I,Bob")
    made.run()
    return made


def test_tombstone_ends_in_bronze_and_takes_its_key_out_of_silver(shop: Shop) -> None:
    shop.drop(DELTA + "2.csv", "a,2,D,", "c,1,I,Cy")
    assert shop.run() == Books(rows_read=2, rows_accepted=2, rows_inserted=1, rows_deleted=1, rows_removed=1)
    assert shop.silver == [("b", 1), ("c", 1)]
    assert sorted((r["id"], r["op"], r["name"]) for r in shop.rows("bronze"))[:2] == [("a", "D", None), ("a", "I", "Ann")]


def test_tombstone_without_key_ends_in_quarantine_and_deletes_nothing(shop: Shop) -> None:
    arrival = shop.drop(DELTA + "2.csv", ",2,D,", "a,soon,D,")
    assert shop.run() == Books(rows_read=2, rows_quarantined=2)
    assert shop.silver == [("a", 1), ("b", 1)]
    assert sorted((r["raw"], r["reasons"][0]["rule"]) for r in shop.rows("quarantine")) == [
        (",2,D,", "primary_key"),
        ("a,soon,D,", "type"),
    ]
    assert shop.world.record(arrival).rows_quarantined == 2


def test_overwritten_file_without_its_tombstone_gives_the_row_back_and_the_books_say_so(shop: Shop) -> None:
    shop.drop(DELTA + "2.csv", "a,2,D,")
    shop.run()
    shop.drop(DELTA + "2.csv", "b,2,U,Bo")
    assert shop.run() == Books(rows_read=1, rows_accepted=1, rows_updated=1, rows_restored=1)
    assert shop.silver == [("a", 1), ("b", 2)]


def test_late_row_that_is_older_than_its_tombstone_stays_away(shop: Shop) -> None:
    shop.drop(DELTA + "2.csv", "a,5,D,")
    shop.run()
    shop.drop(DELTA + "3.csv", "a,4,U,Anna")
    assert shop.run() == Books(rows_read=1, rows_accepted=1, rows_superseded=1)
    assert shop.silver == [("b", 1)]


def test_full_load_with_tombstones_ends_with_the_rows_that_live(shop: Shop) -> None:
    shop.drop(FULL + "all.csv", "a,1,I,Ann", "b,1,D,", "z,1,D,")
    assert shop.run() == Books(rows_read=3, rows_accepted=3, rows_unchanged=1, rows_deleted=2, rows_removed=1)
    assert shop.silver == [("a", 1)]


def test_load_of_tombstones_that_is_run_again_says_the_same(shop: Shop) -> None:
    shop.drop(DELTA + "2.csv", "a,2,D,", "x,1,D,")
    manifest = shop.world.claim_manifest(DATASET)
    first = shop.load(manifest)
    assert shop.load(manifest) == first
    assert (first.books.rows_deleted, first.books.rows_removed, first.watermark) == (2, 1, "2")
    assert audit(manifest, objects=shop.world.lake, catalog=shop.lake) == first.books
    assert shop.silver == [("b", 1)]
