"""Reasons say what a refused value looks like, and never what it is."""

import csv
import io
from pathlib import Path

import duckdb
import pytest

from tests.unit.engine.rig import contract, load, text, typed
from tidegate.contracts.contract import Kind
from tidegate.engine.value_classes import VALUE_CLASSES, value_class

CLASSES = {
    "empty": [None],
    "long": ["x" * 1001, "1" * 1001],
    "control": ["1\t", "a\nb", "\x00", "\x7f", "1\u0085"],
    "blank": [" ", "   ", "\u00a0\u2003"],
    "padded": [" 12", "12 ", "\u00a012"],
    "null_like": ["NULL", "n/a", "NaN", "-", "\\N", "#N/A", "?"],
    "boolean_like": ["True", "y", "NO", "f"],
    "integer": ["12", "-7", "+0099999999999999999999999"],
    "decimal": ["1.5", "-.5", "5."],
    "exponent": ["1e5", "-1.5E-7"],
    "date_like": ["2020-01-31", "31.12.2019", "1/2/20", "2020-13-45"],
    "timestamp_like": ["2020-01-31T10:00:00Z", "1/2/20 9:30"],
    "time_like": ["9:30", "10:00:60 PM"],
    "grouped": ["1,5", "1,234.50", "1.234,50", "1 000 000", "1'000", "-1\u00a0000"],
    "text": ["abc", "0x10", "1-2", "A12", "--", "١٢", "nul", "12 apples"],
}


def test_every_class_of_the_list_has_examples() -> None:
    assert [word for word, _, _ in VALUE_CLASSES] == list(CLASSES)


@pytest.mark.parametrize(("word", "value"), [(word, value) for word, values in CLASSES.items() for value in values])
def test_value_is_of_the_class_that_the_list_says(word: str, value: str | None) -> None:
    with duckdb.connect() as db:
        assert db.execute(f"SELECT {value_class('t')} FROM (SELECT $1::VARCHAR AS t)", [value]).fetchall() == [(word,)]  # noqa: S608


def test_reasons_say_the_class_of_the_value_before_masking_and_never_the_value(tmp_path: Path) -> None:
    out = io.StringIO()
    rows = [["1e5", "Ann"], ["1,5", ""], ["x", "secret-name"], ["1", "Bob"], ["12", "Cy", "more"]]
    csv.writer(out, lineterminator="\n").writerows([["n", "who"], *rows])
    of = contract(typed("n", Kind.INTEGER), text("who", required=True, max_length=3, classification="personal"))
    outcome = load(tmp_path, of, out.getvalue().encode())
    assert outcome.rules == [
        [("type", "n")],
        [("type", "n"), ("required", "who")],
        [("type", "n"), ("max_length", "who")],
        [("columns", "")],
    ]
    assert outcome.classes == [["exponent"], ["grouped", "empty"], ["text", "text"], [""]]
    assert "secret" not in repr(outcome.classes)


def test_value_from_the_key_has_a_class_too(tmp_path: Path) -> None:
    day = typed("day", Kind.DATE, sources=(), from_key=r"([^/]*)\.csv$")
    outcome = load(tmp_path, contract(day, text("a")), b"a\n1\n", keys=["d/t/delta/30-02-2020.csv"])
    assert (outcome.rules, outcome.classes) == ([[("type", "day")]], [["date_like"]])
