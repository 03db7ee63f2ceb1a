"""Keys that say what they correct, and how many rejected rows are open."""

from dataclasses import replace

import pytest

from tidegate.model.arrivals import Kind, route
from tidegate.model.corrections import Standing, correction_key, corrects, standings
from tidegate.model.files import FileRecord, FileState

SHA = "ab" * 32


def record(number: int = 1, key: str = "shop/sales/delta/2026/day.csv", **fields: object) -> FileRecord:
    """A loaded file of ten rows, of which three were rejected."""
    made = FileRecord(
        file_id=f"{number:032x}",
        object_id=f"o{number}",
        dataset="shop.sales",
        bucket="landing",
        key=key,
        version_id="v1",
        order="",
        size=1,
        kind=route(key).kind,
        load_id="",
        arrival=f"{number:016d}",
        state=FileState.LOADED,
        rows_read=10,
        rows_accepted=7,
        rows_quarantined=3,
        loaded_by="run",
    )
    return replace(made, **fields)  # type: ignore[arg-type]


def correction(of: FileRecord, number: int = 2, rows: int = 2, rejected: int = 0, **fields: object) -> FileRecord:
    key = correction_key(of, f"{number:064d}"[::-1])
    values = {"rows_read": rows, "rows_accepted": rows - rejected, "rows_quarantined": rejected, **fields}
    return record(number, key, **values)


@pytest.mark.parametrize("key", ["shop/sales/delta/2026/day.csv", "shop/sales/full/day.csv", "shop/sales/full/2026/p/day.csv"])
def test_a_correction_is_a_delta_whose_key_names_its_file_and_ends_as_the_original_does(key: str) -> None:
    made = correction_key(record(key=key), SHA)
    assert route(made).kind is Kind.DELTA
    assert route(made).dataset == "shop.sales"
    assert corrects(made) == record().file_id
    assert made.endswith("/day.csv")


def test_other_bytes_have_another_key_so_that_no_correction_replaces_an_earlier_one() -> None:
    assert correction_key(record(), SHA) != correction_key(record(), "cd" * 32)
    assert correction_key(record(), SHA) == correction_key(record(), SHA)


def test_a_correction_of_a_correction_does_not_nest() -> None:
    first = record(2, correction_key(record(), SHA))
    again = correction_key(first, SHA)
    assert corrects(again) == first.file_id
    assert again.count("corrections") == 1
    assert again.endswith("/2026/day.csv")


@pytest.mark.parametrize("letter", ["x", "ü", "/"])
def test_the_correction_of_a_file_whose_key_is_as_long_as_s3_allows_has_a_key_that_it_allows(letter: str) -> None:
    below = letter * (990 // len(letter.encode())) + "/2020-01-31.csv"
    made = correction_key(record(key=f"shop/sales/delta/{below}"), SHA)
    assert len(made.encode()) <= 1024
    assert made.endswith("2020-01-31.csv")
    assert corrects(made) == record().file_id


@pytest.mark.parametrize(
    "key",
    [
        "shop/sales/delta/day.csv",
        f"shop/sales/delta/corrections/{1:032x}/day.csv",
        f"shop/sales/delta/corrections/XY/{SHA[:12]}/day.csv",
        f"shop/sales/full/corrections/{1:032x}/{SHA[:12]}/day.csv",
        f"x/shop/sales/delta/corrections/{1:032x}/{SHA[:12]}/day.csv",
        f"shop/sales/delta/corrections/{1:032x}/{SHA[:12]}/",
    ],
)
def test_other_keys_correct_nothing(key: str) -> None:
    assert corrects(key) == ""


def test_a_correction_answers_as_many_rows_as_it_has_and_its_own_rejects_are_open_under_its_own_id() -> None:
    original = record()
    first, second = standings([original, correction(original, rows=2, rejected=1)])
    assert (first.rejected, first.answered, first.open) == (3, 2, 1)
    assert second.open == 1


def test_a_correction_answers_nothing_before_it_is_loaded_nor_after_it_was_replaced() -> None:
    original = record()
    waiting = correction(original, state=FileState.CLAIMED, loaded_by="", rows_read=None)
    (found, _) = standings([original, waiting])
    assert (found.open, found.waiting) == (3, (waiting,))
    (found, _) = standings([original, correction(original, state=FileState.SUPERSEDED, loaded_by="")])
    assert (found.open, found.corrections) == (3, ())


def test_a_correction_with_too_many_records_answers_no_more_than_there_are() -> None:
    original = record()
    assert standings([original, correction(original, rows=9)])[0].open == 0


def test_rows_that_a_later_load_accepted_are_resolved() -> None:
    assert Standing(record(rows_rejected_before=3, rows_quarantined=1)).resolved == 2
    assert Standing(record(rows_rejected_before=0, rows_quarantined=3)).resolved == 0


def test_a_version_that_was_replaced_has_nothing_open() -> None:
    replaced = Standing(record(state=FileState.SUPERSEDED, loaded_by="", reason="replaced by version v2"))
    assert (replaced.rejected, replaced.open, replaced.is_open, replaced.resolved) == (0, 0, False, 3)


def test_a_refused_file_is_open_as_a_whole_and_an_overwrite_that_is_refused_keeps_older_rows_apart() -> None:
    refused = Standing(record(state=FileState.QUARANTINED, loaded_by="", reason="WRONG_HEADER: mend it", rows_quarantined=0))
    assert (refused.refused, refused.open, refused.is_open) == ("WRONG_HEADER", 0, True)


def test_what_a_file_was_before_is_kept_when_it_is_loaded_again() -> None:
    assert record().history == {"rows_rejected_before": 3}
    assert record(rows_rejected_before=5).history == {"rows_rejected_before": 5}
    assert record(rows_quarantined=0, rows_rejected_before=5).history == {}
    assert record(state=FileState.QUARANTINED, reason="NO_CONTRACT: x", rows_quarantined=None).history == {
        "refused_before": "NO_CONTRACT"
    }
