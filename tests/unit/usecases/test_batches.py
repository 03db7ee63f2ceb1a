"""How much a run takes and in which order: cut by files and bytes, never reordered within a key or around a full load."""

import pytest

from tests.unit.usecases.world import DELTA, EVENTS, FULL, World, names
from tidegate.model.arrivals import Arrival
from tidegate.model.files import FileState
from tidegate.usecases.batch import Limits
from tidegate.usecases.claim import Claimed
from tidegate.usecases.replay import Selection

S = FileState


def drop_sizes(world: World, **sizes: int) -> list[Arrival]:
    return [world.drop(DELTA + name, size=size)[0] for name, size in sizes.items()]


class TestLimits:
    @pytest.mark.parametrize(
        ("size", "first"), [(20, ["a"]), (21, ["a"]), (40, ["a", "b"]), (41, ["a", "b"]), (60, ["a", "b", "c"])]
    )
    def test_bytes_may_reach_the_limit_and_not_pass_it(self, world: World, size: int, first: list[str]) -> None:
        world.limits = Limits(files=100, bytes=size)
        world.drop(DELTA + "a", DELTA + "b", DELTA + "c", size=20)
        assert names(world.claim_manifest()) == first

    def test_small_file_is_not_pulled_ahead_of_a_large_one_that_does_not_fit(self, world: World) -> None:
        world.limits = Limits(files=100, bytes=30)
        drop_sizes(world, a=20, b=20, c=5)
        assert world.drain() == [["a"], ["b", "c"]]

    def test_file_as_large_as_the_limit_leaves_room_for_no_other(self, world: World) -> None:
        world.limits = Limits(files=100, bytes=30)
        drop_sizes(world, a=30, b=1)
        assert world.drain() == [["a"], ["b"]]

    def test_nearer_limit_counts(self, world: World) -> None:
        world.limits = Limits(files=2, bytes=30)
        drop_sizes(world, a=1, b=1, c=20, d=20)
        assert world.drain() == [["a", "b"], ["c"], ["d"]]

    def test_one_file_at_a_time_still_loads_them_all(self, world: World) -> None:
        world.limits = Limits(files=1, bytes=1)
        world.drop(*(DELTA + name for name in "abc"))
        assert world.drain() == [["a"], ["b"], ["c"]]

    def test_page_of_the_queue_that_a_waiting_marker_fills_does_not_stop_the_dataset(self, world: World) -> None:
        world.limits = Limits(files=2, bytes=1000)
        missing = world.put(FULL + "1/b")
        world.drop(FULL + "1/a", FULL + "1/_SUCCESS", DELTA + "d", DELTA + "e")
        assert world.drain() == [["d"], ["e"]]
        world.ingest(missing)
        assert world.drain() == [["a", "b", "_SUCCESS"]]


class TestOrder:
    def test_versions_of_a_key_on_either_side_of_a_cut_are_loaded_once_in_the_newest(self, world: World) -> None:
        world.limits = Limits(files=2, bytes=1000)
        old, _, new = world.drop(DELTA + "a", DELTA + "b", DELTA + "a")
        first = world.claim_manifest()
        assert [f.version_id for f in first.files] != [old.version_id]
        world.settle(first)
        world.drain()
        assert world.states(old, new) == [S.SUPERSEDED, S.LOADED]
        assert world.record(old).attempts == 0

    def test_version_that_comes_during_the_load_of_the_older_one_is_loaded_after_it_and_replaces_it(self, world: World) -> None:
        world.limits = Limits(files=1, bytes=1000)
        world.drop(DELTA + "a", DELTA + "b")
        first = world.claim_manifest()
        (new,) = world.drop(DELTA + "a")
        world.settle(first)
        world.settle(world.claim_manifest())
        last = world.claim_manifest()
        assert [(f.version_id, f.replaces) for f in last.files] == [(new.version_id, True)]

    def test_late_event_of_an_older_version_does_not_take_the_place_of_a_claimed_newer_one(self, world: World) -> None:
        older, newer = world.put(DELTA + "a"), world.put(DELTA + "a")
        world.ingest(newer)
        manifest = world.claim_manifest()
        world.ingest(older)
        world.settle(manifest)
        assert world.drain() == []
        assert world.states(older, newer) == [S.SUPERSEDED, S.LOADED]

    def test_replayed_file_keeps_its_place_in_the_order_of_arrival(self, world: World) -> None:
        (a,) = world.drop(DELTA + "a")
        world.drain()
        arrival = world.record(a).arrival
        world.drop(DELTA + "b")
        world.replay(Selection(file_ids=(a.file_id,)))
        manifest = world.claim_manifest()
        assert [(f.key[-1], f.arrival) for f in manifest.files][:1] == [("a", arrival)]


