"""transformLogic: what is read, and what is refused with a hint; nothing that is not on the list gets through."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.contracts.functions import FUNCTIONS
from tidegate.contracts.operators import OPERATORS
from tidegate.contracts.syntax import LogicInvalid
from tidegate.contracts.terms import Sort, Term
from tidegate.contracts.transform import read_logic

HEADER = ("a", "b", "Province/State", 'say "x"')
KNOWN = {f.name for f in FUNCTIONS} | {"source", "literal", "figure", "case", "in", "like", "is null", "not", "negative", "between"}
KNOWN |= {"and", "or", "||", "=", "<>", "<", "<=", ">", ">=", "+", "-", "*", "/", "%"}


@pytest.mark.parametrize(
    ("expression", "message", "hint"),
    [
        ("uper(a)", "the function uper is not known", "did you mean 'upper'?"),
        ("substr(a, 1)", "the function substr is not known", "did you mean 'substring'?"),
        ("to_date(a, 'd.M.yyyy')", "to_date is not known", "'date'"),
        ("A", "A is not among transformSourceObjects", "did you mean 'a'?"),
        ("c", "c is not among transformSourceObjects", "add it there"),
        ("a.b", "a.b is not a column", '"a.b"'),
        ("a::int", "CAST(a AS INT) is not supported", "number(…)"),
        ("a + 1", "+ takes a number, not a text", "number(…)"),
        ("upper(1)", "upper takes a text, not a number", "text(…)"),
        ("a = 1", "= takes values of one sort, not a text and a number", "number(…)"),
        ("a = ''", "an empty text", "x IS NULL"),
        ("if(a, 'x', 'y')", "CASE WHEN takes a condition, not a text", "a comparison"),
        ("coalesce(a = 'x', b = 'y')", "coalesce takes values, not a condition", "CASE WHEN"),
        ("upper(a, b)", "upper(text) is given 2 arguments", "as in upper"),
        ("substring(a, 0)", "a whole number from 1 to 100000", "substring('2021Q3'"),
        ("left(a, length(b))", "a whole number", "left"),
        ("replace(a, b, 'x')", "a literal text", "replace"),
        ("regexp_matches(a, '(?=x)')", "look-around", "RE2"),
        ("regexp_extract(a, 'x', 1)", "names group 1, but the pattern has 0", "(…)"),
        (r"regexp_replace(a, 'x', '\1')", "names group 1", "(…)"),
        (r"regexp_replace(a, 'x', '\n')", "stands before a digit", r"\\ a backslash"),
        ("regexp_replace(a, 'x', 'y', 'i')", "the option 'g' only", "every match"),
        ("date(a, 'dd.MM.YYYY')", "YYYY is not read", "y is the year"),
        ("date(a, 'MM/yyyy')", "year, month and day", "yyyy-MM-dd"),
        ("timestamp(a, 'yyyy-MM-dd HH:mmX')", "has an offset", "timezone"),
        ("format_date(date(a), 'EEE')", "EEE is not written", "quotes"),
        ("format_date(date(a), 'HH:mmX')", "X is not written", "quotes"),
        ("add_days(date(a), number(b))", "takes a whole number", "number(x, 0)"),
        ("number(a) * number(b) * number(a) * number(b)", "36 digits behind the point", "round"),
        ("number(a) / 0", "/ 0 is no computation", "another"),
        ("number(a) * 0.0", "* 0.0 is no computation", "another"),
        ("1e5 + number(a)", "1e5 is not a number", "such as"),
        ("a IN (b)", "IN takes literals", "'a', 'b'"),
        ("a IN (SELECT 1)", "is not supported", "list of functions"),
        ("a LIKE b", "LIKE takes a literal", "A%"),
        ("a IS TRUE", "IS takes NULL only", "compare"),
        ("a -- all", "has a comment", "transformDescription"),
        ("now()", "now is not supported", "whenever"),
        ("current_date", "current_date is not supported", "whenever"),
        ("true", "TRUE is not supported", "condition"),
        ("CASE a WHEN 'x' THEN b END", "is not supported", "list of functions"),
        ("", "is not one expression", "upper"),
    ],
)
def test_what_is_refused_says_what_to_write_instead(expression: str, message: str, hint: str) -> None:
    with pytest.raises(LogicInvalid) as caught:
        read_logic(expression, HEADER)
    assert message in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    "expression",
    [
        "a; DROP TABLE staged_1",
        "(SELECT raw FROM raws)",
        "SELECT 1",
        "COPY a TO '/tmp/x'",
        "read_text('/etc/passwd')",
        "getvariable('inner_pad')",
        "getenv('HOME')",
        "query('SELECT 1')",
        "a' OR '1' = '1",
        "h0",
        '"a"" || h1 || """',
        "a /* */ || b",
        "upper(DISTINCT a)",
        "upper(a ORDER BY b)",
        "upper(a) OVER ()",
        "concat(*)",
        "concat(a, b := 'x')",
        "list_transform([a], x -> x)",
        "[a]",
        "{'a': a}",
        "a COLLATE nocase",
        "$1",
        "?",
        "a AT TIME ZONE 'UTC'",
        "INTERVAL 1 DAY",
        "a = ANY(b)",
        "EXISTS(SELECT 1)",
        "pg_catalog.upper(a)",
        "random()",
        "E'\\x41'",
        "a AS b",
        "a, b",
        "ATTACH 'x'",
        "PRAGMA version",
        "a IN (b) OR a IN ('x', (SELECT 'y'))",
        "a\0",
    ],
)
def test_sql_that_is_no_computation_over_one_record_is_refused(expression: str) -> None:
    with pytest.raises(LogicInvalid):
        read_logic(expression, HEADER)


