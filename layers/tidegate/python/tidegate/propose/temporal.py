"""Dates, times and timestamps, told from the shapes of texts (each digit as 9)."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tidegate.contracts.contract import Kind

_DATE = (
    r"(?:(?P<year>9{4})(?P<s1>[-/.])(?P<m>9{1,2})(?P=s1)(?P<d>9{1,2})"
    r"|(?P<a>9{1,2})(?P<s2>[-/.])(?P<b>9{1,2})(?P=s2)(?P<last>9{4}|99)|(?P<compact>9{8}))"
)
_TIME = r"(?P<hour>9{1,2}):99(?P<sec>:99(?:\.(?P<frac>9{1,9}))?)?(?P<half> ?[AaPp][Mm])?"
_MOMENT = re.compile(rf"{_DATE}(?:(?P<t>[T ]){_TIME}(?P<gap> ?)(?P<offset>Z|[+-]99(?::?99)?)?)?\Z")
_HOUR = re.compile(rf"{_TIME}\Z")
_MONTH_NAME = re.compile(r"(?:9{1,2}[- /][A-Za-z]{3,9}[- /,]+9{2,4}|[A-Za-z]{3,9} 9{1,2},? 9{4})(?: .*)?\Z")
_LAST_DAY, _LAST_MONTH = 31, 12
_LAST_SHORT_YEAR = 68  # a two-digit year is read as 20yy, so a greater one would move a birth or a contract by a century
ISO = "yyyy-MM-dd"
#: Number of least, greatest and leading zeros of each group of a pattern, over the texts that begin with it.
Parts = Callable[[str, int], Sequence[tuple[int, int, int]]]


@dataclass(frozen=True, slots=True)
class Temporal:
    """A type for a column of dates or times; `formats` is empty when the type's own notation reads all of it."""

    kind: Kind
    formats: tuple[str, ...]
    notes: tuple[str, ...] = ()
    default_zone: bool = False
    ambiguous: str = ""


@dataclass(frozen=True, slots=True)
class NotTemporal:
    """Why a column that looks like dates or times is left as text; empty when it does not look so."""

    note: str = ""


def read_temporal(shapes: Mapping[str, int], parts: Parts, *, day_first: bool | None) -> Temporal | NotTemporal:
    """Tell the type and formats that cover every shape. `day_first` is what other columns of the file say of a/b/yyyy, None: nothing."""
    matches = {shape: _MOMENT.match(shape) for shape in shapes}
    if not shapes or not any(matches.values()):
        return _time_of_day(shapes, parts)
    rest = sum(shapes[s] for s, m in matches.items() if m is None)
    if rest:
        return NotTemporal(f"{_share(shapes, rest)} texts are no date, so the column stays text")
    found = [m for m in matches.values() if m is not None]
    timed = [m for m in found if m["t"]]
    if timed and len(timed) < len(found):
        return NotTemporal("some texts are dates and some have a time: the column stays text")
    order = _order(found, parts, day_first=day_first)
    if isinstance(order, NotTemporal):
        return order
    formats: dict[str, int] = {}
    for match in found:
        pattern = _pattern(match, order)
        formats[pattern] = formats.get(pattern, 0) + shapes[match.string]
    zones = [m for m in timed if m["offset"]]
    kind = Kind.DATE if not timed else Kind.TIMESTAMPTZ if zones else Kind.TIMESTAMP
    local = bool(zones) and len(zones) < len(timed)
    notes = [*order.notes, "texts without offset are taken as UTC: check that" if local else ""]
    patterns = sorted(formats, key=lambda p: (-formats[p], p))
    if len(patterns) > 1 and all(m["year"] and m["s1"] == "-" and _padded_iso(m) for m in found):
        patterns = []  # the type's own notation has them all
    notes += [f"{formats[p]:,} as {p}" for p in patterns if len(patterns) > 1]
    return Temporal(kind, tuple(patterns), tuple(n for n in notes if n), local, order.ambiguous)


@dataclass(frozen=True, slots=True)
class _Order:
    """How a/b/yyyy is read; the lenient letters `d` and `M` unless a leading zero was seen."""

    day_first: bool = False
    padded: bool = False
    year_padded: bool = True
    notes: tuple[str, ...] = ()
    ambiguous: str = ""


