"""Silver in partitions is the same fold, and no data file has rows of two of them."""

import tempfile
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings

from tests.unit.tables.histories import HISTORIES, HISTORIES_WITH_TOMBSTONES, Step, play
from tests.unit.tables.lake import CHANGES, DELTA, EVENTS, SALES, Dataset, LocalLake, Version
from tidegate.contracts.contract import ColumnType, Contract, Kind, PartitionBy
from tidegate.engine import Limits
from tidegate.model.runs import Books
from tidegate.tables import rewriting, writing
from tidegate.tables.duck import connect
from tidegate.tables.order import Order


def partitioned(contract: Contract, *names: str) -> Contract:
    """A contract whose silver has a partition for each value of some columns."""
    columns = (replace(c, partition=PartitionBy.IDENTITY if c.name in names else None) for c in contract.columns)
    return replace(contract, columns=tuple(columns))


class Sliced(Dataset):
    """A dataset that looks at its data files after every run."""

    def load(self, *versions: Version) -> Books:
        books = super().load(*versions)
        for values in self.partitions():
            assert len(values) == 1
        return books

    def partitions(self) -> list[set[tuple[object, ...]]]:
        """The partitions of the rows of each data file of silver."""
        names = [column.name for column in self.contract.partitioned]
        live = self.lake.open(self.contract).silver.live()
        return [{tuple(row.values()) for row in pq.read_table(f.path, columns=names).to_pylist()} for f in live]


@settings(max_examples=8, deadline=None)
@given(HISTORIES)
def test_any_history_of_a_partitioned_dataset_leaves_the_plain_fold(history: list[Step]) -> None:
    with tempfile.TemporaryDirectory() as place:
        play(Sliced(LocalLake(Path(place)), Path(place), partitioned(SALES, "at")), history)


@settings(max_examples=8, deadline=None)
@given(HISTORIES)
def test_any_history_of_rows_without_keys_in_partitions_leaves_the_plain_fold(history: list[Step]) -> None:
    with tempfile.TemporaryDirectory() as place:
        play(Sliced(LocalLake(Path(place)), Path(place), partitioned(EVENTS, "at", "id")), history)


@settings(max_examples=8, deadline=None)
@given(HISTORIES_WITH_TOMBSTONES)
def test_any_history_with_tombstones_in_partitions_leaves_the_plain_fold(history: list[Step]) -> None:
    with tempfile.TemporaryDirectory() as place:
        play(Sliced(LocalLake(Path(place)), Path(place), replace(partitioned(CHANGES, "op"), sort_by=("at",))), history)


@pytest.fixture
def sales(tmp_path: Path) -> Sliced:
    (tmp_path / "warehouse").mkdir()
    return Sliced(LocalLake(tmp_path / "warehouse"), tmp_path, partitioned(SALES, "at"))


def keys(dataset: Sliced) -> list[tuple[object, list[str]]]:
    """Partition and keys of each data file of silver."""
    tables = [pq.read_table(f.path, columns=["at", "id"]) for f in dataset.lake.open(dataset.contract).silver.live()]
    return sorted(((t["at"][0].as_py(), t["id"].to_pylist()) for t in tables), key=str)


def test_row_whose_partition_changes_moves_and_rows_of_the_others_stay_where_they_are(sales: Sliced) -> None:
    sales.put(DELTA + "1", ("a", 1, "1.00"), ("b", 2, "1.00"), ("c", 1, "1.00"), ("d", 3, "1.00"), ("bb", None, "1.00"))
    assert keys(sales) == [(1, ["a", "c"]), (2, ["b"]), (3, ["d"]), (None, ["bb"])]
    before = sales.silver_files()
    assert sales.put(DELTA + "2", ("a", 2, "2.00"), ("bb", 1, "1.00")) == Books(rows_updated=2)
    assert keys(sales) == [(1, ["bb", "c"]), (2, ["a"]), (2, ["b"]), (3, ["d"])]
    assert len(before.keys() & sales.silver_files().keys()) == 2


def test_files_of_one_partition_are_neighbours_whatever_lies_between_their_keys_in_another(sales: Sliced) -> None:
    sales.put(DELTA + "1", ("a", 1, "1.00"), ("b", 2, "1.00"))
    sales.put(DELTA + "2", ("c", 1, "1.00"), ("d", 2, "1.00"))
    assert keys(sales) == [(1, ["a"]), (1, ["c"]), (2, ["b"]), (2, ["d"])]
    sales.put(DELTA + "3", ("a", 1, "2.00"), ("c", 1, "2.00"), ("b", 2, "2.00"))
    assert keys(sales) == [(1, ["a", "c"]), (2, ["b"]), (2, ["d"])]


def test_files_of_a_partition_are_no_larger_than_they_should_be(sales: Sliced, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "TARGET_BYTES", 20_000)
    monkeypatch.setattr(rewriting, "row_group_of", lambda *_: 2_048)
    sales.put(DELTA + "1", *((f"k{n:06d}", n % 2, f"{n}.{n % 100:02d}") for n in range(30_000)))
    found = keys(sales)
    assert {at for at, _ in found} == {0, 1}
    assert len(found) > 4
    for at in (0, 1):
        spans = sorted((min(ids), max(ids)) for slice_, ids in found if slice_ == at)
        assert all(high < low for (_, high), (low, _) in pairwise(spans))


@pytest.mark.parametrize("by", [PartitionBy.YEAR, PartitionBy.MONTH, PartitionBy.DAY])
def test_pieces_of_time_are_those_of_the_calendar_in_utc(by: PartitionBy, tmp_path: Path) -> None:
    moment = replace(SALES.columns[1], type=ColumnType(Kind.TIMESTAMPTZ), partition=by)
    order = Order(replace(SALES, columns=(SALES.columns[0], moment, SALES.columns[2])))
    with connect(tmp_path, Limits(memory_mb=64, threads=1)) as db:
        moments = ["1969-12-31 22:00:00-05", "0001-01-01 00:00:00+00", None]
        db.execute('CREATE TABLE moments AS SELECT unnest($1::TIMESTAMPTZ[]) AS "at"', [moments])
        found = [text for (text,) in db.sql("FROM moments").project(order.slice).fetchall()]
    size = {PartitionBy.YEAR: 4, PartitionBy.MONTH: 7, PartitionBy.DAY: 10}[by]
    assert found == [f'["{"1970-01-01"[:size]}"]', f'["{"0001-01-01"[:size]}"]', "[null]"]
