"""The contract's checks: each broken rule is a reason, all in one pass."""

from pathlib import Path
from typing import Any

import pytest

from tests.unit.engine.rig import contract, load, text, typed
from tidegate.contracts.contract import Column, Kind


@pytest.mark.parametrize(
    ("column", "good", "bad", "rule"),
    [
        (text("v", required=True), "x", "", "required"),
        (text("v", primary_key=True, required=True), "x", "", "primary_key"),
        (typed("v", Kind.INTEGER), "1", "x", "type"),
        (text("v", valid_values=("M", "F")), "M", "m", "valid_values"),
        (typed("v", Kind.INTEGER, valid_values=("1", "2")), "01", "3", "valid_values"),
        (text("v", pattern="[0-9]{5}|x"), "12345", "123456", "pattern"),
        (text("v", pattern="a$"), "a", "ba", "pattern"),
        (text("v", min_length=2), "éé", "é", "min_length"),
        (text("v", max_length=2), "éé", "ééé", "max_length"),
        (typed("v", Kind.INTEGER, minimum="10"), "10", "9", "minimum"),
        (typed("v", Kind.DECIMAL, maximum="9.50"), "9.5", "9.51", "maximum"),
        (typed("v", Kind.DATE, minimum="2020-01-01", formats=("dd.MM.yyyy",)), "01.01.2020", "31.12.2019", "minimum"),
        (typed("v", Kind.DOUBLE, exclusive_minimum="0"), "0.1", "0", "exclusive_minimum"),
        (
            typed("v", Kind.TIMESTAMPTZ, exclusive_maximum="2021-01-01T00:00:00Z"),
            "2020-12-31T23:59Z",
            "2021-01-01T02:00+02:00",
            "exclusive_maximum",
        ),
    ],
)
def test_broken_rule_quarantines_the_row(tmp_path: Path, column: Column, good: str, bad: str, rule: str) -> None:
    outcome = load(tmp_path, contract(text("n"), column), f"n,v\n1,{good}\n2,{bad}\n3,{good}\n".encode())
    assert [(row[0], row[-1]) for row in outcome.accepted] == [("1", 1), ("3", 3)]
    assert outcome.quarantined == [("f0", 2, f"2,{bad}", [(rule, "v")])]


def test_null_passes_every_check_but_required(tmp_path: Path) -> None:
    column = text("v", valid_values=("M",), pattern="M", min_length=1, max_length=1, minimum="A")
    outcome = load(tmp_path, contract(text("n"), column), b"n,v\n1,\n")
    assert outcome.accepted == [("1", None, "f0", 1)]


def test_all_broken_rules_of_a_row_are_told_in_the_contracts_order(tmp_path: Path) -> None:
    of = contract(text("a", required=True), typed("b", Kind.INTEGER), text("c", valid_values=("x",), max_length=1))
    outcome = load(tmp_path, of, b"a,b,c\n,x,yy\n")
    assert outcome.rules == [[("required", "a"), ("type", "b"), ("valid_values", "c"), ("max_length", "c")]]


def test_reasons_and_messages_hold_no_value(tmp_path: Path) -> None:
    outcome = load(tmp_path, contract(typed("a", Kind.INTEGER)), b"a\nsecret-17\n", b'a\n1\n"secret-18\n')
    told: list[Any] = [outcome.rules, [f.refused for f in outcome.output.files]]
    assert "secret" not in repr(told)
    assert outcome.codes == [None, "UNREADABLE"]


def test_value_from_the_key_is_cast_checked_and_told_per_file(tmp_path: Path) -> None:
    day = Column("day", typed("day", Kind.DATE).type, from_key=r"(\d{2}-\d{2}-\d{4})\.csv$", formats=("MM-dd-yyyy",), required=True)
    keys = ["d/t/delta/01-22-2020.csv", "d/t/delta/02-30-2020.csv", "d/t/delta/other.csv"]
    outcome = load(tmp_path, contract(day, text("a")), b"a\n1\n2\n", b"a\n3\n", b"a\n4\n", keys=keys)
    assert [(str(row[0]), *row[1:]) for row in outcome.accepted] == [("2020-01-22", "1", "f0", 1), ("2020-01-22", "2", "f0", 2)]
    assert outcome.quarantined == [("f1", 1, "3", [("type", "day")])]
    assert outcome.codes == [None, None, "KEY_MISMATCH"]
