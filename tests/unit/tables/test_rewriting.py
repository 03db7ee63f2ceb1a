"""A fold reads the data files that may hold its keys and writes anew those that hold a row which changes; their stretches stay apart."""

import itertools
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.unit.tables.lake import CHANGES, DELTA, KEYRING, SALES, Dataset, LocalLake, LocalTable
from tidegate.engine import Limits
from tidegate.model.runs import Books, Epoch, Manifest
from tidegate.tables import writing
from tidegate.tables.duck import connect, copy_to
from tidegate.tables.workshop import LocalWorkshop
from tidegate.usecases.commit import commit_silver


@pytest.fixture
def sales(tmp_path: Path) -> Dataset:
    (tmp_path / "warehouse").mkdir()
    return Dataset(LocalLake(tmp_path / "warehouse"), tmp_path)


def stretches(dataset: Dataset) -> list[list[str]]:
    """The keys of each data file of silver, in the files' own order."""
    live = dataset.lake.open(dataset.contract).silver.live()
    return sorted(pq.read_table(f.path, columns=["id"])["id"].to_pylist() for f in live)


def three_files(dataset: Dataset) -> dict[str, set[tuple[object, ...]]]:
    for name, ids in (("1", "bd"), ("2", "hj"), ("3", "np")):
        dataset.put(DELTA + name, *((i, 1, "1.00") for i in ids))
    assert stretches(dataset) == [["b", "d"], ["h", "j"], ["n", "p"]]
    return dataset.silver_files()


def test_only_the_file_that_holds_the_key_is_rewritten(sales: Dataset) -> None:
    before = three_files(sales)
    sales.put(DELTA + "4", ("h", 2, "2.00"))
    assert len(before.keys() & sales.silver_files().keys()) == 2
    assert stretches(sales) == [["b", "d"], ["h", "j"], ["n", "p"]]


def test_row_that_loses_rewrites_nothing(sales: Dataset) -> None:
    before = three_files(sales)
    assert sales.put(DELTA + "4", ("h", 0, "2.00"), ("b", None, None)) == Books(rows_superseded=2)
    assert sales.silver_files() == before


def test_replay_rewrites_only_what_the_file_had_won(sales: Dataset) -> None:
    before = three_files(sales)
    sales.load(sales.loaded[DELTA + "3"])
    assert len(before.keys() & sales.silver_files().keys()) == 2


def test_new_key_inside_a_file_that_is_rewritten_goes_into_it_and_another_into_a_file_of_its_own(sales: Dataset) -> None:
    three_files(sales)
    sales.put(DELTA + "4", ("h", 2, "2.00"), ("i", 1, None), ("c", 1, None), ("z", 1, None))
    assert stretches(sales) == [["b", "d"], ["c", "z"], ["h", "i", "j"], ["n", "p"]]


def test_neighbours_that_are_small_are_joined_when_both_are_rewritten(sales: Dataset) -> None:
    three_files(sales)
    sales.put(DELTA + "4", ("d", 2, None), ("h", 2, None))
    assert stretches(sales) == [["b", "d", "h", "j"], ["n", "p"]]


def test_files_with_another_between_them_are_not_joined_over_it(sales: Dataset) -> None:
    three_files(sales)
    sales.put(DELTA + "4", ("b", 2, None), ("p", 2, None))
    assert stretches(sales) == [["b", "d"], ["h", "j"], ["n", "p"]]


def test_files_whose_bounds_exclude_every_key_are_not_fetched(sales: Dataset, tmp_path: Path) -> None:
    three_files(sales)
    layers = sales.lake.open(SALES)
    assert isinstance(layers.silver, LocalTable)
    version = sales.arrive(DELTA + "4", ("j", 2, None), ("m", 2, None))
    room = tmp_path / "fetching"
    room.mkdir()
    arriving = sales.accepted(room, "run-x", layers.bronze, version)
    workshop = LocalWorkshop(room, Limits(memory_mb=256, threads=1), KEYRING)
    manifest = Manifest(SALES.dataset, 1, "run-x", "key", "1.0.0", Epoch(), Epoch(), ())
    commit_silver(SALES, manifest, layers, arriving, [], workshop)
    assert len(layers.silver.fetched) == 1


