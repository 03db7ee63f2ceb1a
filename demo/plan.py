"""The plan: every drop with what must become of it, and what the tables must hold after each wave."""

import hashlib
from collections import Counter

from demo.fold import Dataset, Loaded, datasets, loadable
from demo.personal import personal_values
from demo.story import SEED, Drop, Stories

TITLES = {
    1: "full loads and daily reports",
    2: "first deltas and files that are not right",
    3: "second deltas and a corrected daily",
    4: "the same again: a repeat, a duplicate and an overwrite",
}
Json = dict[str, object]


def path_of(step: int, drop: Drop) -> str:
    """Return where the drop's bytes are under the output folder. Versions of one key have a folder each."""
    return f"files/{step:02d}/{drop.key.rsplit('/', 1)[-1] or 'folder_marker'}"


def plan(story: Stories, scale: int) -> Json:
    """Return the content of plan.json."""
    steps = list(enumerate(story.drops, start=1))
    tables = datasets()
    waves = [_wave(number, [(s, d) for s, d in steps if d.wave == number], steps, tables) for number in TITLES]
    every = [(name, file) for name in tables for file in loadable(steps, name)]
    return {
        "seed": SEED,
        "scale": scale,
        "waves": waves,
        "totals": _totals(steps, every, tables),
        "personal_values": personal_values(every, story.strangers),
    }


def _wave(number: int, drops: list[tuple[int, Drop]], steps: list[tuple[int, Drop]], tables: dict[str, Dataset]) -> Json:
    books = {name: dataset.load(files) for name, dataset in tables.items() if (files := loadable(drops, name))}
    return {
        "wave": number,
        "title": TITLES[number],
        "drops": [_drop(step, drop, steps) for step, drop in drops],
        "books": books,
        "tables": {name: dataset.tables() for name, dataset in tables.items()},
    }


def _drop(step: int, drop: Drop, steps: list[tuple[int, Drop]]) -> Json:
    later = [s for s, d in steps if d.key == drop.key and s > step]
    return {
        "step": step,
        "key": drop.key,
        "path": path_of(step, drop),
        "bytes": len(drop.content),
        "sha256": hashlib.sha256(drop.content).hexdigest(),
        "note": drop.note,
        "marker": drop.marker,
        "replaced_by": later[0] if later else None,
        "expect": {"state": drop.state, **_counts(drop)},
    }


def _counts(drop: Drop) -> Json:
    read = len(drop.data.records) if drop.data else 0
    accepted = len(drop.data.accepted) if drop.data else 0
    return {
        "rows_read": read,
        "rows_accepted": accepted,
        "rows_quarantined": read - accepted,
        "reasons": drop.data.reasons() if drop.data else {},
    }


def _totals(steps: list[tuple[int, Drop]], every: list[tuple[str, Loaded]], tables: dict[str, Dataset]) -> Json:
    read = sum(len(f.data.records) for _, f in every)
    accepted = sum(len(f.data.accepted) for _, f in every)
    return {
        "drops": len(steps),
        "states": dict(sorted(Counter(d.state for _, d in steps).items())),
        "rows_read": read,
        "rows_accepted": accepted,
        "rows_quarantined": read - accepted,
        "tables": {name: dataset.tables() for name, dataset in tables.items()},
    }
