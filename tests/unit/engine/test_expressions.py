"""Expressions in the engine: the examples of the documentation, and that what cannot be computed rejects one record, not a batch."""

from pathlib import Path
from typing import Any

import pytest

from tests.unit.engine.formulas import REJECTED, compute
from tests.unit.engine.rig import contract, load, text, typed
from tidegate.contracts.contract import Column, ColumnType, Kind
from tidegate.contracts.functions import FUNCTIONS
from tidegate.contracts.operators import OPERATORS
from tidegate.contracts.signatures import Function
from tidegate.contracts.transform import read_logic

MANY = 5000  # more than one of DuckDB's vectors


def computed(name: str, expression: str, *sources: str, kind: Kind = Kind.STRING, **options: Any) -> Column:
    type_ = ColumnType(kind, 18, 2) if kind is Kind.DECIMAL else ColumnType(kind)
    return Column(name, type_, sources=sources, expression=read_logic(expression, sources), **options)


@pytest.mark.parametrize("function", [*FUNCTIONS, *OPERATORS], ids=lambda f: f.name)
def test_example_of_the_documentation_gives_what_it_says(function: Function) -> None:
    assert compute(function.example, (), [{}]) == [function.gives or None]


NULLS = (
    [f"{name}(a)" for name in ("upper", "lower", "trim", "ltrim", "rtrim", "length", "number", "date", "timestamp", "time")]
    + [f"{name}(number(a))" for name in ("round", "floor", "ceil", "abs", "text", "-")]
    + [f"{name}(date(a))" for name in ("year", "month", "day", "text")]
    + [f"{name}(a, 2)" for name in ("substring", "left", "right")]
    + [f"{name}(date(a), date(b))" for name in ("years_between", "days_between")]
    + [f"{name}(b, a)" for name in ("coalesce", "greatest", "least", "concat", "nullif")]
    + ["replace(a, 'x', 'y')", "split_part(a, '-', 1)", "concat_ws('-', a, b)", "lpad(a, 3, '0')", "rpad(a, 3, '0')", "a || 'x'"]
    + [
        "regexp_replace(a, '^', 'x')",
        "regexp_extract(a, 'x*')",
        "regexp_matches(a, 'x*')",
        "format_date(date(a), 'yyyy')",
        "'x' || a",
    ]
    + ["add_days(date(a), 1)", "add_days(date('2020-01-01'), number(a, 0))", "a LIKE '%'", "a IN ('x')", "a NOT IN ('x')", "a = b"]
    + [
        "number(a) BETWEEN 1 AND 2",
        "1 / number(a)",
        "7 % number(a)",
        "1 + number(a)",
        "CASE WHEN a = 'x' THEN 'y' END",
        "NOT a = 'x'",
    ]
)


@pytest.mark.parametrize("expression", NULLS)
def test_computing_with_null_gives_null(expression: str) -> None:
    assert compute(expression, ("a", "b"), [{"a": "", "b": ""}]) == [None]


def test_no_function_is_left_out_of_the_test_with_null() -> None:
    assert {f.name for f in FUNCTIONS} == {name for name in (f.name for f in FUNCTIONS) if any(f"{name}(" in e for e in NULLS)}


@pytest.mark.parametrize(
    ("expression", "value", "result"),
    [
        ("number(a)", "1e2", REJECTED),
        ("number(a)", " 1", REJECTED),
        ("number(a)", "1,5", REJECTED),
        ("number(a)", "0.1234567891", REJECTED),
        ("number(a)", "0" * 99 + "1.50" + "0" * 99, "1.5"),
        ("number(a) * 99999999999999999999", "99999999999999999999", REJECTED),
        ("1 / number(a)", "0", REJECTED),
        ("1 / number(a)", "0.000", REJECTED),
        ("7 % number(a)", "0", REJECTED),
        ("round(1 / number(a), 2)", "-0", REJECTED),
        ("round(number(a) / 3, 4)", "-2", "-0.6667"),
        ("round(number(a) / 20, 1)", "1", "0.1"),
        ("round(number(a) / 2, 0)", "-5", "-3"),
        ("number(a) - 0.1", "0.3", "0.2"),
        ("-number(a)", "1.5", "-1.5"),
        ("-abs(-number(a)) - -1", "-2", "-1"),
        ("greatest(number(a), 1.12)", "1.123456789", "1.123456789"),
        ("round(number(a) * 0.45359237, 3)", "150.5", "68.266"),
        ("date(a)", "2021-02-30", REJECTED),
        ("date(a)", "2021-1-1", REJECTED),
        ("date(a, 'd.M.yyyy')", "31.1.2021 ", REJECTED),
        ("date(timestamp(a))", "2021-01-31T23:59:59", "2021-01-31"),
        ("time(a)", "24:00:00", REJECTED),
        ("years_between(date('2000-02-29'), date(a))", "2001-02-28", "0"),
        ("years_between(date('2000-02-29'), date(a))", "2001-03-01", "1"),
        ("years_between(date('2000-02-29'), date(a))", "1999-02-28", "-1"),
        ("add_days(date('9999-12-31'), number(a, 0))", "99999999999", REJECTED),
        ("date(a) = date('2020-01-01')", "x", REJECTED),
        ("if(a = '-', 'none', text(number(a)))", "-", "none"),
        ("coalesce(nullif(a, 'x'), text(number(a)))", "y", "y"),
        ("if(a <> '-' AND number(a) > 1, 'more', 'less')", "-", REJECTED),
        ("number(a) IN (1, 2, 3, 4, 5, 6, 7, 8, 9)", "x", REJECTED),
        ("split_part(a, '-', 3)", "1-2", None),
        ("coalesce(trim(a), 'blank')", " \t\u00a0", "blank"),
        ("lpad(a, 3, '0')", "12345", "12345"),
        ("a || 'x'", "", None),
        ("replace(a, '''', '\"')", "it's", 'it"s'),
        ("upper(a)", "straße", "STRAẞE"),
    ],
)
def test_value_is_exact_or_the_record_is_rejected(expression: str, value: str, result: str | None) -> None:
    assert compute(expression, ("a",), [{"a": value}, {"a": "1"}])[0] == result


