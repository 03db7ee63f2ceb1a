"""What one text column holds: counts and shapes, no judgement. Whatever reads files into named text columns can be profiled."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from tidegate.engine import Limits, sql

#: Texts that mean null. The first ones mean it in any column, the others only where the rest is numbers or dates.
NULL_WORDS = ("NULL", "null", "Null", "\\N", "#N/A", "<NA>", "<null>", "(null)", "NaN", "nan", "N/A", "n/a")
SOFT_NULL_WORDS = (
    "NA",
    "na",
    "None",
    "none",
    "NONE",
    "nil",
    "-",
    "--",
    ".",
    "?",
    "unknown",
    "Unknown",
    "UNKNOWN",
    "TBD",
    "missing",
)
_MAX_SHAPES = 200
_MAX_VALUES = 13
_PROBES = 50
_CELLS = 2_000_000  # texts that are grouped at once
_COUNTS = (
    "filled", "plain", "distinct", "distinct_plain", "shortest", "longest", "whole_digits", "fraction_least", "fraction_most", "fractions",
)  # fmt: skip
_INTEGER = "[+-]?[0-9]+"
_NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)"
#: What a value may be, as expressions that have to match all of it. Each becomes a count in a Profile.
PATTERNS = {
    "integers": _INTEGER,
    "numbers": _NUMBER,
    "exponents": rf"{_NUMBER}[eE][+-]?[0-9]+",
    "digits": "[0-9]+",
    "leading_zeros": "[+-]?0[0-9]+",
    "compact_dates": "(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])",
    "words_true_false": "(?i:true|false)",
    "words_yes_no": "(?i:yes|no)",
    "letters_t_f": "[tTfF]",
    "letters_y_n": "[yYnN]",
    "zeros_ones": "[01]",
    "uuids": "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
    "hexes": "[0-9a-f]+",
    "emails": r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}",
    "ssns": "[0-9]{3}-[0-9]{2}-[0-9]{4}",
    "phones": r"(?:\+[0-9]{1,3}[ .-]?|1[ .-])?(?:\([0-9]{2,4}\) ?|[0-9]{2,4}[ .-])[0-9]{3,4}[ .-]?[0-9]{3,4}",
    "grouped": r"[+-]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?",
    "comma_decimals": r"[+-]?(?:[0-9]{1,3}(?:\.[0-9]{3})+|[0-9]+),[0-9]+",
    "currencies": r"[-+(]?(?:[$€£¥]|[A-Z]{3} ) ?[0-9][0-9.,]*\)?|[+-]?[0-9][0-9.,]* ?[€%]",
    "blank_edges": r"(?s:\s.*|.*\s)",
    "years": "(?:19|20)[0-9]{2}",
}


@dataclass(frozen=True, slots=True)
class Profile:
    """One column of the sample.

    `rows` are those of files that have the column, `filled` those with a text. Counts in `matching` are of the `plain` ones: filled and
    no word for null. `words` counts the words for null, `values` the few distinct texts (empty when there are many), `shapes` the texts
    with each digit as 9 (empty when there are too many). `repeats` is how likely two rows have the same text.
    """

    name: str
    rows: int
    filled: int = 0
    plain: int = 0
    distinct: int = 0
    distinct_plain: int = 0
    shortest: int = 0
    longest: int = 0
    whole_digits: int = 0
    fraction_least: int = 0
    fraction_most: int = 0
    fractions: int = 0
    low: int | None = None
    high: int | None = None
    repeats: float = 1.0
    matching: Mapping[str, int] = field(default_factory=dict)
    words: Mapping[str, int] = field(default_factory=dict)
    values: Mapping[str, int] = field(default_factory=dict)
    shapes: Mapping[str, int] = field(default_factory=dict)
    probes: tuple[str, ...] = ()

    @property
    def empty(self) -> int:
        """Rows without a text."""
        return self.rows - self.filled

    def all(self, *patterns: str) -> bool:
        """Whether every plain text matches one of the patterns, which exclude each other."""
        return self.plain > 0 and sum(self.matching.get(p, 0) for p in patterns) == self.plain

    def share(self, pattern: str) -> float:
        """The share of the plain texts that match."""
        return self.matching.get(pattern, 0) / self.plain if self.plain else 0.0


class Profiler:
    """Asks one Parquet file of text columns; memory is bounded by `limits`, the rest spills into `workdir`."""

    def __init__(self, path: Path | None, workdir: Path, limits: Limits) -> None:
        """Open an engine of its own."""
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": f"{limits.memory_mb}MiB",
            "threads": str(limits.threads),
            "temp_directory": str(workdir / "profile-spill"),
        }
        self._connection = duckdb.connect(str(workdir / "profile.duckdb"), config=config)
        if path:  # a table binds in no time; a Parquet file of a thousand columns does not
            self._connection.execute("CREATE TABLE sample AS SELECT * FROM read_parquet($1)", [str(path)])
        self._some = path is not None

    def close(self) -> None:
        """Give the engine back."""
        self._connection.close()

    def ask(self, statement: str) -> list[tuple[object, ...]]:
        """Rows of a statement over the table `sample`; none when the sample has no row."""
        return self._connection.execute(statement).fetchall() if self._some else []

    def profiles(self, columns: Sequence[tuple[str, str, int]]) -> Iterator[Profile]:
        """Profile columns, each (name, text expression over the sample, rows of the files that have it), many at once."""
        rows = max((rows for _, _, rows in columns), default=0)
        size = max(1, _CELLS // max(rows, 1))
        for first in range(0, len(columns), size):
            yield from self._batch(columns[first : first + size])

    def _batch(self, columns: Sequence[tuple[str, str, int]]) -> Iterator[Profile]:
        found = {row[0]: row[1:] for row in self.ask(_statement([expression for _, expression, _ in columns]))}
        for place, (name, _, rows) in enumerate(columns):
            yield _profile(name, rows, found[place]) if place in found else Profile(name, rows)

    def shapes(self, expression: str) -> Mapping[str, int]:
        """The texts with each digit as 9 and how many have each; empty when there are more than a date or a code would have."""
        words = sql.texts([*NULL_WORDS, *SOFT_NULL_WORDS])
        found = self.ask(
            f"SELECT translate({expression}, '012345678', '999999999') AS shape, count(*) FROM sample"
            f" WHERE {expression} NOT IN ({words}) GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {_MAX_SHAPES + 1}"
        )
        return {} if len(found) > _MAX_SHAPES else {str(shape): int(count) for shape, count in found}  # type: ignore[call-overload]

    def parts(self, expression: str, pattern: str, groups: int) -> list[tuple[int, int, int]]:
        """Of texts that begin with the pattern: least and greatest number in each group, and how often it begins with 0."""
        columns = []
        for group in range(1, groups + 1):
            part = f"regexp_extract({expression}, {sql.text(pattern)}, {group})"
            columns.append(f"min(TRY_CAST({part} AS INT)), max(TRY_CAST({part} AS INT)), count(*) FILTER ({part} LIKE '0%')")
        found = self.ask(f"SELECT {', '.join(columns)} FROM sample WHERE regexp_matches({expression}, {sql.text(pattern)})")
        flat = [int(n or 0) for n in (found[0] if found else ())]  # type: ignore[call-overload]
        return [(flat[i], flat[i + 1], flat[i + 2]) for i in range(0, len(flat), 3)]

    def distinct(self, expressions: Sequence[str]) -> int:
        """How many different rows the expressions make."""
        row = ", ".join(expressions)
        found = self.ask(f"SELECT count(*) FROM (SELECT DISTINCT {row} FROM sample)")
        return int(found[0][0]) if found else 0  # type: ignore[call-overload]


def _statement(expressions: Sequence[str]) -> str:
    """Counts of several columns, one row each that has a text, by the column's place."""
    words = sql.texts([*NULL_WORDS, *SOFT_NULL_WORDS])
    places, texts = ", ".join(str(place) for place in range(len(expressions))), ", ".join(expressions)
    counts = [f"sum(n) FILTER (p AND regexp_full_match(v, {sql.text(pattern)}))" for pattern in PATTERNS.values()]
    whole = r"regexp_extract(v, '^[+-]?0*([0-9]*)', 1)"
    fraction = r"regexp_extract(v, '\.([0-9]*)$', 1)"
    return (
        f"WITH s AS (SELECT unnest([{places}]) AS c, unnest([{texts}]) AS v FROM sample),"
        " t AS (SELECT c, v, count(*) AS n FROM s WHERE v IS NOT NULL GROUP BY ALL),"
        f" d AS (SELECT c, v, n, v NOT IN ({words}) AS p, p AND regexp_full_match(v, {sql.text(_NUMBER)}) AS i FROM t)"
        " SELECT c, sum(n), sum(n) FILTER (p), count(*), count(*) FILTER (p), min(length(v)) FILTER (p), max(length(v)) FILTER (p),"
        f" max(length({whole})) FILTER (i), min(length({fraction})) FILTER (i), max(length({fraction})) FILTER (i),"
        f" sum(n) FILTER (i AND regexp_matches({fraction}, '[1-9]')),"
        " min(TRY_CAST(v AS HUGEINT)) FILTER (i), max(TRY_CAST(v AS HUGEINT)) FILTER (i),"
        " sum(CAST(n AS DOUBLE) * n) / sum(n) / sum(n),"
        f" map_from_entries(list((v, n) ORDER BY v) FILTER (NOT p)), {', '.join(counts)},"
        f" CASE WHEN count(*) < {_MAX_VALUES} THEN map_from_entries(list((v, n) ORDER BY n DESC, v)) END,"
        f" min(v, {_PROBES}) FILTER (p) FROM d GROUP BY c"
    )


def _profile(name: str, rows: int, found: Sequence[Any]) -> Profile:
    matching = found[14 : 14 + len(PATTERNS)]
    values, probes = found[14 + len(PATTERNS) :]
    counts: dict[str, Any] = dict(zip(_COUNTS, (int(n or 0) for n in found[:10]), strict=True))
    return Profile(
        name,
        rows,
        **counts,
        low=found[10],
        high=found[11],
        repeats=float(found[12]),
        matching={p: int(n or 0) for p, n in zip(PATTERNS, matching, strict=True)},
        words=dict(found[13] or {}),
        values=dict(values or {}),
        probes=tuple(probes or ()),
    )
