"""Dates and times: text in, value or None out. No regular expressions: a pattern is walked letter by letter, with backtracking.

A moment is a `datetime` without zone and its offset in minutes, or None where the pattern has none.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.reference.numbers import DIGITS
from tidegate.contracts.contract import Column, Kind

MINUTES = 60
MOST_OFFSET = 18 * MINUTES
MICROSECONDS = 6
TWO_DIGITS = ("MM", "dd", "HH", "hh", "mm", "ss", "yy")
ONE_OR_TWO = ("M", "d", "H", "h", "m", "s")
FIELD_OF = {"y": "year", "u": "year", "M": "month", "d": "day", "H": "hour", "h": "half_hour", "m": "minute", "s": "second"}
LIMITS = {
    "year": (0, 9999),
    "month": (1, 12),
    "day": (1, 31),
    "hour": (0, 23),
    "half_hour": (1, 12),
    "minute": (0, 59),
    "second": (0, 59),
}
Parts = dict[str, int]
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - a local time
Moment = tuple[datetime, int | None]


def temporal(column: Column, text: str) -> object | None:
    """The column's value of a text: a date, a time, or microseconds since 1970 (of an instant: in UTC)."""
    patterns = column.formats or own_patterns(column)
    for pattern in patterns:
        for parts in walk(tokens(pattern), text):
            value = of_kind(column, moment(parts))
            if value is not None:
                return value
    return None


def own_patterns(column: Column) -> tuple[str, ...]:
    """The notations of a kind without formats. `~` is a fraction of one to six digits and zeros, or none."""
    times = ("HH:mm", "HH:mm:ss~")
    local = tuple(f"yyyy-MM-dd{mark}{t}" for mark in ("'T'", " ") for t in times)
    offsets = ("X", "XXX") if column.default_timezone is None else ("", "X", "XXX")
    return {
        Kind.DATE: ("yyyy-MM-dd",),
        Kind.TIME: times,
        Kind.TIMESTAMP: local,
        Kind.TIMESTAMPTZ: tuple(f"{t}{offset}" for t in local for offset in offsets),
    }[column.type.kind]


def tokens(pattern: str) -> list[str]:
    """Runs of one letter, and literal text behind a `'`."""
    found, at = [], 0
    while at < len(pattern):
        letter = pattern[at]
        if letter == "'":
            literal, at = quoted(pattern, at + 1)
            found.append("'" + literal)
        elif letter.isascii() and letter.isalpha():
            run = len(pattern[at:]) - len(pattern[at:].lstrip(letter))
            found.append(letter * run)
            at += run
        else:
            found.append(letter if letter == "~" else "'" + letter)
            at += 1
    return found


def quoted(pattern: str, at: int) -> tuple[str, int]:
    literal = ""
    while pattern[at] != "'" or pattern[at : at + 2] == "''":
        step = 2 if pattern[at] == "'" else 1
        literal += pattern[at]
        at += step
    return literal or "'", at + 1


def walk(wanted: list[str], text: str) -> Iterator[Parts]:
    """Every way to read all of the text."""
    if not wanted:
        if not text:
            yield {}
        return
    for parts, length in readings(wanted[0], text):
        for rest in walk(wanted[1:], text[length:]):
            yield parts | rest


def readings(token: str, text: str) -> Iterator[tuple[Parts, int]]:
    """The ways to read one token at the start of a text: its parts and how many characters it takes, longest first."""
    if token[0] == "'":
        if text.startswith(token[1:]):
            yield {}, len(token) - 1
    elif token == "~":
        yield from free_fraction(text)
    elif token[0] == "S":
        digits = leading_digits(text)
        if len(digits) >= len(token) and not digits[MICROSECONDS : len(token)].strip("0"):
            yield {"micro": int(digits[: len(token)][:MICROSECONDS].ljust(MICROSECONDS, "0"))}, len(token)
    elif token == "a":
        if text[:2] in {a + m for a in "AaPp" for m in "mM"}:
            yield {"afternoon": text[0] in "pP"}, 2
    elif token[0] == "X":
        yield from offset(token, text)
    else:
        yield from number(token, text)


