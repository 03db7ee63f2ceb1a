r"""Dates and times in expressions: a text that is none raises, where a column's cast gives NULL (`casts`)."""

import re

from tidegate.contracts.contract import Kind
from tidegate.engine import sql
from tidegate.engine.casts import GUARDS
from tidegate.engine.formats import compile_format
from tidegate.engine.notations import whole

_WRITTEN = {
    "yyyy": "%Y",
    "uuuu": "%Y",
    "yy": "%y",
    "MM": "%m",
    "M": "%-m",
    "dd": "%d",
    "d": "%-d",
    "HH": "%H",
    "H": "%-H",
    "hh": "%I",
    "h": "%-I",
    "mm": "%M",
    "m": "%-M",
    "ss": "%S",
    "s": "%-S",
    "SSS": "%g",
    "SSSSSS": "%f",
    "a": "%p",
}
_TOKEN = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|(.)", re.DOTALL)


def whole_day(value: str, pattern: str = "") -> str:
    """SQL of the DATE that a text is, in a JDK pattern or as `yyyy-MM-dd`."""
    return f"CAST({_moment(value, pattern)} AS DATE)" if pattern else _own(value, Kind.DATE, "DATE")


def local_time(value: str, pattern: str = "") -> str:
    """SQL of the TIMESTAMP that a text is."""
    return _moment(value, pattern) if pattern else _own(value, Kind.TIMESTAMP, "TIMESTAMP")


def time_of_day(value: str, pattern: str = "") -> str:
    """SQL of the TIME that a text is."""
    return f"CAST({_moment(value, pattern)} AS TIME)" if pattern else _own(value, Kind.TIME, "TIME")


def pattern_of(pattern: str) -> str:
    """A JDK pattern as strftime's."""
    written = ""
    for match in _TOKEN.finditer(pattern):
        quoted, letter, other = match.groups()
        if quoted is not None:
            written += (quoted.replace("''", "'") or "'").replace("%", "%%")
        else:
            written += _WRITTEN[match.group(0)] if letter else other.replace("%", "%%")
    return written


def _own(value: str, kind: Kind, type_: str) -> str:
    return f"CAST(regexp_extract({value}, {sql.text(whole(GUARDS[kind]))}) AS {type_})"


def _moment(value: str, pattern: str) -> str:
    format_ = compile_format(pattern)
    guard = sql.text(whole(format_.guard))
    moment = f"regexp_replace(regexp_extract({value}, {guard}), {guard}, {sql.text(format_.canonical)})"
    return f"strptime({moment}, '%Y-%m-%d %I:%M:%S.%f %p')" if format_.half_day else f"CAST({moment} AS TIMESTAMP)"