def _order(found: Sequence[re.Match[str]], parts: Parts, *, day_first: bool | None) -> _Order | NotTemporal:  # noqa: PLR0911 - one answer a case
    short = [m for m in found if m["a"]]
    year_padded = all(len(m["m"]) == len(m["d"]) == 2 for m in found if m["year"])  # noqa: PLR2004 - two digits
    if not short:
        return _Order(year_padded=year_padded)
    separator = short[0]["s2"]
    (low_a, high_a, zeros_a), (low_b, high_b, zeros_b), (_, last, _) = parts(r"^([0-9]{1,2})[-/.]([0-9]{1,2})[-/.]([0-9]+)", 3)
    if not low_a or not low_b or max(high_a, high_b) > _LAST_DAY:
        return NotTemporal("some days or months do not exist: the column stays text")
    if high_a > _LAST_MONTH and high_b > _LAST_MONTH:
        return NotTemporal("day and month change places between rows, and nothing tells which is which: the column stays text")
    if any(len(m["last"]) == 2 for m in short) and _LAST_SHORT_YEAR < last < 100:  # noqa: PLR2004 - two digits
        return NotTemporal(f"a two-digit year above {_LAST_SHORT_YEAR} would be read as 20yy: the column stays text")
    padded = bool(zeros_a or zeros_b) and all(len(m["a"]) == len(m["b"]) == 2 for m in short)  # noqa: PLR2004 - two digits
    if high_a > _LAST_MONTH or high_b > _LAST_MONTH:
        first = high_a > _LAST_MONTH
        note = f"the {'first' if first else 'second'} number goes up to {max(high_a, high_b)}, so it is the day"
        return _Order(first, padded, year_padded, (note,))
    if day_first is not None:
        said = "other columns of the file have the day " + ("first" if day_first else "second")
        return _Order(day_first, padded, year_padded, (f"no number is above {_LAST_MONTH}; {said}",))
    first = separator == "."
    either = (
        f"no number is above {_LAST_MONTH}, so nothing tells the day from the month; read as {'day' if first else 'month'} first"
    )
    return _Order(first, padded, year_padded, (), f"AMBIGUOUS: {either}, ask the sender")


def clear_order(shapes: Mapping[str, int], parts: Parts) -> bool | None:
    """Whether the day comes first in a column's a/b/yyyy dates; None when the column does not tell."""
    found = [m for m in map(_MOMENT.match, shapes) if m is not None and m["a"]]
    if not found or len(found) < len(shapes):
        return None
    order = _order(found, parts, day_first=None)
    return None if isinstance(order, NotTemporal) or order.ambiguous else order.day_first


def _padded_iso(match: re.Match[str]) -> bool:
    two = 2
    return (
        len(match["m"]) == len(match["d"]) == two
        and (not match["t"] or (len(match["hour"]) == two and not match["half"]))
        and not match["gap"]
    )


def _pattern(match: re.Match[str], order: _Order) -> str:
    if match["compact"]:
        date = "yyyyMMdd"
    elif match["year"]:
        s = match["s1"]
        date = f"yyyy{s}MM{s}dd" if order.year_padded else f"yyyy{s}M{s}d"
    else:
        day, month = ("dd", "MM") if order.padded else ("d", "M")
        year, s = ("yyyy" if len(match["last"]) > 2 else "yy"), match["s2"]  # noqa: PLR2004 - two digits
        date = s.join([day, month, year] if order.day_first else [month, day, year])
    if not match["t"]:
        return date
    strict = order.padded if match["a"] else order.year_padded
    gap = match["gap"] if match["offset"] else ""
    offset = "" if not match["offset"] else "XXX" if ":" in match["offset"] else "X"
    return f"{date}{_quoted(match['t'])}{_clock(match, strict=strict)}{gap}{offset}"


def _quoted(separator: str) -> str:
    return "'T'" if separator == "T" else separator


def _clock(match: re.Match[str], *, strict: bool) -> str:
    letter = "h" if match["half"] else "H"
    hour = letter * 2 if strict and len(match["hour"]) == 2 else letter  # noqa: PLR2004 - two digits
    seconds = ":ss" if match["sec"] else ""
    fraction = f".{'S' * len(match['frac'])}" if match["frac"] else ""
    half = f"{' ' if match['half'].startswith(' ') else ''}a" if match["half"] else ""
    return f"{hour}:mm{seconds}{fraction}{half}"


def _time_of_day(shapes: Mapping[str, int], parts: Parts) -> Temporal | NotTemporal:
    matches = [_HOUR.match(shape) for shape in shapes]
    found = [m for m in matches if m is not None]
    if not found:
        named = sum(count for shape, count in shapes.items() if _MONTH_NAME.match(shape))
        return NotTemporal(
            f"{named} texts are dates with the month's name, which is not read: the column stays text" if named else ""
        )
    if len(found) < len(matches):
        return NotTemporal()
    (_, high, zeros), (_, minutes, _) = parts("^([0-9]{1,2}):([0-9]{2})", 2)
    if high > 23 or minutes > 59:  # noqa: PLR2004 - a day
        return NotTemporal("texts such as durations go beyond 23:59, so they are no times of day: the column stays text")
    patterns = sorted({_clock(m, strict=bool(zeros)) for m in found})
    if patterns in (["HH:mm:ss"], ["HH:mm"]) or (all(p.startswith("HH:mm") and not p.endswith("a") for p in patterns)):
        return Temporal(Kind.TIME, tuple(patterns) if len(patterns) == 1 else ())
    return Temporal(Kind.TIME, tuple(patterns))


def _share(shapes: Mapping[str, int], some: int) -> str:
    return f"{some:,} of {sum(shapes.values()):,}"
