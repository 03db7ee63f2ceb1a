"""Silver that is written in tasks is the silver of one machine, whatever comes, leaves, and how it is cut."""

import itertools
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings

from tests.fakes import FakeObjects
from tests.spread import FolderS3, Serial, workshop
from tests.unit.tables.histories import HISTORIES, HISTORIES_WITH_TOMBSTONES, Step, play
from tests.unit.tables.lake import CHANGES, DELTA, EVENTS, KEYRING, SALES, Dataset, LocalLake, Version
from tidegate.aws.stored_files import store
from tidegate.contracts.contract import Contract, PartitionBy
from tidegate.engine import Keyring
from tidegate.errors import NoRoom
from tidegate.model.runs import Manifest
from tidegate.ports import StoredFile, Table, Workshop
from tidegate.spark.tasks import Tools, answer, receive, request, send
from tidegate.tables import writing

PARTITIONED = replace(
    SALES, columns=(SALES.columns[0], replace(SALES.columns[1], partition=PartitionBy.IDENTITY), SALES.columns[2])
)


class Spread(Dataset):
    """A dataset whose rows are stored when they arrive, and whose tables are written in tasks."""

    def __init__(self, place: Path, contract: Contract = SALES) -> None:
        (place / "warehouse").mkdir()
        super().__init__(LocalLake(place / "warehouse"), place, contract, apart=True)
        self.serial = Serial(FakeObjects(), FakeObjects(), FolderS3(Path("/")), KEYRING)

    def workshop(self, room: Path, manifest: Manifest) -> Workshop:
        return workshop(room, self.serial, manifest)

    def accepted(self, room: Path, run_id: str, bronze: Table, *versions: Version) -> Sequence[StoredFile]:
        made = super().accepted(room, run_id, bronze, *versions)
        return [store(self.serial.s3, path, bronze.location, run_id) for path in made if isinstance(path, Path)]


@pytest.mark.parametrize(
    "contract", [SALES, EVENTS, PARTITIONED, replace(SALES, sort_by=("amount",))], ids=["upsert", "append", "sliced", "sorted"]
)
@settings(max_examples=8, deadline=None)
@given(HISTORIES)
def test_any_history_leaves_the_plain_fold(contract: Contract, history: list[Step]) -> None:
    with tempfile.TemporaryDirectory() as place:
        play(Spread(Path(place), contract), history)


@pytest.mark.parametrize("contract", [SALES, PARTITIONED, replace(SALES, sort_by=("amount",))], ids=["upsert", "sliced", "sorted"])
@settings(max_examples=6, deadline=None)
@given(HISTORIES)
def test_any_history_in_the_smallest_pieces_leaves_the_plain_fold(contract: Contract, history: list[Step]) -> None:
    with tempfile.TemporaryDirectory() as place, patch.object(writing, "TARGET_BYTES", 500):
        play(Spread(Path(place), contract), history)


@settings(max_examples=8, deadline=None)
@given(HISTORIES_WITH_TOMBSTONES)
def test_any_history_with_tombstones_leaves_the_plain_fold(history: list[Step]) -> None:
    with tempfile.TemporaryDirectory() as place:
        play(Spread(Path(place), CHANGES), history)


def test_rows_of_many_files_are_cut_into_pieces_whose_keys_do_not_overlap_and_stay_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "TARGET_BYTES", 20_000)
    sales = Spread(tmp_path)
    versions = [
        sales.arrive(f"{DELTA}{f}", *((f"k{n * 7919 % 30_000:06d}", 1, "1.00") for n in range(f, 30_000, 3))) for f in range(3)
    ]
    books = sales.load(*versions)
    assert books.rows_inserted == 30_000
    assert sales.serial.performed.count("CutRows") == 3
    assert sales.serial.performed.count("WritePiece") > 4
    first = stretches(sales)
    assert len(first) >= sales.serial.performed.count("WritePiece")
    assert all(one[-1] < other[0] for one, other in itertools.pairwise(first))
    before = sales.silver_files()
    books = sales.put(f"{DELTA}9", *((f"k{n:06d}", 2, "2.00") for n in range(100)), *((f"l{n:06d}", 1, "1.00") for n in range(5)))
    assert (books.rows_updated, books.rows_inserted) == (100, 5)
    assert len(before.keys() - sales.silver_files().keys()) == 1
    assert all(one[-1] < other[0] for one, other in itertools.pairwise(stretches(sales)))


@pytest.mark.parametrize("contract", [SALES, replace(SALES, sort_by=("at",))], ids=["by key", "by another column"])
def test_many_rows_that_come_to_one_file_are_not_all_written_by_one_machine(
    contract: Contract, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A small file may cover every place there is, as one with random keys does."""
    monkeypatch.setattr(writing, "TARGET_BYTES", 15_000)
    sales = Spread(tmp_path, contract)
    sales.put(f"{DELTA}1", *((f"k{n:06d}", n or None, "1.00") for n in (0, 7, 4_998, 4_999)))
    sales.serial.performed.clear()
    books = sales.put(f"{DELTA}2", *((f"k{n:06d}", n + 1, "2.00") for n in range(1, 4_999)))
    assert (books.rows_inserted, books.rows_updated) == (4_996, 2)
    assert sales.serial.performed.count("WritePiece") > 4
    assert len(sales.silver) == 5_000
    place = contract.sort_by[0] if contract.sort_by else "id"
    found = [pq.read_table(f.path, columns=[place])[place].drop_null().to_pylist() for f in sales.lake.open(contract).silver.live()]
    found.sort()
    assert len(found) >= sales.serial.performed.count("WritePiece")
    assert all(one == sorted(one) for one in found)
    assert all(one[-1] <= other[0] for one, other in itertools.pairwise(found))


def stretches(dataset: Dataset) -> list[list[str]]:
    live = dataset.lake.open(dataset.contract).silver.live()
    found = sorted(pq.read_table(f.path, columns=["id"])["id"].to_pylist() for f in live)
    assert all(one == sorted(one) for one in found)
    return found


class Full:
    """A task on a machine that is full."""

    def perform(self, _tools: Tools, parcels: Sequence[bytes] = ()) -> None:
        raise NoRoom(f"no room for {len(parcels)} parcels")


def test_error_of_a_machine_that_sends_reaches_the_driver_and_not_half_of_the_rows(tmp_path: Path) -> None:
    serial = Serial(FakeObjects(), FakeObjects(), FolderS3(tmp_path), Keyring("k1", b"k" * 64))

    sent = send(request(None, Full()), serial.tools)
    assert [number for number, _ in sent] == [0]
    with pytest.raises(NoRoom, match="0 parcels"):
        answer(receive(request(None, Full()), serial.tools, [(True, b"rows"), *(parcel for _, parcel in sent)]))
    with pytest.raises(NoRoom, match="1 parcels"):
        answer(receive(request(None, Full()), serial.tools, [(True, b"rows")]))
