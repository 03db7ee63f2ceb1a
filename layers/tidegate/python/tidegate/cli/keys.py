"""`tidegate keys`: the keys that tokens and date shifts are made with. No command shows a key."""

from dataclasses import asdict
from typing import Annotated

import typer

from tidegate.aws.keys import KeySecret
from tidegate.cli.look import JsonFlag, datasets_of
from tidegate.cli.output import out, print_json, print_table
from tidegate.cli.stack import Stack

app = typer.Typer(help="See which key made what the tables hold, and rotate keys.", no_args_is_help=True)

KeyId = Annotated[str, typer.Argument(metavar="KEY_ID", help="The id of a key, as `list` shows it.")]


@app.command("list")
def list_(context: typer.Context, as_json: JsonFlag = False) -> None:
    """List the keys by id, and what each dataset still holds of them: a rotation is done when only the current key is left.

    Example: tidegate keys list
    """
    from tidegate.usecases.keys import uses

    stack: Stack = context.obj
    keys = _secret(stack).read()
    found = [asdict(use) for use in uses(datasets_of(stack), stack.ledger, stack.lake)]
    if as_json:
        print_json({"current": keys.current, "keys": list(keys.keys), "uses": found})
        return
    out.print(f"new runs use [bold]{keys.current}[/] of {', '.join(keys.keys)}")
    print_table("Loaded, by key", ("dataset", "key_id", "files", "rows"), found, empty="nothing is loaded that needs a key")


@app.command()
def rotate(context: typer.Context) -> None:
    """Add a random key, which every run that begins from now on uses. What is loaded keeps its tokens until it is replayed.

    Example: tidegate keys rotate
    """
    secret = _secret(context.obj)
    keys = secret.read().rotated()
    secret.write(keys)
    out.print(f"new runs use {keys.current}; now replay every dataset of `tidegate keys list`, parents before their children")


@app.command()
def use(context: typer.Context, key_id: KeyId) -> None:
    """Let new runs use a key that is there: the way back from a rotation.

    Example: tidegate keys use k1
    """
    secret = _secret(context.obj)
    secret.write(secret.read().using(key_id))
    out.print(f"new runs use {key_id}")


@app.command()
def forget(context: typer.Context, key_id: KeyId) -> None:
    """Take a key out of the secret; refused while something in the tables was made with it.

    Example: tidegate keys forget k1
    """
    from tidegate.usecases import keys

    stack: Stack = context.obj
    secret = _secret(stack)
    secret.write(keys.forget(key_id, secret.read(), datasets_of(stack), stack.ledger, stack.lake))
    out.print(f"{key_id} is not in the secret any more")


def _secret(stack: Stack) -> KeySecret:
    return KeySecret(stack.client("secretsmanager"), stack.outputs["TokenKeySecret"])
