"""What the history of keys is, said in plain Python: epoch after epoch, each overwriting what earlier ones said of its time."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

BEGINNING = dt.datetime(1900, 1, 1)  # noqa: DTZ001 - gold's timestamps are UTC without saying so
END = dt.datetime(9999, 12, 31)  # noqa: DTZ001
Key = tuple[object, ...]
Values = tuple[object, ...]


@dataclass(frozen=True)
class Sent:
    """One row of bronze: its key and values, when it holds from, whether it deletes, and where it came from."""

    key: Key
    values: Values
    at: dt.datetime
    deletes: bool
    arrival: str
    load: str
    file: str
    record: int


@dataclass(frozen=True)
class Version:
    """One version of a key; valid from `begin` until before `end`."""

    key: Key
    values: Values
    recorded: dt.datetime
    begin: dt.datetime
    end: dt.datetime
    deleted: bool


def moment(arrival: str) -> dt.datetime:
    """When a file arrived."""
    return dt.datetime(1970, 1, 1) + dt.timedelta(microseconds=int(arrival[:16]))  # noqa: DTZ001


def history(sent: Iterable[Sent], full_loads: Mapping[str, str]) -> list[Version]:
    """All versions of all keys, in order. `full_loads` began at arrivals that rows do not show."""
    rows = list(sent)
    starts = dict(full_loads)
    for row in rows:
        if row.load:
            starts[row.load] = min(row.arrival, starts.get(row.load, row.arrival))
    loads = sorted(starts, key=lambda load: (starts[load], load))
    keys = sorted({row.key for row in rows})
    by_key = _grouped(rows)
    return [version for key in keys for version in _of_key(key, by_key[key], loads, starts)]


def _grouped(rows: Sequence[Sent]) -> Mapping[Key, list[Sent]]:
    grouped: dict[Key, list[Sent]] = {}
    for row in rows:
        grouped.setdefault(row.key, []).append(row)
    return grouped


def _of_key(key: Key, rows: Sequence[Sent], loads: Sequence[str], starts: Mapping[str, str]) -> list[Version]:
    told: list[tuple[dt.datetime, Values | None, bool]] = []  # when, values (None: those from before), whether deleted
    was_there = False
    for number in range(len(loads) + 1):
        here = [row for row in rows if _epoch(row, loads, starts) == number]
        events = [(at, some[-1].values, some[-1].deletes) for at, some in _by_time(here)]
        if number and was_there:
            began = moment(starts[loads[number - 1]])
            in_load = any(row.load == loads[number - 1] for row in here)
            if not in_load and not any(at <= began for at, _, _ in events):
                events.insert(0, (began, None, True))
        if events:
            told = [event for event in told if event[0] < events[0][0]] + events
        was_there = bool(here)
    return _versions(key, len(rows[0].values), told)


def _epoch(row: Sent, loads: Sequence[str], starts: Mapping[str, str]) -> int:
    if row.load:
        return loads.index(row.load) + 1
    return sum(starts[load] <= row.arrival for load in loads)


def _by_time(rows: Sequence[Sent]) -> list[tuple[dt.datetime, list[Sent]]]:
    ordered = sorted(rows, key=lambda r: (r.at, r.arrival, r.file, r.record))
    return [(at, list(some)) for at, some in groupby(ordered, key=lambda r: r.at)]


def _versions(key: Key, width: int, told: Sequence[tuple[dt.datetime, Values | None, bool]]) -> list[Version]:
    kept: list[tuple[dt.datetime, Values, bool]] = []
    before: Values = (None,) * width  # a full load may end a key before any of its rows began to hold
    for at, values, deleted in told:
        now = before if values is None else values
        if not kept or deleted != kept[-1][2] or (not deleted and now != before):
            kept.append((at, now, deleted))
        before = now
    ends = [at for at, _, _ in kept[1:]] + [END]
    return [
        Version(key, values, at, min(at, BEGINNING) if number == 0 else at, end, deleted)
        for number, ((at, values, deleted), end) in enumerate(zip(kept, ends, strict=True))
    ]
