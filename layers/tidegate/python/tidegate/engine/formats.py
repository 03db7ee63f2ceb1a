"""JDK date and time patterns, compiled to a guard (RE2) and a rewrite into the one text that DuckDB casts exactly.

Letters: `yyyy uuuu yy MM M dd d HH H hh h mm m ss s S…(1 to 9) a X XX XXX`, text in single quotes, and any other character that
is not a letter, `[`, `]`, `{`, `}` or `#`. A doubled letter wants two digits, a single one takes one or two. `yy` is 2000 to 2099.
Fractions behind the sixth digit have to be zeros (microseconds are stored). `X` takes `Z`, `+hh` or `+hhmm`; `XX` `Z` or `+hhmm`;
`XXX` `Z` or `+hh:mm`. Seconds 60, hour 24 and year 0000 are refused. A missing time is midnight.
"""

import re
from dataclasses import dataclass

YEAR = "([0-9]{3}[1-9]|[0-9]{2}[1-9][0-9]|[0-9][1-9][0-9]{2}|[1-9][0-9]{3})"
_OFFSET_HOUR = "(?:0[0-9]|1[0-7])"
_LETTERS: dict[str, tuple[str, str]] = {
    "yyyy": ("year", YEAR),
    "uuuu": ("year", YEAR),
    "yy": ("short_year", "([0-9]{2})"),
    "MM": ("month", "(0[1-9]|1[0-2])"),
    "M": ("month", "(0?[1-9]|1[0-2])"),
    "dd": ("day", "(0[1-9]|[12][0-9]|3[01])"),
    "d": ("day", "(0?[1-9]|[12][0-9]|3[01])"),
    "HH": ("hour", "([01][0-9]|2[0-3])"),
    "H": ("hour", "([01]?[0-9]|2[0-3])"),
    "hh": ("half_hour", "(0[1-9]|1[0-2])"),
    "h": ("half_hour", "(0?[1-9]|1[0-2])"),
    "mm": ("minute", "([0-5][0-9])"),
    "m": ("minute", "([0-5]?[0-9])"),
    "ss": ("second", "([0-5][0-9])"),
    "s": ("second", "([0-5]?[0-9])"),
    "a": ("half", "([AaPp][Mm])"),
    "X": ("offset", f"(Z|[+-]{_OFFSET_HOUR}(?:[0-5][0-9])?|[+-]18(?:00)?)"),
    "XX": ("offset", f"(Z|[+-]{_OFFSET_HOUR}[0-5][0-9]|[+-]1800)"),
    "XXX": ("offset", f"(Z|[+-]{_OFFSET_HOUR}:[0-5][0-9]|[+-]18:00)"),
}
_STRPTIME = {"year": "%Y", "month": "%m", "day": "%d", "hour": "%H", "minute": "%M", "second": "%S"}
_TOKEN = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|(.)", re.DOTALL)
_MICROSECOND_DIGITS = 6
_NANOSECOND_DIGITS = 9


class FormatInvalid(ValueError):
    """A pattern is outside the subset; the message says which part."""


@dataclass(frozen=True, slots=True)
class TimeFormat:
    r"""A compiled pattern.

    `guard` is an RE2 expression for the whole value, `canonical` the replacement (`\1` …) that gives `2021-01-31 13:05:00.25+02:00`
    (or `2021-01-31 01:05:00.25 PM` when `half_day`), `strptime` DuckDB's own format of the same, which is quicker, or empty where there
    is none; `fields` are the parts that the pattern names.
    """

    guard: str
    canonical: str
    fields: frozenset[str]
    half_day: bool
    strptime: str = ""

    @property
    def has_date(self) -> bool:
        """Year, month and day are all there."""
        return {"month", "day"} <= self.fields and bool({"year", "short_year"} & self.fields)

    @property
    def has_time(self) -> bool:
        """At least the hour is there."""
        return bool({"hour", "half_hour"} & self.fields)


def compile_format(pattern: str) -> TimeFormat:
    """Compile a JDK pattern.

    Raises:
        FormatInvalid: the pattern uses something outside the subset or contradicts itself.
    """
    guard, groups, parts = "", dict[str, int](), list[str]()
    for match in _TOKEN.finditer(pattern):
        quoted, letter, other = match.group(1), match.group(2), match.group(3)
        if quoted is not None:
            literal = quoted.replace("''", "'") if quoted else "'"
            guard += re.escape(literal)
            parts.append(literal.replace("%", "%%"))
        elif letter:
            field, piece = _piece(match.group(0))
            if field in groups:
                raise FormatInvalid(f"{field.replace('_', ' ')} is named twice")
            groups[field] = len(groups) + 1
            guard += piece
            parts.append(_STRPTIME.get(field, ""))
        elif other in "[]{}#'":
            raise FormatInvalid(f"{other} is not supported")
        else:
            guard += re.escape(other)
            parts.append(other.replace("%", "%%"))
    _check_fields(groups)
    strptime = "".join(parts) if groups.keys() <= _STRPTIME.keys() and {"year", "month", "day"} <= groups.keys() else ""
    return TimeFormat(guard, _canonical(groups), frozenset(groups), "half_hour" in groups, strptime)


def _piece(run: str) -> tuple[str, str]:
    if run[0] == "S" and len(run) <= _NANOSECOND_DIGITS:
        zeros = len(run) - _MICROSECOND_DIGITS
        return "fraction", f"([0-9]{{{_MICROSECOND_DIGITS}}})0{{{zeros}}}" if zeros > 0 else f"([0-9]{{{len(run)}}})"
    if run not in _LETTERS:
        raise FormatInvalid(f"{run} is not supported")
    return _LETTERS[run]


def _check_fields(groups: dict[str, int]) -> None:
    if ("half_hour" in groups) != ("half" in groups):
        raise FormatInvalid("h and a go together")
    if {"hour", "half_hour"} <= groups.keys() or {"year", "short_year"} <= groups.keys():
        raise FormatInvalid("the same part is named in two ways")
    needs = (
        ("minute", ("hour", "half_hour")),
        ("second", ("minute",)),
        ("fraction", ("second",)),
        ("offset", ("hour", "half_hour")),
    )
    for part, wanted in needs:
        if part in groups and not any(w in groups for w in wanted):
            raise FormatInvalid(f"{part} needs {' or '.join(wanted).replace('_', ' ')}")
    if {"half_hour", "offset"} <= groups.keys():
        raise FormatInvalid("a twelve-hour time cannot carry an offset")
    if not groups:
        raise FormatInvalid("the pattern names no part of a date or time")


def _canonical(groups: dict[str, int]) -> str:
    def ref(field: str, default: str = "00") -> str:
        return f"\\{groups[field]}" if field in groups else default

    year = f"20{ref('short_year')}" if "short_year" in groups else ref("year", "1970")
    date = f"{year}-{ref('month', '01')}-{ref('day', '01')}"
    hour = ref("half_hour") if "half_hour" in groups else ref("hour")
    time = f"{hour}:{ref('minute')}:{ref('second')}"
    if "half_hour" in groups:  # strptime wants the fraction always and the half day behind it
        return f"{date} {time}.{ref('fraction', '0')} {ref('half')}"
    return f"{date} {time}" + (f".{ref('fraction')}" if "fraction" in groups else "") + ref("offset", "")
