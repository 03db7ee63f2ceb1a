"""`tidegate gold`: build the star schemas now, and not when the schedule comes to it."""

from typing import Annotated

import typer

from tidegate.cli.output import out, print_json, print_table


def gold(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--everything", help="Build all of it, whatever changed.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print an object.")] = False,
) -> None:
    """Build what is downstream of the tables that changed since the last build, with dbt on Athena. No table of the lake changes.

    Example: tidegate gold --everything
    """
    answer = context.obj.invoke("gold", {"everything": everything})
    built = answer["built"] or {"done": 0, "failed": [], "skipped": 0}
    if as_json:
        print_json(answer)
    elif answer["built"] is None:
        out.print(f"nothing built: {answer['why_not']}")
    else:
        out.print(f"built from {', '.join(answer['changed'])}")
        out.print(f"{built['done']} models and tests ended well, {len(built['failed'])} failed, {built['skipped']} were skipped")
        print_table("Failed", ("name",), ({"name": name} for name in built["failed"]), empty="nothing")
    if built["failed"]:
        raise typer.Exit(1)
