"""Goes wrong on purpose: API calls of functions fail before or after their effect, S3 announces twice and out of order.

Off unless TIDEGATE_LOCAL_CHAOS holds JSON such as

    {"seed": 1, "errors": {"dynamodb": 0.02, "s3": 0.01}, "outage": 0.0005, "duplicate": 0.2, "shuffle": 2.0}

`errors` are rates by service; half of them lose the answer of a call that was made. `outage` is the rate at which a service
refuses everything for three seconds, which outlasts the client's own retries. `duplicate` of the notifications come twice;
`shuffle` holds each back up to so many seconds. `GET /_tidegate/chaos` answers what was injected, `POST` sets new rates. Calls of
the person at the keyboard (the root user) never fail. Messages that a function is given for the second time or more are counted.
"""

import json
import os
import random
import threading
import time
from collections import Counter
from typing import Any

from ministack import app
from ministack.core.router import extract_access_key_id
from ministack.services import lambda_svc, s3

from local.extensions.meter import ROOT, answer, operation_of

PATH = "/_tidegate/chaos"
_OUTAGE_SECONDS = 3.0
_lock = threading.Lock()
_rates: dict[str, Any] = {}
_down: dict[str, float] = {}
injected: Counter[str] = Counter()
_random = random.Random()  # noqa: S311 - a reproducible search, not a secret


def install() -> None:
    """Go wrong, when asked to by the environment."""
    if not os.environ.get("TIDEGATE_LOCAL_CHAOS"):
        return
    set_rates(json.loads(os.environ["TIDEGATE_LOCAL_CHAOS"]))
    app._dispatch_service_request = unreliable(app._dispatch_service_request)
    s3._deliver_event_to_sqs = twice(s3._deliver_event_to_sqs)
    lambda_svc._execute_function_warm = counting(lambda_svc._execute_function_warm)


def unreliable(dispatch: Any) -> Any:  # noqa: ANN401 - the emulator's types
    """Let calls fail before or after their effect."""

    async def call(method: str, path: str, headers: Any, body: bytes, query: Any, request_id: str) -> Any:  # noqa: ANN401
        if path == PATH:
            if method == "POST":
                set_rates(json.loads(body or b"{}"))
            return answer({"rates": _rates, "injected": dict(injected)})
        service, _ = operation_of(method, path, headers, body, query)
        kind = "" if extract_access_key_id(headers, query) == ROOT else choose(service)
        if kind:
            note(f"{service} {kind}")
        if kind in ("before", "outage"):
            return refusal(service)
        done = await dispatch(method, path, headers, body, query, request_id)
        return refusal(service) if kind == "after" else done

    return call


def twice(notify: Any) -> Any:  # noqa: ANN401 - the emulator's types
    """Announce some objects twice, and all of them late."""

    def deliver(*args: Any, **rest: Any) -> Any:  # noqa: ANN401 - the emulator's types
        if chance(_rates.get("duplicate", 0)):
            note("notification twice")
            later(notify, args, rest)
        if _rates.get("shuffle"):
            note("notification held back")
            return later(notify, args, rest)
        return notify(*args, **rest)

    return deliver


def counting(run: Any) -> Any:  # noqa: ANN401 - the emulator's types
    """Count the messages that a function is given again."""

    def execute(func: Any, event: Any, request_id: str) -> Any:  # noqa: ANN401 - the emulator's types
        for record in event.get("Records", ()) if isinstance(event, dict) else ():
            if int(record.get("attributes", {}).get("ApproximateReceiveCount", 1)) > 1:
                note("message again")
        return run(func, event, request_id)

    return execute


def set_rates(rates: dict[str, Any]) -> None:
    """Begin with new rates; none of them is no chaos."""
    with _lock:
        _rates.clear()
        _rates.update(rates)
        _down.clear()
        _random.seed(rates.get("seed", 0))


def choose(service: str) -> str:
    """Say what goes wrong with this call: nothing, `before`, `after` or `outage`."""
    rate = _rates.get("errors", {}).get(service, 0)
    if not rate:
        return ""
    if _down.get(service, 0) > time.monotonic():
        return "outage"
    if chance(_rates.get("outage", 0)):
        _down[service] = time.monotonic() + _OUTAGE_SECONDS
        return "outage"
    return ("before" if chance(0.5) else "after") if chance(rate) else ""


def chance(rate: float) -> bool:
    """Draw."""
    with _lock:
        return _random.random() < rate


def note(kind: str) -> None:
    """Count what was injected."""
    with _lock:
        injected[kind] += 1


def later(notify: Any, args: Any, rest: Any) -> None:  # noqa: ANN401 - the emulator's types
    """Deliver after a random while."""
    with _lock:
        seconds = _random.random() * float(_rates.get("shuffle") or 1)
    timer = threading.Timer(seconds, lambda: notify(*args, **rest))
    timer.daemon = True
    timer.start()


def refusal(service: str) -> tuple[int, dict[str, str], bytes]:
    """Return the service's own way of asking to slow down."""
    if service == "s3":
        return 503, {"Content-Type": "application/xml"}, b"<Error><Code>SlowDown</Code><Message>chaos</Message></Error>"
    if service == "sns":
        text = "<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code><Message>chaos</Message></Error></ErrorResponse>"
        return 400, {"Content-Type": "text/xml"}, text.encode()
    body = {"__type": "ThrottlingException", "message": "chaos"}
    return 400, {"Content-Type": "application/x-amz-json-1.0", "x-amzn-errortype": "ThrottlingException"}, json.dumps(body).encode()