class TestHandingOver:
    def test_every_execution_loads_one_batch_and_hands_over_until_no_file_is_left(self, world: World) -> None:
        world.limits = Limits(files=2, bytes=1000)
        arrivals = world.drop(*(DELTA + name for name in "abcdefg"))
        batches: list[list[str]] = []
        for token in range(1, 5):
            assert world.started == [(EVENTS, n) for n in range(1, token + 1)]
            manifest = world.claim_manifest()
            batches.append(names(manifest))
            world.settle(manifest)
        assert batches == [["a", "b"], ["c", "d"], ["e", "f"], ["g"]]
        assert set(world.states(*arrivals)) == {S.LOADED}
        assert not world.fake_ledger.lease(EVENTS).held

    def test_execution_whose_runs_fail_one_after_the_other_hands_over_before_its_history_is_full(self, world: World) -> None:
        """A run that succeeds ends its execution; one that fails is followed by another in the same one."""
        world.limits = Limits(files=1, bytes=1000, runs=2)
        arrivals = world.drop(*(DELTA + name for name in "abc"))
        for _ in range(2):
            world.claim_and_fail("Audit", "BooksUnbalanced")
        assert world.claim(token=1) == Claimed(EVENTS, 1)
        assert world.started == [(EVENTS, 1), (EVENTS, 2)]
        world.claim_and_fail("Audit", "BooksUnbalanced")
        assert set(world.states(*arrivals)) == {S.FAILED}

    def test_execution_that_is_full_when_nothing_waits_starts_no_other(self, world: World) -> None:
        world.limits = Limits(files=1, bytes=1000, runs=1)
        world.drop(DELTA + "a")
        world.drain()
        assert world.claim(token=1) == Claimed(EVENTS, 1)
        assert world.started == [(EVENTS, 1)]

    def test_full_execution_finishes_the_run_that_is_open_before_it_hands_over(self, world: World) -> None:
        world.limits = Limits(files=1, bytes=1000, runs=1)
        world.drop(DELTA + "a", DELTA + "b")
        first = world.claim()
        assert world.claim() == first
        assert world.started == [(EVENTS, 1)]

    def test_execution_that_hands_over_after_a_failure_leaves_its_cleaning_to_the_next_one(self, world: World) -> None:
        world.limits = Limits(files=1, bytes=1000, runs=1)
        world.drop(DELTA + "a", DELTA + "b")
        world.claim_and_fail("Audit", "BooksUnbalanced")
        assert world.claim(token=1) == Claimed(EVENTS, 1)
        assert world.started == [(EVENTS, 1), (EVENTS, 2)]
        manifest = world.claim_manifest()
        assert (names(manifest), manifest.recovers) == (["b"], True)

    def test_full_execution_whose_last_run_failed_hands_over_even_when_no_file_waits(self, world: World) -> None:
        """The tables still have to be put right, and this execution may not open another run."""
        world.limits = Limits(files=1, bytes=1000, runs=1)
        world.drop(DELTA + "a")
        world.claim_and_fail("Audit", "BooksUnbalanced")
        assert world.claim(token=1) == Claimed(EVENTS, 1)
        assert world.reconcile().woken == [EVENTS]
        manifest = world.claim_manifest()
        assert (manifest.files, manifest.recovers) == ((), True)
