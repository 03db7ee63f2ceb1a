"""Rows that a newer one of their key beats lie in row groups of their own; nobody is lost over it, whatever else happens to a row."""

import random
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.unit.engine.rig import contract, load, text, typed
from tidegate.contracts.contract import Contract, Kind, LoadMode
from tidegate.engine import beaten, rowset

COLUMNS = (text("id", primary_key=True), typed("at", Kind.INTEGER), text("kind", valid_values=("a", "b")))
KEYED = replace(contract(*COLUMNS, order_by="at"), load_mode=LoadMode.UPSERT)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Row groups of sixteen rows that wait for four more; a segment is a file."""
    monkeypatch.setattr(beaten, "GROUP_ROWS", 16)
    monkeypatch.setattr(beaten, "_NEAR", 4)
    monkeypatch.setattr(rowset, "_SMALLEST", 1)
    monkeypatch.setattr(rowset, "_LARGEST", 1)


def groups(path: Path) -> list[list[tuple[str, int, int]]]:
    """Key, number of the file and record of the rows of each row group."""
    whole = pq.ParquetFile(path)
    columns = ["id", "_file_id", "_record"]
    return [
        [(row["id"], int(row["_file_id"][1:]), row["_record"]) for row in whole.read_row_group(n, columns=columns).to_pylist()]
        for n in range(whole.num_row_groups)
    ]


def written(tmp_path: Path, of: Contract, *files: list[str]) -> list[list[tuple[str, int, int]]]:
    """The row groups of the accepted rows of some files."""
    outcome = load(tmp_path, of, *("\n".join(["id,at,kind", *rows, ""]).encode() for rows in files))
    assert outcome.output.accepted is not None
    return groups(outcome.output.accepted)


def test_row_that_a_later_one_beats_is_apart(tmp_path: Path) -> None:
    assert written(tmp_path, KEYED, ["x,1,a", "y,1,a", "x,2,a"]) == [[("y", 0, 2), ("x", 0, 3)], [("x", 0, 1)]]


def test_row_that_an_earlier_one_beats_is_apart(tmp_path: Path) -> None:
    assert written(tmp_path, KEYED, ["x,2,a", "y,1,a", "x,1,a"]) == [[("x", 0, 1), ("y", 0, 2)], [("x", 0, 3)]]


def test_rejected_row_beats_nobody(tmp_path: Path) -> None:
    assert written(tmp_path, KEYED, ["x,1,a", "x,2,z", "y,1,a"]) == [[("x", 0, 1), ("y", 0, 3)]]


def test_rows_of_a_dataset_without_keys_keep_their_order(tmp_path: Path) -> None:
    assert written(tmp_path, replace(KEYED, load_mode=LoadMode.APPEND), ["x,1,a", "x,2,a"]) == [[("x", 0, 1), ("x", 0, 2)]]


def test_every_row_is_in_one_row_group_and_neighbours_are_told_apart(tmp_path: Path) -> None:
    dice = random.Random(11)  # noqa: S311 - no secret
    rows = [(f"k{max(0, n - dice.choice([0, 0, 1, 2, 3]))}", dice.randrange(5)) for n in range(200)]
    texts = [f"{key},{at},a" for key, at in rows]
    files = [texts[n : n + 3] for n in range(0, 200, 3)]
    found = [[(key, file * 3 + record) for key, file, record in group] for group in written(tmp_path, KEYED, *files)]
    assert sorted(place for group in found for _, place in group) == list(range(1, 201))
    newest = {key: max((at, n // 3, n) for n, (k, at) in enumerate(rows) if k == key)[-1] + 1 for key, _ in rows}
    wins = [[newest[key] == place for key, place in group] for group in found]
    assert all(all(group) or not any(group) for group in wins)
    assert len(found) > 8


def test_rows_so_wide_that_few_fill_a_row_group_do_not_wait_for_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beaten, "_NEAR", 1_000)
    monkeypatch.setattr(beaten, "GROUP_BYTES", 10_000)
    wide = replace(KEYED, columns=(*KEYED.columns, text("note")))
    files = [f"id,at,kind,note\nk{n},1,a,{'x' * 3_000}\n".encode() for n in range(40)]
    outcome = load(tmp_path, wide, *files)
    assert outcome.output.accepted is not None
    found = groups(outcome.output.accepted)
    assert [key for group in found for key, _, _ in group] == [f"k{n}" for n in range(40)]
    assert max(map(len, found)) <= 5


def test_row_of_a_key_that_comes_again_far_behind_stays_where_it_is(tmp_path: Path) -> None:
    found = written(tmp_path, KEYED, ["x,1,a"], *([f"k{n},1,a"] for n in range(60)), ["x,2,a"])
    assert sum(map(len, found)) == 62
    assert found[0][0] == ("x", 0, 1)