def leading_digits(text: str) -> str:
    count = next((n for n, c in enumerate(text) if c not in DIGITS), len(text))
    return text[:count]


def free_fraction(text: str) -> Iterator[tuple[Parts, int]]:
    digits = leading_digits(text[1:]) if text.startswith(".") else ""
    if digits and not digits[MICROSECONDS:].strip("0"):
        yield {"micro": int(digits[:MICROSECONDS].ljust(MICROSECONDS, "0"))}, len(digits) + 1
    yield {}, 0


def number(token: str, text: str) -> Iterator[tuple[Parts, int]]:
    lengths = (4,) if token in {"yyyy", "uuuu"} else (2,) if token in TWO_DIGITS else (2, 1)
    assert token in {"yyyy", "uuuu", *TWO_DIGITS, *ONE_OR_TWO}, token
    field = FIELD_OF[token[0]]
    low, high = LIMITS[field]
    for length in lengths:
        digits = leading_digits(text[:length])
        if len(digits) == length and low <= int(digits) <= high:
            yield {field: int(digits) + 2000 * (token == "yy")}, length


def offset(token: str, text: str) -> Iterator[tuple[Parts, int]]:
    if text.startswith("Z"):
        yield {"offset": 0}, 1
    for shape in {"X": ("0000", "00"), "XX": ("0000",), "XXX": ("00:00",)}[token]:
        piece = text[1 : 1 + len(shape)]
        if text[:1] not in {"+", "-"} or "".join("0" if c in DIGITS else c for c in piece) != shape:
            continue
        hours, minutes = int(piece[:2]), int(piece[2:].lstrip(":") or 0)
        if minutes < MINUTES and hours * MINUTES + minutes <= MOST_OFFSET:
            total = hours * MINUTES + minutes
            yield {"offset": -total if text[0] == "-" else total}, 1 + len(shape)


def moment(parts: Parts) -> Moment | None:
    hour = parts.get("hour", 0)
    if "half_hour" in parts:
        hour = parts["half_hour"] % 12 + 12 * parts["afternoon"]
    try:
        value = datetime(  # noqa: DTZ001 - a local time
            parts.get("year", 1970),
            parts.get("month", 1),
            parts.get("day", 1),
            hour,
            parts.get("minute", 0),
            parts.get("second", 0),
            parts.get("micro", 0),
        )
    except ValueError:
        return None
    return value, parts.get("offset")


def of_kind(column: Column, found: Moment | None) -> object | None:
    if found is None:
        return None
    local, minutes = found
    kind = column.type.kind
    if kind is Kind.DATE:
        return local.date()
    if kind is Kind.TIME:
        return local.time()
    if kind is Kind.TIMESTAMP:
        return micros(local)
    try:
        utc = local - timedelta(minutes=minutes) if minutes is not None else in_zone(local, column.default_timezone or "UTC")
    except OverflowError:  # before the year 1 or behind 9999 in UTC
        return None
    return None if utc is None else micros(utc)


def micros(local: datetime) -> int:
    return (local - EPOCH) // timedelta(microseconds=1)


def in_zone(local: datetime, zone: str) -> datetime | None:
    """The UTC of a local time: the later one of two, None for a time that the zone skips."""
    instant = local.replace(tzinfo=ZoneInfo(zone), fold=1).astimezone(UTC)
    skipped = instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None) != local
    return None if skipped else instant.replace(tzinfo=None)


def year_of(kind: Kind, value: object) -> object:
    """The first instant of a value's year."""
    if kind is Kind.DATE:
        assert isinstance(value, date)
        return value.replace(month=1, day=1)
    assert isinstance(value, int)
    return micros((EPOCH + timedelta(microseconds=value)).replace(month=1, day=1, hour=0, minute=0, second=0, microsecond=0))


def own_value(column: Column, text: str) -> object | None:
    """A bound of the contract, in the kind's own notation."""
    kind = column.type.kind
    for pattern in own_patterns(column):
        for parts in walk(tokens(pattern), text):
            value = of_kind(column, moment(parts))
            if value is not None:
                return value
    assert kind in {Kind.DATE, Kind.TIME, Kind.TIMESTAMP, Kind.TIMESTAMPTZ}
    return None
