"""A task that moves the messages of a dead-letter queue: its state, and the moving. `queues.py` has the API.

A moved message is a new message: new id and time, received by nobody yet, with its old body and attributes. Messages that
somebody has received stay. The task runs in the server's event loop, under the queues' lock: nothing else changes a queue in the
middle of a move.
"""

import asyncio
import base64
import json
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

from ministack.core import iam_evaluator
from ministack.core.concurrency import esm_wake
from ministack.core.responses import get_region
from ministack.services import sqs


class StuckError(Exception):
    """A task cannot go on; the message is AWS's FailureReason."""


@dataclass
class Task:
    """One task; the fields in lower case are ours."""

    source: str
    destination: str | None
    rate: int | None
    to_move: int
    caller: str  # the access key whose permissions it has
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    started: int = field(default_factory=lambda: int(time.time() * 1000))
    status: str = "RUNNING"
    moved: int = 0
    reason: str | None = None
    mover: asyncio.Task[None] | None = None  # the loop itself holds it weakly

    @property
    def handle(self) -> str:
        """What the caller cancels it by."""
        return base64.b64encode(json.dumps({"taskId": self.id, "sourceArn": self.source}).encode()).decode()

    def described(self) -> dict[str, Any]:
        """Return an entry of ListMessageMoveTasks."""
        entry = {
            "TaskHandle": self.handle if self.status == "RUNNING" else None, "Status": self.status, "SourceArn": self.source,
            "DestinationArn": self.destination, "MaxNumberOfMessagesPerSecond": self.rate, "FailureReason": self.reason,
            "ApproximateNumberOfMessagesMoved": self.moved, "ApproximateNumberOfMessagesToMove": self.to_move,
            "StartedTimestamp": self.started,
        }  # fmt: skip
        return {name: value for name, value in entry.items() if value is not None}


async def run(task: Task) -> None:
    """Move until all that was there at the start is moved, nothing can be received, or somebody cancels."""
    try:
        for _ in range(task.to_move):
            if task.status != "RUNNING" or not _move_one(task):
                break
            await asyncio.sleep(1 / task.rate if task.rate else 0)
        task.status = "COMPLETED" if task.status == "RUNNING" else "CANCELLED"
    except StuckError as error:
        task.status, task.reason = "FAILED", str(error)


def _move_one(task: Task) -> bool:
    """Move the oldest message that nobody holds; False if there is none."""
    with sqs._queues_lock:
        source, now = _open(task.source), time.time()
        sqs._expire_retained(source)
        waiting = enumerate(source["messages"])
        position, message = next(((i, message) for i, message in waiting if message.get("visible_at", 0) <= now), (0, None))
        if message is None:
            return False
        target = task.destination or message.get("sys", {}).get("DeadLetterQueueSourceArn")
        if not target:
            raise StuckError("CouldNotDetermineMessageSource")
        destination = _open(target)
        if not may(task.caller, "sqs:SendMessage", target):
            raise StuckError("AccessDenied")
        destination["messages"].append(_renewed(message, destination, now))
        del source["messages"][position]  # in place: what another thread appends meanwhile stays
        task.moved += 1
    esm_wake.set()
    return True


def _renewed(message: dict[str, Any], destination: dict[str, Any], now: float) -> dict[str, Any]:
    system = {name: value for name, value in message.get("sys", {}).items() if name != "DeadLetterQueueSourceArn"}
    renewed = message | {
        "id": str(uuid.uuid4()), "sent_at": now, "visible_at": now + sqs.queue_delay(destination),
        "receipt_handle": None, "receive_count": 0, "first_receive_at": None, "sys": system | {"SentTimestamp": str(int(now * 1000))},
    }  # fmt: skip
    renewed.pop("enqueued_at", None)
    if destination["is_fifo"]:
        destination["fifo_seq"] += 1
        renewed["seq"] = str(destination["fifo_seq"]).zfill(20)
    return renewed


def _open(arn: str) -> dict[str, Any]:
    """A queue that a running task needs."""
    found: dict[str, Any] | None = sqs._queue_by_arn(arn)
    if found is None:
        raise StuckError("AWS.SimpleQueueService.NonExistentQueue")
    return found


def may(caller: str, action: str, queue: str) -> bool:
    """Tell whether the owner of an access key may do something with a queue."""
    return iam_evaluator.enforce(caller, action, "sqs", get_region(), resource_arn=queue) is None