def test_key_that_silver_lacks_reads_no_bronze_file_without_tombstones(tmp_path: Path) -> None:
    (tmp_path / "warehouse").mkdir()
    changes = Dataset(LocalLake(tmp_path / "warehouse"), tmp_path, CHANGES)
    changes.put(DELTA + "1", ("a", 1, "I"), ("z", 1, "U"))
    changes.put(DELTA + "2", ("b", 1, "I"), ("b", 2, "D"), ("y", 1, "I"))
    layers = changes.lake.open(CHANGES)
    assert isinstance(layers.bronze, LocalTable)
    (_, with_tombstone) = layers.bronze.live()
    version = changes.arrive(DELTA + "3", ("m", 1, "I"))
    room = tmp_path / "fetching"
    room.mkdir()
    arriving = changes.accepted(room, "run-x", layers.bronze, version)
    workshop = LocalWorkshop(room, Limits(memory_mb=256, threads=1), KEYRING)
    manifest = Manifest(CHANGES.dataset, 1, "run-x", "key", "1.0.0", Epoch(), Epoch(), ())
    commit_silver(CHANGES, manifest, layers, arriving, [], workshop)
    assert layers.bronze.fetched == [with_tombstone.path]


def amounts(dataset: Dataset) -> list[list[str]]:
    """The amounts of each data file of silver, in the files' own order."""
    live = dataset.lake.open(dataset.contract).silver.live()
    return sorted([str(v) for v in pq.read_table(f.path, columns=["amount"])["amount"].to_pylist()] for f in live)


def test_rows_are_laid_out_by_the_columns_that_the_contract_names(tmp_path: Path) -> None:
    (tmp_path / "warehouse").mkdir()
    sales = Dataset(LocalLake(tmp_path / "warehouse"), tmp_path, replace(SALES, sort_by=("amount",)))
    sales.put(DELTA + "1", ("a", 1, "5.00"), ("b", 1, "1.00"), ("c", 1, "3.00"))
    sales.put(DELTA + "2", ("d", 1, "8.00"), ("e", 1, "9.00"))
    assert amounts(sales) == [["1.00", "3.00", "5.00"], ["8.00", "9.00"]]
    sales.put(DELTA + "3", ("b", 2, "4.00"), ("f", 1, "2.00"))  # within the stretch of the file that is rewritten for b
    assert amounts(sales) == [["2.00", "3.00", "4.00", "5.00"], ["8.00", "9.00"]]
    sales.put(DELTA + "4", ("c", 2, "8.50"))  # leaves its file; the other one is not rewritten for it
    assert amounts(sales) == [["2.00", "4.00", "5.00"], ["8.00", "9.00"], ["8.50"]]


