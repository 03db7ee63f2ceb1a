"""`tidegate contract propose`: a first contract from sample files."""

import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tidegate.cli.output import err, print_json

if TYPE_CHECKING:
    from tidegate.propose import Proposal

_SHOWN_RULES = 10
Samples = Annotated[
    list[Path],
    typer.Argument(
        exists=True,
        dir_okay=False,
        readable=True,
        help="Sample files of one dataset: CSV, TSV or JSON, packed or not, Parquet or xlsx.",
    ),
]
Domain = Annotated[str, typer.Option("--domain", help="First half of the dataset's id; else the name of the files' folder.")]
Name = Annotated[str, typer.Option("--name", help="Second half of the dataset's id; else the name of the file.")]
Out = Annotated[Path | None, typer.Option("--out", dir_okay=False, help="Write the contract to this file, not to standard output.")]
MaxMb = Annotated[int, typer.Option("--max-mb", min=1, help="Of a longer file, read only so many MiB of text.")]
Memory = Annotated[int, typer.Option("--memory-mb", min=128, help="Memory of the engine, in MiB; what does not fit goes to disk.")]
JsonFlag = Annotated[
    bool, typer.Option("--json", help="Print an object with the contract's text and what loading the sample gave.")
]


def propose(
    files: Samples,
    domain: Domain = "",
    name: Name = "",
    out: Out = None,
    max_mb: MaxMb = 256,
    memory_mb: Memory = 1024,
    as_json: JsonFlag = False,
) -> None:
    """Propose a contract from sample files: types, keys, load mode, privacy, each with its evidence as a comment.

    Several files may have different headers: columns that were renamed become one. The sample is loaded with the proposal before it is
    printed, and what the engine would reject is said on standard error. Read the result: a guess is a guess.

    Example: tidegate contract propose patients.csv --domain healthcare --out contracts/healthcare/patients.odcs.yaml
    """
    from tidegate.engine import Limits  # heavy, and no other command of this group needs it
    from tidegate.propose import propose as propose_contract

    if out is not None and out.exists():
        raise typer.BadParameter(f"{out} exists: name another file, or remove it", param_hint="--out")
    domain, name = _identity(files, domain, name)
    with tempfile.TemporaryDirectory(prefix="tidegate-propose-") as folder:
        proposal = propose_contract(
            files,
            domain,
            name,
            workdir=Path(folder),
            limit=max_mb << 20,
            limits=Limits(memory_mb=memory_mb, temp_dir=Path(folder) / "spill"),
        )
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(proposal.text, encoding="utf-8")
    if as_json:
        print_json(asdict(proposal))
    elif out is None:
        print(proposal.text, end="")  # noqa: T201 - the answer, as it goes into a file
    _report(proposal, out)


def _identity(files: list[Path], domain: str, name: str) -> tuple[str, str]:
    """Fill what was not said from the names of the file and of its folders."""
    from tidegate.engine.headers import snake_name
    from tidegate.propose import dataset_name

    folders = [parent.name for parent in files[0].resolve().parents if parent.name]
    if not name:
        own = {dataset_name(path) for path in files}
        name = own.pop() if len(own) == 1 else ""
        name = name or snake_name(folders.pop(0) if folders else "dataset")
    return domain or snake_name(folders[0] if folders else "my"), name


def _report(proposal: "Proposal", out: Path | None) -> None:
    """Say on standard error what became of the sample."""
    where = f"{out}: " if out else ""
    err.print(
        f"{where}{proposal.dataset}, {proposal.columns:,} columns; of {proposal.rows_read:,} rows of the sample"
        f" {proposal.rows_accepted:,} load, {proposal.rows_read - proposal.rows_accepted:,} would be quarantined",
        markup=False,
    )
    for rule, column, count in proposal.rejected[:_SHOWN_RULES]:
        err.print(f"  {count:,} records break {rule}{f' of {column}' if column else ''}", markup=False)
    for note in proposal.notes:
        err.print(f"  {note}", markup=False)
