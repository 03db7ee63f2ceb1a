"""The entry point of ingest with fakes behind it: which messages come again, and how a bare event fails."""

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.fakes import Interrupted, raising
from tests.unit.usecases.world import DELTA, EVENTS, World
from tidegate.errors import MessageMalformed, Throttled
from tidegate.model.arrivals import Arrival
from tidegate.model.files import FileState

ROOT = Path(__file__).parents[2]
Handle = Callable[[dict[str, Any]], dict[str, Any]]


@pytest.fixture
def world() -> World:
    made = World()
    made.publish()
    return made


@pytest.fixture
def handle(world: World, monkeypatch: pytest.MonkeyPatch) -> Handle:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "tidegate")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Tidegate")
    monkeypatch.setenv("POWERTOOLS_TRACE_DISABLED", "true")
    from tidegate import bootstrap

    monkeypatch.setattr(bootstrap, "register", lambda: world.register)
    spec = importlib.util.spec_from_file_location("ingest_handler", ROOT / "functions" / "ingest" / "handler.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    context = SimpleNamespace(
        function_name="ingest",
        memory_limit_in_mb=512,
        invoked_function_arn="arn",
        aws_request_id="r",
        get_remaining_time_in_millis=int,
    )
    return lambda event: module.handle(event, context)


def notification(*arrivals: Arrival) -> dict[str, Any]:
    records = [
        {
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "eventName": "ObjectCreated:Put",
            "s3": {
                "bucket": {"name": a.bucket},
                "object": {"key": a.key, "size": a.size, "versionId": a.version_id, "sequencer": a.sequencer},
            },
        }
        for a in arrivals
    ]
    return {"Records": records}


def batch(*bodies: object) -> dict[str, Any]:
    texts = [body if isinstance(body, str) else json.dumps(body) for body in bodies]
    return {"Records": [{"eventSource": "aws:sqs", "messageId": f"m{n}", "body": text} for n, text in enumerate(texts)]}


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
