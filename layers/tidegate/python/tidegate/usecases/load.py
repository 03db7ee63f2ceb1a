"""Load: make the tables hold a batch. Stage the files, run the row engine, commit bronze, quarantine and silver, write the account.

Every step may die and be run again. A table that already carries the run id is left alone; the engine is deterministic, so what is
left to do comes out the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tidegate.contracts.contract import Contract
from tidegate.contracts.publish import load_version
from tidegate.engine import FileResult, StagedFile
from tidegate.engine.drift import drift_of
from tidegate.errors import AccessDenied, NotFound
from tidegate.model.files import FileState, Warned
from tidegate.model.runs import Account, Books, Commit, Leaving, Manifest, ManifestFile, Receipt
from tidegate.ports import Clock, Lake, Layers, Ledger, Objects, Outcome, Workshop
from tidegate.usecases.account import write_account
from tidegate.usecases.checks import Candidate, check_batch, summed, warnings_by_file
from tidegate.usecases.commit import commit_rows, commit_silver, open_clean
from tidegate.usecases.parents import fetch_parents


def load(
    manifest: Manifest,
    *,
    ledger: Ledger,
    landing: Objects,
    objects: Objects,
    lake: Lake,
    clock: Clock,
    lease_us: int,
    workshop: Workshop,
) -> Account:
    """Commit one batch to the dataset's tables and return its account, which is also written beside the manifest."""
    contract = load_version(manifest.contract_key, objects)
    staged, missing = _stage(manifest.files, landing, workshop)
    inspection = workshop.inspect(contract, staged)
    drift, header = drift_of(contract, staged, inspection, ledger.state(manifest.dataset).header)
    contract = contract.with_columns(*inspection.extra_columns)

    def hold() -> bool:
        return ledger.hold(manifest.dataset, manifest.token, clock() + lease_us, manifest.run_id)

    layers = open_clean(contract, manifest.run_id, lake, ledger, hold)
    parents = fetch_parents(contract, manifest, lake, objects, workshop)
    output = workshop.run(contract, staged, layers, manifest.run_id, parents)
    manifest = _as_loaded(manifest, output)
    leaving = _leaving(manifest, output)
    candidate = Candidate(contract, manifest, output, layers, leaving)
    told = check_batch(candidate, ledger=ledger, clock=clock, workshop=workshop)
    commits, books = _commit(contract, manifest, layers, output, leaving, workshop)
    receipts = _receipts(manifest, output, missing, warnings_by_file(contract, output))
    if contract.keyed:
        receipts = tuple(r if r.kept or not r.rows_accepted else replace(r, key_id=workshop.key_id) for r in receipts)
    books = replace(
        books,
        rows_read=sum(r.rows_read for r in receipts),
        rows_accepted=sum(r.rows_accepted for r in receipts),
        rows_quarantined=sum(r.rows_quarantined for r in receipts),
    )
    account = Account(
        run_id=manifest.run_id,
        receipts=receipts,
        books=books,
        commits=commits,
        epoch=manifest.epoch,
        watermark=output.newest,
        drift=drift,
        header=header,
        warnings=(*summed(receipts), *told),
        sizes={table.name: table.data_bytes for table in (layers.bronze, layers.quarantine, layers.silver)},
    )
    write_account(manifest, account, objects)
    return account


def _stage(files: Sequence[ManifestFile], landing: Objects, workshop: Workshop) -> tuple[list[StagedFile], dict[str, str]]:
    """Have the batch made ready; also return the files that cannot be had, by id, with the reason.

    One object that may not be read is its own problem; when none of several may be, or the only one, the role lacks a permission.
    """
    staged: list[StagedFile] = []
    missing: dict[str, str] = {}
    denied: AccessDenied | None = None
    wanted = [file for file in files if not file.marker]
    for file, found in zip(wanted, workshop.stage(wanted, landing), strict=True):
        if isinstance(found, StagedFile):
            staged.append(found)
            continue
        missing[file.file_id] = _why_missing(found)
        denied = found if isinstance(found, AccessDenied) else denied
    if denied and not staged:
        raise denied
    return staged, missing


def _why_missing(error: NotFound | AccessDenied) -> str:
    if isinstance(error, AccessDenied):
        return "NO_ACCESS: Tidegate may not read this object; look at how it is encrypted, then drop it again"
    return "GONE: this version was deleted from the landing bucket before it was loaded; drop the file again"


def _as_loaded(manifest: Manifest, output: Outcome) -> Manifest:
    """A full load in one file that is refused as a whole does not become the current state: the file is QUARANTINED, that is all."""
    files = [f for f in manifest.files if not f.marker]
    if len(manifest.files) == 1 and files and all(f.refused for f in output.files):
        return replace(manifest, epoch=manifest.epoch_before)
    return manifest


def _commit(
    contract: Contract, manifest: Manifest, layers: Layers, output: Outcome, leaving: Sequence[Leaving], workshop: Workshop
) -> tuple[tuple[Commit, ...], Books]:
    """Commit the three tables in turn. Bronze moves in every run: a try of this step that was given up for dead stops there."""
    run_id = manifest.run_id
    bronze = commit_rows(layers.bronze, leaving, output.accepted, run_id, workshop, fence=True)
    quarantine = commit_rows(layers.quarantine, leaving, output.quarantined, run_id, workshop, fence=manifest.recovers)
    silver, books = commit_silver(contract, manifest, layers, output.accepted, leaving, workshop)
    return (bronze, quarantine, silver), books


def _leaving(manifest: Manifest, output: Outcome) -> list[Leaving]:
    """A file that is loaded replaces all rows of its key; one that is refused keeps what an older version of it loaded."""
    loaded = {f.file_id for f in output.files if f.refused is None}
    refused = {f.file_id for f in output.files if f.refused is not None}
    whole = {f.key for f in manifest.files if f.replaces and f.file_id in loaded}
    own = {(f.key, f.file_id) for f in manifest.files if f.replaces and f.file_id in refused}
    return [*(Leaving(key) for key in sorted(whole)), *(Leaving(*pair) for pair in sorted(own))]


def _receipts(
    manifest: Manifest, output: Outcome, missing: dict[str, str], warnings: Mapping[str, tuple[Warned, ...]]
) -> tuple[Receipt, ...]:
    results = {f.file_id: f for f in output.files}
    receipts = (_receipt(manifest, f, results.get(f.file_id), missing.get(f.file_id, "")) for f in manifest.files)
    return tuple(replace(r, warnings=warnings.get(r.file_id, ())) for r in receipts)


def _receipt(manifest: Manifest, file: ManifestFile, result: FileResult | None, reason: str) -> Receipt:
    kept = bool(reason) and file.loaded
    if result is not None and result.refused is not None:
        reason = f"{result.refused.code}: {result.refused.message}"
    counted = result if result is not None and not reason else FileResult(file.file_id, 0, 0, 0, None)
    return Receipt(
        file_id=file.file_id,
        key=file.key,
        version_id=file.version_id,
        state=FileState.QUARANTINED if reason and not kept else FileState.LOADED,
        rows_read=counted.rows_read,
        rows_accepted=counted.rows_accepted,
        rows_quarantined=counted.rows_quarantined,
        contract_version=manifest.contract_version,
        reason=f"{reason} (what was loaded of it before stays)" if kept else reason,
        kept=kept,
    )
