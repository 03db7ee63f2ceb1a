"""`tidegate put`: files into the landing bucket, idempotently."""

import hashlib
from pathlib import Path
from typing import Annotated, Any

import typer

from tidegate.aws.errors import code_of, speaking_to_aws
from tidegate.cli.output import out, print_json
from tidegate.cli.stack import Stack
from tidegate.contracts.publish import is_published
from tidegate.errors import ContractMissing, Permanent
from tidegate.model.arrivals import MARKER, Kind, load_prefix, route

_DIGEST = "sha256"


def put(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, readable=True, help="Files to drop.")],
    dataset: Annotated[str, typer.Option("--dataset", "-d", help="Such as healthcare.patients.")],
    full: Annotated[str, typer.Option(metavar="LOAD_ID", help="They are the parts of this full load; completes it.")] = "",
    delta: Annotated[bool, typer.Option("--delta", help="They fold into the current state (the default).")] = False,
    force: Annotated[bool, typer.Option("--force", help="Drop files again that are there with the same bytes.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a list of objects.")] = False,
) -> None:
    """Drop files into the landing bucket. A file that is there with the same bytes is left alone, so running it again is safe.

    Example: tidegate put patients.csv -d healthcare.patients --full 2026-01
    """
    if full and delta:
        raise typer.BadParameter("--full and --delta exclude each other")
    stack: Stack = context.obj
    prefix = _prefix(dataset, full)
    if not is_published(dataset, stack.lake):
        raise ContractMissing(f"no contract is published for {dataset}: write one and run `tidegate contract publish FILE`")
    dropped = [drop(stack, path, prefix + path.name, force=force) for path in files]
    if full and (force or not all(d["unchanged"] for d in dropped) or not _exists(stack, prefix + MARKER)):
        dropped.append(mark(stack, prefix + MARKER))
    if as_json:
        print_json(dropped)
        return
    for one in dropped:
        out.print(f"{'unchanged' if one['unchanged'] else 'dropped'}  {one['key']}")


def _prefix(dataset: str, full: str) -> str:
    if "." not in dataset:
        raise typer.BadParameter("a dataset is <domain>.<name>, such as healthcare.patients", param_hint="--dataset")
    domain, name = dataset.split(".", 1)
    prefix = load_prefix(dataset, full) if full else f"{domain}/{name}/delta/"
    if route(prefix + "x").kind is Kind.UNROUTED:
        raise typer.BadParameter("a dataset is <domain>.<name> in lower case, digits and _", param_hint="--dataset")
    return prefix


def drop(stack: Stack, path: Path, key: str, *, force: bool) -> dict[str, Any]:
    """Drop a file under a key, unless it is there with the same bytes."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, _DIGEST).hexdigest()
    there = _head(stack, key)
    unchanged = not force and there is not None and there.get("Metadata", {}).get(_DIGEST) == digest
    if not unchanged:
        with speaking_to_aws():
            stack.client("s3").upload_file(str(path), stack.landing.bucket, key, ExtraArgs={"Metadata": {_DIGEST: digest}})
        there = _head(stack, key)
    if there is None:
        raise Permanent(f"{key} was dropped but is gone already: does a rule of the landing bucket delete it?")
    return {"path": str(path), "key": key, "version_id": there.get("VersionId", ""), "unchanged": unchanged}


def mark(stack: Stack, key: str) -> dict[str, Any]:
    """Say that the parts of a full load are all there."""
    with speaking_to_aws():
        answer = stack.client("s3").put_object(Bucket=stack.landing.bucket, Key=key, Body=b"")
    return {"path": "", "key": key, "version_id": answer.get("VersionId", ""), "unchanged": False}


def _exists(stack: Stack, key: str) -> bool:
    return _head(stack, key) is not None


def _head(stack: Stack, key: str) -> dict[str, Any] | None:
    s3 = stack.client("s3")
    try:
        answer: dict[str, Any] = s3.head_object(Bucket=stack.landing.bucket, Key=key)
    except s3.exceptions.ClientError as error:
        if code_of(error) in ("404", "NoSuchKey", "NotFound"):
            return None
        with speaking_to_aws():
            raise
    return answer
