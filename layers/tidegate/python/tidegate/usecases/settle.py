"""Settle: write the receipts of a run to the ledger, close it, and say so."""

from dataclasses import replace
from typing import Any

from tidegate.model.runs import Account, DatasetState, Manifest, RunRecord, RunState, timestamp
from tidegate.ports import Clock, Ledger, Objects
from tidegate.usecases.account import read_account
from tidegate.usecases.report import success


def settle(manifest: Manifest, *, ledger: Ledger, objects: Objects, clock: Clock) -> tuple[dict[str, Any], Account]:
    """Close the run as SUCCEEDED; return the notification and the account. Settling a settled run again changes nothing."""
    account = read_account(manifest, objects)
    run = closed(manifest, ledger, clock)
    before = ledger.state(manifest.dataset)
    state = DatasetState(manifest.dataset, manifest.epoch, max(before.watermark, account.watermark))
    ledger.settle(replace(run, state=RunState.SUCCEEDED, books=account.books), account.receipts, state)
    return success(manifest, account), account


def closed(manifest: Manifest, ledger: Ledger, clock: Clock) -> RunRecord:
    """Return the run's record with its end set, whether or not the ledger still has it."""
    known = ledger.run(manifest.run_id)
    ended = timestamp(clock())
    if known is not None:
        return replace(known, ended_at=known.ended_at or ended)
    return RunRecord(
        run_id=manifest.run_id,
        dataset=manifest.dataset,
        token=manifest.token,
        state=RunState.RUNNING,
        files=len(manifest.files),
        bytes=manifest.bytes,
        contract_version=manifest.contract_version,
        manifest_key="",
        started_at=ended,
        ended_at=ended,
    )
