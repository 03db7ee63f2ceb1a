"""Value maps, defaults and constants."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.engine.rig import contract, load, text, typed
from tidegate.contracts.contract import Column, ColumnType, Kind, LoadMode, Privacy, When
from tidegate.contracts.rules import Check, Metric, Rules
from tidegate.contracts.transform import read_logic
from tidegate.engine import check_contract
from tidegate.errors import ContractInvalid

SEX = (("M", "male"), ("F", "female"))


def test_text_that_the_map_does_not_have_is_rejected_and_null_is_none(tmp_path: Path) -> None:
    of = contract(text("n"), text("sex", value_map=SEX, valid_values=("male", "female")))
    outcome = load(tmp_path, of, b"n,sex\n1,M\n2,F\n3,m\n4,\n5,male\n")
    assert [row[:2] for row in outcome.accepted] == [("1", "male"), ("2", "female"), ("4", None)]
    assert outcome.rules == [[("value_map", "sex")], [("value_map", "sex")]]


def test_text_that_the_map_does_not_have_is_kept_where_the_contract_says_so(tmp_path: Path) -> None:
    of = contract(text("n"), text("sex", value_map=SEX, value_map_keeps=True))
    outcome = load(tmp_path, of, b"n,sex\n1,M\n2,x\n3,\n")
    assert [row[1] for row in outcome.accepted] == ["male", "x", None]


def test_required_column_with_an_unknown_code_is_not_also_missing(tmp_path: Path) -> None:
    outcome = load(tmp_path, contract(text("n"), text("sex", value_map=SEX, required=True)), b"n,sex\n1,x\n2,\n")
    assert outcome.rules == [[("value_map", "sex")], [("required", "sex")]]


def test_mapped_text_is_typed_checked_and_masked(tmp_path: Path) -> None:
    of = contract(
        typed("level", Kind.INTEGER, value_map=(("low", "1"), ("high", "9")), maximum="5"),
        text("who", value_map=(("a", "anna"),), privacy=Privacy.ZIP3),
    )
    outcome = load(tmp_path, of, b"level,who\nlow,a\nhigh,a\n")
    assert [row[:2] for row in outcome.accepted] == [(1, "ann")]
    assert outcome.rules == [[("maximum", "level")]]


def test_expression_then_map_then_default(tmp_path: Path) -> None:
    column = Column(
        "v",
        ColumnType(Kind.STRING),
        sources=("a",),
        expression=read_logic("upper(trim(a))", ("a",)),
        value_map=SEX,
        default="unknown",
    )
    outcome = load(tmp_path, contract(text("n"), column), b"n,a\n1, m \n2,\n3,  \n4,x\n")
    assert [row[1] for row in outcome.accepted] == ["male", "unknown", "unknown"]
    assert outcome.rules == [[("value_map", "v")]]


def test_default_stands_for_null_but_never_for_what_is_wrong(tmp_path: Path) -> None:
    of = contract(text("n"), typed("copies", Kind.INTEGER, default="1", null_values=("?",)))
    outcome = load(tmp_path, of, b"n,copies\n1,3\n2,\n3,?\n4,many\n", b"n\n5\n")
    assert [row[1] for row in outcome.accepted] == [3, 1, 1, 1]
    assert outcome.rules == [[("type", "copies")]]


def test_constant_is_in_every_row_and_in_no_header(tmp_path: Path) -> None:
    provider = Column("provider", ColumnType(Kind.STRING), constant="it's", primary_key=True)
    of = contract(text("n"), provider, Column("year", ColumnType(Kind.INTEGER), constant="2020"))
    outcome = load(tmp_path, of, b"n\n1\n2\n", b"other\n1\n")
    assert [row[:3] for row in outcome.accepted] == [("1", "it's", 2020), ("2", "it's", 2020)]
    assert outcome.codes == [None, "WRONG_HEADER"]


def test_tombstone_needs_no_value_that_can_be_computed(tmp_path: Path) -> None:
    kg = Column("kg", ColumnType(Kind.INTEGER), sources=("lb",), expression=read_logic("round(number(lb) / 2, 0)", ("lb",)))
    of = contract(
        text("id", primary_key=True),
        text("op", value_map=(("X", "D"), ("I", "I"))),
        text("sex", value_map=SEX),
        kg,
        delete_when=When("op", ("D",)),
    )
    outcome = load(tmp_path, of, b"id,op,sex,lb\n1,X,?,?\n2,I,M,?\n3,I,?,1\n")
    assert [row[:2] for row in outcome.accepted] == [("1", "D")]
    assert outcome.rules == [[("expression", "kg")], [("value_map", "sex")]]


def test_text_that_the_map_does_not_have_breaks_no_rule_of_the_contract_either(tmp_path: Path) -> None:
    rule = Check("no_gaps", "v", Metric.MISSING_VALUES, values=("?",))
    of = replace(contract(text("id"), text("v", value_map=SEX)), rules=Rules(checks=(rule,)))
    assert load(tmp_path, of, b"id,v\n1,?\n").rules == [[("value_map", "v")]]


def test_tombstone_has_no_value_where_the_map_does_not_have_it(tmp_path: Path) -> None:
    of = contract(
        text("id", primary_key=True),
        text("op"),
        text("v", value_map=SEX),
        text("w", value_map=SEX, privacy=Privacy.TOKENISE),
        delete_when=When("op", ("D",)),
    )
    outcome = load(tmp_path, of, b"id,op,v,w\n1,D,?,?\n")
    assert [row[:4] for row in outcome.accepted] == [("1", "D", None, None)]


def test_mark_that_the_map_does_not_have_makes_no_tombstone(tmp_path: Path) -> None:
    of = contract(
        text("id", primary_key=True), text("op", value_map=(("X", "D"),)), text("v", required=True), delete_when=When("op", ("D",))
    )
    outcome = load(tmp_path, of, b"id,op,v\n1,D,\n2,X,\n")
    assert [row[0] for row in outcome.accepted] == ["2"]
    assert outcome.rules == [[("value_map", "op"), ("required", "v")]]


@pytest.mark.parametrize(
    ("column", "part"),
    [
        (Column("v", ColumnType(Kind.INTEGER), constant="x"), "constant"),
        (typed("v", Kind.DATE, formats=("d.M.yyyy",), default="2021-01-31"), "default"),
        (typed("v", Kind.DECIMAL, decimal_comma=True, default="1.5"), "default"),
        (typed("v", Kind.BOOLEAN, value_map=(("J", "ja"),)), "value_map"),
    ],
)
def test_text_of_the_contract_that_its_own_column_refuses_is_the_contracts_fault(column: Column, part: str) -> None:
    with pytest.raises(ContractInvalid) as caught:
        check_contract(contract(column))
    assert caught.value.problems[0].path == f"columns.v.{part}"


def test_contracts_of_all_kinds_load_in_either_mode(tmp_path: Path) -> None:
    of = contract(text("n"), typed("tags", Kind.ARRAY), typed("more", Kind.OBJECT, default="{}"))
    assert of.load_mode is LoadMode.APPEND
    outcome = load(tmp_path, of, b'n,tags,more\n1,"[1.10, ""a b""]",\n2,{},"{""k"": 1}"\n')
    assert [row[:3] for row in outcome.accepted] == [("1", '[1.10,"a b"]', "{}")]
    assert outcome.rules == [[("type", "tags")]]
