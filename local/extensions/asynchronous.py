"""A function that is invoked as an event is tried again, and tells where it is asked to how it ended.

On AWS that holds for every asynchronous invocation: InvocationType=Event, S3, SNS, EventBridge and its schedules. A function's error
is tried MaximumRetryAttempts times more, under the same request id; a throttled call is tried until the event is too old. In the
end the destination (OnSuccess, OnFailure) gets a record of the invocation, and the function's dead-letter queue the bare event with
the error as message attributes. Both are sent with the permissions of the function's role.

The emulator tries functions of EventBridge and SNS once and forgets their errors; it sends half a record, the same one to dead-letter
queues, with nobody's permissions; and it never reports success. AWS waits one and two minutes between tries, here it is seconds.
"""

import contextvars
import json
import logging
import threading
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ministack.core import iam_evaluator
from ministack.services import eventbridge, lambda_svc, sns, sqs

from local.extensions import roles

RETRIES = 2
OLDEST_SECONDS = 6 * 3600
LONGEST_MESSAGE = 1024
_log = logging.getLogger("tidegate")
_request_id: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="")


def install() -> None:
    """Every asynchronous invocation goes through here."""
    dispatch = lambda_svc._execute_function_dispatch

    def same_request(func: Any, config: Any, event: Any, request_id: str, started: float) -> Any:  # noqa: ANN401 - the emulator's types
        return dispatch(func, config, event, _request_id.get() or request_id, started)

    lambda_svc._execute_function_dispatch = same_request
    lambda_svc.invoke_async_with_retry = invoke
    eventbridge._dispatch_to_lambda = from_eventbridge
    sns._deliver_to_lambda = from_sns


@dataclass
class Invocation:
    """One event on its way through a function."""

    function: dict[str, Any]
    event: Any
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    tries: int = 0

    @property
    def config(self) -> dict[str, Any]:
        """The configuration of the version that runs."""
        found: dict[str, Any] = self.function.get("config") or self.function
        return found

    @property
    def arn(self) -> str:
        """The function with its qualifier, as records name it."""
        arn = str(self.config["FunctionArn"])
        return arn if arn.count(":") > 6 else f"{arn}:$LATEST"  # noqa: PLR2004 - colons of a bare function ARN

    def options(self) -> dict[str, Any]:
        """The EventInvokeConfig of the qualifier."""
        qualifier = self.arn.rpartition(":")[2]
        configs = (lambda_svc._functions.get(self.config["FunctionName"]) or {}).get("event_invoke_configs") or {}
        return configs.get(qualifier) or (configs.get("") if qualifier == "$LATEST" else None) or {}

    def record(self, condition: str, result: dict[str, Any]) -> dict[str, Any]:
        """What a destination gets."""
        context = {"requestId": self.id, "functionArn": self.arn, "condition": condition, "approximateInvokeCount": self.tries}
        response = {"statusCode": 200, "executedVersion": self.config.get("Version", "$LATEST")}
        if result.get("error"):
            response["functionError"] = result.get("function_error") or "Unhandled"
        return {
            "version": "1.0",
            "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "requestContext": context,
            "requestPayload": self.event,
            "responseContext": response,
            "responsePayload": result.get("body"),
        }


def invoke(function: dict[str, Any], event: Any) -> None:  # noqa: ANN401 - any JSON
    """Accept an event; a thread sees it through."""
    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(_see_through, Invocation(function, event)), daemon=True).start()


def from_eventbridge(arn: str, payload: str) -> None:
    """Accept an event of a rule or a schedule."""
    function, config, name = lambda_svc._get_func_record_for_ref(arn)
    if not function or not config:
        _log.warning("EventBridge: there is no function %s", name)
        return
    invoke(lambda_svc._execution_record_for_config(function, config), json.loads(payload))


