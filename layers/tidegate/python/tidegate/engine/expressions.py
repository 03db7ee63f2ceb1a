r"""Expressions over source columns, compiled to SQL: our own tree in, text whose every literal is quoted here out.

What cannot be computed raises in DuckDB (no number, no date, a division by zero, more than 38 digits), and `mapping` turns the
exception into a rejection of that one record. So nothing here may turn an error into NULL: no TRY_CAST, no lenient cast. A text is
first cut to what is exactly a number or a date by its guard; anything else becomes the empty text, whose cast raises.

| sort      | SQL type       |                                                                                                   |
|-----------|----------------|---------------------------------------------------------------------------------------------------|
| text      | VARCHAR        | an empty one is NULL, as an empty field is                                                        |
| number    | DECIMAL(38, s) | s is the term's scale, known from the contract; the sides of an operator are brought to one scale |
| condition | BOOLEAN        | AND and OR compute both sides wherever they stand                                                 |

CASE and coalesce compute only what they take. A part beside one that is null may be left out: the result is null whatever it is.
DuckDB's optimizer would lift equal parts, and the left side of a long IN, out of TRY and CASE and compute them for every record, so
`rowset` switches both off. What it folds away (`x * 0`) is refused in the contract.
"""

from collections.abc import Callable, Mapping

from tidegate.contracts.contract import Column
from tidegate.contracts.signatures import NUMBER_SCALE, QUOTIENT_SCALE
from tidegate.contracts.terms import PASS_EMPTY, Sort, Term
from tidegate.engine import sql
from tidegate.engine.moments import local_time, pattern_of, time_of_day, whole_day
from tidegate.engine.notations import number_guard, plain_number, whole

_DIGITS = 38
_BLANKS = " \t\r\n\u00a0"
_AS_WHOLE = f"CAST({{}} AS DECIMAL({_DIGITS}, 0))"
#: `{0}` … are the terms, `{all}` every one of them, `{a}` … the literal options as quoted texts, `{k}` … as numbers.
_CALLS = {
    "upper": "upper({0})",
    "lower": "lower({0})",
    "trim": f"trim({{0}}, {sql.text(_BLANKS)})",
    "ltrim": f"ltrim({{0}}, {sql.text(_BLANKS)})",
    "rtrim": f"rtrim({{0}}, {sql.text(_BLANKS)})",
    "left": "left({0}, {k})",
    "right": "right({0}, {k})",
    "replace": "replace({0}, {a}, {b})",
    "split_part": "split_part({0}, {a}, {l})",
    "concat": "concat({all})",
    "concat_ws": "concat_ws({a}, {all})",
    # DuckDB's own cut what is longer
    "lpad": "CASE WHEN length({0}) < {k} THEN lpad({0}, {k}, {b}) ELSE {0} END",
    "rpad": "CASE WHEN length({0}) < {k} THEN rpad({0}, {k}, {b}) ELSE {0} END",
    "regexp_matches": "regexp_matches({0}, {a})",
    "like": "({0} LIKE {a})",
    "is null": "({0} IS NULL)",
    "not": "(NOT {0})",
    "negative": "(-{0})",
    "abs": "abs({0})",
    "length": _AS_WHOLE.format("length({0})"),
    "floor": _AS_WHOLE.format("floor({0})"),
    "ceil": _AS_WHOLE.format("ceil({0})"),
    "year": _AS_WHOLE.format("year({0})"),
    "month": _AS_WHOLE.format("month({0})"),
    "day": _AS_WHOLE.format("day({0})"),
    "days_between": _AS_WHOLE.format("date_diff('day', {0}, {1})"),
    # two days as numbers 20210131: the difference has the full years in front of its last four digits
    "years_between": _AS_WHOLE.format(
        "((CAST(strftime({0}, '%Y%m%d') AS INTEGER) - CAST(strftime({1}, '%Y%m%d') AS INTEGER)) // -10000)"
    ),
    "add_days": "({0} + CAST({1} AS INTEGER))",
}
#: Calls with one literal more than they need.
_LONGER = {
    "substring": ("substring({0}, {k})", "substring({0}, {k}, {l})"),
    "regexp_replace": ("regexp_replace({0}, {a}, {b})", "regexp_replace({0}, {a}, {b}, {c})"),
    "regexp_extract": ("regexp_extract({0}, {a})", "regexp_extract({0}, {a}, {l})"),
}
_LEAST = {"substring": 1, "regexp_replace": 2, "regexp_extract": 1}
_COMPARED = ("=", "<>", "<", "<=", ">", ">=")


def compile_expression(term: Term, column: Column, names: Mapping[str, str]) -> str:
    """SQL of an expression's result as text, possibly empty; `names` has the SQL of each source, NULL where it is null.

    `column` says how the file writes numbers.
    """
    return _Compiler(column, names).written(term)


