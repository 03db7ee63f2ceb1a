"""`tidegate contract test`: files through the row engine on this machine, without a stack and without AWS."""

import secrets
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tidegate.cli.output import out, print_json, print_table
from tidegate.cli.rejects import as_rules, clipped, counted, reject_row, said
from tidegate.contracts.parse import parse_contract
from tidegate.errors import Permanent

if TYPE_CHECKING:  # DuckDB and Arrow are heavy, and most commands never need them
    from tidegate.tables.rejects import RuleCount
    from tidegate.usecases.trial import Trial

_MEMORY_MB = 2048
_KEY_BYTES = 32
_MOST_ROWS = 20
_OUTPUTS = ("accepted.parquet", "quarantined.parquet")
_LINEAGE = "_"  # column names of a contract begin with a letter


def try_contract(
    contract: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="A contract, *.odcs.yaml.")],
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, readable=True, help="Files as a partner sends them.")],
    key: Annotated[
        str,
        typer.Option(
            metavar="LANDING_KEY",
            help="As if the file had landed under this key, or below it when it ends with /; for fromKey columns and full loads."
            " Without it: <domain>/<dataset>/delta/<file name>.",
        ),
    ] = "",
    rows: Annotated[int, typer.Option(min=0, max=_MOST_ROWS, help="Show so many of the first accepted rows, masked.")] = 3,
    rejects: Annotated[
        int, typer.Option(min=0, help="Show so many rejected records as they stand in the file; they may hold personal data.")
    ] = 0,
    folder: Annotated[
        Path | None, typer.Option("--out", file_okay=False, help="Write accepted.parquet and quarantined.parquet into this folder.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 unless every row of every file is accepted.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print an object.")] = False,
) -> None:
    """Try a contract on files: what would be accepted, what would be rejected and why. Needs no stack and no AWS; changes nothing.

    Personal values are masked as in the lake, with a key that is thrown away: tokens differ at each call.

    Exit code 0: the files were tried, whatever came of it; --strict: 1 when a file is refused, a row is quarantined, or the batch as a
    whole would be held. 1 also for a contract that is wrong.

    Example: tidegate contract test contracts/healthcare/patients.odcs.yaml patients.csv --rejects 5
    """
    from tidegate.engine import Keyring, Limits
    from tidegate.tables.workshop import LocalWorkshop
    from tidegate.usecases.trial import stage, trial

    parsed = parse_contract(contract.read_text(encoding="utf-8"), str(contract))
    _look_at(folder)
    staged = stage(parsed, files, key)
    with tempfile.TemporaryDirectory(prefix="tidegate-") as temporary:
        room = Path(temporary)
        workshop = LocalWorkshop(
            room, Limits(memory_mb=_MEMORY_MB, temp_dir=room), Keyring("trial", secrets.token_bytes(_KEY_BYTES))
        )
        tried = trial(parsed, staged, workshop)
        books = [
            {
                "file": str(path),
                "key": file.key,
                "rows_read": result.rows_read,
                "rows_accepted": result.rows_accepted,
                "rows_quarantined": result.rows_quarantined,
                "refused": result.refused and asdict(result.refused),
            }
            for path, file, result in zip(files, staged, tried.output.files, strict=True)
        ]
        rejected = _rejected(tried, rejects, room)
        accepted = list(_accepted(tried.output.accepted, rows))
        written = _write(tried, folder)
    if as_json:
        print_json(
            {
                "dataset": parsed.dataset,
                "contract_version": parsed.version,
                "files": books,
                "drift": tried.drift,
                "rules": [_rule(r) for r in tried.rules],
                "silver_rows": tried.living,
                "held": tried.held,
                "accepted": accepted,
                "rejects": rejected,
                "written": written,
            }
        )
    else:
        _show(tried, books, accepted, rejected, written)
    if strict and not tried.clean:
        raise typer.Exit(1)


