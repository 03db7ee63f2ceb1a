r"""Numbers as a file writes them, and JSON: what a text has to look like, and how it becomes plain.

DuckDB's JSON parser takes more than JSON (`[1,]`, `[NaN]`), and its printer rewrites numbers (`1.10` to `1.1`). So what it takes
beyond is looked for outside of strings, and blanks are dropped by our own expression, which copies strings and everything else.
"""

import re

from tidegate.contracts.contract import Column, Kind
from tidegate.engine import sql

_EXPONENT = r"(?:[eE][+-]?[0-9]+)?"
_STRING = r'"(?:[^"\\]|\\.)*"'
_OPENING = {Kind.ARRAY: r"^[ \t\r\n]*\[", Kind.OBJECT: r"^[ \t\r\n]*\{"}
_NO_JSON = r"(?i),[ \t\r\n]*[\]}]|nan|inf"
_STRING_OR_BLANKS = rf"({_STRING})|[ \t\r\n]+"


def whole(guard: str) -> str:
    """The same expression for `regexp_extract`: all of the text, or nothing."""
    return rf"^(?:{guard})\z"


def number_guard(column: Column, whole: int, fraction: int) -> str:
    """RE2 of a decimal as the column's file writes it, with so many digits before and behind the point, zeros on both ends aside.

    It also takes a text without any digit, and with a thousands separator more digits: the cast behind it refuses them.
    """
    return rf"[+-]?{_digits(column, rf'0*[0-9]{{0,{whole}}}')}(?:{_mark(column)}[0-9]{{0,{fraction}}}0*)?"


def written_number(column: Column) -> str:
    """RE2 of where separators may stand in a number of the column's file; what is a number besides, the cast says."""
    exponent = _EXPONENT if column.type.kind is Kind.DOUBLE else ""
    return rf"[+-]?{_digits(column, '[0-9]*')}(?:{_mark(column)}[0-9]*)?{exponent}"


def _mark(column: Column) -> str:
    return "," if column.decimal_comma else r"\."


def _digits(column: Column, plain: str) -> str:
    return rf"(?:{plain}|[0-9]{{1,3}}(?:{re.escape(column.thousands)}[0-9]{{3}})+)" if column.thousands else plain


def plain_number(column: Column, value: str) -> str:
    """SQL that takes a number as the column's file writes it to plain notation; `value` has passed a guard."""
    if column.thousands:
        value = f"replace({value}, {sql.text(column.thousands)}, '')"
    return f"replace({value}, ',', '.')" if column.decimal_comma else value


def json_text(kind: Kind, value: str) -> str:
    """SQL of a JSON array or object without blanks between its parts; NULL when the text is none."""
    strings, opening, beyond = sql.text(_STRING), sql.text(_OPENING[kind]), sql.text(_NO_JSON)
    outside = f"regexp_replace({value}, {strings}, '0', 'g')"
    valid = f"regexp_matches({value}, {opening}) AND json_valid({value}) AND NOT regexp_matches({outside}, {beyond})"
    return f"CASE WHEN {valid} THEN regexp_replace({value}, {sql.text(_STRING_OR_BLANKS)}, '\\1', 'g') END"
