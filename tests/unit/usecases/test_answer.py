"""Dead letters are answered: what they hold is safe in the ledger before they are deleted, and what cannot be done stays."""

import json

import pytest

from tests.fakes import Crash, Interrupted, raising
from tests.unit.aws.test_envelopes import execution, on_failure
from tests.unit.usecases.world import DELTA, EVENTS, World
from tidegate.errors import Throttled
from tidegate.model.arrivals import Arrival
from tidegate.model.files import FileState
from tidegate.model.selection import Selection
from tidegate.usecases.gold import FAILED
from tidegate.usecases.replay import Care
from tidegate.usecases.turns import Turns

S = FileState
EVERYTHING = Selection(dataset=EVENTS)


def failed(world: World, *keys: str) -> list[Arrival]:
    """Files whose run failed: a letter each."""
    arrivals = []
    for key in keys:
        arrivals += world.drop(key)
        world.claim_and_fail("Audit", "BooksUnbalanced")
        world.drain()
    assert world.states(*arrivals) == [S.FAILED] * len(keys)
    return arrivals


def notification(arrival: Arrival) -> dict[str, object]:
    item = {"key": arrival.key, "versionId": arrival.version_id, "sequencer": arrival.sequencer, "size": arrival.size}
    s3 = {"bucket": {"name": arrival.bucket}, "object": item}
    return {"Records": [{"eventVersion": "2.1", "eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": s3}]}


def whys(world: World, **how: object) -> list[str]:
    return [why for _, why in world.answer(**how).left]  # type: ignore[arg-type]


class TestOurLetters:
    def test_files_are_queued_before_the_letter_is_gone(self, world: World) -> None:
        (a,) = failed(world, DELTA + "a")
        done = world.answer()
        assert (world.state(a), done.answered, world.letters.queue) == (S.PENDING, 1, {})
        assert world.drain() == [["a"]]

    def test_letter_that_comes_twice_replays_once(self, world: World) -> None:
        (a,) = failed(world, DELTA + "a")
        world.letters.post(json.dumps(world.letters.sent[0]))
        done = world.answer()
        assert (len(done.replayed.files), done.answered, world.record(a).replays) == (1, 2, 1)

    def test_old_letter_of_a_file_that_was_loaded_since_changes_nothing(self, world: World) -> None:
        (a,) = failed(world, DELTA + "a")
        world.letters.post(json.dumps(world.letters.sent[0]))
        world.answer()
        world.drain()
        world.letters.post(json.dumps(world.letters.sent[0]))
        assert world.answer().replayed.files == ()
        assert (world.state(a), world.letters.queue) == (S.LOADED, {})

    def test_build_of_gold_that_failed_is_tried_again(self, world: World) -> None:
        world.ledger.keep_cursor(FAILED, {"silver.health_claims": "v1"})
        world.letters.post(json.dumps({"kind": "gold-failed", "error": "GoldFailed"}))
        world.answer(dry_run=True)
        assert world.ledger.cursor(FAILED) == {"silver.health_claims": "v1"}
        assert world.answer().answered == 1
        assert (world.ledger.cursor(FAILED), world.letters.queue) == ({}, {})

    @pytest.mark.parametrize("step", ["end_run", "give_up"])
    def test_letter_of_a_run_that_is_still_failing_stays(self, world: World, step: str) -> None:
        """It is sent first: whoever answered it now and deleted it would leave FAILED files that no letter names."""
        (a,) = world.drop(DELTA + "a")
        world.ledger = Interrupted(world.ledger, before={step: raising(Crash())})
        with pytest.raises(Crash):
            world.claim_and_fail("Audit", "BooksUnbalanced")
        assert whys(world) == [f"{a.key}: it is CLAIMED"]
        world.fail("Audit", "BooksUnbalanced")
        assert (world.state(a), len(world.letters.queue) > 0) == (S.FAILED, True)
        world.drain()
        assert whys(world) == []
        assert (world.letters.queue, world.drain()) == ({}, [["a"]])

    def test_crash_before_the_letter_is_deleted_leaves_it_and_the_next_answer_finishes(self, world: World) -> None:
        (a,) = failed(world, DELTA + "a")
        world.ledger = Interrupted(world.ledger, after={"requeue": raising(Crash())})
        with pytest.raises(Crash):
            world.answer()
        assert len(world.letters.queue) == 1
        assert world.answer().answered == 1
        assert (world.state(a), world.letters.queue) == (S.PENDING, {})

    def test_error_of_the_service_gives_every_letter_back(self, world: World) -> None:
        a, b = failed(world, DELTA + "a", DELTA + "b")
        world.ledger = Interrupted(world.ledger, before={"requeue": raising(Throttled("slow down"))})
        with pytest.raises(Throttled):
            world.answer()
        assert (len(world.letters.queue), world.letters.hidden) == (2, set())
        assert world.answer().answered == 2
        assert world.states(a, b) == [S.PENDING, S.PENDING]

    def test_letter_of_a_run_that_the_ledger_does_not_know_stays(self, world: World) -> None:
        world.letters.post(json.dumps({"kind": "run-failed", "dataset": EVENTS, "run_id": "nobody", "error": "X"}))
        (why,) = whys(world)
        assert "run nobody is not in the ledger" in why
        assert len(world.letters.queue) == 1

    def test_dry_run_deletes_no_letter_and_queues_no_file(self, world: World) -> None:
        (a,) = failed(world, DELTA + "a")
        done = world.answer(dry_run=True)
        assert ([r.file_id for r in done.replayed.files], done.answered) == ([a.file_id], 1)
        assert (world.state(a), len(world.letters.queue), world.letters.hidden) == (S.FAILED, 1, set())


