"""`tidegate wait`: until nothing is pending or running."""

import time
from dataclasses import dataclass
from typing import Annotated

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from tidegate.cli.output import err, out, print_json
from tidegate.cli.stack import Stack, talks_to_people

TIMED_OUT = 3
_LOOKS = 2  # in a row: a message may be between two queues when one look finds nothing
_FIRST_LOOKS = 5  # before there was anything to see: S3 announces an object some time after it took it
_PAUSE = 1.0
_MOST = 10_000


@dataclass(frozen=True, slots=True)
class Work:
    """What is not at rest: arrival messages, files in datasets' queues, datasets that a run holds, executions."""

    messages: int
    files: int
    runs: int
    executions: int

    @property
    def left(self) -> bool:
        """Whether there is any."""
        return bool(self.messages or self.files or self.runs or self.executions)

    def __str__(self) -> str:
        """One line for people."""
        return f"{self.messages} arrivals, {self.files} files, {self.runs} datasets held, {self.executions} executions"


def wait(
    context: typer.Context,
    timeout: Annotated[float, typer.Option(help="Seconds to wait at most.")] = 600,
    as_json: Annotated[bool, typer.Option("--json", help="Print an object.")] = False,
) -> None:
    """Wait until nothing is pending or running. Exit code 0: at rest; 3: time ran out.

    Example: tidegate put *.csv -d healthcare.claims && tidegate wait --timeout 120
    """
    started = time.monotonic()
    work = watch(context.obj, started + timeout)
    seconds = round(time.monotonic() - started, 1)
    if as_json:
        print_json(
            {"at_rest": not work.left, "seconds": seconds, "messages": work.messages, "files": work.files, "runs": work.runs}
        )
    elif work.left:
        err.print(f"[red]not at rest after {seconds} s[/]: {work}. `tidegate status` shows which datasets.")
    else:
        out.print(f"at rest after {seconds} s")
    if work.left:
        raise typer.Exit(TIMED_OUT)


def watch(stack: Stack, deadline: float, pause: float = _PAUSE) -> Work:
    """Look at the stack, with a pause in seconds between looks, until it is at rest or the deadline of the monotonic clock has passed."""
    quiet, needed = 0, _FIRST_LOOKS
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True, disable=not talks_to_people()) as progress:
        task = progress.add_task("looking", total=None)
        while True:
            work = look(stack)
            progress.update(task, description=str(work))
            quiet = 0 if work.left else quiet + 1
            needed = _LOOKS if work.left else needed
            if quiet >= needed or (work.left and time.monotonic() >= deadline):
                return work
            time.sleep(pause)


def look(stack: Stack) -> Work:
    """Count what is not at rest now."""
    datasets = list(stack.ledger.datasets())
    waiting = sum(len(stack.ledger.queue(name, _MOST)) for name in datasets)
    executions = stack.client("stepfunctions").list_executions(
        stateMachineArn=stack.outputs["StateMachine"], statusFilter="RUNNING", maxResults=100
    )["executions"]
    return Work(_messages(stack), waiting, sum(stack.ledger.lease(name).held for name in datasets), len(executions))


def _messages(stack: Stack) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed"]
    counts = stack.client("sqs").get_queue_attributes(QueueUrl=stack.outputs["ArrivalsQueue"], AttributeNames=names)["Attributes"]
    return sum(int(counts.get(name, 0)) for name in names)
