"""`tidegate contract`: check contracts, and publish them to the lake bucket."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from tidegate.cli.contract_propose import propose
from tidegate.cli.output import err, out, print_json
from tidegate.cli.stack import Stack
from tidegate.cli.trial import try_contract
from tidegate.contracts.parse import parse_contract
from tidegate.contracts.publish import publish as publish_contract
from tidegate.engine import check_contract
from tidegate.errors import ContractInvalid

app = typer.Typer(help="Propose contracts, check them and publish them.", no_args_is_help=True)
app.command()(propose)
Files = Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, readable=True, help="Contracts, *.odcs.yaml.")]
JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
app.command("test")(try_contract)


@app.command()
def check(files: Files, as_json: JsonFlag = False) -> None:
    """Check contracts; every finding is a line with file, line number and what to write instead. Exit code 1 when there is one."""
    findings: list[ContractInvalid] = []
    for path in files:
        try:
            _examine(path.read_text(encoding="utf-8"), str(path))
        except ContractInvalid as error:
            findings.append(error)
    if as_json:
        print_json([{"file": f.source, **asdict(problem)} for f in findings for problem in f.problems])
    else:
        for finding in findings:
            for line in finding.lines():
                err.print(line, markup=False)
        out.print(f"{len(files) - len(findings)} of {len(files)} contracts are valid")
    if findings:
        raise typer.Exit(1)


@app.command()
def publish(context: typer.Context, files: Files, as_json: JsonFlag = False) -> None:
    """Publish contracts to the lake bucket: the next run of the dataset uses them. No deployment is needed.

    Example: tidegate contract publish contracts/healthcare/*.odcs.yaml
    """
    stack: Stack = context.obj
    texts = [(path.read_text(encoding="utf-8"), str(path)) for path in files]
    for text, source in texts:  # none is published when one is wrong
        _examine(text, source)
    published = [publish_contract(text, source, store=stack.lake) for text, source in texts]
    if as_json:
        print_json([asdict(p) for p in published])
        return
    for done in published:
        out.print(f"{'published' if done.changed else 'unchanged'}  {done.dataset} {done.version}")


def _examine(text: str, source: str) -> None:
    """Raise ContractInvalid for what is written wrong, and for what only the engine can tell: a query that compares unlike things."""
    contract = parse_contract(text, source)
    try:
        check_contract(contract)
    except ContractInvalid as error:
        raise ContractInvalid(source, error.problems) from None
