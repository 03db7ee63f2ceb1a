"""`tidegate quarantine export`: rejected records as files that their sender can correct."""

import csv
import io
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from tidegate.cli.output import out, print_json
from tidegate.cli.quarantine import DatasetOption, Ids, JsonFlag, KeyOption, SinceOption, rejects, survey, wanted
from tidegate.cli.rejects import counted
from tidegate.cli.stack import Stack
from tidegate.contracts.contract import Format
from tidegate.contracts.publish import load_current
from tidegate.errors import Permanent
from tidegate.model.corrections import Standing


def export(
    context: typer.Context,
    ids: Ids = None,
    dataset: DatasetOption = "",
    key: KeyOption = "",
    since: SinceOption = "",
    folder: Annotated[Path, typer.Option("--out", file_okay=False, help="Write into this folder.")] = Path(),
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Write the rejected records of each file as a file to correct: its own header, and its records byte for byte, unmasked.

    They may hold personal data; only the owner of the files can read them. A second file beside each says why: row, record, rule and
    column. Correct the first, then `tidegate quarantine retry --file FILE_ID --corrected FILE`.

    Example: tidegate quarantine export --dataset healthcare.patients --out to-correct
    """
    stack: Stack = context.obj
    if not (ids or dataset or key):
        raise typer.BadParameter("say which: file ids, --dataset or --key")
    found = [s for s in survey(stack, ids, dataset, key, since, everything=bool(ids)) if s.rejected]
    folder.mkdir(parents=True, exist_ok=True)
    written = [_export(stack, standing, folder, force=force) for standing in found]
    if as_json:
        print_json(written)
        return
    for row in written:
        out.print(f"{counted(row['records'], 'record')}  {row['path']}, {row['reasons_path']}", markup=False)
    if not written:
        out.print("no file has rejected rows: nothing to export")


def _export(stack: Stack, standing: Standing, folder: Path, *, force: bool) -> dict[str, Any]:
    from tidegate.usecases.export import check_format, corrected_form, form_of, lines_form, names_of, reasons_of

    record = standing.record
    contract, _ = load_current(record.dataset, stack.lake)
    path, reasons_path = (folder / name for name in names_of(record))
    for there in (path, reasons_path):
        if there.exists() and not force:
            raise _exists(there)
    check_format(contract)
    of_json = contract.format is Format.JSON
    form = lines_form(record.key, contract) if of_json else form_of(record, contract.csv, stack.landing)
    with rejects(stack, [standing]) as records:
        only = wanted([standing])
        count = records.count(only)
        write(reasons_path, _table(reasons_of(records.records(only, raw=False))), force=force)
        write(path, corrected_form(form, records.records(only, raw=True)), force=force)
    return {"file_id": record.file_id, "key": record.key, "records": count, "path": str(path), "reasons_path": str(reasons_path)}


def _table(reasons: Iterable[tuple[int, int, str, str]]) -> Iterator[bytes]:
    yield b"row,record,rule,column\n"
    for line in reasons:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerow(line)
        yield text.getvalue().encode()


def write(path: Path, chunks: Iterable[bytes], *, force: bool) -> None:
    """Write a file whole or not at all, for its owner's eyes; raise Permanent when it is there already, unless `force`."""
    number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(number, "wb") as file:
            file.writelines(chunks)
            file.flush()
            os.fsync(file.fileno())
        if force:
            Path(name).replace(path)
        else:
            path.hardlink_to(name)  # unlike a rename, it fails when the name is taken
    except FileExistsError as error:
        raise _exists(path) from error
    finally:
        Path(name).unlink(missing_ok=True)


def _exists(path: Path) -> Permanent:
    return Permanent(f"{path} exists already: name another folder with --out, or say --force")