@pytest.mark.parametrize("expression", ["number(a)", "text(1 / number(a, 0))", "if(number(a) > 0 OR a = 'x', a, 'y')"])
def test_one_bad_record_among_thousands_is_rejected_alone(expression: str) -> None:
    rows = [{"a": "x" if n == 2047 else str(n + 1)} for n in range(MANY)]
    results = compute(expression, ("a",), rows)
    assert [n for n, r in enumerate(results) if r == REJECTED] == [2047]
    assert results[0] == "1"
    assert None not in results


@pytest.mark.parametrize(("comma", "thousands", "value", "result"), [(True, ".", "1.234,5", "1234.5"), (True, "", "1.5", REJECTED)])
def test_numbers_in_an_expression_are_read_as_the_file_writes_them(comma: bool, thousands: str, value: str, result: str) -> None:  # noqa: FBT001
    assert compute("number(a)", ("a",), [{"a": value}], decimal_comma=comma, thousands=thousands)[0] == result


def test_record_with_a_value_that_cannot_be_computed_is_quarantined_by_its_column(tmp_path: Path) -> None:
    of = contract(
        text("id", primary_key=True),
        computed("kg", "round(number(lb) * 0.45359237, 2)", "lb", kind=Kind.DECIMAL, required=True, maximum="100"),
        computed("day", "date(seen, 'M/d/yy')", "seen", kind=Kind.DATE),
    )
    content = b"id,lb,seen\n1,150.5,1/31/20\n2,heavy,2/30/20\n3,,\n4,999,1/1/21\n"
    outcome = load(tmp_path, of, content)
    assert [(row[0], str(row[1]), str(row[2])) for row in outcome.accepted] == [("1", "68.27", "2020-01-31")]
    assert outcome.rules == [[("expression", "kg"), ("expression", "day")], [("required", "kg")], [("maximum", "kg")]]
    assert [raw for _, _, raw, _ in outcome.quarantined] == ["2,heavy,2/30/20", "3,,", "4,999,1/1/21"]


def test_result_with_more_digits_than_its_column_is_rejected_not_rounded(tmp_path: Path) -> None:
    of = contract(computed("v", "number(a) * 0.001", "a", kind=Kind.DECIMAL))
    outcome = load(tmp_path, of, b"a\n10\n5\n")
    assert [str(row[0]) for row in outcome.accepted] == ["0.01"]
    assert outcome.rules == [[("type", "v")]]


def test_generations_of_headers_meet_in_one_expression_and_a_header_without_any_lacks_the_column(tmp_path: Path) -> None:
    place = computed(
        "place", 'upper(coalesce("Province/State", "Province_State"))', "Province/State", "Province_State", required=True
    )
    outcome = load(
        tmp_path, contract(text("n"), place), b"n,Province/State\n1,ohio\n", b"n,Province_State\n2,utah\n", b"n,State\n3,iowa\n"
    )
    assert [row[:2] for row in outcome.accepted] == [("1", "OHIO"), ("2", "UTAH")]
    assert outcome.codes == [None, None, "WRONG_HEADER"]


def test_source_of_a_plain_column_and_of_two_expressions_is_read_by_all_three(tmp_path: Path) -> None:
    last, first = computed("last", "split_part(name, ', ', 1)", "name"), computed("first", "split_part(name, ', ', 2)", "name")
    outcome = load(tmp_path, contract(text("name"), last, first), b'name\n"Doe, Jane"\nPele\n')
    assert [row[:3] for row in outcome.accepted] == [("Doe, Jane", "Doe", "Jane"), ("Pele", "Pele", None)]


def test_null_values_are_null_in_an_expression_and_the_result_is_masked(tmp_path: Path) -> None:
    from tidegate.contracts.contract import Privacy

    name = computed("name", "concat_ws(' ', a, b)", "a", "b", null_values=("-",), privacy=Privacy.ZIP3)
    outcome = load(tmp_path, contract(name, null_values=("NULL",)), b"a,b\nNULL,Jane\n-,NULL\nJo,-\n")
    assert [row[0] for row in outcome.accepted] == ["Jan", None, "Jo"]


def test_pattern_that_only_python_knows_is_the_contracts_fault() -> None:
    from tidegate.engine import check_contract
    from tidegate.errors import ContractInvalid

    with pytest.raises(ContractInvalid) as caught:
        check_contract(contract(computed("v", r"regexp_extract(a, '\N{DIGIT ONE}')", "a")))
    assert caught.value.problems[0].path == "columns.v.expression"


def test_columns_without_expressions_are_read_by_the_same_sql_as_before() -> None:
    from tidegate.engine.mapping import column_text

    assert column_text(text("v"), ("n", "v"), ("NULL",)) == "CASE WHEN h1 IN ('', 'NULL') THEN NULL ELSE h1 END"
    assert column_text(typed("v", Kind.INTEGER), ("n",), ()) == "CAST(NULL AS VARCHAR)"
