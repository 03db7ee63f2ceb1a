"""The `tidegate` command: put files, wait for them, look at what became of them, put them back.

Exit codes: 0 done · 1 it failed, the message says why · 2 the command line is wrong · 3 `wait` ran out of time.
"""

import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError

from tidegate import __version__
from tidegate.aws.errors import translate
from tidegate.cli import (
    contracts,
    cost,
    export,
    gold,
    keys,
    local,
    look,
    maintain,
    put,
    quarantine,
    query,
    redrive,
    replay,
    retry,
    wait,
)
from tidegate.cli.output import err
from tidegate.cli.stack import Stack, is_local, use_local
from tidegate.errors import TidegateError

app = typer.Typer(
    name="tidegate",
    help="Drop a file in S3; every row ends in a table or in quarantine, exactly once, and you can prove it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


@app.callback()
def connect(
    context: typer.Context,
    stack: Annotated[str, typer.Option(envvar="TIDEGATE_STACK", help="Name of the deployed stack.")] = "tidegate",
    on_laptop: Annotated[
        bool, typer.Option("--local", help="Speak to the laptop's AWS; TIDEGATE_LOCAL=1 in the environment means the same.")
    ] = False,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Choose the stack that the command speaks to."""
    if version:
        print(__version__)  # noqa: T201 - the answer
        raise typer.Exit
    if on_laptop or is_local():
        use_local()
    context.obj = Stack(stack)


app.command()(put.put)
app.command()(wait.wait)
app.command()(look.status)
app.command()(look.files)
app.command()(look.runs)
app.command()(cost.cost)
app.command()(query.query)
app.command()(replay.replay)
app.command()(redrive.redrive)
quarantine.app.command()(export.export)
quarantine.app.command()(retry.retry)
app.add_typer(quarantine.app, name="quarantine")
app.command()(maintain.maintain)
app.command()(gold.gold)
app.add_typer(contracts.app, name="contract")
app.add_typer(keys.app, name="keys")
app.add_typer(local.app, name="local")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command with these arguments, or the process's own; an error that Tidegate raised on purpose is one line, not a traceback.

    Raises:
        SystemExit: always, with the exit code.
    """
    try:
        app(args=arguments)
    except (TidegateError, ClientError, BotoCoreError) as error:
        known = error if isinstance(error, TidegateError) else translate(error) or error
        err.print("[red]tidegate:[/] ", end="")
        err.print(str(known), markup=False)
        sys.exit(1)
