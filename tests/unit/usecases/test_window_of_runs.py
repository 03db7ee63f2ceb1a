"""The batch window beside runs: files that come during one, replays, failures."""

from tests.fakes import SECOND
from tests.unit.usecases.windows import WINDOW, ring
from tests.unit.usecases.world import DELTA, EVENTS, FULL, World, names
from tidegate.usecases.batch import Limits
from tidegate.usecases.replay import Selection


class TestBusy:
    def test_file_whose_window_ended_during_the_run_is_loaded_right_after_it(self, windowed: World) -> None:
        windowed.drop(DELTA + "a")
        ring(windowed)
        first = windowed.claim_manifest()
        windowed.drop(DELTA + "b")
        windowed.clock.pass_seconds(WINDOW)
        windowed.settle(first)
        assert names(windowed.claim_manifest()) == ["b"]
        assert windowed.started == [(EVENTS, 1), (EVENTS, 2)]

    def test_file_that_came_during_a_short_run_waits_for_the_rest_of_its_window(self, windowed: World) -> None:
        windowed.drop(DELTA + "a")
        ring(windowed)
        first = windowed.claim_manifest()
        windowed.drop(DELTA + "b")
        windowed.clock.pass_seconds(10)
        windowed.settle(first)
        (_, (_, left)) = windowed.timer.rung
        assert 0 < left <= WINDOW - 9
        assert windowed.started == [(EVENTS, 1)]
        windowed.clock.pass_seconds(left)
        windowed.ingest(woken=[EVENTS])
        assert windowed.drain() == [["b"]]

    def test_window_of_a_file_that_waited_during_a_run_does_not_end_before_its_timer(self, windowed: World) -> None:
        windowed.drop(DELTA + "a")
        ring(windowed)
        first = windowed.claim_manifest()
        windowed.drop(DELTA + "b")
        windowed.settle(first)
        (_, (_, left)) = windowed.timer.rung
        assert windowed.fake_ledger.lease(EVENTS).opens_at <= windowed.clock.now + left * SECOND

    def test_batch_that_is_full_does_not_wait(self, windowed: World) -> None:
        windowed.limits = Limits(files=2, bytes=1000, window=WINDOW)
        windowed.drop(DELTA + "a")
        ring(windowed)
        first = windowed.claim_manifest()
        windowed.drop(DELTA + "b", DELTA + "c", DELTA + "d")
        windowed.settle(first)
        assert names(windowed.claim_manifest()) == ["b", "c"]

    def test_full_load_does_not_wait(self, windowed: World) -> None:
        windowed.drop(DELTA + "a")
        ring(windowed)
        first = windowed.claim_manifest()
        windowed.drop(FULL + "one.csv")
        windowed.settle(first)
        assert names(windowed.claim_manifest()) == ["one.csv"]

    def test_half_of_a_failed_batch_does_not_wait(self, windowed: World) -> None:
        windowed.drop(DELTA + "a", DELTA + "b")
        ring(windowed)
        windowed.claim_and_fail("Load", "Unexpected")
        windowed.settle(windowed.claim_manifest())
        assert names(windowed.claim_manifest()) == ["b"]

    def test_execution_that_hands_over_within_a_window_has_the_timer_start_the_next_one(self, windowed: World) -> None:
        windowed.limits = Limits(files=100, bytes=1000, runs=1, window=WINDOW)
        windowed.drop(DELTA + "a")
        ring(windowed)
        first = windowed.claim_manifest()
        windowed.drop(DELTA + "b")
        windowed.settle(first)
        assert windowed.started == [(EVENTS, 1)]
        ring(windowed)
        assert windowed.started == [(EVENTS, 1), (EVENTS, 2)]
        assert windowed.drain() == [["b"]]


class TestUrgent:
    def test_replay_does_not_wait_and_takes_what_was_gathered_with_it(self, windowed: World) -> None:
        windowed.drop(DELTA + "a")
        ring(windowed)
        windowed.drain()
        (b,) = windowed.drop(DELTA + "b")
        a = next(f for f in windowed.fake_ledger.list_files(EVENTS) if f.file_id != b.file_id)
        windowed.replay(Selection(file_ids=(a.file_id,)))
        assert windowed.started == [(EVENTS, 1), (EVENTS, 2)]
        assert windowed.drain() == [["a", "b"]]

    def test_timer_of_a_window_that_a_replay_cut_short_finds_nothing_to_do(self, windowed: World) -> None:
        windowed.drop(DELTA + "a")
        windowed.replay(Selection(wake=(EVENTS,)))
        assert windowed.drain() == [["a"]]
        ring(windowed)
        assert windowed.drain() == []
        assert not windowed.fake_ledger.lease(EVENTS).held


class TestFailing:
    def test_failing_dataset_is_not_taken_before_it_opens_by_timer_file_or_reconcile(self, windowed: World) -> None:
        windowed.drop(DELTA + "a")
        ring(windowed)
        windowed.fail("Claim", "ContractMissing", "no contract")
        windowed.clock.pass_seconds(299)
        windowed.ingest(woken=[EVENTS])
        windowed.drop(DELTA + "b")
        assert windowed.reconcile().woken == []
        assert windowed.started == [(EVENTS, 1)]
        windowed.clock.pass_seconds(1)
        windowed.drop(DELTA + "c")
        assert windowed.started == [(EVENTS, 1), (EVENTS, 2)]

    def test_window_does_not_shorten_the_pause_of_a_failing_dataset(self, windowed: World) -> None:
        windowed.drop(DELTA + "a")
        ring(windowed)
        windowed.fail("Claim", "ContractMissing", "no contract")
        opens_at = windowed.fake_ledger.lease(EVENTS).opens_at
        windowed.drop(DELTA + "b")
        assert windowed.fake_ledger.lease(EVENTS).opens_at == opens_at
        assert windowed.timer.rung == [(EVENTS, WINDOW)]
