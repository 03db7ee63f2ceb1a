"""The batch window: an idle dataset gathers files for a while, and starts once."""

import pytest

from tests.fakes import Crash, Interrupted, raising
from tests.unit.usecases.windows import WINDOW, publish_with_window, ring
from tests.unit.usecases.world import DELTA, EVENTS, FULL, World
from tidegate.errors import ServiceUnavailable


class TestIdle:
    def test_files_of_one_window_are_one_run_with_one_timer(self, windowed: World) -> None:
        windowed.drop(DELTA + "a")
        windowed.clock.pass_seconds(10)
        windowed.drop(DELTA + "b", DELTA + "c")
        assert (windowed.started, windowed.timer.rung) == ([], [(EVENTS, WINDOW)])
        ring(windowed)
        assert windowed.started == [(EVENTS, 1)]
        assert windowed.drain() == [["a", "b", "c"]]
        assert windowed.timer.rung == [(EVENTS, WINDOW)]

    def test_window_is_counted_from_the_first_file_and_not_drawn_out_by_later_ones(self, windowed: World) -> None:
        windowed.drop(DELTA + "a")
        opens_at = windowed.fake_ledger.lease(EVENTS).opens_at
        windowed.clock.pass_seconds(WINDOW - 1)
        windowed.drop(DELTA + "b")
        assert windowed.fake_ledger.lease(EVENTS).opens_at == opens_at
        windowed.clock.pass_seconds(1)
        windowed.ingest(woken=[EVENTS])
        assert windowed.started == [(EVENTS, 1)]

    def test_timer_that_rings_before_its_time_starts_nothing(self, windowed: World) -> None:
        windowed.drop(DELTA + "a")
        windowed.clock.pass_seconds(WINDOW - 1)
        windowed.ingest(woken=[EVENTS])
        assert windowed.started == []

    def test_timer_that_rings_twice_starts_one_run(self, windowed: World) -> None:
        windowed.drop(DELTA + "a")
        ring(windowed)
        windowed.ingest(woken=[EVENTS])
        assert windowed.started == [(EVENTS, 1)]
        assert windowed.drain() == [["a"]]

    def test_timer_that_rings_when_nothing_waits_any_more_loads_nothing(self, windowed: World) -> None:
        windowed.drop(DELTA + "a")
        ring(windowed)
        windowed.drain()
        windowed.ingest(woken=[EVENTS])
        assert windowed.drain() == []
        assert not windowed.fake_ledger.lease(EVENTS).held
        assert [r.files for r in windowed.fake_ledger.list_runs(EVENTS)] == [1]

    def test_timer_that_rings_during_the_run_starts_no_second_one(self, windowed: World) -> None:
        windowed.drop(DELTA + "a")
        ring(windowed)
        windowed.claim()
        windowed.ingest(woken=[EVENTS])
        assert windowed.started == [(EVENTS, 1)]

    def test_next_window_begins_anew_after_the_run(self, windowed: World) -> None:
        windowed.drop(DELTA + "a")
        ring(windowed)
        windowed.drain()
        windowed.drop(DELTA + "b")
        assert (windowed.started, windowed.timer.rung) == ([(EVENTS, 1)], [(EVENTS, WINDOW)] * 2)
        ring(windowed)
        assert windowed.drain() == [["b"]]

    def test_datasets_gather_apart_from_each_other(self, windowed: World) -> None:
        windowed.publish("demo.others")
        windowed.drop(DELTA + "a")
        windowed.clock.pass_seconds(10)
        windowed.drop("demo/others/delta/x")
        windowed.clock.pass_seconds(WINDOW - 10)
        windowed.ingest(woken=[EVENTS, "demo.others"])
        assert windowed.started == [(EVENTS, 1)]

    def test_window_of_zero_starts_at_once(self, world: World) -> None:
        world.drop(DELTA + "a")
        assert (world.started, world.timer.rung) == ([(EVENTS, 1)], [])

    def test_part_without_its_marker_opens_no_window(self, windowed: World) -> None:
        windowed.drop(FULL + "1/a")
        assert windowed.timer.rung == []
        windowed.drop(FULL + "1/_SUCCESS")
        assert windowed.timer.rung == [(EVENTS, WINDOW)]

    def test_two_arrivals_in_the_same_instant_open_one_window(self, windowed: World) -> None:
        """The other one arms the lease between this one's look and its write."""
        inner = windowed.ledger
        b = windowed.put(DELTA + "b")

        def other() -> None:
            interrupted, windowed.ledger = windowed.ledger, inner
            windowed.ingest(b)
            windowed.ledger = interrupted

        windowed.ledger = Interrupted(inner, before={"arm": other})
        windowed.drop(DELTA + "a")
        assert windowed.timer.rung == [(EVENTS, WINDOW)]
        ring(windowed)
        assert windowed.drain() == [["a", "b"]]


