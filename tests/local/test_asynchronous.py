"""An event is tried again under one request id, and its end is told to the destination and to the dead-letter queue, as on AWS."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from .conftest import ACCOUNT, Cloud, unique, until

FAILS = """
    class Broken(Exception): pass
    def handle(event, context):
        print("TRY", context.aws_request_id)
        raise Broken("it is broken")
"""
RECOVERS = """
    tries = []
    def handle(event, context):
        print("TRY", context.aws_request_id)
        tries.append(1)
        if len(tries) < 3: raise ValueError("not yet")
        return {"tries": len(tries), "event": event}
"""


class Called:
    """A function that is invoked as an event, its destination, and what arrived there."""

    def __init__(self, cloud: Cloud, source: str, *, may_send: bool = True, dead_letters: bool = False, **options: Any) -> None:
        self.cloud = cloud
        self.url, self.target = cloud.queue()
        role = cloud.role(*([("sqs:SendMessage", self.target)] if may_send else []))
        own = {"DeadLetterConfig": {"TargetArn": self.target}} if dead_letters else {}
        self.name = cloud.function(source, role=role, **own)
        self.arn = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{self.name}"
        if not dead_letters:
            both = {outcome: {"Destination": self.target} for outcome in ("OnSuccess", "OnFailure")}
            cloud.client("lambda").put_function_event_invoke_config(FunctionName=self.name, DestinationConfig=both, **options)

    def send(self, event: Any, **options: str) -> None:
        self.cloud.client("lambda", **options).invoke(FunctionName=self.name, InvocationType="Event", Payload=json.dumps(event))

    def tries(self) -> list[str]:
        return [line.split()[1] for line in self.cloud.printed(self.name, "TRY")]

    def arrived(self) -> dict[str, Any]:
        """The one message at the target."""
        messages = until(lambda: self.cloud.drain(self.url, MessageAttributeNames=["All"]))
        assert len(messages) == 1
        return dict(messages[0])

    def record(self) -> dict[str, Any]:
        return dict(json.loads(self.arrived()["Body"]))


def test_a_function_that_keeps_failing_is_tried_three_times_and_its_record_is_that_of_aws(cloud: Cloud) -> None:
    called = Called(cloud, FAILS)
    called.send({"key": "a"})
    record = called.record()
    (request_id,) = set(called.tries())
    assert len(called.tries()) == 3
    assert record.pop("timestamp").endswith("Z")
    assert "raise Broken" in "".join(record["responsePayload"].pop("stackTrace"))
    assert record == {
        "version": "1.0",
        "requestContext": {
            "requestId": request_id, "functionArn": f"{called.arn}:$LATEST", "condition": "RetriesExhausted", "approximateInvokeCount": 3,
        },
        "requestPayload": {"key": "a"},
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "responsePayload": {"errorMessage": "it is broken", "errorType": "Broken", "requestId": request_id},
    }  # fmt: skip


def test_a_function_that_recovers_reports_success_and_no_failure(cloud: Cloud) -> None:
    called = Called(cloud, RECOVERS)
    called.send({"key": "a"})
    record = called.record()
    assert (record["requestContext"]["condition"], record["requestContext"]["approximateInvokeCount"]) == ("Success", 3)
    assert record["responsePayload"] == {"tries": 3, "event": {"key": "a"}}
    assert record["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST"}


def test_retries_can_be_switched_off(cloud: Cloud) -> None:
    called = Called(cloud, FAILS, MaximumRetryAttempts=0)
    called.send({})
    assert called.record()["requestContext"]["approximateInvokeCount"] == 1
    assert len(called.tries()) == 1


def test_a_dead_letter_queue_gets_the_bare_event_and_the_error_as_attributes(cloud: Cloud) -> None:
    called = Called(cloud, FAILS, dead_letters=True)
    called.send({"key": "a"})
    letter = called.arrived()
    assert json.loads(letter["Body"]) == {"key": "a"}
    values = {name: (found["DataType"], found["StringValue"]) for name, found in letter["MessageAttributes"].items()}
    (request_id,) = set(called.tries())
    assert values == {
        "RequestID": ("String", request_id), "ErrorCode": ("Number", "200"), "ErrorMessage": ("String", "it is broken"),
    }  # fmt: skip


def test_a_function_that_may_not_run_sends_its_events_to_the_dead_letter_queue_untried(cloud: Cloud) -> None:
    called = Called(cloud, FAILS, dead_letters=True)
    cloud.client("lambda").put_function_concurrency(FunctionName=called.name, ReservedConcurrentExecutions=0)
    called.send({"key": "a"})
    assert called.arrived()["MessageAttributes"]["ErrorCode"]["StringValue"] == "429"
    assert called.tries() == []


def test_a_throttled_event_waits_for_its_turn_and_costs_no_try(cloud: Cloud) -> None:
    called = Called(cloud, "import time\ndef handle(event, context): time.sleep(1); return event", MaximumRetryAttempts=0)
    cloud.client("lambda").put_function_concurrency(FunctionName=called.name, ReservedConcurrentExecutions=1)
    for number in (1, 2):
        called.send(number)
    found: list[dict[str, Any]] = []
    until(lambda: len(found.extend(json.loads(m["Body"]) for m in cloud.drain(called.url)) or found) == 2)
    assert {record["requestContext"]["condition"] for record in found} == {"Success"}
    assert sorted(record["responsePayload"] for record in found) == [1, 2]


def test_a_record_is_sent_with_the_permissions_of_the_functions_role_and_not_the_callers(cloud: Cloud) -> None:
    forbidden, allowed = Called(cloud, FAILS, may_send=False), Called(cloud, FAILS)
    caller = cloud.acting_as(cloud.role(("lambda:InvokeFunction", forbidden.arn), ("lambda:InvokeFunction", allowed.arn)))
    forbidden.send({}, **caller)
    until(lambda: len(forbidden.tries()) == 3)
    allowed.send({}, **caller)
    assert allowed.record()["requestContext"]["condition"] == "RetriesExhausted"
    assert cloud.drain(forbidden.url) == []


def by_rule(called: Called) -> None:
    events, rule = called.cloud.client("events"), unique("rule")
    events.put_rule(Name=rule, EventPattern=json.dumps({"source": [rule]}))
    events.put_targets(Rule=rule, Targets=[{"Id": "1", "Arn": called.arn, "Input": '{"by": "rule"}'}])
    events.put_events(Entries=[{"Source": rule, "DetailType": "test", "Detail": "{}"}])


def by_schedule(called: Called) -> None:
    name, role = unique("schedule"), called.cloud.role(("lambda:InvokeFunction", called.arn), trusted="scheduler.amazonaws.com")
    target = {"Arn": called.arn, "RoleArn": role, "Input": '{"by": "schedule"}'}
    called.cloud.client("scheduler").create_schedule(
        Name=name, ScheduleExpression="at(2020-01-01T00:00:00)", FlexibleTimeWindow={"Mode": "OFF"}, Target=target,
    )  # fmt: skip


def by_topic(called: Called) -> None:
    sns = called.cloud.client("sns")
    topic = sns.create_topic(Name=unique("topic"))["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=called.arn)
    sns.publish(TopicArn=topic, Message="by topic")


@pytest.mark.parametrize(
    ("call", "payload"),
    [
        (by_rule, lambda event: event == {"by": "rule"}),
        (by_schedule, lambda event: event == {"by": "schedule"}),
        (by_topic, lambda event: event["Records"][0]["Sns"]["Message"] == "by topic"),
    ],
)
def test_rules_schedules_and_topics_invoke_as_events_too(
    cloud: Cloud, call: Callable[[Called], None], payload: Callable[[Any], bool]
) -> None:
    called = Called(cloud, FAILS)
    call(called)
    record = called.record()
    assert len(called.tries()) == record["requestContext"]["approximateInvokeCount"] == 3
    assert payload(record["requestPayload"])
