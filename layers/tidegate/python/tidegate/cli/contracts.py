"""`tidegate contract`: check contracts, and publish them to the lake bucket."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from tidegate.cli.contract_propose import propose
from tidegate.cli.output import err, out, print_json
from tidegate.cli.stack import Stack
from tidegate.cli.trial import try_contract
from tidegate.contracts.compatibility import Change, compare, is_breaking
from tidegate.contracts.contract import Contract
from tidegate.contracts.parse import parse_contract
from tidegate.contracts.publish import check_publication, is_published, load_current
from tidegate.contracts.publish import publish as publish_contract
from tidegate.errors import ContractInvalid

app = typer.Typer(help="Propose contracts, check them and publish them.", no_args_is_help=True)
app.command()(propose)
Files = Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, readable=True, help="Contracts, *.odcs.yaml.")]
JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
app.command("test")(try_contract)


Against = Annotated[
    Path | None, typer.Option("--against", exists=True, dir_okay=False, readable=True, help="Compare with this older version.")
]
WithPublished = Annotated[bool, typer.Option("--published", help="Compare with the version that is current in the stack.")]
AllowBreaking = Annotated[bool, typer.Option("--allow-breaking", help="Exit with 0 although a change is breaking.")]
Force = Annotated[
    bool, typer.Option("--force", help="Publish an older version, or a breaking change under a version that hides it.")
]


@app.command()
def check(
    context: typer.Context,
    files: Files,
    against: Against = None,
    published: WithPublished = False,
    allow_breaking: AllowBreaking = False,
    as_json: JsonFlag = False,
) -> None:
    """Check contracts; every finding is a line with file, line number and what to write instead. Exit code 1 when there is one.

    With --against or --published also say what differs from an older version: breaking, careful or safe, and what follows from it.
    Exit code 1 when a change is breaking.

    Example: tidegate contract check orders.odcs.yaml --against orders-1.0.0.odcs.yaml
    """
    if (against is not None and (published or len(files) > 1)) or (allow_breaking and not published and against is None):
        raise typer.BadParameter("--against takes one contract and excludes --published; --allow-breaking needs one of them")
    findings: list[ContractInvalid] = []
    changes: dict[str, tuple[Change, ...]] = {}
    for path in files:
        try:
            contract = _examined(path.read_text(encoding="utf-8"), str(path))
        except ContractInvalid as error:
            findings.append(error)
            continue
        older = _older(contract, against, context.obj if published else None)
        if older is not None:
            changes[str(path)] = compare(older, contract)
    if as_json:
        print_json([{"file": f.source, **asdict(problem)} for f in findings for problem in f.problems] + _rows(changes))
    else:
        _print_findings(findings, len(files))
        for source, found in changes.items():
            _print_changes(f"{source}: ", found)
    breaking = any(is_breaking(found) for found in changes.values()) and not allow_breaking
    if findings or breaking:
        raise typer.Exit(1)


def _older(contract: Contract, against: Path | None, stack: Stack | None) -> Contract | None:
    if against is not None:
        return parse_contract(against.read_text(encoding="utf-8"), str(against))
    if stack is None or not is_published(contract.dataset, stack.lake):
        return None
    return load_current(contract.dataset, stack.lake)[0]


def _rows(changes: Mapping[str, Sequence[Change]]) -> list[dict[str, str]]:
    return [{"file": source, **asdict(change)} for source, found in changes.items() for change in found]


def _print_findings(findings: Sequence[ContractInvalid], files: int) -> None:
    for finding in findings:
        for line in finding.lines():
            err.print(line, markup=False)
    out.print(f"{files - len(findings)} of {files} contracts are valid")


def _print_changes(lead: str, changes: Sequence[Change]) -> None:
    for change in changes:
        out.print(f"{lead}{change.line()}", markup=False, soft_wrap=True)
    if not changes:
        out.print(f"{lead}nothing that Tidegate reads is different", markup=False)


@app.command()
def publish(context: typer.Context, files: Files, force: Force = False, as_json: JsonFlag = False) -> None:
    """Publish contracts to the lake bucket: the next run of the dataset uses them. No deployment is needed.

    What differs from the current version is printed. A breaking change is refused unless the first number of the version is raised.

    Example: tidegate contract publish contracts/healthcare/*.odcs.yaml
    """
    stack: Stack = context.obj
    texts = [(path.read_text(encoding="utf-8"), str(path)) for path in files]
    for text, source in texts:  # none is published when one is wrong
        _examined(text, source)
        check_publication(text, source, store=stack.lake, force=force)
    published = [publish_contract(text, source, store=stack.lake, force=force) for text, source in texts]
    if as_json:
        print_json([asdict(p) for p in published])
        return
    for done in published:
        out.print(f"{'published' if done.changed else 'unchanged'}  {done.dataset} {done.version}")
        if done.changes is None:
            out.print(f"  the version before, {done.before}, cannot be read: nothing was compared", markup=False)
        elif done.changed and done.before:
            _print_changes("  ", done.changes)


def _examined(text: str, source: str) -> Contract:
    """Read a contract; raise ContractInvalid also for what only the engine can tell: a query that compares unlike things."""
    from tidegate.engine import check_contract

    contract = parse_contract(text, source)
    try:
        check_contract(contract)
    except ContractInvalid as error:
        raise ContractInvalid(source, error.problems) from None
    return contract
