"""`tidegate quarantine retry`: load again what a corrected contract accepts, or drop a corrected file."""

import hashlib
import secrets
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tidegate.cli.output import out, print_json
from tidegate.cli.put import drop, mark
from tidegate.cli.quarantine import DatasetOption, FileOption, JsonFlag, KeyOption, RuleOption, SinceOption, rejects, survey, wanted
from tidegate.cli.replay import ask, show_answer
from tidegate.cli.stack import Stack
from tidegate.contracts.contract import Contract
from tidegate.contracts.publish import load_current
from tidegate.errors import Permanent
from tidegate.model.corrections import Standing

if TYPE_CHECKING:  # DuckDB is heavy, and most commands never need it
    from tidegate.usecases.trial import Trial

_AT_ONCE = 5_000  # file ids in one request; Lambda takes six megabytes
_MEMORY_MB = 2048
_KEY_BYTES = 32
_COUNTED = ("files", "files_total", "left", "left_total", "letters", "letters_left")


def retry(
    context: typer.Context,
    file: FileOption = None,
    dataset: DatasetOption = "",
    key: KeyOption = "",
    rule: RuleOption = "",
    since: SinceOption = "",
    corrected: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, readable=True, help="A corrected file of the rejected records of the one --file."
        ),
    ] = None,
    whole: Annotated[
        bool, typer.Option("--whole", help="The corrected file is the whole file: it replaces every row of it, under its key.")
    ] = False,
    anyway: Annotated[bool, typer.Option("--anyway", help="Also where it looks useless or wrong; the answer says why.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done and change nothing.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Load files in quarantine again, after a corrected contract was published: each load replaces the file's own rows.

    With --corrected, drop a file of corrected records instead (`tidegate quarantine export` writes one to start from). It is tried
    under the current contract first, lands as a delta whose key names the file that it corrects, and answers as many of its rejected
    rows as it has records. A file that was refused as a whole, and one with --whole, is replaced under its own key.

    Example: tidegate quarantine retry --dataset healthcare.patients --dry-run
    """
    stack: Stack = context.obj
    if not (file or dataset or key):
        raise typer.BadParameter("say which: --file, --dataset or --key")
    if corrected is None:
        if whole:
            raise typer.BadParameter("--whole goes with --corrected")
        answer = _again(stack, _asked(stack, file, dataset, key, rule, since), anyway=anyway, dry_run=dry_run)
        if as_json:
            print_json(answer)
        else:
            show_answer(answer)
        return
    if not file or len(file) != 1 or dataset or key or rule or since:
        raise typer.BadParameter("--corrected goes with one --file and no filter")
    done = _correct(
        stack, survey(stack, file, "", "", "", everything=True)[0], corrected, whole=whole, anyway=anyway, dry_run=dry_run
    )
    if as_json:
        print_json(done)
    else:
        _say(done)


def _asked(stack: Stack, ids: Sequence[str] | None, dataset: str, key: str, rule: str, since: str) -> list[Standing]:
    found = survey(stack, ids, dataset, key, since)
    if not rule:
        return found
    with rejects(stack, found) as records:
        broken = {count.file_id for count in records.by_rule(wanted(found, rule))}
    return [s for s in found if s.record.file_id in broken]


def _again(stack: Stack, found: Sequence[Standing], *, anyway: bool, dry_run: bool) -> dict[str, Any]:
    """Have the files replayed that loading again may put right."""
    from tidegate.usecases.quarantine import retriable

    chosen = retriable(found, stack.lake, anyway=anyway)
    left = [{"file_id": s.record.file_id, "key": s.record.key, "why": why} for s, why in chosen.left]
    whole: dict[str, Any] = {
        "files": [], "files_total": 0, "left": left, "left_total": len(left), "letters": 0, "letters_left": [], "dry_run": dry_run
    }  # fmt: skip
    ids = [s.record.file_id for s in chosen.files]
    for start in range(0, len(ids), _AT_ONCE):
        part = ask(stack, {"file_ids": ids[start : start + _AT_ONCE], "dry_run": dry_run, "letters": 0})
        for name in _COUNTED:
            whole[name] += part[name]
    return whole


def _correct(stack: Stack, standing: Standing, path: Path, *, whole: bool, anyway: bool, dry_run: bool) -> dict[str, Any]:
    """Try a corrected file, and drop it when nothing speaks against it."""
    from tidegate.usecases.correct import landing_of, objections

    record = standing.record
    contract, _ = load_current(record.dataset, stack.lake)
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    landing = landing_of(standing, contract, stack.ledger, sha256, whole=whole)
    tried = _try(contract, path, landing.key)
    against = objections(standing, landing, tried)
    if against and not anyway and not dry_run:
        raise Permanent(f"{path} was not dropped: {'; '.join(against)}. --anyway drops it")
    dropped = None
    if not dry_run:
        dropped = drop(stack, path, landing.key, force=False)
        if landing.marker:
            mark(stack, landing.marker)
    return {
        "corrects": record.file_id,
        "key": landing.key,
        "whole": landing.whole,
        "rows_read": tried.read,
        "rows_accepted": tried.accepted,
        "rows_quarantined": tried.quarantined,
        "open_before": standing.open,
        "against": against,
        "note": landing.note,
        "dropped": dropped,
        "dry_run": dry_run,
    }


def _try(contract: Contract, path: Path, key: str) -> "Trial":
    from tidegate.engine import Keyring, Limits
    from tidegate.tables.workshop import LocalWorkshop
    from tidegate.usecases.trial import stage, trial

    with tempfile.TemporaryDirectory(prefix="tidegate-") as room:
        limits = Limits(memory_mb=_MEMORY_MB, temp_dir=Path(room))
        workshop = LocalWorkshop(Path(room), limits, Keyring("trial", secrets.token_bytes(_KEY_BYTES)))
        return trial(contract, stage(contract, [path], key), workshop)


def _say(done: dict[str, Any]) -> None:
    verb = "would be dropped" if done["dry_run"] else "unchanged" if done["dropped"]["unchanged"] else "dropped"
    out.print(f"{verb}  {done['key']}", markup=False)
    answered = min(done["rows_read"], done["open_before"])
    what = "replaces the file" if done["whole"] else f"answers {answered} of {done['open_before']} open rows"
    books = f"{done['rows_read']} rows read = {done['rows_accepted']} accepted + {done['rows_quarantined']} quarantined"
    out.print(f"tried: {books}; it {what}")
    for line in done["against"]:
        out.print(f"[yellow]but[/] {line}")
    if done["note"]:
        out.print(f"[yellow]note[/] {done['note']}")
    if not done["dry_run"]:
        out.print("[dim]tidegate wait, then: tidegate quarantine list --all[/]")
