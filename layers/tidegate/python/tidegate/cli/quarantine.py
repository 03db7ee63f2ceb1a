"""`tidegate quarantine`: what is rejected, why, and the way back."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tidegate.cli.output import out, print_json, print_table
from tidegate.cli.rejects import answers_of, as_rules, counted, reject_row, row_of, said
from tidegate.cli.stack import Stack
from tidegate.errors import MessageMalformed
from tidegate.model.corrections import Standing
from tidegate.model.selection import microseconds

if TYPE_CHECKING:  # DuckDB and pyiceberg are heavy, and most commands never need them
    from tidegate.tables.rejects import Rejects
    from tidegate.usecases.quarantine import Question

app = typer.Typer(help="Look at rejected rows and refused files, and put them right.", no_args_is_help=True)

Ids = Annotated[list[str] | None, typer.Argument(metavar="[FILE_ID]...", help="Files by id, as `list` shows them.")]
FileOption = Annotated[list[str] | None, typer.Option("--file", help="A file id; may be repeated.")]
DatasetOption = Annotated[str, typer.Option("--dataset", "-d", help="Only this dataset.")]
KeyOption = Annotated[str, typer.Option("--key", help="Only files whose landing key matches, such as '*/2026-*.csv'.")]
RuleOption = Annotated[str, typer.Option("--rule", help="Only what broke this rule, such as type or required.")]
SinceOption = Annotated[str, typer.Option("--since", help="Only files registered at or after this ISO time, UTC.")]
JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]

_MEMORY_MB = 1024


@app.command("list")
def list_(
    context: typer.Context,
    file: FileOption = None,
    dataset: DatasetOption = "",
    key: KeyOption = "",
    rule: RuleOption = "",
    since: SinceOption = "",
    everything: Annotated[bool, typer.Option("--all", help="Also what was answered or resolved since.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """List what is in quarantine: files with rejected rows, the rules they broke, and files that were refused as a whole.

    A rejected row is open until a corrected file brings it again, or its file is loaded again under a contract that accepts it.

    Example: tidegate quarantine list --dataset healthcare.patients --rule type
    """
    stack: Stack = context.obj
    found = survey(stack, file, dataset, key, since, everything=everything)
    with rejects(stack, found) as records:
        counts = [c for c in records.by_rule(wanted(found, rule)) if not rule or c.rule == rule]
    if rule:
        broken = {c.file_id for c in counts}
        found = [s for s in found if s.record.file_id in broken]
    rows = [s for s in found if not s.refused]
    refused = [s for s in found if s.refused]
    if as_json:
        rules = [asdict(c) | {"dataset": _dataset_of(c.file_id, found)} for c in counts]
        print_json({"files": [row_of(s) for s in rows], "rules": rules, "refused": [row_of(s) for s in refused]})
        return
    columns = ("key", "rejected", "answered", "open", *(("resolved", "by") if everything else ()), "contract_version", "file_id")
    print_table("Files with rejected rows", columns, [row_of(s) for s in rows], empty="no row is open")
    if counts:
        out.print()
        print_table(
            "Rejected rows, by rule", ("dataset", "rule", "column", "records", "files", "for_example"), _by_dataset(counts, found)
        )
    if refused:
        out.print()
        print_table("Files refused as a whole", ("key", "reason", "file_id"), [row_of(s) for s in refused])
    if rows or refused:
        out.print()
        out.print("[dim]tidegate quarantine show FILE_ID --raw │ export FILE_ID │ retry --dataset D, after a corrected contract[/]")


@app.command()
def show(
    context: typer.Context,
    ids: Ids = None,
    dataset: DatasetOption = "",
    key: KeyOption = "",
    rule: RuleOption = "",
    since: SinceOption = "",
    raw: Annotated[
        bool,
        typer.Option(
            "--raw",
            help="Show each record as it stands in its file, unmasked: it may hold personal data. Whoever may read the lake bucket can.",
        ),
    ] = False,
    limit: Annotated[int, typer.Option(min=1, help="Show at most so many records.")] = 20,
    skip: Annotated[int, typer.Option(min=0, help="Pass over so many records first.")] = 0,
    as_json: JsonFlag = False,
) -> None:
    """Show rejected records: file, record number (the first behind the header is 1), and the rules they broke.

    Example: tidegate quarantine show 3f2c… --raw --limit 5
    """
    stack: Stack = context.obj
    _say_which(ids, dataset, key)
    found = survey(stack, ids, dataset, key, since, everything=True)
    with rejects(stack, found) as records:
        total = records.count(wanted(found, rule))
        page = [reject_row(r) for r in records.records(wanted(found, rule), raw=raw, limit=limit, skip=skip)]
    if as_json:
        print_json({"files": [row_of(s) for s in found], "total": total, "records": page})
        return
    for standing in found:
        _introduce(standing)
    print_table(
        "Rejected records", ("file", "record", "reasons", *(("raw",) if raw else ())), [said(r) for r in page], empty="none"
    )
    if raw and page and all(r["raw"] is None for r in page):
        out.print("quarantine keeps no text of these records (quarantineRaw: none); it is in the files in the landing bucket")
    if total > len(page):
        more = f"; the next: --skip {skip + len(page)}" if total > skip + len(page) else ""
        out.print(f"{skip + 1:,} to {skip + len(page):,} of {counted(total, 'record')}{more}")


def survey(
    stack: Stack, ids: Sequence[str] | None, dataset: str, key: str, since: str, *, everything: bool = False
) -> list[Standing]:
    """Ask the ledger which files are in quarantine."""
    from tidegate.usecases import quarantine

    try:
        since and microseconds(since)
    except ValueError as error:
        raise MessageMalformed(f"--since is {since!r}; write an ISO-8601 time such as 2026-01-31T08:00:00") from error
    question: Question = quarantine.Question(dataset, tuple(ids or ()), key, since, everything)
    return quarantine.survey(question, stack.ledger)


@contextmanager
def rejects(stack: Stack, found: Sequence[Standing]) -> "Iterator[Rejects]":
    """Open the rejected records of files with the permissions of whoever asks: Glue's GetTable, and reading the lake bucket."""
    from tidegate.engine import Limits
    from tidegate.usecases.quarantine import rejects_of

    with tempfile.TemporaryDirectory(prefix="tidegate-") as room:
        limits = Limits(memory_mb=_MEMORY_MB, temp_dir=Path(room))
        with rejects_of(found, stack.tables, Path(room), limits) as opened:
            yield opened


