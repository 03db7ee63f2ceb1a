"""Counts what AWS would bill, so that a burst on the laptop can be priced: requests, invocations, state transitions.

Off unless TIDEGATE_LOCAL_METER is set. `GET /_tidegate/meter` answers the counts as JSON, `POST` answers them and begins anew.

    requests      by service, then operation (S3 by class: PUT, LIST, GET, HEAD, DELETE)
    writes        DynamoDB items written: in transactions, each costs twice what it does alone
    reads         DynamoDB items asked for, in transactions or not; a query counts as one
    invocations   by function: how many, milliseconds from the beginning to the answer, memory in MB
    transitions   states entered, by name
    notifications messages that S3 sent
"""

import json
import os
import threading
import time
from collections import Counter
from typing import Any

from ministack import app
from ministack.core.router import detect_service, extract_access_key_id
from ministack.services import lambda_svc, s3, stepfunctions

PATH = "/_tidegate/meter"
ROOT = "test"  # the access key of the person at the keyboard
_lock = threading.Lock()
_counts: dict[str, Counter[str]] = {}
_functions: dict[str, dict[str, float]] = {}


def install() -> None:
    """Count, when asked to by the environment."""
    if not os.environ.get("TIDEGATE_LOCAL_METER"):
        return
    dispatch, run = app._dispatch_service_request, lambda_svc._execute_function_warm
    enter, notify = stepfunctions._add_event, s3._deliver_event_to_sqs

    async def metered(method: str, path: str, headers: Any, body: bytes, query: Any, request_id: str) -> Any:  # noqa: ANN401
        if path == PATH:
            return answer(snapshot(reset=method == "POST"))
        if extract_access_key_id(headers, query) != ROOT:  # what functions ask for; a person's looking around is no part of it
            count_request(method, path, headers, body, query)
        return await dispatch(method, path, headers, body, query, request_id)

    def timed(func: Any, event: Any, request_id: str) -> Any:  # noqa: ANN401 - the emulator's types
        began = time.perf_counter()
        try:
            return run(func, event, request_id)
        finally:
            count_invocation(func.get("config") or func, (time.perf_counter() - began) * 1000)

    def entered(execution: Any, event_type: str, details: Any = None) -> Any:  # noqa: ANN401 - the emulator's types
        if event_type.endswith("StateEntered"):
            add("transitions", str((details or {}).get("stateEnteredEventDetails", {}).get("name", "?")))
        return enter(execution, event_type, details)

    def notified(*args: Any, **rest: Any) -> Any:  # noqa: ANN401 - the emulator's types
        add("notifications", "sqs")
        return notify(*args, **rest)

    app._dispatch_service_request, lambda_svc._execute_function_warm = metered, timed
    stepfunctions._add_event, s3._deliver_event_to_sqs = entered, notified


def operation_of(method: str, path: str, headers: Any, body: bytes, query: Any) -> tuple[str, str]:  # noqa: ANN401
    """Return service and operation of a request."""
    service = detect_service(method, path, headers, query)
    target = headers.get("x-amz-target", "")
    if target:
        return service, target.rsplit(".", 1)[-1]
    if service == "s3":
        return service, "LIST" if method == "GET" and not path.strip("/").partition("/")[2] else method
    text = body.decode("utf-8", "replace") if body else ""
    action = next((part[7:] for part in text.split("&") if part.startswith("Action=")), "")
    return service, action or method


def count_request(method: str, path: str, headers: Any, body: bytes, query: Any) -> None:  # noqa: ANN401
    """Count a request, and the items of one to DynamoDB."""
    service, operation = operation_of(method, path, headers, body, query)
    add("requests", f"{service}.{operation}")
    if service == "dynamodb":
        count_items(operation, json.loads(body))


def count_items(operation: str, fields: dict[str, Any]) -> None:
    """Count what a request to DynamoDB writes or asks for; one about the table itself costs nothing."""
    if operation in ("TransactWriteItems", "TransactGetItems"):
        add("writes" if operation == "TransactWriteItems" else "reads", "transactional", len(fields["TransactItems"]))
    elif operation in ("PutItem", "UpdateItem", "DeleteItem"):
        add("writes", "single")
    elif operation == "BatchWriteItem":
        add("writes", "single", sum(map(len, fields["RequestItems"].values())))
    elif operation == "BatchGetItem":
        add("reads", "items", sum(len(t["Keys"]) for t in fields["RequestItems"].values()))
    elif operation in ("GetItem", "Query", "Scan"):
        add("reads", "items")


def count_invocation(config: dict[str, Any], milliseconds: float) -> None:
    """Count an invocation of a function."""
    name = str(config.get("FunctionName", "?"))
    with _lock:
        entry = _functions.setdefault(name, {"count": 0, "milliseconds": 0, "memory": float(config.get("MemorySize", 128))})
        entry["count"] += 1
        entry["milliseconds"] += milliseconds


def add(kind: str, name: str, number: int = 1) -> None:
    """Count something."""
    with _lock:
        _counts.setdefault(kind, Counter())[name] += number


def snapshot(*, reset: bool) -> dict[str, Any]:
    """Return the counts; with `reset` they begin anew."""
    with _lock:
        found: dict[str, Any] = {kind: dict(counts) for kind, counts in _counts.items()}
        found["invocations"] = {name: dict(entry) for name, entry in _functions.items()}
        if reset:
            _counts.clear()
            _functions.clear()
    return found


def answer(fields: Any) -> tuple[int, dict[str, str], bytes]:  # noqa: ANN401 - any JSON
    """Return a response."""
    return 200, {"Content-Type": "application/json"}, json.dumps(fields).encode()