class TestLarge:
    """Tables of several row groups, with a small target and less memory than the table."""

    ROWS = 500_000

    @pytest.fixture(autouse=True)
    def _small_target(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(writing, "TARGET_BYTES", 200 * 1024)

    def test_files_are_as_large_as_the_contract_says(self, tmp_path: Path) -> None:
        (tmp_path / "warehouse").mkdir()
        large = Dataset(LocalLake(tmp_path / "warehouse"), tmp_path, replace(SALES, target_file_mb=8))
        self.fold(large, tmp_path, "run1", "range", self.ROWS)
        assert len(stretches(large)) == 1

    def fold(self, dataset: Dataset, place: Path, run: str, ids: str, rows: int, files: int = 1) -> Books:
        """Fold so many rows with these ids (an expression of `range`), more than a hundred bytes each, into silver.

        They come in several files, as when many machines wrote them.
        """
        room = place / run
        room.mkdir()
        limits = Limits(memory_mb=128, threads=1)
        layers = dataset.lake.open(SALES)
        made = (
            f"SELECT 'k' || lpad(n::VARCHAR, 9, '0') || repeat('x', 100) AS id, {run[-1]}::BIGINT AS at, (n % 1000)::DECIMAL AS amount,"  # noqa: S608 - texts of ours
            f" 'o' AS _object_key, 'v' AS _version_id, '{run}' AS _file_id, n AS _record, '{run}' AS _arrival, '' AS _load_id,"
            f" '{run}' AS _run_id, '1' AS _contract_version FROM (SELECT {ids} AS n FROM range({rows}))"
        )
        with connect(room, limits) as db:
            several = [f"{made} WHERE n % {files} = {part}" for part in range(files)]
            written = [copy_to(db, rows, room / f"arriving-{n}.parquet", layers.bronze.field_ids) for n, rows in enumerate(several)]
            arriving = [path for path in written if path]
        manifest = Manifest(SALES.dataset, 1, run, "key", "1.0.0", Epoch(), Epoch(), ())
        commit, books = commit_silver(dataset.contract, manifest, layers, arriving, [], LocalWorkshop(room, limits, KEYRING))
        assert commit.rows_after == commit.rows_before + books.rows_inserted
        return books

    def test_table_larger_than_memory_is_folded_into_files_whose_keys_do_not_overlap(self, sales: Dataset, tmp_path: Path) -> None:
        books = self.fold(sales, tmp_path, "run1", f"(range * 7919) % {self.ROWS}", self.ROWS)
        assert books.rows_inserted == self.ROWS
        first = stretches(sales)
        assert len(first) > 2
        assert all(one == sorted(one) for one in first)
        assert all(one[-1] < other[0] for one, other in itertools.pairwise(first))
        before = sales.silver_files()
        books = self.fold(sales, tmp_path, "run2", f"range + {self.ROWS // 2}", 100)
        assert books.rows_updated == 100
        assert len(before.keys() - sales.silver_files().keys()) == 1
        # Every third key, in all files: they keep their stretches.
        self.fold(sales, tmp_path, "run3", "range * 3", self.ROWS // 3)
        now = stretches(sales)
        assert all(max(one) < min(other) for one, other in itertools.pairwise(now))
        assert [len(one) for one in now] == [len(one) for one in first]

    def test_rows_of_several_files_that_are_larger_than_memory_go_into_files_whose_keys_do_not_overlap(
        self, sales: Dataset, tmp_path: Path
    ) -> None:
        rows = 3 * self.ROWS
        books = self.fold(sales, tmp_path, "run1", f"(range * 7919) % {rows}", rows, files=5)
        assert books.rows_inserted == rows
        first = stretches(sales)
        assert len(first) > 2
        assert all(one == sorted(one) for one in first)
        assert all(one[-1] < other[0] for one, other in itertools.pairwise(first))

    def test_rows_that_come_nearly_in_the_order_of_their_keys_stay_in_it(self, sales: Dataset, tmp_path: Path) -> None:
        late = "CASE WHEN range % 100 = 99 THEN range - 50 ELSE range END"  # a key of a row before it, which it replaces
        books = self.fold(sales, tmp_path, "run1", late, self.ROWS)
        assert (books.rows_inserted, books.rows_superseded) == (self.ROWS * 99 // 100, self.ROWS // 100)
        live = sales.lake.open(sales.contract).silver.live()
        tables = sorted((pq.read_table(f.path) for f in live), key=lambda t: t["_record"][0].as_py())
        assert len(tables) > 2
        records = [n for table in tables for n in table["_record"].to_pylist()]
        assert all(later > earlier - 60 for earlier, later in itertools.pairwise(records))
        assert len({key for table in tables for key in table["id"].to_pylist()}) == len(records) == books.rows_inserted
        assert all(max(one["id"].to_pylist()) < min(other["id"].to_pylist()) for one, other in itertools.pairwise(tables[::2]))

    def test_file_that_outgrew_its_size_is_split_in_the_order_of_keys(self, sales: Dataset, tmp_path: Path) -> None:
        self.fold(sales, tmp_path, "run1", "10 * range", 30_000)
        assert len(stretches(sales)) == 1
        self.fold(sales, tmp_path, "run2", "range", 300_000)
        now = stretches(sales)
        assert len(now) > 1
        assert all(one == sorted(one) for one in now)
        assert all(one[-1] < other[0] for one, other in itertools.pairwise(now))


def test_same_input_gives_the_same_files(tmp_path: Path) -> None:
    seen = []
    for name in ("one", "other"):
        place = tmp_path / name
        (place / "warehouse").mkdir(parents=True)
        dataset = Dataset(LocalLake(place / "warehouse"), place, replace(SALES, order_by=None))
        three_files(dataset)
        dataset.put(DELTA + "4", ("h", 2, "2.00"), ("i", 1, None), ("c", 1, None), ("p", 1, None))
        seen.append(stretches(dataset))
    assert seen[0] == seen[1]
