"""The entry point of ingest with fakes behind it: which messages come again, and how a bare event fails."""

import pytest

from tests.fakes import Interrupted, raising
from tests.integration.entrance import Handle
from tests.messages import batch, notification
from tests.unit.usecases.world import DELTA, EVENTS, World
from tidegate.errors import MessageMalformed, Throttled
from tidegate.model.files import FileState


def test_malformed_message_of_ten_is_the_only_one_that_comes_again(handle: Handle, world: World) -> None:
    arrivals = [world.put(f"{DELTA}{n}") for n in range(9)]
    answer = handle(batch("{", *map(notification, arrivals)))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    assert world.states(*arrivals) == [FileState.PENDING] * 9


def test_arrival_that_cannot_be_registered_comes_again_alone(handle: Handle, world: World) -> None:
    a, b = world.put(DELTA + "a"), world.put(DELTA + "b")
    world.ledger = Interrupted(world.ledger, before={"register": raising(Throttled("PutItem"))})
    assert handle(batch(notification(a), notification(b))) == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    assert world.state(b) is FileState.PENDING


def test_start_that_fails_makes_every_message_of_the_dataset_come_again(handle: Handle, world: World) -> None:
    world.publish("demo.others")
    ours = [world.put(DELTA + "a"), world.put(DELTA + "b")]
    other = world.put("demo/others/delta/a")
    world.workflow = Interrupted(world.workflow, before={"start": raising(Throttled("StartExecution"))})
    answer = handle(batch(*map(notification, [*ours, other])))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}, {"itemIdentifier": "m1"}]}
    assert world.started == [("demo.others", 1)]


def test_test_event_of_s3_is_acknowledged(handle: Handle) -> None:
    assert handle(batch({"Service": "Amazon S3", "Event": "s3:TestEvent"})) == {"batchItemFailures": []}


def test_bad_input_is_acknowledged_once_the_ledger_has_it(handle: Handle, world: World) -> None:
    stray, empty = world.put("stray.csv"), world.put(DELTA + "empty", size=0)
    assert handle(batch(notification(stray), notification(empty))) == {"batchItemFailures": []}
    assert world.states(stray, empty) == [FileState.QUARANTINED] * 2


def test_bare_notification_is_registered(handle: Handle, world: World) -> None:
    a, b = world.put(DELTA + "a"), world.put(DELTA + "b")
    assert handle(notification(a, b)) == {"batchItemFailures": []}
    assert (world.states(a, b), world.started) == ([FileState.PENDING] * 2, [(EVENTS, 1)])


def test_bare_event_that_fails_is_raised_so_that_lambda_tries_again(handle: Handle, world: World) -> None:
    world.ledger = Interrupted(world.ledger, before={"register": raising(Throttled("PutItem"))})
    with pytest.raises(Throttled):
        handle(notification(world.put(DELTA + "a")))


@pytest.mark.filterwarnings("ignore:No application metrics to publish")  # there is nothing to count
def test_bare_event_that_is_none_of_ours_is_raised(handle: Handle) -> None:
    with pytest.raises(MessageMalformed):
        handle({"hello": "world"})


def test_log_names_the_message_and_not_what_is_in_it(handle: Handle, world: World, caplog: pytest.LogCaptureFixture) -> None:
    bad = notification(world.put(DELTA + "a"))
    bad["Records"][0]["s3"]["object"]["size"] = "Jane Doe"
    handle(batch(bad))
    (record,) = [r for r in caplog.records if r.message == "arrival not registered"]
    assert record.__dict__["message_id"] == "m0"
    assert "Jane Doe" not in str(record.__dict__)
