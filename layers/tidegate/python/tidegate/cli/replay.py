"""`tidegate replay`: files back into the queue."""

from typing import Annotated, Any

import typer

from tidegate.cli.output import out, print_json, print_table
from tidegate.cli.stack import Stack
from tidegate.model.files import FileState
from tidegate.model.selection import MOST_REPLAYS


def replay(
    context: typer.Context,
    file: Annotated[list[str] | None, typer.Option(help="A file id (`tidegate files --json`); may be repeated.")] = None,
    run: Annotated[list[str] | None, typer.Option(help="Every file of a run; may be repeated.")] = None,
    dataset: Annotated[str, typer.Option("--dataset", "-d", help="Every file of a dataset; with letters: those about it.")] = "",
    since: Annotated[str, typer.Option(help="Registered (letters: sent) at or after this ISO time, UTC.")] = "",
    until: Annotated[str, typer.Option(help="Registered (letters: sent) before this ISO time, UTC.")] = "",
    error: Annotated[str, typer.Option(help="Only what failed with this error, such as BatchRefused or BAD_HEADER.")] = "",
    state: Annotated[list[FileState] | None, typer.Option(help="Only files in this state; may be repeated.")] = None,
    message: Annotated[list[str] | None, typer.Option(help="A message id in the failures DLQ; may be repeated.")] = None,
    letters: Annotated[int, typer.Option(help="Up to so many messages of the failures DLQ.")] = 0,
    force: Annotated[
        bool, typer.Option("--force", help="Load them even if the batch as a whole looks wrong (shrunken …).")
    ] = False,
    rate: Annotated[float, typer.Option(min=0, help="Files a second at most; 0: no limit.")] = 0,
    most_replays: Annotated[
        int, typer.Option(min=1, help="Leave alone what was replayed so often and never loaded.")
    ] = MOST_REPLAYS,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be replayed and change nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print an object.")] = False,
) -> None:
    """Load files again. Each replaces its own rows, so a replay of what is right already changes nothing.

    Example: tidegate replay --letters 10 --dry-run
    """
    if not (file or run or dataset or message or letters):
        raise typer.BadParameter("say what to replay: --file, --run, --dataset, --message or --letters")
    if (since or until or error) and not (dataset or message or letters):
        raise typer.BadParameter("--since, --until and --error go with --dataset, --message or --letters")
    answer = ask(
        context.obj,
        {
            "file_ids": file or [],
            "run_ids": run or [],
            "dataset": dataset,
            "since": since,
            "until": until,
            "error": error,
            "states": state or [],
            "message_ids": message or [],
            "letters": letters,
            "forced": force,
            "rate": rate,
            "most_replays": most_replays,
            "dry_run": dry_run,
        },
    )
    if as_json:
        print_json(answer)
    else:
        show_answer(answer)


def ask(stack: Stack, event: dict[str, Any]) -> dict[str, Any]:
    """Invoke replay until it is through: one invocation ends after 15 minutes, however slow the rate."""
    whole = stack.invoke("replay", event)
    part = whole
    while part["more"]:
        event |= {"asked_at": part["asked_at"], "letters": max(0, event["letters"] - part["letters"])}
        part = stack.invoke("replay", event)
        for name in ("files", "files_total", "left", "left_total", "letters", "letters_left"):
            whole[name] += part[name]
    return whole | {"more": False}


def show_answer(answer: dict[str, Any]) -> None:
    """Print what was put back and what was not."""
    title = "Would be replayed" if answer["dry_run"] else "Replayed"
    print_table(title, ("key", "state", "file_id"), answer["files"], empty="no file")
    if answer["left"]:
        print_table("Left alone", ("key", "why"), answer["left"])
    for what in ("files", "left"):
        if answer[f"{what}_total"] > len(answer[what]):
            out.print(f"… and {answer[f'{what}_total'] - len(answer[what])} more")
    if answer["letters"]:
        out.print(f"{answer['letters']} letters {'would be answered' if answer['dry_run'] else 'answered and deleted'}")
    if answer["letters_left"]:
        print_table("Letters that stay in the queue", ("message_id", "why"), answer["letters_left"])
