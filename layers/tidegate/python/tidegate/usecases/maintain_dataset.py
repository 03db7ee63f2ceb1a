"""Maintain one dataset: forget old versions of its tables, merge their small data files, remove what no version refers to.

The first two are done under the dataset's lease, on tables that were opened before the lease was looked at and whose last commit is of a
settled run: the same order as in `commit.open_clean`, for the same reason. A commit of maintenance has no author, so nobody takes it back,
and it changes no row, so reconcile sees no news. What it builds on is settled, so no commit that has to be taken back is below it.

Orphans are removed without the lease. A run can only refer to files that it wrote itself, which are too young, or that the version it
was opened on or the one before has, and these are kept.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tidegate.errors import LeaseLost, StaleCommit
from tidegate.model.runs import Lease, RunState
from tidegate.model.upkeep import Policy, Tended
from tidegate.ports import KeptTable, LiveFile, Merger, Store, Table, TableVersion
from tidegate.usecases.batch import Desk
from tidegate.usecases.claim import look_again
from tidegate.usecases.maintain_plan import mergeable, orphaned_before, outdated

KEEPER = "maintain"
_MERGED = ("bronze", "quarantine")  # silver is laid out by its fold
_MICROSECONDS = 1_000_000
_PATIENCE = 30 * _MICROSECONDS  # for a run to end
_LOOK = 0.5  # seconds between two looks at its lease
_LAST_UNIT = 90 * _MICROSECONDS  # to end the unit at hand: one merge


@dataclass(frozen=True, slots=True)
class Keeping:
    """What maintenance needs. It is over at `ends_at` (microseconds since 1970, UTC), whatever it is doing; `sleep` takes seconds."""

    desk: Desk
    store: Store
    merger: Merger
    policy: Policy
    ends_at: int
    sleep: Callable[[float], None]

    @property
    def is_late(self) -> bool:
        """Whether it is too late to begin anything."""
        return self.desk.clock() >= self.ends_at - _LAST_UNIT


@dataclass(frozen=True, slots=True)
class _Work:
    """What a table needs."""

    table: KeptTable
    groups: Sequence[Sequence[LiveFile]]
    versions: Sequence[TableVersion]


def tend(dataset: str, keeping: Keeping, *, urgent: bool, dry_run: bool) -> Tended:
    """Do what a dataset needs, in units, as far as time and waiting files allow; the next call finds the rest.

    Unless it is `urgent`, a dataset that nobody wrote to since everything was done is not looked at.
    """
    ledger, policy, tended = keeping.desk.ledger, keeping.policy, Tended(dataset)
    cursor = ledger.cursor(_cursor(dataset))
    swept, now = int(cursor.get("swept", 0)), keeping.desk.clock()
    sweeps = urgent or dry_run or now >= swept + policy.sweep_seconds * _MICROSECONDS
    if not sweeps and cursor.get("token") == ledger.lease(dataset).token:
        return tended
    work = [w for w in _work(keeping.store.tables(_table(dataset)), keeping, now) if w.groups or w.versions]
    if dry_run:
        for one in work:
            _count(one, tended)
    elif work:
        _under_lease(dataset, keeping, tended)
    if sweeps:
        swept = now if _sweep(dataset, keeping, tended, dry_run=dry_run) else 0
    if not dry_run:
        done = ledger.lease(dataset).token if not tended.later else -1
        ledger.keep_cursor(_cursor(dataset), {"token": done, "swept": swept})
    return tended


def _cursor(dataset: str) -> str:
    return f"{KEEPER}#{dataset}"


def _table(dataset: str) -> str:
    return dataset.replace(".", "_")


def _work(tables: Sequence[KeptTable], keeping: Keeping, now: int) -> list[_Work]:
    return [_Work(t, _groups(t, keeping.policy), outdated(t.history(), keeping.policy, now)) for t in tables]


def _groups(table: KeptTable, policy: Policy) -> list[list[LiveFile]]:
    return mergeable(table.live(), policy) if table.merges and table.name.split(".")[0] in _MERGED else []


def _count(work: _Work, tended: Tended) -> None:
    tended.versions_expired += len(work.versions)
    tended.files_merged += sum(map(len, work.groups))
    tended.files_made += len(work.groups)


def _under_lease(dataset: str, keeping: Keeping, tended: Tended) -> None:
    lease = _take(dataset, keeping, tended)
    if lease is None:
        return
    try:
        _do(dataset, lease, keeping, tended)
    except (LeaseLost, StaleCommit) as error:  # who has the dataset now is in the right, and the next call begins anew
        tended.later = f"{type(error).__name__}: {error}"
    finally:
        _give_back(dataset, lease, keeping.desk)


def _take(dataset: str, keeping: Keeping, tended: Tended) -> Lease | None:
    """Take the lease. A dataset with a run is asked for a turn, so that one that is always busy has its turn too."""
    desk = keeping.desk
    ledger, clock = desk.ledger, desk.clock
    give_up, reserved = clock() + _PATIENCE, 0
    while True:
        seen, now = ledger.lease(dataset), clock()
        if seen.held and not seen.is_free(now):
            if now >= give_up or keeping.is_late:
                if reserved:
                    ledger.reserve(seen, 0)
                tended.later = "a run has the dataset"
                return None
            if not reserved and not seen.opens_at and ledger.reserve(seen, give_up):
                reserved = give_up
                # Whoever arrives at a reserved lease leaves it alone and relies on this.
                desk.waker.timer.ring(dataset, -(-(give_up - now) // _MICROSECONDS))
            keeping.sleep(_LOOK)
            continue
        if seen.held or seen.run_id or seen.stale_run_id or seen.unclean:
            tended.later = "a run that was not settled has to be put right first"
            return None
        if seen.opens_at > now and seen.opens_at != reserved:
            tended.later = "the dataset waits for more files, or is left alone after a failure"
            return None
        if taken := ledger.take(seen, now, keeping.ends_at, KEEPER):
            return taken


def _give_back(dataset: str, lease: Lease, desk: Desk) -> None:
    """Give the lease back and look for what arrived meanwhile, as Settle does."""
    now = desk.ledger.lease(dataset)
    mine = now.held and now.token == lease.token
    if mine:
        desk.ledger.release(dataset, lease.token)
    if mine and now.unclean:
        desk.waker.wake(dataset, urgent=True)
    else:
        look_again(dataset, desk)


def _do(dataset: str, lease: Lease, keeping: Keeping, tended: Tended) -> None:
    """Work on the tables as they are now: they are opened first, and the lease is looked at after."""
    desk = keeping.desk
    tables = keeping.store.tables(_table(dataset))

    def hold() -> None:
        # Past its end the file that it wrote may have been taken for an orphan.
        if desk.clock() >= keeping.ends_at or not desk.ledger.hold(dataset, lease.token, keeping.ends_at):
            raise LeaseLost(f"{dataset}: token {lease.token} is not the lease's")

    hold()
    for table in tables:
        if why := _unsettled(table, desk):
            tended.later = why
            return
    for work in _work(tables, keeping, desk.clock()):
        if work.versions:
            work.table.expire(work.versions)
            tended.versions_expired += len(work.versions)
        for group in work.groups:
            if keeping.is_late:
                tended.later = "time ran out"
                return
            with keeping.merger.merged(work.table, group) as path:
                hold()
                work.table.merge(f"{KEEPER}-{dataset}-{lease.token:06d}", group, path)
            tended.files_merged += len(group)
            tended.files_made += 1
            if desk.ledger.queue(dataset, 1):
                tended.later = "files wait for a run"
                return


def _unsettled(table: Table, desk: Desk) -> str:
    """Say what is wrong with a table's last commit: empty when it is a settled run's or nobody's."""
    run = desk.ledger.run(table.author) if table.author else None
    if not table.author or (run is not None and run.state is RunState.SUCCEEDED):
        return ""
    if run is None:
        return f"{table.name} was last written by {table.author}, which the ledger does not know"
    if run.state is not RunState.RUNNING:
        desk.ledger.mark_unclean(run.dataset)
    return f"the last commit of {table.name} is of {table.author}, which is {run.state}"


def _sweep(dataset: str, keeping: Keeping, tended: Tended, *, dry_run: bool) -> bool:
    """Remove orphans; False when time ran out. Each call gets ahead, because what is removed is not listed again."""
    before = orphaned_before(keeping.policy, keeping.desk.clock())
    for table in keeping.store.tables(_table(dataset)):
        for orphans in table.orphans(before):
            if not dry_run:
                table.remove(orphans)
            tended.orphans += len(orphans)
            tended.orphan_bytes += sum(o.bytes for o in orphans)
            if keeping.is_late:
                tended.later = tended.later or "time ran out"
                return False
    return True
