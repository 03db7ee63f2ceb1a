"""A full load that would take away what nobody said should go is held, and can be forced."""

from pathlib import Path

import pytest

from tests.unit.usecases.shop import DATASET, DELTA, FULL, Shop
from tidegate.errors import BatchRefused
from tidegate.model.arrivals import Arrival
from tidegate.model.files import FileState
from tidegate.model.selection import Selection
from tidegate.usecases.fail import fail

SHRINK = "  - {property: maxShrink, value: 0.5}\n"
FOUR = ["a,1,I,Ann", "b,1,I,Bob", "c,1,I,Cy", "d,1,I,Di"]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    made = Shop(tmp_path, SHRINK)
    made.drop(FULL + "first.csv", *FOUR)
    made.run()
    return made


def held(shop: Shop, *records: str) -> tuple[Arrival, str, str]:
    """Drop a full load that the checks hold back, as the state machine would end it; return it, its run and why."""
    arrival = shop.drop(FULL + "next.csv", *records)
    manifest = shop.world.claim_manifest(DATASET)
    with pytest.raises(BatchRefused) as refused:
        shop.load(manifest)
    token, world = shop.world.fake_ledger.lease(DATASET).token, shop.world
    fail(
        DATASET,
        token,
        "Load",
        "BatchRefused",
        str(refused.value),
        ledger=world.ledger,
        objects=world.lake,
        letters=world.letters,
        clock=world.clock,
    )
    shop.run()  # puts the tables right: there is nothing to take back
    return arrival, manifest.run_id, str(refused.value)


@pytest.mark.parametrize(
    ("records", "why"),
    [
        ([], "this full load is empty, the table has 4 rows"),
        (["a,2,I,Ann"], "would leave 1 rows, the table has 4; maxShrink is 50%"),
        (["a,2,I,Ann", "a,3,I,Ann", "a,4,I,Ann", "a,5,I,Ann"], "would leave 1 rows"),
        (["a,2,D,", "b,2,D,", "c,2,D,", "d,2,D,"], "this full load is empty"),
        (["a,2,I,Ann", "b,2,D,", "c,2,D,", "d,2,D,"], "would leave 1 rows"),
    ],
    ids=["empty", "shrunken", "many rows of one key", "tombstones only", "tombstones but one"],
)
def test_full_load_that_would_empty_or_shrink_the_table_is_held_and_can_be_forced(shop: Shop, records: list[str], why: str) -> None:
    arrival, run_id, said = held(shop, *records)
    assert why in said
    assert "--force" in said
    assert shop.world.state(arrival) is FileState.FAILED
    assert [letter["run_id"] for letter in shop.world.letters.sent] == [run_id]
    assert len(shop.silver) == 4
    shop.world.replay(Selection(run_ids=(run_id,), forced=True))
    shop.run()
    assert shop.world.state(arrival) is FileState.LOADED
    assert len(shop.silver) == len({r.split(",")[0] for r in records if ",D," not in r})


def test_full_load_that_is_held_does_not_hold_up_the_deltas_behind_it(shop: Shop) -> None:
    held(shop)
    shop.drop(DELTA + "1.csv", "e,1,I,Eve")
    assert shop.run().rows_inserted == 1
    assert len(shop.silver) == 5


def test_full_load_that_shrinks_within_its_bound_is_loaded(shop: Shop) -> None:
    shop.drop(FULL + "next.csv", *FOUR[:2])
    assert shop.run().rows_removed == 2
    assert len(shop.silver) == 2


def test_replay_without_force_is_held_again(shop: Shop) -> None:
    arrival, run_id, _ = held(shop)
    shop.world.replay(Selection(run_ids=(run_id,)))
    with pytest.raises(BatchRefused):
        shop.load(shop.world.claim_manifest(DATASET))
    assert shop.world.state(arrival) is FileState.CLAIMED
    assert len(shop.silver) == 4
