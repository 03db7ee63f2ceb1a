import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tidegate.aws.events import Message, arrivals, messages
from tidegate.errors import MessageMalformed
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


@pytest.mark.parametrize("case", UNDERSTOOD, ids=lambda c: c["hazard"])
def test_message_is_understood(case: dict[str, Any]) -> None:
    wanted = tuple(Arrival("landing", *found) for found in case["arrivals"])
    assert tuple(arrivals(case["body"])) == wanted
    assert one(sqs(body_of(case))) == Message("m0", wanted)
    assert one(case["body"]) == Message("", wanted)


@pytest.mark.parametrize("case", MALFORMED, ids=lambda c: c["hazard"])
def test_malformed_message_says_what_is_wrong_and_harms_no_other(case: dict[str, Any]) -> None:
    bad, good = messages(sqs(body_of(case), json.dumps(FIRST)))
    assert bad.arrivals == ()
    assert case["malformed"] in str(bad.error)
    assert (good.error, len(good.arrivals)) == (None, 1)
    with pytest.raises(MessageMalformed, match=case["malformed"]):
        list(arrivals(json.loads(body_of(case))))


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


def test_malformed_bare_event_is_raised_so_that_its_sender_tries_again() -> None:
    with pytest.raises(MessageMalformed):
        messages({"hello": "world"})


def test_event_without_records_has_no_arrivals() -> None:
    assert one({"Records": []}) == Message("")


def test_same_event_at_another_time_is_the_same_arrival() -> None:
    again = json.loads(json.dumps(FIRST))
    again["Records"][0]["eventTime"] = "2031-12-31T23:59:59Z"
    assert list(arrivals(again)) == list(arrivals(FIRST))
