"""`tidegate replay`: files back into the queue."""

import json
from typing import Annotated, Any

import typer

from tidegate.aws.errors import speaking_to_aws
from tidegate.cli.output import out, print_json, print_table
from tidegate.cli.stack import Stack
from tidegate.errors import Permanent
from tidegate.model.files import FileState


def replay(
    context: typer.Context,
    file: Annotated[list[str] | None, typer.Option(help="A file id (`tidegate files --json`); may be repeated.")] = None,
    run: Annotated[list[str] | None, typer.Option(help="Every file of a run; may be repeated.")] = None,
    dataset: Annotated[str, typer.Option("--dataset", "-d", help="Every file of a dataset.")] = "",
    since: Annotated[str, typer.Option(help="With --dataset: registered at or after this ISO time, UTC.")] = "",
    until: Annotated[str, typer.Option(help="With --dataset: registered before this ISO time, UTC.")] = "",
    state: Annotated[list[FileState] | None, typer.Option(help="Only files in this state; may be repeated.")] = None,
    message: Annotated[list[str] | None, typer.Option(help="A message id in the failures DLQ; may be repeated.")] = None,
    letters: Annotated[int, typer.Option(help="Up to so many messages of the failures DLQ.")] = 0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be replayed and change nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print an object.")] = False,
) -> None:
    """Load files again. Each replaces its own rows, so a replay of what is right already changes nothing.

    Example: tidegate replay --letters 10 --dry-run
    """
    if not (file or run or dataset or message or letters):
        raise typer.BadParameter("say what to replay: --file, --run, --dataset, --message or --letters")
    if (since or until) and not dataset:
        raise typer.BadParameter("--since and --until go with --dataset")
    answer = _invoke(
        context.obj,
        {
            "file_ids": file or [],
            "run_ids": run or [],
            "dataset": dataset,
            "since": since,
            "until": until,
            "states": state or [],
            "message_ids": message or [],
            "letters": letters,
            "dry_run": dry_run,
        },
    )
    if as_json:
        print_json(answer)
        return
    print_table("Would be replayed" if dry_run else "Replayed", ("key", "state", "file_id"), answer["files"], empty="no file")
    if answer["left"]:
        print_table("Left alone", ("key", "why"), answer["left"])
    if answer["letters"]:
        out.print(f"{answer['letters']} letters {'looked at' if dry_run else 'answered and deleted'}")


def _invoke(stack: Stack, event: dict[str, Any]) -> dict[str, Any]:
    with speaking_to_aws():
        answer = stack.client("lambda").invoke(FunctionName=stack.outputs["ReplayFunction"], Payload=json.dumps(event).encode())
    payload: dict[str, Any] = json.loads(answer["Payload"].read())
    if answer.get("FunctionError"):
        raise Permanent(f"replay failed: {payload.get('errorMessage', payload)}")
    return payload
