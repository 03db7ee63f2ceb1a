"""Primary key, load mode and order: what the sample proves, and what it only does not disprove.

A key that does not hold makes an upsert drop rows. So a key needs a name that says so, or more rows than would be different by chance.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tidegate.contracts.contract import Kind, LoadMode
from tidegate.propose.names import OPERATIONS, change_rank, is_code, is_end, is_identifier, is_measure, word_set, words_of
from tidegate.propose.privacy import Guess
from tidegate.propose.profile import Profile, Profiler
from tidegate.propose.types import Typed

_PROVEN = 20  # rows from which a column that repeats nothing is one, if its place or content says so too
_MOST_CANDIDATES, _MOST_PARTS = 8, 3
_ENOUGH = 100  # rows for a key of several columns
_BY_CHANCE = 10.0  # pairs of equal rows that chance would make
_FILLED = 0.2  # share of all combinations that are there: dates by states fill their grid, dates by codes do not
_LONGEST_KEY = 64
_DELETES = frozenset({"D", "d", "DELETE", "delete", "Delete", "DEL", "del"})
_OPERATION_WORDS = _DELETES | word_set(
    "I U i u C c R r INSERT UPDATE insert update Insert Update create CREATE read READ upsert UPSERT"
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One target column as the search for a key sees it; `in_all_files`: every header has it."""

    name: str
    expression: str
    profile: Profile
    typed: Typed
    guess: Guess
    in_all_files: bool = True
    position: int = 0


@dataclass(frozen=True, slots=True)
class Keys:
    """What identifies a row (names of columns), and what follows; `evidence` by word of the contract."""

    primary: tuple[str, ...]
    mode: LoadMode
    order_by: str | None
    delete_when: tuple[str, tuple[str, ...]] | None
    evidence: Mapping[str, str] = field(default_factory=dict)


def find_keys(candidates: Sequence[Candidate], profiler: Profiler, rows: int, files: int) -> Keys:
    """Search the key over all rows of the sample."""
    doubles = rows - profiler.distinct([c.expression for c in candidates]) if rows else 0
    if doubles:
        times = f"{doubles:,} row{'s are' * (doubles > 1)}{' is' * (doubles == 1)} an exact copy of another"
        return _append(f"{times}, so no columns identify a row: append keeps every row")
    if not rows:
        return _append("no row was seen, so no key is known: upsert needs one")
    usable = [c for c in candidates if _may_be_key(c)]
    found = _single(usable, profiler, rows, files) or _composite(usable, profiler, rows)
    if not found.names:
        return _append(found.why or _why_none(usable, rows))
    primary, why = found.names, found.why
    order, order_why = _order(candidates, primary)
    delete = _delete(candidates, primary)
    evidence = {"loadMode": why, "orderBy": order_why}
    if delete:
        evidence["deleteWhen"] = "the words of a change log were seen in it, deletions too"
    return Keys(primary, LoadMode.UPSERT, order, delete, evidence)


def _append(why: str) -> Keys:
    return Keys((), LoadMode.APPEND, None, None, {"loadMode": why})


def _may_be_key(c: Candidate) -> bool:
    """Whether a column may be part of a key: always there, exact, short, and not changed by privacy."""
    if (
        c.profile.empty
        or c.typed.nulls
        or not c.profile.plain
        or not c.in_all_files
        or {"hash", "checksum"} & set(words_of(c.profile.name))
    ):
        return False
    if c.typed.kind in {Kind.DECIMAL, Kind.DOUBLE, Kind.BOOLEAN, Kind.TIME} or c.profile.longest > _LONGEST_KEY:
        return False
    return not c.guess.hidden or (c.typed.kind is Kind.STRING and c.guess.privacy is None)


@dataclass(frozen=True, slots=True)
class _Found:
    """A key and why, or no names and perhaps why not."""

    names: tuple[str, ...] = ()
    why: str = ""

    def __bool__(self) -> bool:
        return bool(self.names)


def _single(usable: Sequence[Candidate], profiler: Profiler, rows: int, files: int) -> _Found:
    ranked = sorted((rank, c.position, c) for c in usable if (rank := _key_rank(c, rows)) is not None)
    for _, _, c in ranked:
        if c.profile.distinct == rows:
            few = "" if rows >= _PROVEN else f"; {rows} row{'s prove' if rows > 1 else ' proves'} little"
            return _Found((c.name,), f"{c.name}: {c.profile.distinct:,} of {rows:,} different, none empty{few}")
        if files > 1 and is_identifier(c.profile.name) and profiler.distinct(["_file_id", c.expression]) == rows:
            again = rows - c.profile.distinct
            return _Found(
                (c.name,), f"{c.name}: different in each file; {again:,} of {rows:,} come again in another file: the newest wins"
            )
    return _Found()


