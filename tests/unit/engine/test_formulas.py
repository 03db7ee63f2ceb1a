"""Expressions of any shape over fields of any content: the engine computes what plain Python computes, or rejects what it refuses."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.engine.formulas import compute, plain

HEADER = ("a", "b", "c d")
SOURCES = st.sampled_from(["a", "b", '"c d"'])
WORDS = st.text("aBz ,-é", min_size=1, max_size=3)
NUMBERS = st.one_of(
    st.integers(-(10**20), 10**20).map(str),
    st.decimals(-(10**6), 10**6, places=4).map(lambda d: f"{d:f}"),
    st.sampled_from(
        ["0", "0.0", "-0", "+7", ".5", "5.", "007", "1e2", "1,5", " 1", "x", "-", ".", "99999999999999999999999999999"]
    ),
    st.sampled_from(["0" * 60 + "1.5" + "0" * 60, "9" * 39, "0.1234567891", "0.000000001", "1.0000000000"]),
)
DAYS = st.one_of(
    st.dates().map(str),
    st.sampled_from(["2000-02-29", "2021-02-30", "31.1.2021", "1.13.2021", "0000-01-01", "2021-1-1", "9999-12-31"]),
)
FIELDS = st.one_of(st.just(""), st.text("aBzé ,-\t\u00a0ß%", max_size=6), NUMBERS, DAYS)
LITERAL = WORDS.map(lambda w: "'" + w.replace("'", "''") + "'")
FIGURE = st.one_of(st.integers(0, 10**6).map(str), st.decimals(0, 1000, places=3).map(lambda d: f"{d:f}"))
FACTOR = FIGURE.filter(lambda f: bool(f.strip("0.")))
PLACE = st.integers(1, 4).map(str)


def _texts(
    texts: st.SearchStrategy[str], numbers: st.SearchStrategy[str], days: st.SearchStrategy[str], conditions: st.SearchStrategy[str]
) -> st.SearchStrategy[str]:
    either = st.one_of(texts, LITERAL)
    return st.one_of(
        st.builds("{}({})".format, st.sampled_from(["upper", "lower", "trim", "ltrim", "rtrim"]), texts),
        st.builds("({} || {})".format, texts, either),
        st.builds("{}({}, {})".format, st.sampled_from(["concat", "coalesce", "greatest", "least"]), texts, either),
        st.builds("concat_ws('-', {}, {}, {})".format, texts, either, texts),
        st.builds("nullif({}, {})".format, texts, either),
        st.builds("{}({}, {})".format, st.sampled_from(["left", "right", "substring"]), texts, PLACE),
        st.builds("substring({}, {}, {})".format, texts, PLACE, PLACE),
        st.builds("replace({}, {}, {})".format, texts, LITERAL, st.one_of(LITERAL, st.just("''"))),
        st.builds("split_part({}, {}, {})".format, texts, LITERAL, PLACE),
        st.builds("{}({}, {}, '0')".format, st.sampled_from(["lpad", "rpad"]), texts, PLACE),
        st.builds(r"regexp_replace({}, '([a-z])([0-9])?', '\1x'{})".format, texts, st.sampled_from(["", ", 'g'"])),
        st.builds("regexp_extract({}, '([a-zB]+)(,)?', {})".format, texts, st.sampled_from(["0", "1", "2"])),
        st.builds("text({})".format, st.one_of(numbers, days)),
        st.builds("CASE WHEN {} THEN {} WHEN {} THEN {} END".format, conditions, either, conditions, texts),
        st.builds("if({}, {}, {})".format, conditions, texts, either),
        st.builds("format_date({}, 'd/MM/yyyy')".format, days),
    )  # fmt: skip


def _numbers(
    texts: st.SearchStrategy[str], numbers: st.SearchStrategy[str], days: st.SearchStrategy[str], conditions: st.SearchStrategy[str]
) -> st.SearchStrategy[str]:
    either = st.one_of(numbers, FIGURE)
    return st.one_of(
        st.builds("({} {} {})".format, numbers, st.sampled_from("+-/%"), st.one_of(numbers, FACTOR)),
        st.builds("({} {} {})".format, FIGURE, st.sampled_from("+-/%"), numbers),
        st.builds("(round({}, 3) * {})".format, numbers, FACTOR),
        st.builds("round({} / {}, {})".format, either, numbers, PLACE),
        st.builds("round({}, {})".format, numbers, PLACE),
        st.builds("{}({})".format, st.sampled_from(["floor", "ceil", "abs", "-"]), numbers),
        st.builds("{}({}, {})".format, st.sampled_from(["coalesce", "greatest", "least", "nullif"]), numbers, either),
        st.builds("CASE WHEN {} THEN {} ELSE {} END".format, conditions, either, numbers),
        st.builds("length({})".format, texts),
        st.builds("{}({})".format, st.sampled_from(["year", "month", "day"]), days),
        st.builds("{}({}, {})".format, st.sampled_from(["years_between", "days_between"]), days, days),
    )  # fmt: skip


def _conditions(
    texts: st.SearchStrategy[str], numbers: st.SearchStrategy[str], days: st.SearchStrategy[str], conditions: st.SearchStrategy[str]
) -> st.SearchStrategy[str]:
    compared = st.sampled_from(["=", "<>", "<", "<=", ">", ">="])
    return st.one_of(
        st.builds("({} {} {})".format, texts, compared, st.one_of(texts, LITERAL)),
        st.builds("({} {} {})".format, numbers, compared, st.one_of(numbers, FIGURE)),
        st.builds("({} {} {})".format, days, compared, days),
        st.builds("({} {} date('2020-02-29'))".format, days, compared),
        st.builds("({} {} {})".format, conditions, st.sampled_from(["AND", "OR"]), conditions),
        st.builds("(NOT {})".format, conditions),
        st.builds("({} IS {}NULL)".format, st.one_of(texts, numbers, days), st.sampled_from(["", "NOT "])),
        st.builds("({} {}IN ({}))".format, texts, st.sampled_from(["", "NOT "]), st.lists(LITERAL, min_size=1, max_size=9).map(", ".join)),
        st.builds("({} IN ({}))".format, numbers, st.lists(FIGURE, min_size=1, max_size=9).map(", ".join)),
        st.builds("({} BETWEEN {} AND {})".format, numbers, FIGURE, st.one_of(numbers, FIGURE)),
        st.builds("({} {}LIKE '{}')".format, texts, st.sampled_from(["", "NOT "]), st.text("aB%_é", min_size=1, max_size=4)),
        st.builds("regexp_matches({}, '^[a-z]+')".format, texts),
    )  # fmt: skip


def _trees(depth: int) -> tuple[st.SearchStrategy[str], ...]:
    leaves = (
        SOURCES,
        st.builds("number({}{})".format, SOURCES, st.sampled_from(["", ", 2", ", 0"])),
        st.builds("date({}{})".format, SOURCES, st.sampled_from(["", ", 'd.M.yyyy'"])),
        st.builds("({} = {})".format, SOURCES, LITERAL),
    )
    for _ in range(depth):
        texts, numbers, days, conditions = leaves
        below = (texts, numbers, days, conditions)
        leaves = (
            st.one_of(texts, _texts(*below)),
            st.one_of(numbers, _numbers(*below)),
            st.one_of(days, st.builds("add_days({}, round({}))".format, days, numbers)),
            st.one_of(conditions, _conditions(*below)),
        )
    return leaves


@settings(max_examples=120, deadline=None)
@given(st.one_of(*_trees(3)), st.lists(st.fixed_dictionaries(dict.fromkeys(HEADER, FIELDS)), min_size=1, max_size=12))
def test_engine_and_python_compute_the_same(expression: str, rows: list[dict[str, str]]) -> None:
    for got, row in zip(compute(expression, HEADER, rows), rows, strict=True):
        assert got in plain(expression, HEADER, row), row
