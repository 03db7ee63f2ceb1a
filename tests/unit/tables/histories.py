"""Random histories of a dataset, and what silver has to be after each: a plain fold over the newest versions that were loaded."""

from hypothesis import strategies as st

from tests.unit.tables.lake import DELTA, FULL, Dataset, Row, Version
from tidegate.contracts.contract import LoadMode

_ROWS = st.lists(
    st.tuples(st.sampled_from("abcd"), st.one_of(st.none(), st.integers(1, 3)), st.sampled_from(["1.00", "2.00", None])), max_size=4
)
_KEYS = st.sampled_from([DELTA + "1", DELTA + "2", DELTA + "3", FULL + "1", FULL + "2"])
#: An object arrives and waits · everything that waits is loaded, newest arrivals first or last · something is loaded once more.
Step = tuple[str, list[Row]] | bool | int
HISTORIES: st.SearchStrategy[list[Step]] = st.lists(
    st.one_of(st.tuples(_KEYS, _ROWS), st.tuples(_KEYS, _ROWS), st.booleans(), st.integers(2, 9)), max_size=9
)


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
            dataset.load(*batch)
            assert dataset.silver == plain_fold(dataset), dataset.loaded


def _batches(versions: list[Version]) -> list[list[Version]]:
    """All deltas in one run, each full load alone, in the order of the first of them."""
    deltas = [v for v in versions if not v.load]
    fulls = [[v] for v in versions if v.load]
    together = [sorted(deltas, key=lambda v: v.arrival)] if deltas else []
    return together + fulls if versions and not versions[0].load else fulls + together


def plain_fold(dataset: Dataset) -> list[Row]:
    """Silver, in ten lines: the newest row of each key among the rows of the current epoch."""
    epoch, upsert = dataset.epoch, dataset.contract.load_mode is LoadMode.UPSERT
    newest: dict[object, tuple[tuple[object, ...], Row]] = {}
    for v in dataset.loaded.values():
        if epoch.load and v.load != epoch.load and (v.load or v.place < epoch.start):
            continue
        for number, row in enumerate(v.rows, 1):
            key = row[0] if upsert else (v.key, number)
            order = (row[1] is not None, row[1] or 0, v.place, v.file_id, number)
            newest[key] = max(newest.get(key, ((False,), row)), (order, row), key=lambda pair: pair[0])
    return sorted((row for _, row in newest.values()), key=str)