def _key_rank(c: Candidate, rows: int) -> int | None:
    """How likely a column is the key by its name and content; None: not by itself, however different its texts."""
    if c.profile.name.lower() in {"id", "uuid", "guid", "key", "_id"}:
        return 0
    text = c.typed.kind in {Kind.STRING, Kind.INTEGER}
    if text and is_identifier(c.profile.name):
        return 1
    if text and is_code(c.profile.name) and not c.guess.hidden:
        return 2
    if rows >= _PROVEN and c.profile.all("uuids"):
        return 3
    first = c.position == 0 and text and not c.guess.hidden and not is_measure(c.profile.name)
    return 4 if first and rows >= _PROVEN else None


def _composite(usable: Sequence[Candidate], profiler: Profiler, rows: int) -> _Found:
    """Columns that are different together, when they fill so much of their grid that this is no chance."""
    parts = sorted((c for c in usable if _may_be_part(c)), key=lambda c: (not _names_a_thing(c), c.position))[:_MOST_CANDIDATES]
    unproven = ""
    for size in range(2, _MOST_PARTS + 1):
        for group in itertools.combinations(sorted(parts, key=lambda c: c.position), size):
            if math.prod(c.profile.distinct for c in group) < rows or profiler.distinct([c.expression for c in group]) != rows:
                continue
            names = tuple(c.name for c in group)
            filled, chance = rows / math.prod(c.profile.distinct for c in group), _expected(group, rows)
            together = f"{' and '.join(names)} together: {rows:,} of {rows:,} different"
            if rows >= _ENOUGH and chance >= _BY_CHANCE and filled >= _FILLED:
                return _Found(names, f"{together}, {filled:.0%} of all combinations; chance would repeat about {chance:,.0f}")
            if rows >= _PROVEN:
                unproven = unproven or f"{together}, which may be chance: append keeps every row; a key would need upsert"
    return _Found(why=unproven)


def _names_a_thing(c: Candidate) -> bool:
    return is_code(c.profile.name) or c.typed.kind in {Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMPTZ} or c.profile.all("uuids")


def _may_be_part(c: Candidate) -> bool:
    if c.profile.distinct < 2 or is_end(c.profile.name):  # noqa: PLR2004 - a constant tells nothing apart
        return False
    moment = c.typed.kind in {Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMPTZ}
    label = c.typed.kind is Kind.STRING and not c.guess.hidden
    number = c.typed.kind is Kind.INTEGER and bool(
        {"year", "month", "week", "day", "line", "number", "no", "seq"} & set(words_of(c.profile.name))
    )
    return (moment and change_rank(c.profile.name) > 1) or label or number


def _expected(group: Sequence[Candidate], rows: int) -> float:
    """Pairs of rows that would agree in all columns if the columns had nothing to do with each other."""
    together = 1.0
    for c in group:
        together *= c.profile.repeats
    return rows * (rows - 1) / 2 * together


def _why_none(usable: Sequence[Candidate], rows: int) -> str:
    different = [c.name for c in usable if c.profile.distinct == rows]
    if different and rows >= _PROVEN:
        return f"only {different[0]} is different in all {rows:,} rows, and neither its name nor its place says key: append keeps every row"
    return f"nothing proves a key in {rows:,} row{'s' * (rows != 1)}: append keeps every row; with primaryKey columns, upsert"


def _order(candidates: Sequence[Candidate], primary: tuple[str, ...]) -> tuple[str | None, str]:
    kinds = {Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMPTZ}
    ranked = []
    for c in candidates:
        rank = change_rank(c.profile.name)
        counter = c.typed.kind is Kind.INTEGER and rank == 2  # noqa: PLR2004 - versions and sequences
        if rank > 2 or c.name in primary or c.guess.hidden or not (c.typed.kind in kinds or counter):  # noqa: PLR2004 - no such name
            continue
        ranked.append((rank, c.profile.empty > 0, c.position, c.name))
    if not ranked:
        return None, "no column says when a row was changed: the newest arrival of a key wins"
    return min(ranked)[3], "the name says when a row was changed; the greatest value of a key wins"


def _delete(candidates: Sequence[Candidate], primary: tuple[str, ...]) -> tuple[str, tuple[str, ...]] | None:
    for c in candidates:
        values = set(c.profile.values)
        if "_".join(words_of(c.profile.name)) in OPERATIONS and c.typed.kind is Kind.STRING and c.name not in primary and values:
            marks = tuple(sorted(values & _DELETES))
            if marks and values <= _OPERATION_WORDS:
                return c.name, marks
    return None
