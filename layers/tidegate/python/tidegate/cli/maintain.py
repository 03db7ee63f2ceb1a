"""`tidegate maintain`: keep the tables in order now, and not when the schedule comes to it."""

import json
from typing import Annotated, Any

import typer

from tidegate.aws.errors import speaking_to_aws
from tidegate.cli.output import out, print_json, print_table
from tidegate.cli.stack import Stack
from tidegate.errors import Permanent

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
    whole = part = _invoke(stack, event)
    while part["more"]:
        part = _invoke(stack, event | {"after": part["after"]})
        whole["datasets"] += part["datasets"]
        whole["errors"] |= part["errors"]
        whole["looked"] += part["looked"]
    return whole | {"more": False, "after": ""}


def _invoke(stack: Stack, event: dict[str, Any]) -> dict[str, Any]:
    with speaking_to_aws():
        answer = stack.client("lambda").invoke(FunctionName=stack.outputs["MaintainFunction"], Payload=json.dumps(event).encode())
    payload: dict[str, Any] = json.loads(answer["Payload"].read())
    if answer.get("FunctionError"):
        raise Permanent(f"maintain failed: {payload.get('errorMessage', payload)}")
    return payload
