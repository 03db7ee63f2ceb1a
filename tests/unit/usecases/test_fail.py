import json

import pytest

from tests.fakes import Crash, Interrupted, raising
from tests.unit.usecases.world import DELTA, EVENTS, FULL, World
from tidegate.model.files import FileState
from tidegate.model.runs import RunState
from tidegate.usecases.fail import explain
from tidegate.usecases.replay import Selection

S = FileState


def test_files_of_the_run_are_failed_with_the_cause_and_others_go_on(world: World) -> None:
    (a,) = world.drop(DELTA + "a")
    run_id = world.claim().run_id
    (b,) = world.drop(DELTA + "b")
    buried = world.fail()
    assert world.states(a, b) == [S.FAILED, S.PENDING]
    assert world.record(a).reason == "Load failed: BatchRefused: too few rows"
    run = world.fake_ledger.run(run_id)
    assert run is not None
    assert run.state is RunState.FAILED
    assert buried.proceed
    assert world.drain() == [["b"]]


def test_letter_holds_what_replay_needs(world: World) -> None:
    a, b = world.drop(DELTA + "a", DELTA + "b")
    claimed = world.claim()
    letter = world.fail().letter
    assert (letter["kind"], letter["dataset"], letter["run_id"]) == ("run-failed", EVENTS, claimed.run_id)
    assert (letter["step"], letter["error"], letter["cause"]) == ("Load", "BatchRefused", "too few rows")
    assert (letter["manifest_key"], letter["file_ids"]) == (claimed.manifest_key, [a.file_id, b.file_id])
    world.replay(Selection().with_letters([json.loads(json.dumps(letter))]))
    assert world.states(a, b) == [S.PENDING, S.PENDING]


def test_message_names_the_files_and_the_way_back(world: World) -> None:
    (a,) = world.drop(DELTA + "a")
    run_id = world.claim().run_id
    message = world.fail().message
    assert (message["status"], message["files_total"], message["files"][0]["key"]) == ("FAILED", 1, a.key)
    assert message["next"].endswith(f"tidegate replay --run {run_id}")


def test_failed_full_load_fails_with_all_its_parts(world: World) -> None:
    arrivals = world.drop(FULL + "1/a", FULL + "1/b", FULL + "1/_SUCCESS")
    world.claim()
    assert len(world.fail().letter["file_ids"]) == 3
    assert world.states(*arrivals) == [S.FAILED] * 3


class TestClaimFailed:
    def test_lease_is_given_back_and_the_files_stay_pending(self, world: World) -> None:
        (a,) = world.drop(DELTA + "a")
        buried = world.fail("Claim", "ContractMissing", "no contract")
        assert not buried.proceed
        assert buried.letter["file_ids"] == []
        assert (buried.letter["dataset"], buried.letter["cause"]) == (EVENTS, "no contract")
        assert world.state(a) is S.PENDING
        assert world.fake_ledger.lease(EVENTS).is_free(world.clock())

    def test_files_load_when_the_cause_is_mended(self, world: World) -> None:
        (a,) = world.drop(DELTA + "a")
        world.fail("Claim", "ContractMissing", "no contract")
        assert world.reconcile().woken == (EVENTS,)
        world.drain()
        assert world.state(a) is S.LOADED

    def test_after_a_failed_run_it_does_not_repeat_that_run_s_letter(self, world: World) -> None:
        world.drop(DELTA + "a")
        world.claim()
        world.fail()
        world.drop(DELTA + "b")
        buried = world.fail("Claim", "ContractMissing", "no contract")
        assert (buried.letter["file_ids"], buried.proceed) == ([], False)


class TestAgain:
    def test_answer_that_was_lost_is_given_again_so_that_no_failed_file_is_without_its_letter(self, world: World) -> None:
        (a,) = world.drop(DELTA + "a")
        world.claim()
        world.ledger = Interrupted(world.ledger, after={"fail": raising(Crash())})
        with pytest.raises(Crash):
            world.fail()
        buried = world.fail()
        assert world.state(a) is S.FAILED
        assert (buried.letter["file_ids"], buried.proceed) == ([a.file_id], True)
        assert world.fake_ledger.lease(EVENTS).held

    def test_twice_gives_the_same_letter(self, world: World) -> None:
        world.drop(DELTA + "a")
        world.claim()
        assert world.fail() == world.fail()

    def test_settled_run_whose_answer_was_lost_is_not_failed(self, world: World) -> None:
        (a,) = world.drop(DELTA + "a")
        world.settle(world.claim_manifest())
        assert world.fail("Settle", "States.Timeout", "").letter["file_ids"] == []
        assert world.state(a) is S.LOADED


def test_zombie_fails_nothing_and_leaves_the_lease_alone(world: World) -> None:
    (a,) = world.drop(DELTA + "a")
    world.claim()
    world.expire()
    world.reconcile()
    world.claim()
    lease = world.fake_ledger.lease(EVENTS)
    buried = world.fail("Load", "LeaseLost", "the lease went to another run", token=1)
    assert (world.state(a), world.fake_ledger.lease(EVENTS)) == (S.CLAIMED, lease)
    assert (buried.letter["file_ids"], buried.proceed) == ([], False)


@pytest.mark.parametrize(
    ("cause", "said"),
    [
        (json.dumps({"errorMessage": "too few rows", "errorType": "BatchRefused", "stackTrace": ["secret"]}), "too few rows"),
        ("plain text", "plain text"),
        ("", ""),
        ("[1, 2]", "[1, 2]"),
        ("{}", "{}"),
        (json.dumps({"errorMessage": ""}), ""),
        ("x" * 9000, "x" * 500),
    ],
    ids=["Lambda's JSON", "text", "nothing", "another JSON", "an empty JSON", "an empty message", "too long"],
)
def test_cause_is_the_message_without_the_stack(cause: str, said: str) -> None:
    assert explain(cause) == said
