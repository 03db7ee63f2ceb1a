"""Repeated values within one file: what becomes of its rows depends on that file alone."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.engine.rig import contract, load, text, typed
from tidegate.contracts.contract import Column, Contract, Kind, LoadMode, Privacy, When
from tidegate.contracts.rules import Limit, Rules, Severity, Unique


def unique(*rules: Unique, columns: tuple[Column, ...] = (text("n"), text("v")), **options: object) -> Contract:
    return contract(*columns, rules=Rules(uniques=rules or (Unique("unique", ("v",)),)), **options)


def test_first_record_stays_and_later_ones_are_rejected_in_order(tmp_path: Path) -> None:
    outcome = load(tmp_path, unique(), b"n,v\n1,a\n2,b\n3,a\n4,\n5,\n6,c\n7,a\n")
    assert [row[0] for row in outcome.accepted] == ["1", "2", "4", "5", "6"]
    assert outcome.quarantined == [("f0", 3, "3,a", [("unique", "v")]), ("f0", 7, "7,a", [("unique", "v")])]
    assert (outcome.file.rows_read, outcome.file.rows_accepted, outcome.file.rows_quarantined) == (7, 5, 2)


def test_files_of_a_batch_do_not_decide_on_each_others_rows(tmp_path: Path) -> None:
    """Another time they come in other batches, and the rows have to be the same."""
    outcome = load(tmp_path, unique(), b"n,v\n1,a\n2,a\n", b"v,n\na,3\na,4\n", b"n,v\n5,a\n")
    assert [(row[0], row[-2]) for row in outcome.accepted] == [("1", "f0"), ("5", "f2"), ("3", "f1")]
    assert [(f, n) for f, n, *_ in outcome.quarantined] == [("f0", 2), ("f1", 2)]


def test_record_that_is_rejected_anyway_takes_no_value(tmp_path: Path) -> None:
    of = unique(columns=(typed("n", Kind.INTEGER), text("v")))
    outcome = load(tmp_path, of, b"n,v\nx,a\n2,a\n3,a,3\n4,a\n")
    assert [row[0] for row in outcome.accepted] == [2]
    assert outcome.rules == [[("type", "n")], [("columns", "")], [("unique", "v")]]


def test_several_columns_together_also_one_from_the_key(tmp_path: Path) -> None:
    day = Column("day", text("day").type, from_key=r"([0-9])\.csv$")
    of = unique(Unique("one", ("day", "v")), columns=(day, text("n"), text("v")))
    outcome = load(tmp_path, of, b"n,v\n1,a\n2,b\n3,a\n", b"n,v\n4,a\n", keys=["k/1.csv", "k/2.csv"])
    assert [row[1] for row in outcome.accepted] == ["1", "2", "4"]
    assert outcome.rules == [[("one", "day, v")]]


def test_null_in_one_of_several_columns_is_like_no_other(tmp_path: Path) -> None:
    outcome = load(tmp_path, unique(Unique("one", ("n", "v"))), b"n,v\n1,\n1,\n,\n,\n1,a\n1,a\n")
    assert [row[-1] for row in outcome.accepted] == [1, 2, 3, 4, 5]


def test_equal_values_are_compared_as_they_are_in_the_table(tmp_path: Path) -> None:
    of = unique(columns=(text("n"), typed("v", Kind.DECIMAL)))
    assert [row[0] for row in load(tmp_path, of, b"n,v\n1,1.50\n2,1.5\n3,01.5\n4,2\n").accepted] == ["1", "4"]


def test_tokens_are_compared_and_no_value_is_told(tmp_path: Path) -> None:
    of = unique(columns=(text("n"), text("v", classification="personal", privacy=Privacy.TOKENISE)))
    outcome = load(tmp_path, of, b"n,v\n1,Ann\n2,Bob\n3,Ann\n")
    assert (outcome.rules, outcome.classes) == ([[("unique", "v")]], [[""]])


def test_newer_record_of_the_same_key_repeats_nothing(tmp_path: Path) -> None:
    of = replace(unique(columns=(text("n", primary_key=True), text("v"))), load_mode=LoadMode.UPSERT)
    outcome = load(tmp_path, of, b"n,v\n1,a\n1,a\n2,a\n1,b\n3,b\n")
    assert sorted(row[-1] for row in outcome.accepted) == [1, 2, 4]


def test_tombstones_have_no_values(tmp_path: Path) -> None:
    columns = (text("n", primary_key=True), text("v"), text("op"))
    of = replace(unique(columns=columns, delete_when=When("op", ("D",))), load_mode=LoadMode.UPSERT)
    outcome = load(tmp_path, of, b"n,v,op\n1,a,D\n2,a,\n3,a,D\n4,a,I\n")
    assert [row[-1] for row in outcome.accepted] == [1, 2, 3]


@pytest.mark.parametrize("rule", [Unique("w", ("v",), Severity.WARNING), Unique("l", ("v",), limit=Limit("mustBeLessThan", (3,)))])
def test_warnings_and_limits_reject_no_record(tmp_path: Path, rule: Unique) -> None:
    assert load(tmp_path, unique(rule), b"n,v\n1,a\n2,a\n").file.rows_quarantined == 0


def test_record_that_repeats_two_things_has_two_reasons_beside_warnings_that_leave_it_out(tmp_path: Path) -> None:
    of = unique(Unique("n", ("n",)), Unique("v", ("v",)))
    assert load(tmp_path, of, b"n,v\n1,a\n1,a\n").rules == [[("n", "n"), ("v", "v")]]


def test_many_rows_keep_their_order(tmp_path: Path) -> None:
    rows = [f"{n},{n % 50_000}" for n in range(100_000)]
    outcome = load(tmp_path, unique(), "\n".join(["n,v", *rows, ""]).encode(), threads=2)
    assert [row[-1] for row in outcome.accepted] == list(range(1, 50_001))


def test_dropped_column_beside_a_rule_of_several_rows_fails_no_batch(tmp_path: Path) -> None:
    of = unique(columns=(text("n"), text("v"), text("secret", privacy=Privacy.DROP)))
    outcome = load(tmp_path, of, b"n,v,secret\n1,a,x\n2,a,y\n")
    assert [row[0] for row in outcome.accepted] == ["1"]
    assert outcome.rules == [[("unique", "v")]]