class TestContract:
    def test_window_of_the_contract_goes_before_the_stack_s(self, windowed: World) -> None:
        publish_with_window(windowed, 5)
        windowed.drop(DELTA + "a")
        assert windowed.timer.rung == [(EVENTS, 5)]

    def test_contract_without_a_window_starts_at_once_where_the_stack_has_one(self, windowed: World) -> None:
        publish_with_window(windowed, 0)
        windowed.drop(DELTA + "a")
        assert (windowed.started, windowed.timer.rung) == ([(EVENTS, 1)], [])

    def test_contract_with_a_window_gathers_where_the_stack_has_none(self, world: World) -> None:
        publish_with_window(world, 5)
        world.drop(DELTA + "a")
        assert (world.started, world.timer.rung) == ([], [(EVENTS, 5)])

    def test_contract_s_window_also_holds_between_the_batches_of_an_execution(self, world: World) -> None:
        publish_with_window(world, 5)
        world.drop(DELTA + "a")
        world.clock.pass_seconds(5)
        world.ingest(woken=[EVENTS])
        first = world.claim_manifest()
        world.drop(DELTA + "b")
        world.settle(first)
        assert world.timer.rung == [(EVENTS, 5), (EVENTS, 5)]
        assert world.claim(token=1).manifest is None


class TestLostTimer:
    def test_timer_that_never_rings_is_made_good_by_reconcile_not_before_its_time(self, windowed: World) -> None:
        windowed.drop(DELTA + "a")
        assert windowed.reconcile().woken == []
        windowed.clock.pass_seconds(WINDOW)
        assert windowed.reconcile().woken == [EVENTS]
        assert windowed.drain() == [["a"]]

    @pytest.mark.parametrize("when", ["before", "after"])
    def test_ingest_that_died_at_the_timer_is_made_good_by_reconcile(self, windowed: World, when: str) -> None:
        cut = {"ring": raising(Crash())}
        timer = windowed.timer
        windowed.timer = Interrupted(timer, before=cut) if when == "before" else Interrupted(timer, after=cut)  # type: ignore[assignment]
        a = windowed.put(DELTA + "a")
        with pytest.raises(Crash):
            windowed.ingest(a)
        windowed.clock.pass_seconds(WINDOW)
        assert windowed.reconcile().woken == [EVENTS]
        assert windowed.drain() == [["a"]]

    def test_timer_that_cannot_be_set_makes_the_message_come_again(self, windowed: World) -> None:
        windowed.timer = Interrupted(windowed.timer, before={"ring": raising(ServiceUnavailable("SendMessage"))})  # type: ignore[assignment]
        (outcome,) = windowed.ingest(windowed.put(DELTA + "a"))
        assert isinstance(outcome.error, ServiceUnavailable)

    def test_next_file_after_the_lost_timer_starts_the_run(self, windowed: World) -> None:
        windowed.drop(DELTA + "a")
        windowed.clock.pass_seconds(WINDOW)
        windowed.drop(DELTA + "b")
        assert windowed.started == [(EVENTS, 1)]
        assert windowed.drain() == [["a", "b"]]