class _Compiler:
    """A method or a template for every kind of term; a part is written into the SQL once, but where the template says otherwise."""

    def __init__(self, column: Column, names: Mapping[str, str]) -> None:
        self.column = column
        self.readers: dict[str, Callable[[Term], str]] = {
            "source": lambda t: names[t.value],
            "literal": lambda t: sql.text(t.value),
            "figure": lambda t: f"CAST({sql.text(t.value)} AS {_decimal(t.scale)})",
            "text": lambda t: self.written(t.terms[0]),
            "number": self.number,
            "case": self.case,
            "in": self.within,
            "between": lambda t: "({} BETWEEN {} AND {})".format(*self.aligned(t)),
            "/": lambda t: self.quotient(t, QUOTIENT_SCALE),
            "round": self.rounded,
            "date": self.date,
            "timestamp": lambda t: local_time(self.value(t.terms[0]), *t.options),
            "time": lambda t: time_of_day(self.value(t.terms[0]), *t.options),
            "format_date": lambda t: f"strftime({self.value(t.terms[0])}, {sql.text(pattern_of(t.options[0]))})",
            **dict.fromkeys(("+", "-", "*", "%"), self.arithmetic),
            **dict.fromkeys(_COMPARED, lambda t: f"({f' {t.op} '.join(self.aligned(t))})"),
            **dict.fromkeys(("and", "or", "||"), lambda t: f"({f' {t.op.upper()} '.join(map(self.value, t.terms))})"),
            **dict.fromkeys(("coalesce", "nullif", "greatest", "least"), lambda t: f"{t.op}({', '.join(self.aligned(t))})"),
        }

    def written(self, term: Term) -> str:
        """A result as text in its canonical notation."""
        if term.sort is Sort.TEXT:
            return self.compile(term)
        text = f"CAST({self.compile(term)} AS VARCHAR)"
        return f"rtrim(rtrim({text}, '0'), '.')" if term.sort is Sort.NUMBER and term.scale else text

    def compile(self, term: Term) -> str:
        reader = self.readers.get(term.op)
        return reader(term) if reader else self.call(term)

    def value(self, term: Term) -> str:
        """A part that is NULL when it is empty. Functions to which empty is as good as null leave that to whoever asks for them."""
        return f"nullif({self.compile(term)}, '')" if term.may_be_empty else self.compile(term)

    def call(self, term: Term) -> str:
        parts = [self.compile(t) if term.op in PASS_EMPTY else self.value(t) for t in term.terms]
        template = _CALLS.get(term.op) or _LONGER[term.op][len(term.options) > _LEAST[term.op]]
        texts = dict(zip("abc", map(sql.text, term.options), strict=False))
        return template.format(*parts, all=", ".join(parts), **texts, **dict(zip("klm", term.options, strict=False)))

    def aligned(self, term: Term) -> list[str]:
        """All parts, numbers brought to one scale: the type that DuckDB would find for them may drop digits."""
        scale = max(t.scale for t in term.terms)
        return [self.scaled(t, scale) for t in term.terms]

    def scaled(self, term: Term, scale: int) -> str:
        other = term.sort is Sort.NUMBER and term.scale != scale
        return f"CAST({self.compile(term)} AS {_decimal(scale)})" if other else self.value(term)

    def number(self, term: Term) -> str:
        scale = int(term.options[0]) if term.options else NUMBER_SCALE
        guard = whole(number_guard(self.column, _DIGITS - scale, scale))
        exact = f"regexp_extract({self.value(term.terms[0])}, {sql.text(guard)})"
        return f"CAST({plain_number(self.column, exact)} AS {_decimal(scale)})"

    def arithmetic(self, term: Term) -> str:
        left, right = map(self.compile, term.terms) if term.op == "*" else self.aligned(term)
        return f"CAST(({left} {term.op} {right}) AS {_decimal(term.scale)})"

    def quotient(self, term: Term, scale: int) -> str:
        """Cut to one digit more than is wanted, in whole numbers, then rounded: halves away from zero need no further digit."""
        left, right = term.terms
        shift = right.scale - left.scale + scale + 1
        dividend, divisor = (f"CAST(replace(CAST({self.compile(t)} AS VARCHAR), '.', '') AS HUGEINT)" for t in (left, right))
        power = f"CAST('1{'0' * abs(shift)}' AS HUGEINT)"
        if shift >= 0:
            dividend = f"({dividend} * {power})"
        else:
            divisor = f"({divisor} * {power})"
        unit = f"CAST('0.{'0' * scale}1' AS {_decimal(scale + 1)})"
        return f"CAST(round(CAST(({dividend} // {divisor}) AS {_decimal(0)}) * {unit}, {scale}) AS {_decimal(scale)})"

    def rounded(self, term: Term) -> str:
        inner, digits = term.terms[0], int(term.options[0]) if term.options else 0
        if inner.op == "/":
            return self.quotient(inner, digits)
        compiled = self.compile(inner)
        return compiled if digits >= inner.scale else f"CAST(round({compiled}, {digits}) AS {_decimal(digits)})"

    def case(self, term: Term) -> str:
        """CASE would compute the sides of an AND one after the other, in an order of its own; a comparison computes both."""
        terms = term.terms
        pairs = [
            f"WHEN {self.compile(terms[n])} IS NOT DISTINCT FROM true THEN {self.scaled(terms[n + 1], term.scale)}"
            for n in range(0, len(terms) - 1, 2)
        ]
        otherwise = f" ELSE {self.scaled(terms[-1], term.scale)}" if len(terms) % 2 else ""
        return f"CASE {' '.join(pairs)}{otherwise} END"

    def within(self, term: Term) -> str:
        value, *listed = self.aligned(term)
        return f"({value} IN ({', '.join(listed)}))"

    def date(self, term: Term) -> str:
        inner = term.terms[0]
        return (
            f"CAST({self.compile(inner)} AS DATE)" if inner.sort is Sort.TIMESTAMP else whole_day(self.value(inner), *term.options)
        )


def _decimal(scale: int) -> str:
    return f"DECIMAL({_DIGITS}, {scale})"
