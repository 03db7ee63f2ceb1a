"""Which small data files of silver a run makes larger ones of, on its way.

Every run with rows of new places leaves a data file for them. Keys that are random have such a file looked into by every later run, and
rows that are only ever added would have a file for each run for ever. So a run also rewrites files that have become a crowd: many that lie
side by side and are small. What is small is said in steps, each about eight times the one before, and files make a crowd with those of
their own step: a row is written anew a few times in its life, not with every file that comes beside it.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, pairwise

import duckdb

from tidegate.ports import LiveFile, Table
from tidegate.tables.order import Order
from tidegate.tables.pruning import order_files, slices_of

CROWD = 16  # files
_STEPS = (0, 1 / 512, 1 / 64, 1 / 8, 1 / 2)  # of the size that a file should have


def crowd(db: duckdb.DuckDBPyConnection, silver: Table, order: Order, target: int) -> list[LiveFile]:
    """Return the largest crowd of data files of one partition, in the order of their places, of `target` bytes at most; or none.

    The smallest step that has a crowd is served first.
    """
    files = {file.path: file for file in silver.live()}
    if len(files) < CROWD:
        return []
    places, slices = order_files(db, silver, order.place), slices_of(db, silver, order.slicing, order.slice)
    for least, small in pairwise(step * target for step in _STEPS):
        near = _side_by_side(files, places, slices, small)
        crowds = [_as_one(some, target) for some in near if sum(file.bytes >= least for file in some) >= CROWD]
        if crowds:
            return max(crowds, key=len)
    return []


def _side_by_side(
    files: Mapping[str, LiveFile], places: Sequence[str], slices: Mapping[str, str], small: float
) -> Iterator[list[LiveFile]]:
    """Yield files of one partition that are small and have none between them that is not."""
    for _, paths in groupby(sorted(places, key=slices.__getitem__), key=slices.__getitem__):
        for is_small, some in groupby((files[path] for path in paths), key=lambda f: f.bytes < small):
            if is_small:
                yield list(some)


def _as_one(files: Sequence[LiveFile], target: int) -> list[LiveFile]:
    """The first of some files that together are no larger than a file should be."""
    size, some = 0, list[LiveFile]()
    for file in files:
        size += file.bytes
        if size > target:
            break
        some.append(file)
    return some
