"""The simulator's tables and workshop beside the real ones: the same random batches leave the same rows, books and commits."""

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
from tests.integration.twins import real, simulated
from tidegate.aws.iceberg import GlueLake

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def lake() -> Iterator[GlueLake]:
    with glue_lake("twins", "twins") as made:
        yield made


A, D = ("a", 1, "A"), ("a", 2, "D")


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(BATCHES, min_size=1, max_size=6), st.sampled_from(["", SHRINK]), st.sampled_from(["", TOMBSTONES]))
@example([Batch("delta", ((0, (A,)),)), Batch("delta", ((1, (D,)),)), Batch("delta", ((1, ()),))], "", TOMBSTONES)
@example([Batch("delta", ((1, (D,)),)), Batch("delta", ((0, (A, ("b", None, "A"), ("b", 0, "B"))),))], "", TOMBSTONES)
@example([Batch("delta", ((0, (A, D)), (1, (A,)))), Batch("delta", ((0, (A,)),), end="overtaken")], "", TOMBSTONES)
@example(
    [Batch("full", ((0, (A, ("b", 1, "A"), ("c", 1, "B"))),)), Batch("full", ((0, (A, D, ("b", 1, "A"))),))], SHRINK, TOMBSTONES
)
@example([Batch("full", ((0, (A, ("b", 1, "A"), ("c", 1, "B"))),)), Batch("parts", ((0, (A,)), (1, ())))], SHRINK, "")
@example([Batch("delta", ((0, (A,)),)), *(Batch("delta", ((0, (D,)),), end=n, retried=False) for n in range(6))], "", TOMBSTONES)
@example([Batch("delta", ((0, (A,)),)), *(Batch("full", ((0, (D, A)),), end=n, forced=True) for n in range(6))], "", "")
def test_same_batches_leave_the_same_tables(lake: GlueLake, batches: list[Batch], shrink: str, tombstones: str) -> None:
    with tempfile.TemporaryDirectory() as place:
        twins = Twins((simulated(), real(lake)), Path(place), f"t{next(_numbers)}")
        twins.publish(shrink + tombstones)
        for batch in batches:
            twins.play(batch)
