"""What a message in a dead-letter queue asks for, whoever put it there: our own letters, and AWS's ways of saying that something failed."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tidegate.aws.events import messages
from tidegate.errors import MessageMalformed
from tidegate.model.selection import Envelope, request_from

_ASKS = frozenset({"file_ids", "run_ids", "dataset", "since", "until", "states", "error", "forced"})
_HOW = frozenset({"message_ids", "letters", "dry_run", "rate", "most_replays", "asked_at"})
_MOST_LAYERS = 5  # an envelope in an envelope in an envelope


def open_envelope(text: str) -> Envelope:
    """Read a dead letter. One that cannot be read has a `problem`; so has one that is only partly understood."""
    try:
        return _open(json.loads(text), _MOST_LAYERS)
    except (ValueError, RecursionError):
        return Envelope(problem="it is not JSON")


def _open(body: Any, layers: int) -> Envelope:  # noqa: ANN401 - this is where shapes are found out
    if not isinstance(body, Mapping):
        return Envelope(problem="it is not a JSON object")
    if "requestPayload" in body and isinstance(body.get("requestContext"), Mapping):
        return _invocation(body, layers)
    read = _READERS.get(str(body.get("kind") or body.get("source")))
    if read is None:
        read = _request if body.keys() & _ASKS and body.keys() <= _ASKS | _HOW else _arrivals
    return read(body)


def _letter(body: Mapping[str, Any]) -> Envelope:
    """Our own. A run that could not be closed has ended all the same: its lease need not be waited for."""
    dataset, run_id, error = (str(body.get(name, "")) for name in ("dataset", "run_id", "error"))
    token = body.get("token") if body["kind"] == "fail-failed" else 0
    if not dataset:
        return Envelope(error=error, problem="it names no dataset")
    return Envelope(dataset=dataset, run_id=run_id, token=token if isinstance(token, int) else 0, error=error)


def _invocation(body: Mapping[str, Any], layers: int) -> Envelope:
    """Lambda's record of an asynchronous invocation that failed: what it was invoked with is in it."""
    answer = body.get("responsePayload")
    error = str(answer.get("errorType", "")) if isinstance(answer, Mapping) else ""
    error = error or str(body["requestContext"].get("condition", ""))
    if layers <= 0:
        return Envelope(error=error, problem="it is an envelope in an envelope, again and again")
    return replace(_open(body["requestPayload"], layers - 1), error=error)


def _execution(body: Mapping[str, Any]) -> Envelope:
    """EventBridge's account of an execution of ours that ended badly."""
    detail = body.get("detail")
    if not isinstance(detail, Mapping):
        return Envelope(problem="it is an execution's end without a detail")
    error = str(detail.get("error") or detail.get("status") or "")
    try:
        started = json.loads(detail["input"])
        dataset, token = str(started["dataset"]), int(started["token"])
    except (KeyError, TypeError, ValueError):
        return Envelope(error=error, problem="it does not say which dataset its execution loaded")
    return Envelope(dataset=dataset, token=token, error=error)


def _request(body: Mapping[str, Any]) -> Envelope:
    """What replay itself was asked for."""
    try:
        return Envelope(selection=request_from(body).selection)
    except MessageMalformed as error:
        return Envelope(problem=str(error))


def _arrivals(body: Mapping[str, Any]) -> Envelope:
    """What S3 or EventBridge announced, or a timer's call, by itself or as the batch that SQS handed to ingest."""
    found = messages(body)
    problem = next((str(m.error) for m in found if m.error), "")
    arrivals = tuple(arrival for message in found for arrival in message.arrivals)
    return Envelope(arrivals=arrivals, wake=tuple(m.wake for m in found if m.wake), problem=problem)


def _gold(body: Mapping[str, Any]) -> Envelope:
    """Our own, of a build of gold that failed."""
    return Envelope(gold=True, error=str(body.get("error", "")))


def _tick(_body: Mapping[str, Any]) -> Envelope:
    """Of a schedule: the next one did its work."""
    return Envelope()


_READERS: dict[str, Callable[[Mapping[str, Any]], Envelope]] = {
    **dict.fromkeys(("run-failed", "fail-failed", "notify-failed", "crawl-failed"), _letter),
    "gold-failed": _gold,
    "aws.states": _execution,
    "aws.events": _tick,
}