def wanted(found: Sequence[Standing], rule: str = "") -> Any:  # noqa: ANN401 - tables.rejects.Wanted, which is loaded late
    """Return the rejected records of these files that broke a rule, or any."""
    from tidegate.usecases.quarantine import wanted_of

    return wanted_of(found, rule)


def _introduce(standing: Standing) -> None:
    record = standing.record
    out.print(f"[bold]{record.dataset}[/] {record.key.replace('[', chr(92) + '[')}")
    read, accepted, rejected = (number or 0 for number in (record.rows_read, record.rows_accepted, record.rows_quarantined))
    out.print(
        f"  {counted(read, 'row')} read = {accepted:,} accepted + {rejected:,} quarantined"
        f" under contract {record.contract_version}; {standing.open:,} open"
    )
    if by := answers_of(standing):
        out.print(f"  {by}", markup=False)
    if standing.refused:
        out.print(f"  {record.reason}", markup=False)


def _dataset_of(file_id: str, found: Sequence[Standing]) -> str:
    return next(s.record.dataset for s in found if s.record.file_id == file_id)


def _by_dataset(counts: Sequence[Any], found: Sequence[Standing]) -> list[dict[str, Any]]:
    datasets = {s.record.file_id: s.record.dataset for s in found}
    names = sorted({datasets[c.file_id] for c in counts})
    return [{"dataset": name, **row} for name in names for row in as_rules(c for c in counts if datasets[c.file_id] == name)]


def _say_which(ids: Sequence[str] | None, dataset: str, key: str) -> None:
    if not (ids or dataset or key):
        raise typer.BadParameter("say which: file ids, --dataset or --key")
