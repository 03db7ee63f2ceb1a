"""Wake: give a dataset a run if it has none. Shared by ingest, replay and reconcile."""

from tidegate.ports import Clock, Ledger, Workflow


def wake(dataset: str, *, ledger: Ledger, workflow: Workflow, clock: Clock, lease_us: int, restart: bool = False) -> bool:
    """Start the dataset's run when nobody holds its lease; return whether this call took it.

    Call it after the pending file is written, never before: the run re-reads the queue after it releases the lease, so either it or
    this call sees the file. `restart` starts the execution of a held lease again, which is a no-op unless its first start was lost.
    """
    now = clock()
    seen = ledger.lease(dataset)
    if not seen.is_free(now):
        if restart:
            workflow.start(dataset, seen.token)
        return False
    taken = ledger.take(seen, now, now + lease_us)
    if taken is None:
        return False
    workflow.start(dataset, taken.token)
    return True
