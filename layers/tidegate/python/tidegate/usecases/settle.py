"""Settle: decide that a run SUCCEEDED, write its receipts to the ledger, and give the lease back."""

from dataclasses import replace
from typing import Any

from tidegate.errors import LeaseLost
from tidegate.model.runs import Account, DatasetState, FullLoad, Manifest, RunRecord, RunState, timestamp
from tidegate.usecases.account import read_account
from tidegate.usecases.batch import Desk
from tidegate.usecases.claim import look_again
from tidegate.usecases.conclude import conclude
from tidegate.usecases.report import success
from tidegate.usecases.volumes import remembered


def settle(manifest: Manifest, desk: Desk) -> tuple[dict[str, Any], Account]:
    """Close the run as SUCCEEDED, give the lease back, and start the next run when files wait; return the notification and the account.

    Settling a settled run again changes nothing. The queue is looked at after the release, for the file that arrived in between.
    Without the lease, an earlier try gave it back and died: the same look finishes its work.
    """
    ledger = desk.ledger
    account = read_account(manifest, desk.lake)
    run = _decide(manifest, account, desk)
    lease = ledger.lease(manifest.dataset)
    mine = lease.held and lease.token == manifest.token
    if mine:
        conclude(run, manifest.token, manifest, ledger=ledger, objects=desk.lake)
        ledger.release(manifest.dataset, manifest.token)
    if mine and lease.unclean:
        desk.waker.wake(manifest.dataset, urgent=True)
    else:
        look_again(manifest.dataset, desk)
    return success(manifest, account), account


def _decide(manifest: Manifest, account: Account, desk: Desk) -> RunRecord:
    """Write the decision, or find that an earlier try did."""
    ledger = desk.ledger
    known = ledger.run(manifest.run_id)
    if known is not None and known.state is RunState.RUNNING:
        state, full_load = _state(manifest, account, desk), _full_load(manifest, account)
        known = ledger.end_run(manifest.token, _succeeded(known, account, desk), state, full_load)
    if known is None or known.state is not RunState.SUCCEEDED:
        raise LeaseLost(f"{manifest.run_id}: the run is {known.state if known else 'unknown'}")
    return known


def _succeeded(run: RunRecord, account: Account, desk: Desk) -> RunRecord:
    return replace(
        run,
        state=RunState.SUCCEEDED,
        books=account.books,
        warnings=account.warnings,
        drift=account.drift,
        ended_at=timestamp(desk.clock()),
    )


def _full_load(manifest: Manifest, account: Account) -> FullLoad | None:
    """The full load that the run made the current state, if it did."""
    if account.epoch == manifest.epoch_before:
        return None
    first = {file.file_id for file in manifest.files if file.arrival == account.epoch.start}
    shown = any(receipt.rows_accepted for receipt in account.receipts if receipt.file_id in first)
    return FullLoad(account.epoch.load, account.epoch.start, manifest.run_id, shown)


def _state(manifest: Manifest, account: Account, desk: Desk) -> DatasetState:
    before = desk.ledger.state(manifest.dataset)
    rows = {**before.rows, **{c.table: c.rows_after for c in account.commits}}
    volumes, loaded_at = remembered(manifest, account.receipts, before, desk.clock())
    watermark = max(before.watermark, account.watermark)
    return DatasetState(manifest.dataset, account.epoch, watermark, rows, volumes, loaded_at, account.header, account.sizes)
