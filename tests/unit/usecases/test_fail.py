import json

import pytest

from tests.fakes import Crash, Interrupted, raising
from tests.unit.usecases.world import DELTA, EVENTS, FULL, World, names
from tidegate.errors import LeaseLost, Throttled
from tidegate.model.files import FileState
from tidegate.model.runs import RunState
from tidegate.usecases.batch import Limits
from tidegate.usecases.fail import OF_THE_DATASET, explain
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
    assert [letter] == world.letters.sent
    assert (letter["kind"], letter["dataset"], letter["run_id"]) == ("run-failed", EVENTS, claimed.run_id)
    assert (letter["step"], letter["error"], letter["cause"]) == ("Load", "BatchRefused", "too few rows")
    assert (letter["manifest_key"], letter["file_ids"]) == (claimed.manifest_key, [a.file_id, b.file_id])
    world.answer()
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

    def test_cause_that_stays_is_tried_again_after_longer_and_longer_pauses(self, world: World) -> None:
        world.drop(DELTA + "a")
        for minutes in (5, 10, 20, 40, 60, 60):
            world.fail("Claim", "ContractMissing", "no contract")
            world.clock.pass_seconds(minutes * 60 - 1)
            world.drop(DELTA + "b")
            assert world.reconcile().woken == []
            world.clock.pass_seconds(1)
            assert world.reconcile().woken == [EVENTS]

    def test_files_load_when_the_cause_is_mended(self, world: World) -> None:
        (a,) = world.drop(DELTA + "a")
        world.fail("Claim", "ContractMissing", "no contract")
        world.replay(Selection(wake=(EVENTS,)))
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
    @pytest.mark.parametrize("step", ["end_run", "give_up", "close_run"])
    @pytest.mark.parametrize("when", ["before", "after"])
    def test_killed_at_any_step_leaves_no_failed_file_without_its_letter(self, world: World, step: str, when: str) -> None:
        (a,) = world.drop(DELTA + "a")
        world.claim()
        cut = {step: raising(Crash())}
        world.ledger = Interrupted(world.ledger, before=cut) if when == "before" else Interrupted(world.ledger, after=cut)
        with pytest.raises(Crash):
            world.fail()
        assert world.fail().proceed
        assert world.state(a) is S.FAILED
        assert {tuple(letter["file_ids"]) for letter in world.letters.sent} == {(a.file_id,)}
        assert world.fake_ledger.lease(EVENTS).held

    def test_letter_that_cannot_be_sent_fails_nobody(self, world: World) -> None:
        (a,) = world.drop(DELTA + "a")
        world.claim()
        world.letters = Interrupted(world.letters, before={"send": raising(Throttled("SendMessage"))})  # type: ignore[assignment]
        with pytest.raises(Throttled):
            world.fail()
        assert world.state(a) is S.CLAIMED

    def test_settled_run_whose_answer_was_lost_is_not_failed(self, world: World) -> None:
        (a,) = world.drop(DELTA + "a")
        world.settle(world.claim_manifest())
        assert world.fail("Settle", "States.Timeout", "").letter is None
        assert world.state(a) is S.LOADED

    def test_settle_that_died_after_the_decision_is_finished_and_told_as_a_success(self, world: World) -> None:
        (a,) = world.drop(DELTA + "a")
        world.ledger = Interrupted(world.ledger, after={"end_run": raising(Crash())})
        with pytest.raises(Crash):
            world.settle(world.claim_manifest())
        failed = world.fail("Settle", "States.Timeout", "")
        assert failed.message is not None
        assert (failed.message["status"], failed.letter, world.state(a)) == ("SUCCEEDED", None, S.LOADED)


