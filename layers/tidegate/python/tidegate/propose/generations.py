"""Several files, several headers: which names are the same column, and the date that only the file's name has."""

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from tidegate.contracts.contract import Kind
from tidegate.engine.headers import snake_name
from tidegate.propose.sample import SampleFile

_ALIKE = 0.8
_SHORTEST_PREFIX = 3
_DATES = (
    (r"[0-9]{4}-[0-9]{2}-[0-9]{2}", (("yyyy-MM-dd", "%Y-%m-%d"),)),
    (r"[0-9]{4}_[0-9]{2}_[0-9]{2}", (("yyyy_MM_dd", "%Y_%m_%d"),)),
    (r"[0-9]{2}-[0-9]{2}-[0-9]{4}", (("MM-dd-yyyy", "%m-%d-%Y"), ("dd-MM-yyyy", "%d-%m-%Y"))),
    (r"[0-9]{2}_[0-9]{2}_[0-9]{4}", (("MM_dd_yyyy", "%m_%d_%Y"), ("dd_MM_yyyy", "%d_%m_%Y"))),
    (r"[0-9]{8}", (("yyyyMMdd", "%Y%m%d"),)),
)
_YEARS = range(1900, 2101)


@dataclass(frozen=True, slots=True)
class Group:
    """One target column: its names in the headers, newest first, and why they are one."""

    names: tuple[str, ...]
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class FileDate:
    """A date in the name of every file: the expression with its one group, its format, and how each file reads."""

    pattern: str
    format: str
    dates: tuple[date, ...]
    evidence: str


def file_date(names: Sequence[str]) -> FileDate | None:
    """Find the one date that every name has; None when a name has none, or all have the same."""
    for digits, formats in _DATES:
        whole = re.compile(rf"(?:^|[^0-9])({digits})(?:[^0-9][^/]*)?$")
        found = [m[1] for name in names if (m := whole.search(name))]
        if len(found) < len(names) or len(set(found)) < 2:  # noqa: PLR2004 - one date says nothing about the next file
            continue
        read = [(form, days) for form, code in formats if (days := _days(found, code))]
        if not read:
            continue
        form, days = read[0]
        either = f"; AMBIGUOUS: {read[1][0]} would do as well" if len(read) > 1 else ""
        why = f"in the names of all {len(names):,} files, {len(set(days)):,} different dates as {form}{either}"
        return FileDate(rf"(?:^|[^0-9])({digits})(?:[^0-9][^/]*)?$", form, tuple(days), why)
    return None


def _days(texts: Sequence[str], code: str) -> list[date]:
    try:
        days = [datetime.strptime(text, code).date() for text in texts]  # noqa: DTZ007 - a day has no zone here
    except ValueError:
        return []
    return days if all(day.year in _YEARS for day in days) else []


def oldest_first(files: Sequence[SampleFile], dated: FileDate | None) -> list[SampleFile]:
    """The files by the date in their names, else as given."""
    return (
        [f for _, _, f in sorted((d, n, f) for n, (d, f) in enumerate(zip(dated.dates, files, strict=True)))]
        if dated
        else list(files)
    )


def same_columns(files: Sequence[SampleFile], kinds: Mapping[str, Kind | None]) -> list[Group]:
    """Group the header names of files, oldest first; `kinds` is None for a name without values, which fits any.

    Two names are one column when no header has both and they are the same word by word, or alike with the same type.
    """
    headers = list(dict.fromkeys(file.header for file in files))
    newest: dict[str, int] = {name: age for age, header in enumerate(headers) for name in header}
    together = {frozenset(pair) for header in headers for pair in _pairs(header)} if len(headers) > 1 else set()
    groups: list[list[str]] = []
    evidence: dict[int, str] = {}
    order = [name for header in reversed(headers) for name in header if name]
    for name in dict.fromkeys(order):
        ranked = (
            []
            if len(headers) == 1
            else sorted(
                ((-alike, place) for place, group in enumerate(groups) if (alike := _alike(name, group, kinds, together))),
                key=lambda r: r,
            )
        )
        if not ranked:
            groups.append([name])
            continue
        score, place = ranked[0]
        groups[place].append(name)
        evidence[place] = (
            "renamed between headers" if score == -1 else "renamed between headers, by likeness of name and type: check that"
        )
    return [Group(tuple(sorted(g, key=lambda n: -newest[n])), evidence.get(place, "")) for place, g in enumerate(groups)]


def _pairs(header: Sequence[str]) -> list[tuple[str, str]]:
    return [(a, b) for i, a in enumerate(header) for b in header[i + 1 :]]


def _alike(name: str, group: Sequence[str], kinds: Mapping[str, Kind | None], together: set[frozenset[str]]) -> float:
    """1 for the same words, less for alike ones, 0 for another column."""
    if any(frozenset((name, other)) in together for other in group):
        return 0.0
    best = 0.0
    for other in group:
        if snake_name(name) == snake_name(other):
            return 1.0
        mine, its = (re.sub("[^a-z0-9]", "", n.lower()) for n in (name, other))
        prefix = min(len(mine), len(its)) >= _SHORTEST_PREFIX and (mine.startswith(its) or its.startswith(mine))
        ratio = difflib.SequenceMatcher(None, mine, its).ratio()
        same_type = kinds[name] is None or kinds[other] is None or kinds[name] is kinds[other]
        if same_type and (prefix or ratio >= _ALIKE):
            best = max(best, min(ratio, 0.99))
    return best