def from_sns(arn: str, envelope: str, _topic: str, subscription: str, *_: Any) -> None:  # noqa: ANN401 - what the emulator adds
    """Accept a message of a topic."""
    function, config, name = lambda_svc._get_func_record_for_ref(arn)
    if not function or not config:
        _log.warning("SNS: there is no function %s", name)
        return
    record = {"EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": subscription, "Sns": json.loads(envelope)}
    invoke(lambda_svc._execution_record_for_config(function, config), {"Records": [record]})


def _see_through(invocation: Invocation) -> None:
    config = invocation.config
    account, region = lambda_svc._account_region_from_function_config(config)
    lambda_svc._request_account_id.set(account)
    lambda_svc._request_region.set(region)
    _request_id.set(invocation.id)
    iam_evaluator._request_caller_arn.set(config.get("Role", ""))  # who sends the record, for the queue's own policy
    condition, result = _try(invocation)
    outcome = "OnSuccess" if condition == "Success" else "OnFailure"
    destination = (invocation.options().get("DestinationConfig") or {}).get(outcome, {}).get("Destination")
    if destination:
        _send(invocation, destination, json.dumps(invocation.record(condition, result)), {})
    dead_letters = (config.get("DeadLetterConfig") or {}).get("TargetArn")
    if dead_letters and condition != "Success":
        _send(invocation, dead_letters, json.dumps(invocation.event), _attributes(invocation, result))


def _try(invocation: Invocation) -> tuple[str, dict[str, Any]]:
    """Run the function until it succeeds, its tries are used up, or the event is too old; the condition and the last result."""
    options, began, failures, throttles = invocation.options(), time.monotonic(), 0, 0
    while True:
        result: dict[str, Any] = lambda_svc._execute_function(invocation.function, invocation.event)
        invocation.tries += 1
        if not result.get("error"):
            return "Success", result
        failures, throttles = failures + (not result.get("throttle")), throttles + bool(result.get("throttle"))
        if failures > options.get("MaximumRetryAttempts", RETRIES) or _switched_off(invocation):
            return "RetriesExhausted", result
        pause = lambda_svc._LAMBDA_ASYNC_RETRY_BASE_SECONDS * (2**throttles if result.get("throttle") else failures)
        pause = min(pause, lambda_svc._LAMBDA_ASYNC_RETRY_MAX_SECONDS)
        if time.monotonic() - began + pause > options.get("MaximumEventAgeInSeconds", OLDEST_SECONDS):
            return "EventAgeExceeded", result
        time.sleep(pause)


def _switched_off(invocation: Invocation) -> bool:
    """A function that may not run at all is not tried again."""
    return bool(lambda_svc._reserved_concurrency(invocation.function, invocation.config) == 0)


def _attributes(invocation: Invocation, result: dict[str, Any]) -> dict[str, Any]:
    """What a dead-letter queue is told about the error."""
    body = result.get("body") or {}
    message = str(body.get("errorMessage") or body.get("message") or "")[:LONGEST_MESSAGE]
    code = "429" if result.get("throttle") else "200"
    return {
        "RequestID": {"DataType": "String", "StringValue": invocation.id},
        "ErrorCode": {"DataType": "Number", "StringValue": code},
        "ErrorMessage": {"DataType": "String", "StringValue": message},
    }


def _send(invocation: Invocation, target: str, text: str, attributes: dict[str, Any]) -> None:
    """Send to a queue, a topic or a function, if the function's role may."""
    service, name = target.split(":")[2], invocation.config["FunctionName"]
    action = {"sqs": "sqs:SendMessage", "sns": "sns:Publish", "lambda": "lambda:InvokeFunction"}.get(service, "")
    reason = (
        roles.refusal(invocation.config.get("Role", ""), name, action, target) if action else f"{service} is not supported here"
    )
    if reason:
        _log.warning("%s: no record goes to %s: %s", name, target, reason)
    elif service == "sqs" and (queue := sqs._queue_by_arn(target)):
        sqs._act_send_message({"QueueUrl": queue["url"], "MessageBody": text, "MessageAttributes": attributes}, queue["url"])
    elif service == "sns":
        sns._fanout(target, str(uuid.uuid4()), text, "", "", attributes)
    elif service == "lambda":
        from_eventbridge(target, text)
