"""Small data files of silver do not become ever more: a run makes one of a crowd, and nothing else of the fold changes by it."""

import itertools
import random
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from tests.unit.tables.histories import HISTORIES, HISTORIES_WITH_TOMBSTONES, Step, play
from tests.unit.tables.lake import CHANGES, DELTA, EVENTS, SALES, Dataset, LocalLake
from tests.unit.tables.test_partitions import Sliced, partitioned
from tidegate.contracts.contract import Contract
from tidegate.model.runs import Books
from tidegate.tables import crowding

_SOME = settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Crowded(Dataset):
    """A dataset whose data files may be rewritten because there are many."""

    crowded = True


class CrowdedSlices(Sliced):
    """The same in partitions."""

    crowded = True


@pytest.fixture
def pairs_are_crowds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowding, "CROWD", 2)


def dataset_at(place: Path, contract: Contract = SALES, kind: type[Dataset] = Crowded) -> Dataset:
    (place / "warehouse").mkdir()
    return kind(LocalLake(place / "warehouse"), place, contract)


def rows(dataset: Dataset) -> list[int]:
    """How many rows each data file of silver has."""
    return sorted(file.rows for file in dataset.lake.open(dataset.contract).silver.live())


@_SOME
@given(history=HISTORIES)
@pytest.mark.usefixtures("pairs_are_crowds")
@pytest.mark.parametrize("contract", [SALES, EVENTS, replace(SALES, sort_by=("amount",))], ids=["upsert", "append", "sorted"])
def test_any_history_leaves_the_plain_fold_when_two_files_are_a_crowd(contract: Contract, history: list[Step]) -> None:
    with tempfile.TemporaryDirectory() as place:
        play(dataset_at(Path(place), contract), history)


@_SOME
@given(history=HISTORIES_WITH_TOMBSTONES)
@pytest.mark.usefixtures("pairs_are_crowds")
@pytest.mark.parametrize("slicing", [(), ("at",)], ids=["whole", "partitioned"])
def test_any_history_with_tombstones_leaves_the_plain_fold_when_two_files_are_a_crowd(
    slicing: tuple[str, ...], history: list[Step]
) -> None:
    with tempfile.TemporaryDirectory() as place:
        play(dataset_at(Path(place), partitioned(CHANGES, *slicing), CrowdedSlices if slicing else Crowded), history)


@pytest.mark.parametrize("contract", [SALES, EVENTS], ids=["upsert", "append"])
def test_runs_of_new_rows_do_not_leave_a_data_file_each_for_ever(contract: Contract, tmp_path: Path) -> None:
    dataset, dice, most = dataset_at(tmp_path, contract), random.Random(5), 0  # noqa: S311 - no secret
    for run in range(40):
        assert dataset.put(f"{DELTA}{run}", (f"{dice.random():.6f}", 1, "1.00")) == Books(rows_inserted=1)
        most = max(most, len(rows(dataset)))
    assert most == crowding.CROWD
    assert sum(rows(dataset)) == 40


def test_row_is_written_anew_a_few_times_in_its_life_and_not_with_every_file_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crowding, "CROWD", 4)
    dataset, written = dataset_at(tmp_path, replace(SALES, target_file_mb=1)), 0
    before: set[str] = set()
    for run in range(40):
        dataset.put(f"{DELTA}{run}", *((f"{run:03d}-{n:05d}", n, f"{n * 7919 % 10**6}.00") for n in range(400)))
        files = {file.path: file.rows for file in dataset.lake.open(SALES).silver.live()}
        written += sum(rows for path, rows in files.items() if path not in before)
        before = set(files)
    assert sum(rows(dataset)) == 16_000
    assert written < 6 * 16_000  # 7.2 times when files of another step count as well, and more with every run


def test_large_file_is_left_alone_by_the_small_ones_on_both_sides_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowding, "CROWD", 3)
    monkeypatch.setattr(crowding, "_STEPS", (0, 0.01))
    dataset = dataset_at(tmp_path, replace(SALES, target_file_mb=1))
    dataset.put(DELTA + "large", *((f"m{n:05d}", n, f"{n * 7919 % 10**6}.00") for n in range(5_000)))
    for name in "abxy":
        dataset.put(DELTA + name, (name, 1, "1.00"))
    assert rows(dataset) == [1, 1, 1, 1, 5_000]
    dataset.put(DELTA + "c", ("c", 1, "1.00"))
    dataset.put(DELTA + "d", ("d", 1, "1.00"))
    assert rows(dataset) == [1, 1, 1, 3, 5_000]


def test_files_of_a_crowd_become_no_larger_than_a_file_should_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowding, "CROWD", 3)
    dataset = dataset_at(tmp_path)
    for name in "abcdef":
        dataset.put(DELTA + name, (name, 1, "1.00"))
    sizes = [file.bytes for file in dataset.lake.open(SALES).silver.live()]
    silver = dataset.lake.open(SALES).silver
    assert len(crowding._as_one(silver.live(), sum(sizes) - 1)) == len(sizes) - 1


def test_run_that_changes_nothing_rewrites_no_crowd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = dataset_at(tmp_path)
    for name in "abcdef":
        dataset.put(DELTA + name, (name, 2, "1.00"))
    monkeypatch.setattr(crowding, "CROWD", 2)
    before = dataset.silver_files()
    assert dataset.put(DELTA + "late", ("a", 1, "2.00")) == Books(rows_superseded=1)
    assert dataset.silver_files() == before


def test_the_longest_crowd_of_all_partitions_is_served_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = dataset_at(tmp_path, partitioned(SALES, "at"), CrowdedSlices)
    for number, at in enumerate(itertools.chain([1] * 3, [2] * 5)):
        dataset.put(f"{DELTA}{number}", (f"k{number}", at, "1.00"))
    monkeypatch.setattr(crowding, "CROWD", 3)
    dataset.put(DELTA + "now", ("n", 3, "1.00"))
    assert rows(dataset) == [1, 1, 1, 1, 5]
    dataset.put(DELTA + "then", ("o", 3, "1.00"))
    assert rows(dataset) == [1, 1, 3, 5]
