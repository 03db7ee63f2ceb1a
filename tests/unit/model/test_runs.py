import re

import pytest

from tidegate.errors import BooksUnbalanced
from tidegate.model.files import FileState
from tidegate.model.run_names import execution_name, run_id_of
from tidegate.model.runs import Books, Commit, Lease, Receipt, timestamp


def receipt(read: int, accepted: int, quarantined: int) -> Receipt:
    return Receipt("id", "a.csv", "v1", FileState.LOADED, read, accepted, quarantined, "1.0.0")


def test_lease_is_free_when_never_held_released_or_expired() -> None:
    assert Lease("d").is_free(0)
    assert Lease("d", 1, held=False, expires_at=10).is_free(5)
    assert not Lease("d", 1, held=True, expires_at=10).is_free(9)
    assert Lease("d", 1, held=True, expires_at=10).is_free(10)


def test_run_ids_sort_in_the_order_of_runs() -> None:
    ids = [run_id_of("d.t", token, batch) for token, batch in ((1, 1), (1, 2), (1, 10), (2, 1), (10, 1))]
    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("dataset", ["a.b", f"{'d' * 40}.{'t' * 60}"])
def test_execution_name_is_one_that_step_functions_takes(dataset: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,80}", execution_name(dataset, 123456))


def test_execution_names_of_long_datasets_stay_apart() -> None:
    long = f"{'d' * 40}.{'t' * 60}"
    assert execution_name(long, 1) != execution_name(f"{long}x", 1)
    assert execution_name(long, 1) != execution_name(long, 2)


def test_times_are_utc_with_milliseconds() -> None:
    assert timestamp(1_700_000_000_123_456) == "2023-11-14T22:13:20.123+00:00"


def test_receipt_that_lost_or_invented_a_row_is_refused() -> None:
    receipt(5, 4, 1).check()
    for read, accepted, quarantined in ((5, 4, 0), (5, 5, 1)):
        with pytest.raises(BooksUnbalanced, match=r"a\.csv: read 5"):
            receipt(read, accepted, quarantined).check()


def test_books_that_lost_a_row_on_the_way_in_are_refused() -> None:
    Books(rows_read=3, rows_accepted=2, rows_quarantined=1, rows_inserted=1, rows_superseded=1, rows_removed=9).check()
    with pytest.raises(BooksUnbalanced, match="read 3"):
        Books(rows_read=3, rows_accepted=2, rows_inserted=2).check()


def test_books_in_which_an_accepted_row_has_no_fate_are_refused() -> None:
    with pytest.raises(BooksUnbalanced, match="accepted 2"):
        Books(rows_read=2, rows_accepted=2, rows_inserted=1).check()


def test_tombstone_is_the_fate_of_an_accepted_row_and_a_restored_key_is_not() -> None:
    Books(rows_read=2, rows_accepted=2, rows_inserted=1, rows_deleted=1, rows_removed=1, rows_restored=9).check()
    with pytest.raises(BooksUnbalanced, match="deleted 0"):
        Books(rows_read=1, rows_accepted=1, rows_restored=1).check()


def test_commit_after_which_the_table_holds_other_rows_is_refused() -> None:
    Commit("bronze.t", 3, 1, 10, 12).check()
    with pytest.raises(BooksUnbalanced, match=r"bronze\.t"):
        Commit("bronze.t", 3, 1, 10, 13).check()
