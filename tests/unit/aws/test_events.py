import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tidegate.aws.events import Message, messages, read
from tidegate.model.arrivals import Arrival

CASES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parents[2] / "cases" / "events.yaml").read_text("utf-8"))
UNDERSTOOD = [c for c in CASES if "arrivals" in c]
MALFORMED = [c for c in CASES if "malformed" in c]
FIRST = CASES[0]["body"]


def body_of(case: dict[str, Any]) -> str:
    return case.get("json") or json.dumps(case["body"])


def sqs(*bodies: str) -> dict[str, Any]:
    return {"Records": [{"eventSource": "aws:sqs", "messageId": f"m{n}", "body": body} for n, body in enumerate(bodies)]}


def one(event: dict[str, Any]) -> Message:
    (message,) = messages(event)
    return message


def without_etags(message: Message) -> Message:
    return replace(message, arrivals=tuple(replace(a, etag="") for a in message.arrivals))


@pytest.mark.parametrize("case", UNDERSTOOD, ids=lambda c: c["hazard"])
def test_message_is_understood(case: dict[str, Any]) -> None:
    wanted = tuple(Arrival("landing", *found) for found in case["arrivals"])
    assert without_etags(one(sqs(body_of(case)))) == Message("m0", wanted)
    assert without_etags(one(case["body"])) == Message("", wanted)


@pytest.mark.parametrize("case", MALFORMED, ids=lambda c: c["hazard"])
def test_malformed_message_says_what_is_wrong_and_harms_no_other(case: dict[str, Any]) -> None:
    bad, good = messages(sqs(body_of(case), json.dumps(FIRST)))
    assert bad.arrivals == ()
    assert case["malformed"] in str(bad.error)
    assert (good.error, len(good.arrivals)) == (None, 1)
    assert case["malformed"] in str(read(json.loads(body_of(case))).error)


@pytest.mark.parametrize("body", ["", "{", "<Event/>", "a.csv"])
def test_body_that_is_not_json_is_malformed_without_being_quoted(body: str) -> None:
    error = one(sqs(body)).error
    assert str(error).startswith("the message's body is not JSON")


def test_record_without_a_body_is_malformed() -> None:
    assert one({"Records": [{"eventSource": "aws:sqs", "messageId": "m"}]}).error


def test_one_bad_message_of_ten_is_the_only_one_with_an_error() -> None:
    bodies = [json.dumps(FIRST)] * 10
    bodies[4] = "{not json"
    batch = messages(sqs(*bodies))
    assert [m.message_id for m in batch if m.error] == ["m4"]
    assert sum(len(m.arrivals) for m in batch) == 9


def test_malformed_bare_event_has_an_error_so_that_its_sender_can_try_again() -> None:
    assert one({"hello": "world"}).error


def test_malformed_record_does_not_hide_the_others_of_its_message() -> None:
    three = {"Records": [*FIRST["Records"], {"eventSource": "aws:s3", "eventVersion": "3.0"}, *FIRST["Records"]]}
    message = one(sqs(json.dumps(three)))
    assert (len(message.arrivals), bool(message.error)) == (2, True)


def test_timer_names_the_dataset_that_it_rings_for() -> None:
    assert one(sqs('{"wake": "demo.events"}')) == Message("m0", wake="demo.events")


def test_event_without_records_has_no_arrivals() -> None:
    assert one({"Records": []}) == Message("")


def test_same_event_at_another_time_is_the_same_arrival() -> None:
    again = json.loads(json.dumps(FIRST))
    again["Records"][0]["eventTime"] = "2031-12-31T23:59:59Z"
    assert read(again).arrivals == read(FIRST).arrivals
