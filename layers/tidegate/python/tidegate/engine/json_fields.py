"""Columns of JSON records: which text each one takes from a record and from what the record is in."""

from collections.abc import Callable, Sequence
from enum import Enum
from typing import TypeAlias

from tidegate.contracts.contract import Contract
from tidegate.contracts.json_paths import (
    After,
    Index,
    Key,
    Origin,
    Path,
    RecordsPath,
    Step,
    Where,
    keys_of,
    parse_path,
    parse_records,
)
from tidegate.engine.json_records import Found
from tidegate.engine.json_values import Value, text_of


class Misfit(Enum):
    """What a path gives where a value is of another shape than it says."""

    SHAPE = 1


Got: TypeAlias = "Value | Misfit"
Getter = Callable[[Found], Got]


def records_path(contract: Contract) -> RecordsPath:
    """Return where the contract's records are."""
    return parse_records(contract.json.records) if contract.json.records else RecordsPath()


def reached(contract: Contract) -> frozenset[str]:
    """Return the keys of a record that the contract's paths start with."""
    return frozenset(p.first for p in _paths(contract) if p.origin is Origin.RECORD)


def readiness(contract: Contract) -> Callable[[Found], bool] | None:
    """Say of a record whether its scopes have every key that columns take from them; None when columns take nothing from scopes."""
    outer = {(p.origin, p.first) for p in _paths(contract) if p.origin is not Origin.RECORD}
    if not outer:
        return None
    path = records_path(contract)
    needs = {(origin, key) for origin, key in outer if origin is Origin.DOCUMENT or not path.inner}  # an element is read whole
    on_the_way = any(key in keys_of(path.down) for _, key in needs)  # complete at the end of the document only
    return lambda found: not on_the_way and all(key in _scope(found, origin) for origin, key in needs)


def _paths(contract: Contract) -> list[Path]:
    return [parse_path(source) for column in contract.columns for source in column.sources]


def _scope(found: Found, origin: Origin) -> dict[str, Value]:
    return found.scopes[0 if origin is Origin.DOCUMENT else -1]


class Fields:
    """The fields of a header: of a column's first source every source, first value wins; of another name that path alone."""

    def __init__(self, contract: Contract, header: Sequence[str]) -> None:
        """Compile the paths."""
        sources = {column.sources[0]: column.sources for column in contract.columns if column.sources}
        self._columns = [_column([parse_path(source) for source in sources.get(name, (name,))]) for name in header]

    def texts(self, records: Sequence[Found]) -> tuple[list[list[str | None]], set[int]]:
        """Return the texts of each field, by record, and the records in which a field has a value only where its path does not fit."""
        misfits: set[int] = set()
        columns = [[self._text(got, place, misfits) for place, got in enumerate(column(records))] for column in self._columns]
        return columns, misfits

    @staticmethod
    def _text(got: Got, place: int, misfits: set[int]) -> str | None:
        if got is None or isinstance(got, str):
            return got
        if isinstance(got, Misfit):
            misfits.add(place)
            return None
        return text_of(got)


def _column(paths: Sequence[Path]) -> Callable[[Sequence[Found]], list[Got]]:
    path, *others = paths
    if not others and len(path.steps) == 1 and path.origin is Origin.RECORD:  # most columns of flat records
        key = path.first
        return lambda records: [r.value.get(key) if r.value else None for r in records]
    getters = [_getter(path) for path in paths]
    return lambda records: [_first(getters, r) for r in records]


def _first(getters: Sequence[Getter], found: Found) -> Got:
    misfit: Got = None
    for getter in getters:
        got = getter(found)
        if got is Misfit.SHAPE:
            misfit = got
        elif got is not None and got != "":
            return got
    return misfit


def _getter(path: Path) -> Getter:
    steps, origin, first = path.steps, path.origin, path.first
    if origin is not Origin.RECORD:
        return lambda found: _walk(_scope(found, origin), steps)
    if len(steps) == 1:
        return lambda found: found.value.get(first) if found.value else None
    rest = steps[1:]
    return lambda found: _walk(found.value.get(first), rest) if found.value else None


def _walk(value: Value, steps: Sequence[Step]) -> Got:
    for step in steps:
        if value is None:
            return None
        got = _step(value, step)
        if isinstance(got, Misfit):
            return got
        value = got
    return value


def _step(value: Value, step: Step) -> Got:
    if isinstance(value, dict):
        if isinstance(step, Key):
            return value.get(step.name)
        if isinstance(step, Where):
            return value if _has(value, step) else None
    if isinstance(value, list):
        if isinstance(step, Index):
            return value[step.number] if step.number < len(value) else None
        if isinstance(step, Where):
            return next((v for v in value if _has(v, step)), None)
    if isinstance(value, str) and isinstance(step, After):
        return value[len(step.start) :] if value.startswith(step.start) else None
    return Misfit.SHAPE


def _has(value: Value, where: Where) -> bool:
    return isinstance(value, dict) and text_of(value.get(where.key)) == where.text