def _show(
    tried: "Trial", books: list[dict[str, Any]], accepted: list[dict[str, Any]], rejected: list[dict[str, Any]], written: list[str]
) -> None:
    contract = tried.contract
    out.print(
        f"[bold]{contract.dataset}[/] {contract.version}: {counted(len(books), 'file')}, {counted(tried.read, 'row')} read ="
        f" {tried.accepted:,} accepted + {tried.quarantined:,} quarantined"
        + (f"; [red]{counted(len(tried.refused), 'file')} refused[/]" if tried.refused else "")
    )
    out.print()
    why = [{**b, "refused": f"{b['refused']['code']}: {b['refused']['message']}" if b["refused"] else ""} for b in books]
    refused = ("refused",) if tried.refused else ()
    print_table("Books", ("file", "rows_read", "rows_accepted", "rows_quarantined", *refused), why)
    if tried.rules:
        out.print()
        print_table("Rejected, by rule", ("rule", "column", "records", "for_example"), as_rules(tried.rules))
    if rejected:
        out.print()
        print_table("Rejected records", ("file", "record", "reasons", "raw"), [said(r) for r in rejected])
    if accepted:
        out.print()
        _show_rows(tried, accepted)
    out.print()
    if tried.living is not None:
        out.print(f"silver would hold {counted(tried.living, 'row')} of these files alone")
    if tried.drift:
        out.print(
            f"[yellow]drift[/]: the contract does not name these columns, the tables would get them: {', '.join(tried.drift)}"
        )
    if tried.held:
        out.print(f"[red]the batch as a whole would be refused[/]: {tried.held}")
    for path in written:
        out.print(f"wrote {path}")


def _show_rows(tried: "Trial", accepted: Sequence[dict[str, Any]]) -> None:
    """Print rows as columns: a contract has many columns, a terminal has few."""
    numbers = [f"row {number}" for number in range(1, len(accepted) + 1)]
    lines = [
        {
            "column": column.name,
            "type": column.type.kind,
            "privacy": "" if column.privacy == "keep" else column.privacy,
            **{number: clipped(row[column.name]) for number, row in zip(numbers, accepted, strict=True)},
        }
        for column in tried.contract.columns
    ]
    print_table("First accepted rows, as the lake would hold them", ("column", "type", "privacy", *numbers), lines)
    if any(column.privacy == "tokenise" for column in tried.contract.columns):
        out.print("[dim]tokens are made with a throw-away key; the lake's differ[/]")


def _rule(count: "RuleCount") -> dict[str, Any]:
    return {name: value for name, value in asdict(count).items() if name not in ("file_id", "contract_version")}


def _accepted(path: Path | None, count: int) -> Iterator[dict[str, Any]]:
    import pyarrow.parquet as pq

    if path is None or not count:
        return
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=count):
            yield from ({k: v for k, v in row.items() if not k.startswith(_LINEAGE)} for row in batch.to_pylist())
            return


def _rejected(tried: "Trial", count: int, room: Path) -> list[dict[str, Any]]:
    from tidegate.engine import Limits
    from tidegate.tables.rejects import Wanted, opened

    if tried.output.quarantined is None or not count:
        return []
    with opened([tried.output.quarantined], room, Limits(memory_mb=_MEMORY_MB)) as found:
        return [reject_row(r) for r in found.records(Wanted(), raw=True, limit=count)]


def _look_at(folder: Path | None) -> None:
    """Refuse to write over anything before the work begins."""
    there = [name for name in _OUTPUTS if folder and (folder / name).exists()]
    if there:
        raise Permanent(f"{folder}/{there[0]} exists already: name another folder")


def _write(tried: "Trial", folder: Path | None) -> list[str]:
    if folder is None:
        return []
    folder.mkdir(parents=True, exist_ok=True)
    parts = zip((tried.output.accepted, tried.output.quarantined), _OUTPUTS, strict=True)
    return [str(shutil.copyfile(path, folder / name)) for path, name in parts if path is not None]
