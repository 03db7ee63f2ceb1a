"""Messages go back from a dead-letter queue to where they came from, as `Start DLQ redrive` in AWS's console does.

The emulator knows none of StartMessageMoveTask, ListMessageMoveTasks, CancelMessageMoveTask and ListDeadLetterSourceQueues. On AWS a
task runs by itself, one at a time for a queue, and moves at most what was there when it started. Besides the call's own permission
the caller needs those to receive from and delete in the dead-letter queue and to send to the destination, else AWS says
AccessDenied. What AWS answers to which mistake is recorded in localstack/localstack, tests/aws/services/sqs/test_sqs_move_task.*.
"""

import asyncio
import base64
import json
from contextvars import ContextVar
from typing import Any

from ministack.core import iam_actions
from ministack.core.router import extract_access_key_id
from ministack.services import sqs

from local.extensions.move_tasks import Task, may, run

READS = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
FASTEST = 500  # messages per second
MOST_LISTED = 10

_caller: ContextVar[str] = ContextVar("caller", default="")
_tasks: dict[str, list[Task]] = {}  # by the dead-letter queue's ARN, oldest first


def install() -> None:
    """Put the four actions among the emulator's, and tell its IAM which queue they are about."""
    handle, resource_of = sqs.handle_request, iam_actions.extract_resource_arn

    async def handle_request(method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:  # noqa: ANN401
        _caller.set(extract_access_key_id(headers, query))
        return await handle(method, path, headers, body, query)

    def extract_resource_arn(service: str, method: str, path: str, headers: Any, body: bytes, *rest: Any) -> str:  # noqa: ANN401
        if service == "sqs" and "MessageMoveTask" in headers.get("x-amz-target", ""):
            return _queue_named(body)
        return str(resource_of(service, method, path, headers, body, *rest))

    sqs.handle_request, iam_actions.extract_resource_arn = handle_request, extract_resource_arn
    sqs._HANDLERS |= {
        "StartMessageMoveTask": start, "ListMessageMoveTasks": tasks, "CancelMessageMoveTask": cancel,
        "ListDeadLetterSourceQueues": sources,
    }  # fmt: skip


async def start(data: dict[str, Any], _url: str) -> dict[str, Any]:
    """StartMessageMoveTask."""
    source, destination, rate = data.get("SourceArn", ""), data.get("DestinationArn"), data.get("MaxNumberOfMessagesPerSecond")
    queue = _existing(source, "SourceArn")
    if not _sources(source):
        raise sqs._Err("InvalidParameterValue", "Source queue must be configured as a Dead Letter Queue.")
    if destination and _existing(destination, "DestinationArn")["is_fifo"] != queue["is_fifo"]:
        raise sqs._Err("InvalidParameterValue", "Source and destination queue must be of the same type.")
    _within("MaxNumberOfMessagesPerSecond", rate, FASTEST)
    _require(source, *READS)
    if destination:
        _require(destination, "sqs:SendMessage")
    if any(task.status in ("RUNNING", "CANCELLING") for task in _tasks.get(source, [])):
        message = "There is already a task running. Only one active task is allowed for a source queue arn at a given time."
        raise sqs._Err("InvalidParameterValue", message)
    sqs._refresh_counts(queue)
    task = Task(source, destination, rate, int(queue["attributes"]["ApproximateNumberOfMessages"]), _caller.get())
    _tasks.setdefault(source, []).append(task)
    task.mover = asyncio.create_task(run(task))
    return {"TaskHandle": task.handle}


def tasks(data: dict[str, Any], _url: str) -> dict[str, Any]:
    """ListMessageMoveTasks: the newest first, one unless more are asked for."""
    source, most = data.get("SourceArn", ""), data.get("MaxResults")
    _existing(source, "SourceArn")
    _within("MaxResults", most, MOST_LISTED)
    _require(source, "sqs:GetQueueAttributes")
    return {"Results": [task.described() for task in reversed(_tasks.get(source, []))][: most or 1]}


def cancel(data: dict[str, Any], _url: str) -> dict[str, Any]:
    """CancelMessageMoveTask: what was moved stays moved."""
    try:
        named = json.loads(base64.b64decode(data.get("TaskHandle", ""), validate=True))
        identity, source = named["taskId"], named["sourceArn"]
    except (ValueError, KeyError, TypeError):
        raise sqs._Err("InvalidParameterValue", "Value for parameter TaskHandle is invalid.") from None
    _existing(source, "SourceArn")
    _require(source, *READS)
    task = next((task for task in _tasks.get(source, []) if task.id == identity and task.status == "RUNNING"), None)
    if task is None:
        raise sqs._Err("ResourceNotFoundException", "Task does not exist.", 404)
    task.status = "CANCELLING"
    return {"ApproximateNumberOfMessagesMoved": task.moved}


def sources(data: dict[str, Any], url: str) -> dict[str, Any]:
    """ListDeadLetterSourceQueues."""
    queue = sqs._get_q(data.get("QueueUrl", url), "sqs:ListDeadLetterSourceQueues")
    return {"queueUrls": _sources(queue["attributes"]["QueueArn"])}


def _queue_named(body: bytes) -> str:
    """The queue that a request is about: named itself, or inside a task's handle."""
    try:
        data = json.loads(body)
        named = data.get("SourceArn") or json.loads(base64.b64decode(data["TaskHandle"]))["sourceArn"]
    except (ValueError, KeyError, TypeError, AttributeError):
        return "*"
    return str(named)


def _sources(dead_letters: str) -> list[str]:
    """The queues whose dead letters go there."""
    policies = {url: json.loads(queue["attributes"].get("RedrivePolicy") or "{}") for url, queue in sqs._queues.items()}
    return [url for url, policy in policies.items() if policy.get("deadLetterTargetArn") == dead_letters]


def _existing(arn: str, parameter: str) -> dict[str, Any]:
    found: dict[str, Any] | None = sqs._queue_by_arn(arn)
    if found is None:
        message = f"The resource that you specified for the {parameter} parameter doesn't exist."
        raise sqs._Err("ResourceNotFoundException", message, 404)
    return found


def _within(parameter: str, number: int | None, largest: int) -> None:
    if number is not None and not 1 <= number <= largest:
        raise sqs._Err(
            "InvalidParameterValue", f"Value for parameter {parameter} is invalid. Reason: Must be between 1 and {largest}."
        )


def _require(queue: str, *actions: str) -> None:
    if not all(may(_caller.get(), action, queue) for action in actions):
        raise sqs._Err("AccessDenied", "Queue Permissions to Redrive.", 403)