class TestSplit:
    def test_batch_is_halved_until_the_bad_file_is_alone_and_only_that_one_fails(self, world: World) -> None:
        arrivals = world.drop(*(f"{DELTA}{n}" for n in range(8)))
        poison, batches = arrivals[5], []
        while (manifest := world.claim().manifest) is not None:
            batches.append("".join(names(manifest)))
            if any(f.file_id == poison.file_id for f in manifest.files):
                world.fail("Load", "Runtime.ExitError", "out of memory")
            else:
                world.settle(manifest)
        assert batches == ["01234567", "0123", "4567", "45", "4", "5", "5", "5", "67"]
        assert world.states(*arrivals) == [S.FAILED if a is poison else S.LOADED for a in arrivals]
        assert [letter["file_ids"] for letter in world.letters.sent] == [[poison.file_id]]

    def test_file_alone_is_tried_as_often_as_its_contract_allows(self, world: World) -> None:
        (a,) = world.drop(DELTA + "a")
        tries = [world.claim_and_fail("Load", "ServiceUnavailable") for _ in range(3)]
        assert [(t.again, t.proceed) for t in tries] == [(1, True), (1, True), (0, True)]
        assert world.state(a) is S.FAILED

    def test_file_alone_with_an_error_that_stays_is_not_tried_again(self, world: World) -> None:
        world.drop(DELTA + "a")
        assert world.claim_and_fail("Audit", "BooksUnbalanced").again == 0

    @pytest.mark.parametrize("error", sorted(OF_THE_DATASET))
    def test_error_that_every_file_would_meet_halves_nothing(self, world: World, error: str) -> None:
        arrivals = world.drop(DELTA + "a", DELTA + "b")
        assert world.claim_and_fail("Load", error).again == 0
        assert world.states(*arrivals) == [S.FAILED] * 2

    def test_after_many_failures_in_a_row_nothing_is_halved_any_more(self, world: World) -> None:
        world.limits = Limits(files=10_000, bytes=10**9)
        arrivals = world.drop(*(f"{DELTA}{n:04d}" for n in range(300)))
        runs = 0
        while S.PENDING in world.states(*arrivals):
            world.claim_and_fail("Load", "Unexpected")
            runs += 1
        assert runs < 40
        assert set(world.states(*arrivals)) == {S.FAILED}

    def test_full_load_is_tried_again_whole(self, world: World) -> None:
        arrivals = world.drop(FULL + "1/a", FULL + "1/b", FULL + "1/_SUCCESS")
        assert world.claim_and_fail("Load", "Sandbox.Timedout").again == 3
        assert world.states(*arrivals) == [S.REGISTERED, S.REGISTERED, S.PENDING]
        assert len(world.claim_manifest().files) == 3


def test_failed_run_is_followed_by_one_that_puts_the_tables_right_even_when_no_file_waits(world: World) -> None:
    world.drop(DELTA + "a")
    world.claim_and_fail("Audit", "BooksUnbalanced")
    manifest = world.claim_manifest()
    assert (manifest.files, manifest.recovers) == ((), True)
    world.settle(manifest)
    assert world.claim().manifest is None


def test_run_that_cannot_put_the_tables_right_is_not_repeated_without_a_pause(world: World) -> None:
    world.drop(DELTA + "a")
    world.claim_and_fail("Audit", "BooksUnbalanced")
    world.claim()
    assert not world.fail("Load", "AccessDenied", "glue").proceed
    assert world.reconcile().woken == []
    world.clock.pass_seconds(3600)
    assert world.reconcile().woken == [EVENTS]


def test_zombie_fails_nothing_and_leaves_the_lease_alone(world: World) -> None:
    (a,) = world.drop(DELTA + "a")
    world.claim()
    world.expire()
    world.reconcile()
    world.claim()
    lease = world.fake_ledger.lease(EVENTS)
    with pytest.raises(LeaseLost):
        world.fail("Load", "ServiceUnavailable", "slow", token=1)
    assert (world.state(a), world.fake_ledger.lease(EVENTS), world.letters.sent) == (S.CLAIMED, lease, [])


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
