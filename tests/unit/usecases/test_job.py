"""A Glue job ends with a word that Fail understands, whoever else ends it."""

import json

import pytest

from tests.unit.usecases.world import DELTA, EVENTS, LEASE, World
from tidegate.errors import BatchRefused, LeaseLost, NoRoom, TidegateError, Unexpected
from tidegate.model.files import FileState
from tidegate.model.runs import Compute, Manifest
from tidegate.usecases.job import run_job

JOB_RUN = "jr_1"


def play(world: World, manifest: Manifest, error: Exception | None = None, name: str = JOB_RUN) -> None:
    def work() -> None:
        if error:
            raise error

    run_job(
        manifest,
        "it was too much",
        name,
        work,
        ledger=world.ledger,
        objects=world.lake,
        clock=world.clock,
        lease_us=LEASE,
    )


def record(state: str = "FAILED", name: str = JOB_RUN) -> str:
    """What Step Functions has as the cause."""
    return json.dumps({"Id": name, "JobName": "stack-load", "JobRunState": state, "ErrorMessage": "RuntimeError: Ann, 1970"})


@pytest.mark.parametrize("error", [BatchRefused("too few rows"), NoRoom("no disk"), LeaseLost("gone")])
def test_error_of_the_job_is_the_error_of_the_run(world: World, error: TidegateError) -> None:
    world.drop(DELTA + "a")
    manifest = world.claim_manifest()
    with pytest.raises(type(error)):
        play(world, manifest, error)
    letter = world.fail("Load", "States.TaskFailed", record()).letter
    assert (letter["error"], letter["cause"]) == (type(error).__name__, str(error))


def test_what_a_library_says_may_quote_a_row_and_stays_out_of_letters(world: World) -> None:
    world.drop(DELTA + "a")
    manifest = world.claim_manifest()
    with pytest.raises(Unexpected, match=r"ValueError at File .*test_job\.py"):
        play(world, manifest, ValueError("could not read Ann, 1970"))
    letter = world.fail("Load", "States.TaskFailed", record()).letter
    assert letter["error"] == "Unexpected"
    assert "Ann" not in json.dumps(letter)


@pytest.mark.parametrize("state", ["FAILED", "TIMEOUT", "STOPPED"])
def test_job_that_was_killed_leaves_the_state_that_glue_gave_it_and_its_files_are_tried_again(world: World, state: str) -> None:
    (a,) = world.drop(DELTA + "a")
    world.claim_manifest()
    failed = world.fail("Load", "States.TaskFailed", record(state))
    assert (failed.again, failed.letter) == (1, None)
    assert world.states(a) == [FileState.PENDING]
    assert f"Glue.{state}: the job run {JOB_RUN} of stack-load was ended" in world.record(a).reason
    assert "Ann" not in world.record(a).reason


def test_word_of_an_earlier_job_run_is_not_taken_for_that_of_a_later_one(world: World) -> None:
    world.drop(DELTA + "a")
    manifest = world.claim_manifest()
    with pytest.raises(BatchRefused):
        play(world, manifest, BatchRefused("too few rows"))
    assert world.fail("Load", "States.TaskFailed", record(name="jr_2")).again == 1


def test_cause_that_cannot_be_read_ends_the_run_all_the_same(world: World) -> None:
    (a,) = world.drop(DELTA + "a")
    world.claim_manifest()
    world.fail("Load", "States.TaskFailed", "not JSON: Ann")
    assert world.record(a).reason == "Load failed: States.TaskFailed: the job's record could not be read"


def test_run_that_a_lambda_had_first_says_that_glue_has_it_and_why(world: World) -> None:
    world.drop(DELTA + "a")
    manifest = world.claim_manifest()
    play(world, manifest)
    run = world.fake_ledger.run(manifest.run_id)
    assert run is not None
    assert (run.route, run.route_reason) == (Compute.GLUE, "it was too much")


def test_job_whose_lease_went_to_another_run_does_nothing(world: World) -> None:
    world.drop(DELTA + "a")
    manifest = world.claim_manifest()
    world.clock.pass_seconds(2 * LEASE // 1_000_000)
    world.drop(DELTA + "b")
    assert world.fake_ledger.lease(EVENTS).token > manifest.token
    with pytest.raises(LeaseLost):
        play(world, manifest, AssertionError("it worked"))
    run = world.fake_ledger.run(manifest.run_id)
    assert run is not None
    assert run.route is Compute.LAMBDA
