"""Conclude: the decision on a run is one write; telling its files follows from it, by whoever comes next."""

from tidegate.model.runs import Manifest, RunRecord, RunState
from tidegate.ports import Ledger, Objects
from tidegate.usecases.account import read_account


def conclude(run: RunRecord, token: int, manifest: Manifest, *, ledger: Ledger, objects: Objects) -> None:
    """Tell every file of an ended run what became of it, under the lease of `token`, and take the run out of the lease.

    Doing it again changes nothing, so a step that died half way is finished by its retry or by the run that takes the lease over.
    The files of an ABORTED run wait again, as if it had never been.
    """
    files = [f.file_id for f in manifest.files]
    if run.state is RunState.SUCCEEDED:
        ledger.settle(token, run, read_account(manifest, objects).receipts)
    elif run.state is RunState.FAILED and not run.again:
        ledger.give_up(token, run, files)
    else:
        ledger.queue_again(token, run, files, alone=run.state is RunState.FAILED and manifest.is_whole)
    ledger.close_run(run.dataset, token, run.run_id)
