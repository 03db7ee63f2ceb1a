"""Swapping the rows of whole objects reads and rewrites no more than it must."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.unit.tables.lake import DELTA, KEYRING, LIMITS, SALES, Dataset, LocalLake, LocalTable
from tidegate.model.runs import Commit, Leaving
from tidegate.tables.workshop import LocalWorkshop
from tidegate.usecases.commit import commit_rows


@pytest.fixture
def sales(tmp_path: Path) -> Dataset:
    (tmp_path / "warehouse").mkdir()
    dataset = Dataset(LocalLake(tmp_path / "warehouse"), tmp_path)
    for name in ("1", "2", "3"):
        dataset.put(DELTA + name, (f"a{name}", 1, "1.00"), (f"b{name}", 1, None))
    dataset.load(dataset.arrive(DELTA + "4", ("a4", 1, None)), dataset.arrive(DELTA + "6", ("a6", 1, None)))
    return dataset


def bronze_of(dataset: Dataset) -> LocalTable:
    table = dataset.lake.open(SALES).bronze
    assert isinstance(table, LocalTable)
    return table


def remove(table: LocalTable, keys: Sequence[str], place: Path) -> Commit:
    return leave(table, [Leaving(key) for key in keys], place)


def leave(table: LocalTable, leaving: Sequence[Leaving], place: Path, run_id: str = "removal") -> Commit:
    room = place / "room"
    room.mkdir(parents=True)
    return commit_rows(table, leaving, [], run_id, LocalWorkshop(room, LIMITS, KEYRING), fence=True)


def test_rows_of_other_objects_stay_as_they_are(sales: Dataset, tmp_path: Path) -> None:
    before = sales.rows("bronze")
    commit = remove(bronze_of(sales), [DELTA + "2", DELTA + "4"], tmp_path)
    assert commit == Commit("bronze.shop_sales", 0, 3, 8, 5)
    assert key_sorted(sales.rows("bronze")) == key_sorted([r for r in before if r["_object_key"][-1] not in "24"])


def test_files_whose_bounds_exclude_every_key_are_not_read(sales: Dataset, tmp_path: Path) -> None:
    table = bronze_of(sales)
    holding = [f.path for f in table.live() if f.lower == f.upper == DELTA + "2"]
    remove(table, [DELTA + "2"], tmp_path)
    assert table.fetched == holding


def test_file_whose_bounds_hold_a_key_that_it_lacks_is_not_rewritten(sales: Dataset, tmp_path: Path) -> None:
    before = bronze_of(sales)
    commit = remove(before, [DELTA + "5"], tmp_path)
    assert len(before.fetched) == 1
    assert (commit.rows_removed, bronze_of(sales).live()) == (0, before.live())


def test_keys_are_compared_as_data_not_as_patterns(sales: Dataset, tmp_path: Path) -> None:
    assert remove(bronze_of(sales), [DELTA + "_", DELTA + "%", "' OR true --"], tmp_path).rows_removed == 0


def test_rows_of_another_version_of_the_key_stay_when_one_version_leaves(sales: Dataset, tmp_path: Path) -> None:
    row = next(r for r in sales.rows("bronze") if r["_object_key"] == DELTA + "2")
    other = leave(bronze_of(sales), [Leaving(DELTA + "2", "another")], tmp_path / "a")
    own = leave(bronze_of(sales), [Leaving(DELTA + "2", row["_file_id"])], tmp_path / "b", "second")
    assert (other.rows_removed, own.rows_removed) == (0, 2)


def key_sorted(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    return sorted(rows, key=lambda r: (str(r["_object_key"]), str(r["_record"])))
