"""Tombstones in the row engine: only what makes them one is checked; where that is broken, they go to quarantine like any row."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.engine.rig import contract, load, text, typed
from tidegate.contracts.contract import Column, ColumnType, Contract, Kind, LoadMode, Privacy, When

COLUMNS = (
    text("id", primary_key=True, required=True, pattern="[a-z]+"),
    text("op", valid_values=("I", "U", "D", "X")),
    typed("at", Kind.INTEGER, required=True),
    text("name", required=True, max_length=5),
    typed("amount", Kind.DECIMAL, required=True, minimum="0"),
)


def changes(*more: Column, values: tuple[str, ...] = ("D", "X"), **options: object) -> Contract:
    """Return a contract of rows of which those with op D and X are tombstones, in the order of `at`."""
    made = contract(*COLUMNS, *more, order_by="at", delete_when=When("op", values), **options)
    return replace(made, load_mode=LoadMode.UPSERT)


HEADER = b"id,op,at,name,amount\n"


@pytest.mark.parametrize("op", ["D", "X"])
def test_tombstone_with_its_key_alone_is_accepted_and_counted(tmp_path: Path, op: str) -> None:
    outcome = load(tmp_path, changes(), HEADER + f"a,{op},7,,\n".encode())
    assert outcome.accepted == [("a", op, 7, None, None, "f0", 1)]
    assert (outcome.file.rows_read, outcome.file.rows_accepted, outcome.file.rows_quarantined) == (1, 1, 0)


def test_broken_values_beside_the_key_do_not_hold_a_tombstone_back(tmp_path: Path) -> None:
    """What cannot be read is null: a value that breaks its type has no place in the table."""
    outcome = load(tmp_path, changes(), HEADER + b"a,D,7,far too long,12 EUR\nb,D,7,ok,-1\n")
    assert [tuple(map(str, row[:5])) for row in outcome.accepted] == [
        ("a", "D", "7", "far too long", "None"),
        ("b", "D", "7", "ok", "-1.00"),
    ]


def test_same_flaws_in_an_ordinary_row_are_quarantined(tmp_path: Path) -> None:
    outcome = load(tmp_path, changes(), HEADER + b"a,I,7,,\nb,U,7,far too long,12 EUR\nc,,7,,\nd,D,7,,\n")
    assert [row[0] for row in outcome.accepted] == ["d"]
    assert outcome.rules == [
        [("required", "name"), ("required", "amount")],
        [("max_length", "name"), ("type", "amount")],
        [("required", "name"), ("required", "amount")],  # without a marker nobody said that it goes
    ]


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (",D,7,,", ("primary_key", "id")),
        ("A1,D,7,,", ("pattern", "id")),
        ("a,D,,,", ("required", "at")),
        ("a,D,soon,,", ("type", "at")),
    ],
)
def test_tombstone_without_a_good_key_or_order_goes_to_quarantine_with_its_text(
    tmp_path: Path, record: str, reason: tuple[str, str]
) -> None:
    outcome = load(tmp_path, changes(), HEADER + f"{record}\nb,D,7,,\n".encode())
    assert outcome.quarantined == [("f0", 1, record, [reason])]
    assert [row[0] for row in outcome.accepted] == ["b"]
    assert (outcome.file.rows_read, outcome.file.rows_accepted, outcome.file.rows_quarantined) == (2, 1, 1)


def test_every_part_of_the_key_is_needed(tmp_path: Path) -> None:
    of = changes(text("shop", primary_key=True))
    outcome = load(tmp_path, of, b"id,op,at,name,amount,shop\na,D,7,,,\na,D,7,,,s\n")
    assert outcome.rules == [[("primary_key", "shop")]]
    assert [row[0] for row in outcome.accepted] == ["a"]


@pytest.mark.parametrize("record", ["a,D,7", "a,D,7,,,more"])
def test_tombstone_in_a_ragged_record_deletes_nothing(tmp_path: Path, record: str) -> None:
    outcome = load(tmp_path, changes(), HEADER + f"b,D,7,,\n{record}\n".encode())
    assert [row[0] for row in outcome.accepted] == ["b"]
    assert [(number, raw, reasons) for _, number, raw, reasons in outcome.quarantined] == [(2, record, [("columns", "")])]


@pytest.mark.parametrize("op", ["d", " D", "D ", "DD", "Δ"])
def test_marker_is_compared_as_it_is_written(tmp_path: Path, op: str) -> None:
    of = replace(changes(), columns=(COLUMNS[0], text("op"), *COLUMNS[2:]))
    outcome = load(tmp_path, of, HEADER + f"a,{op},7,,\n".encode())
    assert outcome.rules == [[("required", "name"), ("required", "amount")]]


def test_marker_is_data_not_sql(tmp_path: Path) -> None:
    of = replace(changes(values=("it's", "%")), columns=(COLUMNS[0], text("op"), *COLUMNS[2:]))
    outcome = load(tmp_path, of, HEADER + b"a,it's,7,,\nb,%,7,,\nc,D,7,,\n")
    assert [row[0] for row in outcome.accepted] == ["a", "b"]
    assert len(outcome.quarantined) == 1


def test_personal_values_of_a_tombstone_are_masked_all_the_same(tmp_path: Path) -> None:
    secret = text("email", required=True, privacy=Privacy.TOKENISE, pattern=".+@.+")
    born = typed("born", Kind.DATE, required=True, privacy=Privacy.YEAR)
    outcome = load(tmp_path, changes(secret, born), b"id,op,at,name,amount,email,born\na,D,7,,,ann at home,1990-05-17\nb,D,7,,,,\n")
    (_, *_, token, year, _, _), last = outcome.accepted
    assert isinstance(token, str)
    assert (len(token), str(year)) == (32, "1990-01-01")
    assert "ann" not in repr(outcome)
    assert last[5:7] == (None, None)


def test_column_that_drift_brought_is_kept_in_a_tombstone(tmp_path: Path) -> None:
    outcome = load(tmp_path, changes(), b"id,op,at,name,amount,Note\na,D,7,,,left\n")
    assert outcome.accepted == [("a", "D", 7, None, None, "left", "f0", 1)]


def test_value_of_the_files_name_is_needed_by_tombstones_too(tmp_path: Path) -> None:
    """It is the file's, not the row's: no sender left it out for a row that goes."""
    day = Column("day", ColumnType(Kind.DATE), from_key=r"(\S+)\.csv$", required=True)
    keys = ["2020-01-31.csv", "2020-02-31.csv"]
    outcome = load(tmp_path, changes(day), HEADER + b"a,D,7,,\n", HEADER + b"b,D,7,,\n", keys=keys)
    assert [row[0] for row in outcome.accepted] == ["a"]
    assert [(file, reasons) for file, _, _, reasons in outcome.quarantined] == [("f1", [("type", "day")])]


def test_file_without_the_marker_has_no_tombstones(tmp_path: Path) -> None:
    outcome = load(tmp_path, changes(), b"id,at,name,amount\na,7,x,1\nb,7,,\n")
    assert [row[:2] for row in outcome.accepted] == [("a", None)]
    assert outcome.rules == [[("required", "name"), ("required", "amount")]]


def test_contract_without_tombstones_checks_every_row(tmp_path: Path) -> None:
    outcome = load(tmp_path, replace(changes(), delete_when=None), HEADER + b"a,D,7,,\n")
    assert outcome.rules == [[("required", "name"), ("required", "amount")]]
