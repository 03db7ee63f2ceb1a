"""Random histories of a dataset, and what silver has to be after each: a plain fold over the newest versions that were loaded."""

from collections.abc import Sequence

from hypothesis import strategies as st

from tests.unit.tables.lake import DELTA, FULL, Dataset, Row, Version
from tidegate.model.runs import Books

_KEYS = (DELTA + "1", DELTA + "2", DELTA + "3", FULL + "1", FULL + "2")
#: An object arrives and waits · everything that waits is loaded, newest arrivals first or last · something is loaded once more.
Step = tuple[str, list[Row]] | bool | int


def _arrivals(ids: str, third: Sequence[str | None], keys: Sequence[str]) -> st.SearchStrategy[tuple[str, list[Row]]]:
    row = st.tuples(st.sampled_from(ids), st.one_of(st.none(), st.integers(1, 3)), st.sampled_from(third))
    return st.tuples(st.sampled_from(keys), st.lists(row, max_size=4))


_SALES = _arrivals("abcd", ["1.00", "2.00", None], _KEYS)
HISTORIES: st.SearchStrategy[list[Step]] = st.lists(st.one_of(_SALES, _SALES, st.booleans(), st.integers(2, 9)), max_size=9)

#: I and U are ordinary texts, D makes a tombstone. Few keys, many runs and few full loads, so that rows and tombstones meet.
_CHANGES = _arrivals("ab", ["I", "D", "U", "D"], [*_KEYS[:2], *_KEYS[:2], _KEYS[3]])
HISTORIES_WITH_TOMBSTONES: st.SearchStrategy[list[Step]] = st.lists(
    st.one_of(
        _CHANGES.map(lambda arrival: [arrival, True]),
        _CHANGES.map(lambda arrival: [arrival, True]),
        _CHANGES.map(lambda arrival: [arrival]),
        st.one_of(st.booleans(), st.integers(2, 9)).map(lambda step: [step]),
    ),
    min_size=4,
    max_size=10,
).map(lambda steps: [step for group in steps for step in group])


def play(dataset: Dataset, history: list[Step]) -> None:
    """Play a history and compare silver with the plain fold after every run."""
    waiting: dict[str, Version] = {}
    for step in [*history, True]:
        if isinstance(step, tuple):
            waiting[step[0]] = dataset.arrive(step[0], *step[1])
            continue
        if isinstance(step, bool):
            chosen, waiting = sorted(waiting.values(), key=lambda v: v.arrival, reverse=not step), {}
        else:
            again = [v for key, v in sorted(dataset.loaded.items()) if key not in waiting]
            chosen = again[step % len(again) :][:1] if again else []
        for batch in _batches(chosen):
            before = dataset.silver
            books = dataset.load(*batch)
            assert dataset.silver == plain_fold(dataset), dataset.loaded
            if dataset.contract.folds_by_key:
                _check_books(books, dataset, batch, {row[0] for row in before})


def _batches(versions: list[Version]) -> list[list[Version]]:
    """All deltas in one run, each full load alone, in the order of the first of them."""
    deltas = [v for v in versions if not v.load]
    fulls = [[v] for v in versions if v.load]
    together = [sorted(deltas, key=lambda v: v.arrival)] if deltas else []
    return together + fulls if versions and not versions[0].load else fulls + together


def _check_books(books: Books, dataset: Dataset, batch: list[Version], before: set[str]) -> None:
    """Keys that came, keys that went and tombstones that won are what the books say, counted the plain way."""
    after, arrived = {row[0] for row in plain_fold(dataset)}, {v.file_id for v in batch}
    won = [(row, order) for order, row in _newest(dataset).values() if order[-2] in arrived]
    assert books.rows_inserted == sum(not is_dead(dataset, row) and row[0] not in before for row, _ in won)
    assert books.rows_deleted == sum(is_dead(dataset, row) for row, _ in won)
    assert (books.rows_inserted + books.rows_restored, books.rows_removed) == (len(after - before), len(before - after))


def plain_fold(dataset: Dataset) -> list[Row]:
    """Silver: the newest row of each key among the rows of the current epoch, unless that is a tombstone."""
    return sorted((row for _, row in _newest(dataset).values() if not is_dead(dataset, row)), key=str)


def is_dead(dataset: Dataset, row: Row) -> bool:
    """Whether a row is a tombstone."""
    when = dataset.contract.delete_when
    return when is not None and row[2] in when.values


def _newest(dataset: Dataset) -> dict[object, tuple[tuple[object, ...], Row]]:
    epoch, upsert = dataset.epoch, dataset.contract.folds_by_key
    newest: dict[object, tuple[tuple[object, ...], Row]] = {}
    for v in dataset.loaded.values():
        if epoch.load and v.load != epoch.load and (v.load or v.place < epoch.start):
            continue
        for number, row in enumerate(v.rows, 1):
            key = row[0] if upsert else (v.key, number)
            order = (row[1] is not None, row[1] or 0, v.place, v.file_id, number)
            newest[key] = max(newest.get(key, ((False,), row)), (order, row), key=lambda pair: pair[0])
    return newest
