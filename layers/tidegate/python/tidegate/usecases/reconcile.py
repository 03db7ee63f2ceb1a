"""Reconcile: on a schedule, wake datasets whose run was lost and measure how long files have waited."""

from dataclasses import dataclass

from tidegate.ports import Clock, Ledger, Workflow
from tidegate.usecases.wake import wake


@dataclass(frozen=True, slots=True)
class Reconciled:
    """Datasets that were given a run, and the age in seconds of the oldest file that is not at rest (0: none)."""

    woken: tuple[str, ...]
    oldest_pending_seconds: float


def reconcile(*, ledger: Ledger, workflow: Workflow, clock: Clock, lease_us: int) -> Reconciled:
    """Look at every dataset's queue, strongly consistent; a free or expired lease with files waiting means that a run was lost."""
    woken, oldest = [], 0.0
    for lease in ledger.datasets():
        waiting = ledger.queue(lease.dataset, 1)
        if not waiting:
            continue
        age = (clock() - int(waiting[0].arrival.split("-")[0])) / 1e6
        oldest = max(oldest, age)
        if wake(lease.dataset, ledger=ledger, workflow=workflow, clock=clock, lease_us=lease_us, restart=True):
            woken.append(lease.dataset)
    return Reconciled(tuple(woken), oldest)
