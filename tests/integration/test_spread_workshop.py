"""One machine beside many: the same random batches leave the same rows, books and commits, and each run may be the other's.

Only the data files differ. Runs change their route between batches in the second test: the tables of one dataset are both's.
"""

import itertools
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from simulator.story import SHRINK, TOMBSTONES
from tests.integration.batches import BATCHES, Batch, Twins
from tests.integration.catalogs import glue_lake
from tests.integration.twins import World, real, spread
from tidegate.aws.iceberg import GlueLake

_numbers = itertools.count(1)
A, D = ("a", 1, "A"), ("a", 2, "D")
MANY = tuple((f"k{n}", n % 3, "ABD"[n % 3]) for n in range(12))  # enough to be cut


@pytest.fixture(scope="module")
def lakes() -> Iterator[tuple[GlueLake, GlueLake]]:
    with glue_lake("single", "single") as one, glue_lake("many", "many") as other:
        yield one, other


CASES = [
    ("", TOMBSTONES, False, [Batch("delta", ((0, MANY), (1, (A,)))), Batch("delta", ((0, (A, D)),)), Batch("delta", ((1, ()),))]),
    (
        SHRINK,
        TOMBSTONES,
        True,
        [Batch("full", ((0, MANY),)), Batch("delta", ((1, (D,)),), end=3), Batch("parts", ((0, (A,)), (1, MANY)))],
    ),
    ("", TOMBSTONES, True, [Batch("delta", ((0, MANY), (1, MANY), (2, None)), end=n, retried=n % 2 == 0) for n in range(6)]),
    (SHRINK, "", False, [Batch("delta", ((0, MANY),)), Batch("delta", ((0, MANY),), end="overtaken"), Batch("full", ((0, ()),))]),
]


@settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.tuples(
        st.sampled_from(["", SHRINK]), st.sampled_from(["", TOMBSTONES]), st.booleans(), st.lists(BATCHES, min_size=1, max_size=5)
    )
)
@example(CASES[0])
@example(CASES[1])
@example(CASES[2])
@example(CASES[3])
def test_same_batches_leave_the_same_tables_by_both_routes(
    lakes: tuple[GlueLake, GlueLake], history: tuple[str, str, bool, list[Batch]]
) -> None:
    shrink, tombstones, changing, batches = history
    one, other = real(lakes[0], "single"), spread(lakes[1], "many")
    with tempfile.TemporaryDirectory() as place:
        twins = Twins((one, other), Path(place), f"t{next(_numbers)}", unlike=frozenset({"files"}))
        twins.publish(shrink + tombstones)
        for number, batch in enumerate(batches):
            if changing and number % 2:
                swap_routes(one, other)
            twins.play(batch)
            if changing and number % 2:
                swap_routes(one, other)


def swap_routes(one: World, other: World) -> None:
    one.workshop, other.workshop = other.workshop, one.workshop
