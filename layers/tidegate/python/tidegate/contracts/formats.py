"""Date and time patterns (JDK letters): which ones Tidegate reads. The row engine compiles them; this says early what is wrong."""

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from tidegate.contracts.contract import Kind

_TOKEN = re.compile(r"(?P<quoted>'(?:[^']|'')*')|(?P<letters>(?P<letter>[A-Za-z])(?P=letter)*)|(?P<other>.)", re.DOTALL)
_FIELDS = {
    "yyyy": "year",
    "uuuu": "year",
    "yy": "year",
    "MM": "month",
    "M": "month",
    "dd": "day",
    "d": "day",
    "HH": "hour",
    "H": "hour",
    "hh": "hour (1 to 12)",
    "h": "hour (1 to 12)",
    "mm": "minute",
    "m": "minute",
    "ss": "second",
    "s": "second",
    "a": "half of the day",
    "X": "offset",
    "XX": "offset",
    "XXX": "offset",
} | {"S" * digits: "fraction" for digits in range(1, 10)}
_LOOKALIKE = {
    "Y": "y is the year, Y the year of a week",
    "D": "d is the day, D the day of the year",
    "Z": "X is the offset",
    "x": "X is the offset",
    "k": "H is the hour",
    "K": "h is the hour",
    "n": "S is the fraction",
    "y": "write yyyy or yy",
    "u": "write uuuu",
    "M": "write MM or M; names of months are not read",
}
_NOT_WRITTEN = frozenset({"X", "XX", "XXX"} | {"S" * digits for digits in (1, 2, 4, 5, 7, 8, 9)})
_ONE_OR_TWO_DIGITS = frozenset({"M", "d", "H", "h", "m", "s"})
_EXAMPLES = {
    Kind.DATE: "yyyy-MM-dd",
    Kind.TIME: "HH:mm:ss",
    Kind.TIMESTAMP: "yyyy-MM-dd'T'HH:mm:ss",
    Kind.TIMESTAMPTZ: "yyyy-MM-dd'T'HH:mm:ssX",
}
_DATE, _HOUR, _HALF = {"year", "month", "day"}, {"hour", "hour (1 to 12)"}, {"hour (1 to 12)", "half of the day"}
_ZONED = "logicalTypeOptions: {timezone: true}"
_DEFAULT = "add X, or logicalTypeOptions: {defaultTimezone: Etc/UTC}"
Complaint = tuple[str, str]  # message, hint


def check_format(pattern: str, kind: Kind, *, zone: bool) -> Iterator[Complaint]:
    """Say what is wrong with a pattern of a column of this kind; `zone`: the column has a default time zone."""
    parts: dict[str, str] = {}
    before = ""  # the letters just before, when they stand for digits
    for match in _TOKEN.finditer(pattern):
        run = match.group(0)
        field = _FIELDS.get(run)
        if match["letters"] and field is None:
            yield f"{run} is not read", _LOOKALIKE.get(run[0], "put text in single quotes")
        elif field is not None and field in parts:
            yield f"names the {field} twice", f"it has {parts[field]} and {run}"
        elif field is not None:
            parts[field] = run
            if before in _ONE_OR_TWO_DIGITS and field not in {"half of the day", "offset"}:
                yield f"{before}{run}: nothing tells where {before} ends", f"write {before * 2}{run}"
        elif match["other"] and match["other"] in "[]{}#'":
            yield f"{run} cannot be used like this", "put text in single quotes"
        before = run if field is not None else ""
    yield from _missing(parts.keys(), kind, zone=zone)


def check_written_format(pattern: str) -> Iterator[Complaint]:
    """Say what is wrong with a pattern in which a date is written, not read."""
    for match in _TOKEN.finditer(pattern):
        run = match.group(0)
        if match["letters"] and (run not in _FIELDS or run in _NOT_WRITTEN):
            yield f"{run} is not written", _LOOKALIKE.get(run[0], "put text in single quotes")
        elif match["other"] and match["other"] in "[]{}#'":
            yield f"{run} cannot be used like this", "put text in single quotes"


def _missing(parts: AbstractSet[str], kind: Kind, *, zone: bool) -> Iterator[Complaint]:
    hint = f"such as {_EXAMPLES[kind]}"
    offset = "offset" in parts
    wrong = (
        (kind is not Kind.TIME and not parts >= _DATE, "should name year, month and day", hint),
        (kind is not Kind.DATE and not parts & _HOUR, "should name the hour", hint),
        (kind is Kind.TIME and bool(parts & _DATE), "names a date, but the column is a time", "logicalType: timestamp"),
        (bool(parts & _HALF) and not parts >= _HALF, "has h without a, or a without h", "write H for hours 0 to 23"),
        (parts >= _HOUR, "names the hour twice", "H, or h with a"),
        ("minute" in parts and not parts & _HOUR, "names the minute without the hour", ""),
        ("second" in parts and "minute" not in parts, "names the second without the minute", ""),
        ("fraction" in parts and "second" not in parts, "names the fraction without the second", ""),
        (offset and not parts & _HOUR, "has an offset without the hour", ""),
        (offset and bool(parts & _HALF), "has an offset on a twelve-hour time", "write H for hours 0 to 23"),
        (offset and kind in {Kind.TIMESTAMP, Kind.TIME}, "has an offset, but the column has no zone", _ZONED),
        (kind is Kind.TIMESTAMPTZ and not offset and not zone, "has no offset, and the column no default time zone", _DEFAULT),
    )
    yield from ((message, what) for broken, message, what in wrong if broken)