@pytest.mark.parametrize(
    "expression",
    [
        "(" * 3000 + "a" + ")" * 3000,
        "upper(" * 200 + "a" + ")" * 200,
        "NOT " * 500 + "a = 'x'",
        "a" + " || a" * 1000,
        "a" + " || a" * 450,
        "- " * 100 + "number(a)",
        "number(a)" + " + number(a)" * 100,
        "lpad(" * 7 + "a" + ", 9, '0')" * 7,
    ],
)
def test_expression_without_measure_is_refused_before_it_costs_anything(expression: str) -> None:
    with pytest.raises(LogicInvalid):
        read_logic(expression, HEADER)


@pytest.mark.parametrize(
    ("expression", "sort", "sources", "scale"),
    [
        ('"Province/State"', Sort.TEXT, ("Province/State",), 0),
        ('"say ""x""" || a || \'it\'\'s\'', Sort.TEXT, ('say "x"', "a"), 0),
        ('coalesce("Province/State", b)', Sort.TEXT, ("Province/State", "b"), 0),
        ("round(number(a) * 0.45359237, 3)", Sort.NUMBER, ("a",), 3),
        ("number(a, 2) + number(b)", Sort.NUMBER, ("a", "b"), 9),
        ("number(a, 2) * 1.25", Sort.NUMBER, ("a",), 4),
        ("number(a) / 3", Sort.NUMBER, ("a",), 12),
        ("a NOT IN ('x') AND NOT b LIKE '%'", Sort.CONDITION, ("a", "b"), 0),
        ("days_between(date(a), date(b, 'd.M.yy'))", Sort.NUMBER, ("a", "b"), 0),
        ("UPPER(a)", Sort.TEXT, ("a",), 0),
    ],
)
def test_expression_knows_what_it_gives(expression: str, sort: Sort, sources: tuple[str, ...], scale: int) -> None:
    term = read_logic(expression, HEADER)
    assert (term.sort, term.sources, term.scale) == (sort, sources, scale)


_FRAGMENTS = st.sampled_from(
    ["a", "b", "'x'", "1", "0.5", "(", ")", ",", "||", "+", "-", "*", "/", "=", "<", "AND", "OR", "NOT", "IS", "NULL", "IN", "LIKE"]
    + [
        "CASE",
        "WHEN",
        "THEN",
        "ELSE",
        "END",
        "SELECT",
        "FROM",
        ";",
        "--",
        "/*",
        "'",
        '"',
        "::",
        "[",
        "]",
        "{",
        "}",
        "$1",
        "?",
        "\\",
    ]
    + [f"{f.name}(" for f in FUNCTIONS]
)


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.lists(_FRAGMENTS, max_size=12).map(" ".join), st.text(max_size=40)))
def test_any_text_is_an_expression_of_the_list_or_refused(text: str) -> None:
    try:
        term = read_logic(text, HEADER)
    except LogicInvalid:
        return
    assert isinstance(term, Term)
    assert {part.op for part in term} <= KNOWN
    assert set(term.sources) <= set(HEADER)


def test_every_function_has_a_name_of_its_own_and_an_example() -> None:
    names = [f.name for f in (*FUNCTIONS, *OPERATORS)]
    assert len(set(names)) == len(names)
    assert all(f.name in f.example for f in FUNCTIONS)
