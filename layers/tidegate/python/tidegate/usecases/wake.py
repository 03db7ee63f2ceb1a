"""Wake: give a dataset a run if it has none. Shared by ingest, claim, settle, replay and reconcile."""

from dataclasses import dataclass

from tidegate.ports import Clock, Ledger, Timer, Workflow

_MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True)
class Waker:
    """What it takes to start runs; `lease_us` is how long a lease lasts without a sign of life, in microseconds."""

    ledger: Ledger
    workflow: Workflow
    timer: Timer
    clock: Clock
    lease_us: int

    def wake(self, dataset: str, *, window: int = 0, urgent: bool = False, restart: bool = False) -> bool:
        """Start the dataset's run when nobody holds its lease; return whether this call took it.

        Call it after the pending file is written, never before: the run re-reads the queue after it releases the lease, so either
        it or this call sees the file. With a `window` (seconds) an idle dataset is given that time to gather more files first, and a
        timer rings when it is over; a dataset that failed is left alone for a while. `urgent` waits for neither. `restart` does once
        more what an earlier call may have died before: it starts the execution of a held lease, a no-op unless it was never started, or
        sets the timer. A lease with a keeper has no execution: its keeper looks at the queue when it gives it back.
        """
        now = self.clock()
        seen = self.ledger.lease(dataset)
        if not seen.is_free(now):
            if restart and not seen.keeper:
                self.workflow.start(dataset, seen.token)
            return False
        gathering = window > 0 and not seen.held and not seen.opens_at
        if not urgent and gathering:
            if self.ledger.arm(seen, now + window * _MICROSECONDS):
                self.timer.ring(dataset, window)
            return False
        if not urgent and not seen.held and seen.opens_at > now:
            if restart:
                self.timer.ring(dataset, -(-(seen.opens_at - now) // _MICROSECONDS))
            return False
        taken = self.ledger.take(seen, now, now + self.lease_us)
        if taken is None:
            return False
        self.workflow.start(dataset, taken.token)
        return True
