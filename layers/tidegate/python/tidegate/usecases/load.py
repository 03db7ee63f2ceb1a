"""Load: make the tables hold a batch. Stage the files, run the row engine, commit bronze, quarantine and silver, write the account.

Every step may die and be run again. A table that already carries the run id is left alone; the engine is deterministic, so what is
left to do comes out the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tidegate import engine
from tidegate.contracts.contract import Contract
from tidegate.contracts.publish import load_version
from tidegate.engine import FileResult, Keyring, Output, StagedFile
from tidegate.errors import BatchRefused, LeaseLost, NotFound, ServiceUnavailable
from tidegate.model.files import FileState
from tidegate.model.runs import Account, Books, Commit, Manifest, ManifestFile, Receipt
from tidegate.ports import Clock, Lake, Layers, Ledger, Objects
from tidegate.tables.duck import highest
from tidegate.tables.replacement import replace_objects
from tidegate.tables.silver import fold_into_silver
from tidegate.usecases.account import write_account


@dataclass(frozen=True, slots=True)
class Workshop:
    """Local room for one load: an empty directory and what DuckDB may use."""

    directory: Path
    limits: engine.Limits


def load(
    manifest: Manifest,
    *,
    ledger: Ledger,
    landing: Objects,
    objects: Objects,
    lake: Lake,
    clock: Clock,
    lease_us: int,
    keyring: Keyring,
    workshop: Workshop,
) -> Account:
    """Commit one batch to the dataset's tables and return its account, which is also written beside the manifest."""
    contract = load_version(manifest.contract_key, objects)
    staged, gone = _stage(manifest.files, landing, workshop.directory)
    plan = engine.inspect(contract, staged)
    contract = contract.with_columns(*plan.extra_columns)
    layers = lake.open(contract)
    # The order matters: the tables are read first and the lease is checked after, so a run that was overtaken either sees that here
    # or commits on a version that its successor has moved, which is refused.
    if not ledger.hold(manifest.dataset, manifest.token, clock() + lease_us):
        raise LeaseLost(f"{manifest.run_id}: the lease went to another run before the load")
    output = _run_engine(contract, staged, layers, keyring, manifest, workshop)
    _check_batch(contract, manifest, output, layers)
    commits, books = _commit(contract, manifest, layers, lake, output, workshop)
    receipts = _receipts(manifest, output, gone)
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
        watermark=highest(output.accepted, contract.order_by, workshop.limits),
        drift=tuple(c.name for c in plan.extra_columns),
    )
    write_account(manifest, account, objects)
    return account


def _stage(files: Sequence[ManifestFile], landing: Objects, directory: Path) -> tuple[list[StagedFile], set[str]]:
    """Copy the batch to local disk; also return the ids of files whose object version is gone."""
    staged, gone = [], set()
    (directory / "staged").mkdir()
    for number, file in enumerate(files):
        if file.marker:
            continue
        path = directory / "staged" / f"{number:06d}"
        try:
            landing.download(file.key, file.version_id, path)
        except NotFound:
            gone.add(file.file_id)
            continue
        if path.stat().st_size != file.size:  # a transfer that repeats or drops a part would give rows that nobody sent
            raise ServiceUnavailable(f"{file.key}: {path.stat().st_size} bytes came of {file.size}")
        staged.append(StagedFile(file.file_id, file.key, file.version_id, file.arrival, path, load_id=file.load))
    return staged, gone


def _run_engine(
    contract: Contract, staged: Sequence[StagedFile], layers: Layers, keyring: Keyring, manifest: Manifest, workshop: Workshop
) -> Output:
    return engine.run(
        contract,
        staged,
        field_ids={"bronze": layers.bronze.field_ids, "quarantine": layers.quarantine.field_ids},
        keyring=keyring,
        run_id=manifest.run_id,
        workdir=workshop.directory,
        limits=workshop.limits,
    )


def _check_batch(contract: Contract, manifest: Manifest, output: Output, layers: Layers) -> None:
    """Raise BatchRefused, before anything is committed, when the batch as a whole is not what the contract accepts."""
    rows = sum(f.rows_accepted for f in output.files if f.refused is None)
    held = sum(f.rows for f in layers.silver.live())
    if contract.max_shrink is not None and manifest.epoch_changes and rows < held * (1 - contract.max_shrink):
        raise BatchRefused(
            f"{contract.dataset}: this full load has {rows} rows, the table {held}; maxShrink is {contract.max_shrink:.0%}; "
            "drop a complete full load, or publish a contract with another maxShrink and replay"
        )
    bounds = contract.row_count
    if bounds is None or bounds.severity != "error" or all(f.refused for f in output.files):
        return
    if (bounds.at_least is not None and rows < bounds.at_least) or (bounds.at_most is not None and rows > bounds.at_most):
        wanted = f"from {bounds.at_least or 0} to {bounds.at_most if bounds.at_most is not None else 'any number'}"
        raise BatchRefused(
            f"{contract.dataset}: rowCount wants {wanted} accepted rows in a batch, this one has {rows}; "
            "drop a complete file, or publish a contract with other bounds and replay"
        )


def _commit(
    contract: Contract, manifest: Manifest, layers: Layers, lake: Lake, output: Output, workshop: Workshop
) -> tuple[tuple[Commit, ...], Books]:
    """Commit the three tables in turn. Refused files keep what an earlier version of them loaded."""
    loaded = {f.file_id for f in output.files if f.refused is None}
    leaving = sorted({f.key for f in manifest.files if f.replaces and f.file_id in loaded})
    room, limits = workshop.directory, workshop.limits
    bronze = replace_objects(layers.bronze, leaving, output.accepted, manifest.run_id, room / "bronze", limits)
    quarantine = replace_objects(layers.quarantine, leaving, output.quarantined, manifest.run_id, room / "quarantine", limits)
    after = lake.open(contract).bronze
    silver, books = fold_into_silver(contract, manifest, layers.silver, after, output.accepted, leaving, room / "silver", limits)
    return (bronze, quarantine, silver), books


def _receipts(manifest: Manifest, output: Output, gone: set[str]) -> tuple[Receipt, ...]:
    results = {f.file_id: f for f in output.files}
    return tuple(_receipt(manifest, file, results.get(file.file_id), file.file_id in gone) for file in manifest.files)


def _receipt(manifest: Manifest, file: ManifestFile, result: FileResult | None, gone: bool) -> Receipt:  # noqa: FBT001
    reason = ""
    if gone:
        reason = "GONE: this version was deleted from the landing bucket before it was loaded; drop the file again"
    elif result is not None and result.refused is not None:
        reason = f"{result.refused.code}: {result.refused.message}"
    counted = result if result is not None and not reason else FileResult(file.file_id, 0, 0, 0, None)
    return Receipt(
        file_id=file.file_id,
        key=file.key,
        version_id=file.version_id,
        state=FileState.QUARANTINED if reason else FileState.LOADED,
        rows_read=counted.rows_read,
        rows_accepted=counted.rows_accepted,
        rows_quarantined=counted.rows_quarantined,
        contract_version=manifest.contract_version,
        reason=reason,
    )
