"""`tidegate redrive`: messages of the arrivals DLQ back into the arrivals queue."""

import time
from typing import Annotated, Any

import typer

from tidegate.aws.errors import speaking_to_aws
from tidegate.cli.output import out, print_json
from tidegate.cli.stack import Stack
from tidegate.errors import Permanent

_PAUSE = 1.0
_ENDS = ("COMPLETED", "FAILED", "CANCELLED")


def redrive(
    context: typer.Context,
    rate: Annotated[int, typer.Option(min=0, max=500, help="Messages a second at most; 0: as fast as SQS likes.")] = 0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count the messages and move none.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print an object.")] = False,
) -> None:
    """Let ingest try again what it could not register. Mend the cause first: what fails five times more comes back here.

    Example: tidegate redrive --dry-run
    """
    stack: Stack = context.obj
    sqs, queue = stack.client("sqs"), stack.outputs["ArrivalsDlq"]
    with speaking_to_aws():
        about = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessages", "QueueArn"])["Attributes"]
        waiting = int(about["ApproximateNumberOfMessages"])
        moved = 0 if dry_run or not waiting else _move(sqs, about["QueueArn"], _arn(sqs, stack.outputs["ArrivalsQueue"]), rate)
    if as_json:
        print_json({"waiting": waiting, "moved": moved, "dry_run": dry_run})
    elif dry_run or not waiting:
        out.print(f"{waiting} messages in the arrivals DLQ" + (" would be moved" if waiting else ": nothing to do"))
    else:
        out.print(f"{moved} messages moved back to the arrivals queue; `tidegate wait`, then `tidegate status`")


def _arn(sqs: Any, url: str) -> str:  # noqa: ANN401 - boto3 clients have no static type
    return str(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"])


def _move(sqs: Any, source: str, destination: str, rate: int) -> int:  # noqa: ANN401 - boto3 clients have no static type
    """Have SQS move every message; return how many it moved. What Lambda put there came from no queue, so one is named."""
    pace = {"MaxNumberOfMessagesPerSecond": rate} if rate else {}
    handle = sqs.start_message_move_task(SourceArn=source, DestinationArn=destination, **pace)["TaskHandle"]
    while True:
        tasks = sqs.list_message_move_tasks(SourceArn=source, MaxResults=10)["Results"]
        # A task that has ended is listed without its handle; the newest is first.
        task = next((t for t in tasks if t.get("TaskHandle") == handle), tasks[0] if tasks else {"Status": "COMPLETED"})
        if task["Status"] in _ENDS:
            if task["Status"] == "FAILED":
                raise Permanent(f"SQS stopped moving: {task.get('FailureReason', 'no reason given')}; the rest is still in the DLQ")
            return int(task.get("ApproximateNumberOfMessagesMoved", 0))
        time.sleep(_PAUSE)
