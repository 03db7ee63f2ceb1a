"""Every envelope that can reach a dead-letter queue, read for what has to be done again."""

import json
from typing import Any

import pytest

from tidegate.aws.envelopes import open_envelope
from tidegate.model.selection import Envelope

NOTIFICATION: dict[str, Any] = {
    "Records": [
        {
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "eventName": "ObjectCreated:Put",
            "s3": {
                "bucket": {"name": "landing"},
                "object": {"key": "health/claims/delta/a+b.csv", "versionId": "v1", "sequencer": "0A", "size": 7},
            },
        }
    ]
}
TEN = {"Records": [{"eventSource": "aws:sqs", "messageId": str(n), "body": json.dumps(NOTIFICATION)} for n in range(10)]}


def on_failure(payload: object, error: str = "Throttled") -> dict[str, Any]:
    """Lambda's record of an asynchronous invocation that failed."""
    return {
        "version": "1.0",
        "timestamp": "2026-01-05T06:05:00.000Z",
        "requestContext": {"requestId": "r", "functionArn": "f", "condition": "RetriesExhausted", "approximateInvokeCount": 3},
        "requestPayload": payload,
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "responsePayload": {"errorMessage": "slow down", "errorType": error, "stackTrace": []},
    }


def execution(status: str = "ABORTED", **detail: object) -> dict[str, Any]:
    """EventBridge's account of an execution that ended."""
    started = json.dumps({"dataset": "health.claims", "token": 7})
    return {
        "version": "0",
        "source": "aws.states",
        "detail-type": "Step Functions Execution Status Change",
        "detail": {"status": status, "name": "health-claims-000007", "input": started, **detail},
    }


def opened(body: object) -> Envelope:
    return open_envelope(json.dumps(body))


def keys(envelope: Envelope) -> list[str]:
    return [a.key for a in envelope.arrivals]


def test_our_own_letter_names_run_dataset_and_error() -> None:
    letter = {"kind": "run-failed", "dataset": "health.claims", "run_id": "r1", "error": "BatchRefused", "file_ids": ["f"]}
    assert opened(letter) == Envelope(dataset="health.claims", run_id="r1", error="BatchRefused")


def test_run_that_could_not_be_closed_frees_its_lease() -> None:
    letter = {"kind": "fail-failed", "dataset": "health.claims", "token": 3, "error": "Throttled", "then": "Throttled"}
    assert opened(letter) == Envelope(dataset="health.claims", token=3, error="Throttled")


def test_letter_about_a_notification_asks_for_nothing_but_a_look() -> None:
    letter = {"kind": "notify-failed", "dataset": "health.claims", "token": 3, "error": "SNS.AuthorizationError"}
    assert opened(letter) == Envelope(dataset="health.claims", error="SNS.AuthorizationError")


def test_letter_about_a_crawl_asks_for_nothing_but_a_look() -> None:
    letter = {"kind": "crawl-failed", "dataset": "health.claims", "token": 3, "error": "Glue.AccessDeniedException", "file_ids": []}
    assert opened(letter) == Envelope(dataset="health.claims", error="Glue.AccessDeniedException")


def test_letter_about_gold_asks_for_its_build() -> None:
    assert opened({"kind": "gold-failed", "error": "GoldFailed", "failed": ["model.x"]}) == Envelope(gold=True, error="GoldFailed")


def test_raw_notification_and_raw_sqs_batch_are_arrivals() -> None:
    assert keys(opened(NOTIFICATION)) == ["health/claims/delta/a b.csv"]
    assert keys(opened(TEN)) == ["health/claims/delta/a b.csv"] * 10
    assert opened(TEN).datasets == {"health.claims"}


def test_eventbridge_event_is_an_arrival() -> None:
    item = {"key": "health/claims/delta/a", "version-id": "v", "sequencer": "1", "size": 1}
    event = {"source": "aws.s3", "detail-type": "Object Created", "detail": {"bucket": {"name": "landing"}, "object": item}}
    assert keys(opened(event)) == ["health/claims/delta/a"]


def test_bad_message_in_a_batch_keeps_the_letter_and_hides_none_of_the_others() -> None:
    batch = {"Records": [*TEN["Records"], {"eventSource": "aws:sqs", "messageId": "x", "body": "{"}]}
    envelope = opened(batch)
    assert len(envelope.arrivals) == 10
    assert "not JSON" in envelope.problem


def test_on_failure_record_is_opened_down_to_what_the_function_was_invoked_with() -> None:
    envelope = opened(on_failure(TEN))
    assert (len(envelope.arrivals), envelope.error, envelope.problem) == (10, "Throttled", "")


def test_on_failure_record_of_a_function_that_never_answered_has_the_condition_for_its_error() -> None:
    record = on_failure(NOTIFICATION)
    del record["responsePayload"]
    assert opened(record).error == "RetriesExhausted"


def test_on_failure_record_of_replay_asks_for_the_same_again() -> None:
    envelope = opened(on_failure({"dataset": "health.claims", "since": "2026-01-01", "dry_run": False}))
    assert (envelope.selection.dataset, envelope.selection.since) == ("health.claims", "2026-01-01")
    assert envelope.datasets == {"health.claims"}


def test_tick_of_a_schedule_asks_for_nothing() -> None:
    assert opened(on_failure({"source": "aws.events", "detail-type": "Scheduled Event"})) == Envelope(error="Throttled")


def test_timer_wakes_its_dataset() -> None:
    assert opened({"wake": "health.claims"}).wake == ("health.claims",)


@pytest.mark.parametrize(
    ("event", "error"),
    [
        (execution(), "ABORTED"),
        (execution("TIMED_OUT"), "TIMED_OUT"),
        (execution("FAILED", error="States.Runtime"), "States.Runtime"),
    ],
)
def test_execution_that_ended_badly_frees_its_lease(event: dict[str, Any], error: str) -> None:
    assert opened(event) == Envelope(dataset="health.claims", token=7, error=error)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ([], "not a JSON object"),
        ({}, "neither S3 records nor"),
        ({"kind": "run-failed"}, "names no dataset"),
        ({"kind": "something else"}, "neither S3 records nor"),
        (execution(input="{"), "does not say which dataset"),
        ({"source": "aws.states"}, "without a detail"),
        ({"dataset": "a.b", "states": ["BROKEN"]}, "states are REGISTERED"),
        ({"dataset": "a.b", "since": "yesterday"}, "write an ISO-8601 time"),
        ({"file_ids": 5}, "does not take"),
        (on_failure("text"), "not a JSON object"),
    ],
)
def test_what_cannot_be_read_says_so_and_asks_for_nothing(body: object, problem: str) -> None:
    envelope = opened(body)
    assert problem in envelope.problem
    assert (envelope.arrivals, envelope.run_id, envelope.token) == ((), "", 0)


def test_text_that_is_no_json_says_so() -> None:
    assert "not JSON" in open_envelope("<xml/>").problem


def test_envelopes_without_end_do_not_hang() -> None:
    body: object = NOTIFICATION
    for _ in range(50):
        body = on_failure(body)
    assert "again and again" in opened(body).problem
