"""Reconcile: on a schedule, find what no event told: lost runs, files that nobody announced, tables that are not as runs left them.

Each call does a bounded amount of work and the next one goes on where it stopped, so it does not matter how much there is.
"""

from dataclasses import dataclass, field, replace
from itertools import groupby

from tidegate.errors import TidegateError
from tidegate.model.arrivals import Arrival
from tidegate.model.runs import RunState
from tidegate.ports import Catalog, Ledger, ObjectVersion, Registration
from tidegate.usecases.ingest import Register, ingest
from tidegate.usecases.silence import tell_silence
from tidegate.usecases.survey import place
from tidegate.usecases.wake import Waker

_CHUNK = 100
_MICROSECONDS = 1_000_000
SURVEY = "survey"
"""The name of the cursor that a survey leaves."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How much one call does: landing versions and seconds, and the seconds after which a finished survey begins anew."""

    versions: int
    seconds: int
    every_seconds: int


@dataclass
class Reconciled:
    """What was found.

    `woken` datasets were given a run; `oldest_pending_seconds` is the longest wait of a file that is not at rest (0: none);
    `looked` landing versions were compared and `registered` of them were new; `surveyed` is whether the whole bucket is done;
    `silent` are datasets of which nothing new was loaded for longer than their contract expects, with the seconds: each is told once;
    `astray` are tables that do not hold what settled runs left, with what was found; `errors` are datasets that could not be looked
    at, with why.
    """

    woken: list[str] = field(default_factory=list)
    oldest_pending_seconds: float = 0.0
    looked: int = 0
    registered: int = 0
    surveyed: bool = False
    silent: dict[str, int] = field(default_factory=dict)
    astray: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)


def reconcile(register: Register, *, catalog: Catalog, bucket: str, pace: Pace) -> Reconciled:
    """Look at every dataset, then at the next stretch of the landing bucket. One dataset's error leaves the others alone.

    Tables are compared with the ledger, and datasets from which nothing comes are told, at the beginning of each survey.
    """
    found = Reconciled()
    ledger, now = register.waker.ledger, register.waker.clock()
    cursor = ledger.cursor(SURVEY)
    after, began = str(cursor.get("after", "")), int(cursor.get("began", 0))
    begins = not after and now >= began + pace.every_seconds * _MICROSECONDS
    for dataset in ledger.datasets():
        try:
            _look_at(dataset, register.waker, catalog if begins else None, found)
        except TidegateError as error:
            found.errors[dataset] = f"{type(error).__name__}: {error}"
    if begins:
        tell_silence(register, found.silent, found.errors)
    if after or begins:
        rest = _survey(after, register, bucket, pace, found)
        ledger.keep_cursor(SURVEY, {"after": rest, "began": now if begins else began})
    return found


def _look_at(dataset: str, waker: Waker, catalog: Catalog | None, found: Reconciled) -> None:
    ledger = waker.ledger
    waiting = ledger.queue(dataset, 1)
    if waiting:
        since = (waker.clock() - waiting[0].queued) / _MICROSECONDS
        found.oldest_pending_seconds = max(found.oldest_pending_seconds, since)
    lease = ledger.lease(dataset)
    if catalog and not lease.held:
        astray, unsettled = _astray(dataset, ledger, catalog)
        after = ledger.lease(dataset)
        if after == lease:  # no run moved the tables while they were compared
            found.astray |= astray
            if unsettled and not lease.unclean:
                ledger.mark_unclean(dataset)
                lease = replace(lease, unclean=True)
    # A free or expired lease with something to do means that a run was lost, or that its time has come.
    lost = lease.held and lease.is_free(waker.clock())
    if (waiting or lease.unclean or lease.stale_run_id or lost) and waker.wake(dataset, restart=True):
        found.woken.append(dataset)


def _astray(dataset: str, ledger: Ledger, catalog: Catalog) -> tuple[dict[str, str], bool]:
    """Compare the tables with what settled runs left; also say whether the last commit is of a run that was never settled.

    A run that lost its lease can commit after its successor has come to rest without touching the table: the next run takes that
    back. Rows that differ although the last commit is a settled run's were changed by other hands: that is for people to see.
    """
    left = ledger.state(dataset).rows
    astray: dict[str, str] = {}
    unsettled = False
    for name, (rows, author) in catalog.totals(dataset.replace(".", "_")).items():
        run = ledger.run(author) if author else None
        if run is not None and run.state in (RunState.FAILED, RunState.ABORTED):
            unsettled = True
        elif rows != left.get(name, 0):
            astray[name] = f"{rows} rows, settled runs left {left.get(name, 0)}"
    return astray, unsettled


def _survey(after: str, register: Register, bucket: str, pace: Pace, found: Reconciled) -> str:
    """Register what the bucket lists after a key and the ledger does not know; return where to go on, empty at the end."""
    clock = register.waker.clock
    deadline = clock() + pace.seconds * _MICROSECONDS
    chunk: list[tuple[str, list[ObjectVersion]]] = []
    for key, versions in groupby(register.landing.versions("", after), key=lambda v: v.key):
        chunk.append((key, list(versions)))
        found.looked += len(chunk[-1][1])
        enough = found.looked >= pace.versions or clock() > deadline
        if enough or len(chunk) == _CHUNK:  # what was listed is compared, however late it is: each call gets ahead
            after, chunk = _compare(chunk, register, bucket, found), []
        if enough:
            return after
    if chunk:
        _compare(chunk, register, bucket, found)
    found.surveyed = True
    return ""


def _compare(chunk: list[tuple[str, list[ObjectVersion]]], register: Register, bucket: str, found: Reconciled) -> str:
    """Register what is unknown of these keys and return the last of them.

    The listing is older than this reading of the ledger, so a key that seems to have news is looked at again, ledger first.
    """
    ids = {key: Arrival(bucket, key, "", "", 0).object_id for key, _ in chunk}
    known = register.waker.ledger.versions(ids.values())
    news = [key for key, versions in chunk if place(bucket, versions, known.get(ids[key]))]
    for key in news:
        heard = Arrival(bucket, key, "", "", 0)
        done = ingest([heard], [], register)
        found.registered += sum(o.registration is Registration.NEW for o in done.outcomes)
        if error := done.error_of([heard]):
            found.errors[key] = f"{type(error).__name__}: {error}"
    return chunk[-1][0]
