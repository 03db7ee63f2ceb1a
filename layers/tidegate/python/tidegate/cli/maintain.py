"""`tidegate maintain`: keep the tables in order now, and not when the schedule comes to it."""

from typing import Annotated, Any

import typer

from tidegate.cli.output import out, print_json, print_table
from tidegate.cli.stack import Stack

_COLUMNS = ("dataset", "files_merged", "files_made", "versions_expired", "orphans", "orphan_bytes", "later")


def maintain(
    context: typer.Context,
    dataset: Annotated[str, typer.Option("--dataset", "-d", help="Only this dataset.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done and change nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print an object.")] = False,
) -> None:
    """Merge small data files, forget old versions of tables, remove files that no version refers to. No row changes.

    Example: tidegate maintain --dataset healthcare.patients --dry-run
    """
    answer = _ask(context.obj, {"dataset": dataset, "dry_run": dry_run, "urgent": True})
    if as_json:
        print_json(answer)
    else:
        print_table("Would be done" if dry_run else "Done", _COLUMNS, answer["datasets"], empty="nothing needs it")
        for name, why in answer["errors"].items():
            out.print(f"[red]{name}[/]: ", end="")
            out.print(why, markup=False)
    if answer["errors"]:
        raise typer.Exit(1)


def _ask(stack: Stack, event: dict[str, Any]) -> dict[str, Any]:
    """Invoke maintain until every dataset had its turn: one invocation ends after five minutes."""
    whole = part = stack.invoke("maintain", event)
    while part["more"]:
        part = stack.invoke("maintain", event | {"after": part["after"]})
        whole["datasets"] += part["datasets"]
        whole["errors"] |= part["errors"]
        whole["looked"] += part["looked"]
    return whole | {"more": False, "after": ""}
