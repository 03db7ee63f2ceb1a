"""`tidegate local`: the laptop's AWS."""

import subprocess
import sys

import typer

from tidegate.cli.stack import project_root

app = typer.Typer(help="Start and stop the laptop's AWS.", no_args_is_help=True)


@app.command()
def up() -> None:
    """Start the laptop's AWS on 127.0.0.1; does nothing when it runs."""
    _control("up")


@app.command()
def down() -> None:
    """Stop the laptop's AWS. Everything in it is gone afterwards."""
    _control("down")


@app.command()
def env() -> None:
    """Print the environment that points AWS tools at it: eval "$(tidegate local env)"."""
    _control("env")


def _control(verb: str) -> None:
    done = subprocess.run([sys.executable, str(project_root() / "local" / "control.py"), verb], check=False)  # noqa: S603 - our own
    if done.returncode:
        raise typer.Exit(done.returncode)
