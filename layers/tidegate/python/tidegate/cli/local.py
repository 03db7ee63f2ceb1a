"""`tidegate local`: the laptop's AWS."""

import subprocess
import sys
from typing import Annotated

import typer

from tidegate.cli.output import print_json
from tidegate.cli.stack import endpoint, project_root

app = typer.Typer(help="Start and stop the laptop's AWS.", no_args_is_help=True)
JsonFlag = Annotated[bool, typer.Option("--json", help="Print an object.")]


@app.command()
def up(as_json: JsonFlag = False) -> None:
    """Start the laptop's AWS on 127.0.0.1; does nothing when it runs."""
    said = _control("up")
    if as_json:
        print_json({"running": True, "endpoint": endpoint()})
    else:
        sys.stdout.write(said)


@app.command()
def down(as_json: JsonFlag = False) -> None:
    """Stop the laptop's AWS. Everything in it is gone afterwards."""
    said = _control("down")
    if as_json:
        print_json({"running": False, "stopped": said.startswith("stopped")})
    else:
        sys.stdout.write(said)


@app.command()
def env(as_json: JsonFlag = False) -> None:
    """Print the environment that points AWS tools at it: eval "$(tidegate local env)"."""
    said = _control("env")
    if as_json:
        print_json(dict(line.removeprefix("export ").split("=", 1) for line in said.splitlines()))
    else:
        sys.stdout.write(said)


def _control(verb: str) -> str:
    command = [sys.executable, str(project_root() / "local" / "control.py"), verb]
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own
    if done.returncode:
        raise typer.Exit(done.returncode)
    return done.stdout
