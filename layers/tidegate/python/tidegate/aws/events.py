"""Arrivals out of the events that Lambda hands over: SQS batches, bare S3 notifications, EventBridge events."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from tidegate.errors import MessageMalformed
from tidegate.model.arrivals import Arrival

Reader = Callable[[Mapping[str, Any]], Iterator[Arrival]]
_CREATED = "ObjectCreated:"
_EVENT_VERSION = "2."


@dataclass(frozen=True, slots=True)
class Message:
    """One message and the arrivals in it, or the dataset that its timer rings for.

    `message_id` is empty when the event did not come from SQS; `error` says why the message, or a record in it, is malformed.
    """

    message_id: str
    arrivals: tuple[Arrival, ...] = ()
    error: MessageMalformed | None = None
    wake: str = ""


def messages(event: Mapping[str, Any]) -> Sequence[Message]:
    """Split a Lambda event into messages. What is malformed is returned with its error; all the others are unharmed."""
    records = event.get("Records")
    if isinstance(records, list) and records and all(_source(r) == "aws:sqs" for r in records):
        return [_from_sqs(record) for record in records]
    return [read(event)]


def read(body: Any, message_id: str = "") -> Message:  # noqa: ANN401 - this is where shapes are found out
    """Read one S3 notification, EventBridge event or timer. A record that is malformed does not hide the others of its message."""
    if isinstance(body, Mapping) and isinstance(body.get("wake"), str):
        return Message(message_id, wake=body["wake"])
    try:
        readers = _records(body)
    except MessageMalformed as error:
        return Message(message_id, error=error)
    found: list[Arrival] = []
    first: MessageMalformed | None = None
    for reader, record in readers:
        try:
            found += reader(record)
        except MessageMalformed as error:
            first = first or error
    return Message(message_id, tuple(found), first)


def _records(body: Any) -> list[tuple[Reader, Mapping[str, Any]]]:  # noqa: ANN401 - this is where shapes are found out
    if not isinstance(body, Mapping):
        raise MessageMalformed("the message is not a JSON object; send S3 notifications or EventBridge S3 events here")
    if body.get("Event") == "s3:TestEvent":
        return []  # S3 sends one when a notification is configured
    if body.get("source") == "aws.s3":
        return [(_from_eventbridge, body)]
    if isinstance(body.get("Records"), list) and all(_source(r) == "aws:s3" for r in body["Records"]):
        return [(_from_notification, record) for record in body["Records"]]
    raise MessageMalformed("the message has neither S3 records nor an EventBridge S3 detail; see events/ for what is understood")


def _from_sqs(record: Mapping[str, Any]) -> Message:
    message_id = str(record.get("messageId", ""))
    try:
        body = json.loads(record["body"])
    except (ValueError, KeyError) as error:
        return Message(message_id, error=MessageMalformed(f"the message's body is not JSON: {type(error).__name__}"))
    return read(body, message_id)


def _from_notification(record: Mapping[str, Any]) -> Iterator[Arrival]:
    version = str(record.get("eventVersion", ""))
    if not version.startswith(_EVENT_VERSION):
        raise MessageMalformed(f"S3 event version {version or 'missing'} is not known; Tidegate reads {_EVENT_VERSION}x")
    if not str(record.get("eventName", "")).startswith(_CREATED):
        return
    try:
        entity = record["s3"]
        item = entity["object"]
        key = unquote_plus(_text(item["key"]), errors="strict")
        yield _arrival(entity["bucket"], key, item.get("versionId"), item)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise MessageMalformed(f"an S3 record lacks a field or has a wrong one: {_what(error)}") from error


def _from_eventbridge(event: Mapping[str, Any]) -> Iterator[Arrival]:
    if event.get("detail-type") != "Object Created":
        return
    try:
        detail = event["detail"]
        item = detail["object"]  # EventBridge does not encode keys
        yield _arrival(detail["bucket"], item["key"], item.get("version-id"), item)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise MessageMalformed(f"an EventBridge detail lacks a field or has a wrong one: {_what(error)}") from error


def _arrival(bucket: Mapping[str, Any], key: object, version: object, item: Mapping[str, Any]) -> Arrival:
    return Arrival(
        bucket=_text(bucket["name"]),
        key=_text(key),
        version_id=_version(version),
        sequencer=_text(item.get("sequencer", "")),
        size=int(item.get("size", 0)),
        etag=_text(item.get("eTag", item.get("etag", ""))),
    )


def _text(value: object) -> str:
    """Return a text as it is; anything else would break registration, and with it the other messages of the batch."""
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} where a text should be")
    value.encode()  # ValueError when it holds half of a character
    return value


def _what(error: Exception) -> str:
    """Name the field that is missing, else only the kind of error: its text may quote the message, which is never logged."""
    return str(error) if isinstance(error, KeyError) else type(error).__name__


def _version(value: object) -> str:
    return "" if value in (None, "null") else str(value)


def _source(record: object) -> str:
    return str(record.get("eventSource", "")) if isinstance(record, Mapping) else ""
