"""A call to DynamoDB, Step Functions, S3 or SQS fails at each point of ingest: the messages that come again make it good."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.fakes import Interrupted, raising
from tests.integration.entrance import Handle, ingest_of
from tests.messages import batch, notification
from tests.unit.usecases.world import DELTA, EVENTS, World
from tidegate.errors import AccessDenied, ServiceUnavailable, Throttled, TidegateError
from tidegate.model.files import FileState
from tidegate.usecases.batch import Limits

OTHERS = "demo.others"
ERRORS = {
    "throttled": {"Error": {"Code": "ThrottlingException"}, "ResponseMetadata": {"HTTPStatusCode": 400}},
    "unavailable": {"Error": {"Code": "InternalServerError"}, "ResponseMetadata": {"HTTPStatusCode": 500}},
    "denied": {"Error": {"Code": "AccessDeniedException"}, "ResponseMetadata": {"HTTPStatusCode": 400}},
}


class Faulty:
    """DynamoDB whose n-th call fails, before it has an effect or after it, when only the answer is lost."""

    def __init__(self, number: int, answer: dict[str, Any], *, after: bool) -> None:
        self.left, self.answer, self.after = number, answer, after
        self.failed = ""

    def __call__(self, operation: str, effect: Callable[[], Any]) -> Any:
        self.left -= 1
        if self.left:
            return effect()
        self.failed = operation
        if self.after:
            effect()
        raise ClientError(self.answer, operation)


def deliver(handle: Handle, event: dict[str, Any]) -> list[str]:
    """Deliver as SQS does: what is named in the answer comes again, all the rest is gone. Return what came again."""
    returned: list[str] = []
    while event["Records"]:
        names = [f["itemIdentifier"] for f in handle(event)["batchItemFailures"]]
        returned += names
        assert len(returned) < 20, "the messages come again for ever"
        event = {"Records": [m for m in event["Records"] if m["messageId"] in names]}
    return returned


def dropped(world: World) -> dict[str, Any]:
    """Three arrivals in three messages: two versions of a key, and another dataset's file."""
    world.publish(OTHERS)
    arrivals = [world.put(key) for key in (DELTA + "a.csv", DELTA + "a.csv", "demo/others/delta/b.csv")]
    return batch(*map(notification, arrivals))


def fresh() -> World:
    made = World()
    made.publish()
    return made


@pytest.mark.parametrize("kind", ERRORS)
@pytest.mark.parametrize("after", [False, True], ids=["before its effect", "after its effect"])
def test_failure_of_any_call_to_dynamodb_is_made_good_by_the_messages_that_come_again(
    kind: str, monkeypatch: pytest.MonkeyPatch, *, after: bool
) -> None:
    failed: list[str] = []
    for number in range(1, 100):
        world = fresh()
        event = dropped(world)
        world.dynamo.around = fault = Faulty(number, ERRORS[kind], after=after)
        returned = deliver(ingest_of(world, monkeypatch), event)
        if not fault.failed:
            break
        failed.append(fault.failed)
        assert returned, f"{fault.failed}, call {number}: its failure was swallowed"
        assert sorted(world.started) == [(EVENTS, 1), (OTHERS, 1)], f"{fault.failed}, call {number}"
        assert [world.drain(EVENTS), world.drain(OTHERS)] == [[["a.csv"]], [["b.csv"]]], f"{fault.failed}, call {number}"
        assert {f.state for f in world.fake_ledger.list_files(EVENTS)} == {FileState.LOADED, FileState.SUPERSEDED}
    assert {"TransactWriteItems", "GetItem", "UpdateItem", "PutItem"} <= set(failed)


@pytest.mark.parametrize("error", [Throttled("x"), ServiceUnavailable("x"), AccessDenied("x")], ids=lambda e: type(e).__name__)
@pytest.mark.parametrize("when", ["before", "after"])
def test_start_that_fails_is_made_good_by_the_messages_that_come_again(
    handle: Handle, world: World, error: TidegateError, when: str
) -> None:
    event = dropped(world)
    world.workflow = Interrupted(world.workflow, **{when: {"start": raising(error)}})
    assert deliver(handle, event) == ["m0", "m1"]
    assert sorted(world.started) == [(EVENTS, 1), (OTHERS, 1)]
    assert world.drain() == [["a.csv"]]


def test_arrival_whose_messages_never_come_again_after_a_failed_start_is_started_by_reconcile(handle: Handle, world: World) -> None:
    world.workflow = Interrupted(world.workflow, before={"start": raising(Throttled("StartExecution"))})
    handle(batch(notification(world.put(DELTA + "a.csv"))))
    assert world.started == []
    world.reconcile()
    assert world.started == [(EVENTS, 1)]
    assert world.drain() == [["a.csv"]]


def test_message_of_a_file_whose_run_died_starts_nothing_before_the_end_of_the_lease_and_resumes_it_after(
    handle: Handle, world: World
) -> None:
    event = batch(notification(world.put(DELTA + "a.csv")))
    assert deliver(handle, event) == []
    world.claim()
    assert deliver(handle, event) == []
    assert world.started == [(EVENTS, 1)]
    world.expire()
    assert deliver(handle, event) == []
    assert world.started == [(EVENTS, 1), (EVENTS, 2)]
    assert world.drain() == [["a.csv"]]
    assert [run.state for run in world.fake_ledger.list_runs(EVENTS)] == ["ABORTED", "SUCCEEDED"]


def test_contract_that_cannot_be_read_makes_only_its_dataset_s_messages_come_again(handle: Handle, world: World) -> None:
    event = dropped(world)
    world.lake = Interrupted(world.lake, before={"get": raising(Throttled("GetObject"))})
    assert deliver(handle, event) == ["m0"]
    assert [world.drain(EVENTS), world.drain(OTHERS)] == [[["a.csv"]], [["b.csv"]]]


def test_listing_that_fails_makes_the_event_without_a_sequencer_come_again(handle: Handle, world: World) -> None:
    event = batch(notification(world.put(DELTA + "a.csv")))
    body = json.loads(event["Records"][0]["body"])
    del body["Records"][0]["s3"]["object"]["sequencer"]
    event["Records"][0]["body"] = json.dumps(body)
    world.landing = Interrupted(world.landing, before={"versions": raising(ServiceUnavailable("ListObjectVersions"))})
    assert deliver(handle, event) == ["m0"]
    assert world.drain() == [["a.csv"]]


def test_timer_that_could_not_be_set_is_set_by_the_redelivery(handle: Handle, world: World) -> None:
    world.limits = Limits(files=100, bytes=1000, window=60)
    event, timer = batch(notification(world.put(DELTA + "a.csv"))), world.timer
    world.timer = Interrupted(timer, before={"ring": raising(Throttled("SendMessage"))})
    assert deliver(handle, event) == ["m0"]
    assert timer.rung == [(EVENTS, 60)]


def test_timer_that_cannot_be_set_loses_no_arrival(handle: Handle, world: World) -> None:
    world.limits = Limits(files=100, bytes=1000, window=60)
    event = batch(notification(world.put(DELTA + "a.csv")))
    world.timer = Interrupted(world.timer, before={"ring": raising(Throttled("SendMessage"))})
    assert deliver(handle, event) == ["m0"]
    assert world.started == []
    world.clock.pass_seconds(61)
    world.reconcile()
    assert world.started == [(EVENTS, 1)]
    assert world.drain() == [["a.csv"]]