class TestCare:
    def test_poison_is_left_alone_and_its_letter_stays(self, world: World) -> None:
        (a,) = failed(world, DELTA + "a")
        for _ in range(2):
            assert world.answer(care=Care(most_replays=2)).answered == 1
            world.claim_and_fail("Audit", "BooksUnbalanced")
        (why,) = whys(world, care=Care(most_replays=2))
        assert "replayed 2 times and never loaded" in why
        assert (world.state(a), len(world.letters.queue)) == (S.FAILED, 1)
        assert world.answer(care=Care(most_replays=3)).answered == 1

    def test_file_that_was_loaded_in_between_is_no_poison(self, world: World) -> None:
        (a,) = failed(world, DELTA + "a")
        world.answer()
        world.drain()
        assert (world.state(a), world.record(a).replays) == (S.LOADED, 0)

    def test_time_that_runs_out_keeps_the_letters_that_are_not_answered(self, world: World) -> None:
        a, b, c = failed(world, DELTA + "a", DELTA + "b", DELTA + "c")
        turns = iter([True, True, False])
        done = world.answer(care=Care(turn=lambda: next(turns)))
        assert (done.replayed.more, done.answered, len(world.letters.queue)) == (True, 2, 1)
        assert world.states(a, b, c) == [S.PENDING, S.PENDING, S.FAILED]
        assert world.letters.hidden == set()
        assert world.answer().answered == 1

    def test_second_call_for_the_same_selection_passes_over_what_the_first_put_back(self, world: World) -> None:
        a, b = world.drop(DELTA + "a", DELTA + "b")
        world.drain()
        asked_at = world.clock()
        turns = iter([True, False])
        first = world.replay(EVERYTHING, care=Care(turn=lambda: next(turns), asked_at=asked_at))
        assert ([r.file_id for r in first.files], first.more) == ([a.file_id], True)
        world.drain()
        second = world.replay(EVERYTHING, care=Care(asked_at=asked_at))
        assert ([r.file_id for r in second.files], second.more) == ([b.file_id], False)

    def test_turns_come_at_the_rate_until_time_is_up(self) -> None:
        now, slept = [0], []

        def sleep(seconds: float) -> None:
            slept.append(seconds)
            now[0] += round(seconds * 1e6)

        turns = Turns(per_second=2, until=1_600_000, clock=lambda: now[0], sleep=sleep)
        assert [turns() for _ in range(5)] == [True, True, True, True, False]
        assert slept == [0.5, 0.5, 0.5]

    def test_turns_without_a_rate_do_not_wait(self) -> None:
        turns = Turns(per_second=0, until=10, clock=lambda: 5, sleep=raising(AssertionError("slept")))  # type: ignore[arg-type]
        assert turns()
        assert turns()


class TestOthersLetters:
    def test_raw_batch_is_registered_and_loaded(self, world: World) -> None:
        a = world.put(DELTA + "a")
        batch = {"Records": [{"eventSource": "aws:sqs", "messageId": "1", "body": json.dumps(notification(a))}]}
        world.letters.post(json.dumps(batch))
        assert world.answer().answered == 1
        assert world.drain() == [["a"]]

    def test_on_failure_record_is_registered_and_loaded(self, world: World) -> None:
        a = world.put(DELTA + "a")
        world.letters.post(json.dumps(on_failure(notification(a))))
        assert world.answer().answered == 1
        assert world.drain() == [["a"]]

    def test_batch_with_a_bad_message_loads_the_good_one_and_stays(self, world: World) -> None:
        a = world.put(DELTA + "a")
        records = [
            {"eventSource": "aws:sqs", "messageId": str(n), "body": b} for n, b in enumerate([json.dumps(notification(a)), "{"])
        ]
        world.letters.post(json.dumps({"Records": records}))
        (why,) = whys(world)
        assert "not JSON" in why
        assert world.drain() == [["a"]]
        assert len(world.letters.queue) == 1

    def test_arrival_that_cannot_be_registered_now_stays(self, world: World) -> None:
        world.letters.post(json.dumps(notification(world.put(DELTA + "a"))))
        world.ledger = Interrupted(world.ledger, before={"register": raising(Throttled("slow down"))})
        assert whys(world) == ["slow down"]
        assert world.answer().answered == 1
        assert world.drain() == [["a"]]

    def test_stopped_execution_is_taken_over_at_once(self, world: World) -> None:
        """Without the letter its dataset would wait for the lease to expire."""
        (a,) = world.drop(DELTA + "a")
        world.claim()
        token = world.fake_ledger.lease(EVENTS).token
        event = execution()
        event["detail"]["input"] = json.dumps({"dataset": EVENTS, "token": token})
        world.letters.post(json.dumps(event))
        assert world.answer().answered == 1
        assert world.started[-1] == (EVENTS, token + 1)
        assert world.drain() == [["a"]]
        assert world.state(a) is S.LOADED

    def test_letter_of_an_execution_that_is_long_over_does_not_touch_its_successor(self, world: World) -> None:
        world.drop(DELTA + "a")
        world.drain()
        world.drop(DELTA + "b")
        world.claim()
        event = execution()
        event["detail"]["input"] = json.dumps({"dataset": EVENTS, "token": 1})
        before = world.fake_ledger.lease(EVENTS)
        world.letters.post(json.dumps(event))
        assert world.answer().answered == 1
        assert world.fake_ledger.lease(EVENTS) == before

    def test_dry_run_registers_nothing(self, world: World) -> None:
        a = world.put(DELTA + "a")
        world.letters.post(json.dumps(notification(a)))
        world.answer(dry_run=True)
        assert world.fake_ledger.files([a.file_id]) == {}
