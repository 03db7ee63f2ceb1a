"""Expressions computed twice: by the engine's SQL over a table of fields, and by plain Python on the same tree."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

from tests.unit.engine.rig import contract, text
from tidegate.contracts.contract import Column
from tidegate.contracts.terms import Sort, Term
from tidegate.contracts.transform import read_logic
from tidegate.engine.checks import compile_columns, typed_rows
from tidegate.engine.connections import connected
from tidegate.engine.mapping import column_text
from tidegate.engine.values import Limits

Row = dict[str, str]
REJECTED = "(rejected)"
_STRICT = "strict?"  # no header has it
_BLANKS = " \t\r\n\u00a0"


def compute(expression: str, header: Sequence[str], rows: Sequence[Row], **options: Any) -> list[str | None]:
    """Results of an expression by the engine, REJECTED where it could not be computed; the columns are a and its twin."""
    term = read_logic(expression, header)
    return compute_column(text("v", sources=term.sources, expression=term, **options), header, rows)


def compute_column(column: Column, header: Sequence[str], rows: Sequence[Row]) -> list[str | None]:
    """What a column makes of rows, REJECTED with its rules where it rejects one. A twin column shares every part of its SQL."""
    of = contract(column, replace(column, name="twin"))
    with connected(Limits(memory_mb=256, threads=1), None, careful=True) as connect:
        connection = connect()
        columns = compile_columns(connection, of)
        texts = [column_text(c.column, header, of.null_values) for c in columns]
        names = ", ".join(f"h{n} VARCHAR" for n in range(len(header)))
        connection.execute(f"CREATE TABLE fields (n INTEGER{', ' if names else ''}{names})")
        marks = ", ".join("?" for _ in range(len(header) + 1))
        fields = [[n, *(r[h] for h in header)] for n, r in enumerate(rows)]
        connection.executemany(f"INSERT INTO fields VALUES ({marks})", fields)  # noqa: S608 - question marks only
        found = connection.execute(f"{typed_rows(columns, texts, 'fields', 'n')} ORDER BY n").fetchall()
    return [_shown(value, reasons) for value, _, reasons, _ in found]


def _shown(value: Any, reasons: list[dict[str, str]] | None) -> str | None:
    rules = sorted({r["rule"] for r in reasons or ()})
    if rules:
        return REJECTED if rules == ["expression"] else f"({' '.join(rules)})"
    return None if value is None else str(value)


class Bad(Exception):
    """A value that cannot be computed."""


def plain(expression: str, header: Sequence[str], row: Row) -> set[str | None]:
    """The same by Python: fractions, datetime and re.

    There are two answers when a part that cannot be computed stands beside one that is null: rejected, or null.
    """
    term = read_logic(expression, header)
    return {_attempt(term, row, strict=True), _attempt(term, row, strict=False)}


def _attempt(term: Term, row: Row, *, strict: bool) -> str | None:
    try:
        return _written(term, _value(term, {**row, _STRICT: "yes" if strict else ""}))
    except Bad:
        return REJECTED


def _written(term: Term, value: Any) -> str | None:
    if value is None:
        return None
    if term.sort is Sort.NUMBER:
        with localcontext(prec=100):
            shown = f"{Decimal(value.numerator) / Decimal(value.denominator):f}"
        return shown.rstrip("0").rstrip(".") if "." in shown else shown
    if term.sort is Sort.CONDITION:
        return "true" if value else "false"
    if isinstance(value, time):
        return value.isoformat("microseconds" if value.microsecond else "seconds").rstrip("0" if value.microsecond else "")
    if isinstance(value, datetime):
        return f"{value.date()} {_written(term, value.time())}"
    return str(value)


def _value(term: Term, row: Row) -> Any:
    if term.op in _OF_ROWS:
        return _OF_ROWS[term.op](term, row)
    values = []
    for part in term.terms:
        values.append(_value(part, row))
        if values[-1] is None and not row[_STRICT] and (term.op not in _OF_NULLS or term.op in {"between", "nullif"}):
            return None
    if term.op in _ALIGNED and term.terms[0].sort is Sort.NUMBER:
        scale = max(t.scale for t in term.terms)
        values = [_fitting(v, scale) for v in values]
    if term.op in _OF_NULLS:
        return _empty(_OF_NULLS[term.op](term, values))
    if any(v is None for v in values):
        return None
    result = _empty(_CALLS[term.op](term, *values))
    return _fitting(result, term.scale) if term.sort is Sort.NUMBER else result


def _empty(value: Any) -> Any:
    return None if value == "" else value


def _fitting(value: Fraction | None, scale: int) -> Fraction | None:
    if value is not None and abs(value * 10**scale) >= 10**38:
        raise Bad
    return value


def _case(term: Term, row: Row) -> Any:
    pairs, otherwise = term.terms[: len(term.terms) // 2 * 2], term.terms[len(term.terms) // 2 * 2 :]
    for condition, value in zip(pairs[::2], pairs[1::2], strict=True):
        if _value(condition, row):
            return _branch(term, value, row)
    return _branch(term, otherwise[0], row) if otherwise else None


def _coalesce(term: Term, row: Row) -> Any:
    return next((v for v in (_branch(term, t, row) for t in term.terms) if v is not None), None)


def _branch(term: Term, part: Term, row: Row) -> Any:
    value = _value(part, row)
    return _fitting(value, term.scale) if part.sort is Sort.NUMBER else value


def _number(term: Term, value: str) -> Fraction:
    if not re.fullmatch(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)", value):
        raise Bad
    number = Fraction(Decimal(value)) if len(value) < 200 else Fraction(value)
    scaled = number * 10**term.scale
    if scaled.denominator != 1 or abs(scaled) >= 10**38:
        raise Bad
    return number


def _half_up(value: Fraction, digits: int) -> Fraction:
    scaled = abs(value) * 10**digits
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return Fraction(whole if value >= 0 else -whole, 10**digits)


def _quotient(term: Term, a: Fraction, b: Fraction, digits: int) -> Fraction:
    left, right = term.terms
    dividend, divisor = int(a * 10**left.scale), int(b * 10**right.scale)
    shift = right.scale - left.scale + digits + 1
    dividend, divisor = dividend * 10 ** max(shift, 0), divisor * 10 ** max(-shift, 0)
    if not divisor or max(abs(dividend), abs(divisor)) >= 2**127 or abs(Fraction(dividend, divisor)) >= 10**38:
        raise Bad
    return _half_up(Fraction(a) / b, digits)


def _round(term: Term, row: Row) -> Fraction | None:
    """A quotient is rounded once, from the exact one."""
    inner, digits = term.terms[0], int(term.options[0]) if term.options else 0
    if inner.op != "/":
        value = _value(inner, row)
        return None if value is None else _fitting(_half_up(value, digits), term.scale)
    left = _value(inner.terms[0], row)
    if left is None and not row[_STRICT]:
        return None
    right = _value(inner.terms[1], row)
    return None if left is None or right is None else _quotient(inner, left, right, digits)


def _remainder(_: Term, a: Fraction, b: Fraction) -> Fraction:
    if not b:
        raise Bad
    rest = abs(a) % abs(b)
    return rest if a >= 0 else -rest


def _moment(term: Term, value: str) -> date | datetime | time:
    shapes = {
        "": {"date": r"[0-9]{4}-[0-9]{2}-[0-9]{2}", "timestamp": r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2})?"},
        "d.M.yyyy": {"date": r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})"},
    }
    written = term.options[0] if term.options else ""
    match = re.fullmatch(shapes[written][term.op], value)
    if not match or int(value[-4:] if written else value[:4]) == 0:
        raise Bad
    try:
        if written:
            return date(int(match[3]), int(match[2]), int(match[1]))
        return date.fromisoformat(value) if term.op == "date" else datetime.fromisoformat(value)
    except ValueError:
        raise Bad from None


def _add_days(_: Term, day: date, number: Fraction) -> date:
    try:
        return day + timedelta(days=int(number))
    except OverflowError:
        raise Bad from None


def _years(_: Term, a: date, b: date) -> Fraction:
    sign, first, last = (1, a, b) if a <= b else (-1, b, a)
    return Fraction(sign * (last.year - first.year - ((last.month, last.day) < (first.month, first.day))))


def _upper(value: str) -> str:
    return "".join(c.upper() if len(c.upper()) == 1 else c for c in value)


def _like(pattern: str) -> str:
    return "".join(".*" if c == "%" else "." if c == "_" else re.escape(c) for c in pattern)


def _known(values: Sequence[bool | None], *, stop: bool) -> bool | None:
    if any(v is stop for v in values):
        return stop
    return None if None in values else not stop


_OF_ROWS: dict[str, Callable[[Term, Row], Any]] = {
    "case": _case,
    "coalesce": _coalesce,
    "round": _round,
    "source": lambda t, row: row[t.value] or None,
    "figure": lambda t, _: Fraction(t.value),
    "literal": lambda t, _: t.value,
}
_ALIGNED = frozenset({"=", "<>", "<", "<=", ">", ">=", "between", "in", "nullif", "greatest", "least", "+", "-", "%"})
_OF_NULLS: dict[str, Callable[[Term, list[Any]], Any]] = {
    "and": lambda _, v: _known(v, stop=False),
    "or": lambda _, v: _known(v, stop=True),
    "is null": lambda _, v: v[0] is None,
    "nullif": lambda _, v: None if v[0] == v[1] else v[0],
    "concat": lambda _, v: "".join(x for x in v if x is not None),
    "concat_ws": lambda t, v: t.options[0].join(x for x in v if x is not None),
    "greatest": lambda _, v: max((x for x in v if x is not None), default=None),
    "least": lambda _, v: min((x for x in v if x is not None), default=None),
    "between": lambda _, v: _known(
        [None if None in (v[0], v[1]) else v[0] >= v[1], None if None in (v[0], v[2]) else v[0] <= v[2]], stop=False
    ),
}
_CALLS: dict[str, Callable[..., Any]] = {
    "not": lambda _, x: not x,
    "=": lambda _, a, b: a == b,
    "<>": lambda _, a, b: a != b,
    "<": lambda _, a, b: a < b,
    "<=": lambda _, a, b: a <= b,
    ">": lambda _, a, b: a > b,
    ">=": lambda _, a, b: a >= b,
    "in": lambda _, x, *listed: x in listed,
    "like": lambda t, x: bool(re.fullmatch(_like(t.options[0]), x, re.DOTALL)),
    "||": lambda _, *v: "".join(v),
    "+": lambda _, a, b: a + b,
    "-": lambda _, a, b: a - b,
    "*": lambda _, a, b: a * b,
    "/": lambda t, a, b: _quotient(t, a, b, 12),
    "%": _remainder,
    "negative": lambda _, a: -a,
    "abs": lambda _, a: abs(a),
    "floor": lambda _, a: Fraction(a.__floor__()),
    "ceil": lambda _, a: Fraction(a.__ceil__()),
    "number": _number,
    "text": lambda t, x: _written(t.terms[0], x),
    "upper": lambda _, x: _upper(x),
    "lower": lambda _, x: x.lower(),
    "trim": lambda _, x: x.strip(_BLANKS),
    "ltrim": lambda _, x: x.lstrip(_BLANKS),
    "rtrim": lambda _, x: x.rstrip(_BLANKS),
    "length": lambda _, x: Fraction(len(x)),
    "left": lambda t, x: x[: int(t.options[0])],
    "right": lambda t, x: x[-int(t.options[0]) :],
    "substring": lambda t, x: x[int(t.options[0]) - 1 :][: int(t.options[1]) if len(t.options) > 1 else None],
    "replace": lambda t, x: x.replace(*t.options),
    "split_part": lambda t, x: (dict(enumerate(x.split(t.options[0]), 1))).get(int(t.options[1]), ""),
    "lpad": lambda t, x: x.rjust(int(t.options[0]), t.options[1]),
    "rpad": lambda t, x: x.ljust(int(t.options[0]), t.options[1]),
    "regexp_extract": lambda t, x: (
        (m := re.search(t.options[0], x)) and (m[int(t.options[1]) if len(t.options) > 1 else 0] or None)
    ),
    "regexp_replace": lambda t, x: re.sub(t.options[0], t.options[1], x, count=0 if len(t.options) > 2 else 1),
    "regexp_matches": lambda t, x: bool(re.search(t.options[0], x)),
    "date": lambda t, x: x.date() if isinstance(x, datetime) else _moment(t, x),
    "timestamp": _moment,
    "year": lambda _, x: Fraction(x.year),
    "month": lambda _, x: Fraction(x.month),
    "day": lambda _, x: Fraction(x.day),
    "years_between": _years,
    "days_between": lambda _, a, b: Fraction((b - a).days),
    "add_days": _add_days,
    "format_date": lambda t, x: f"{x.day}/{x.month:02}/{x.year:04}" if t.options == ("d/MM/yyyy",) else "?",
}
