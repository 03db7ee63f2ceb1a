"""Ingest: register arrivals in the ledger, then wake their datasets."""

from collections.abc import Sequence
from dataclasses import dataclass

from tidegate.contracts.publish import is_published
from tidegate.errors import TidegateError
from tidegate.model.arrivals import Arrival, Kind, Route, route
from tidegate.model.files import FileState
from tidegate.ports import Clock, Ledger, Objects, Registration, Workflow
from tidegate.usecases.wake import wake


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one arrival; `error` is set when the message has to come again."""

    arrival: Arrival
    registration: Registration | None = None
    state: FileState | None = None
    error: TidegateError | None = None


def ingest(
    arrivals: Sequence[Arrival], *, ledger: Ledger, workflow: Workflow, lake: Objects, clock: Clock, lease_us: int
) -> list[Outcome]:
    """Register each arrival once and wake each dataset once. One arrival's failure leaves the others alone."""
    outcomes = [_register(arrival, ledger, lake) for arrival in arrivals]
    for dataset, again in _to_wake(outcomes).items():
        try:
            wake(dataset, ledger=ledger, workflow=workflow, clock=clock, lease_us=lease_us, restart=again)
        except TidegateError as error:
            outcomes = [_failed(o, error) if route(o.arrival.key).dataset == dataset else o for o in outcomes]
    return outcomes


def _register(arrival: Arrival, ledger: Ledger, lake: Objects) -> Outcome:
    try:
        where = route(arrival.key)
        state, reason = _first_state(arrival, where, lake)
        return Outcome(arrival, ledger.register(arrival, where, state, reason), state)
    except TidegateError as error:
        return Outcome(arrival, error=error)


def _first_state(arrival: Arrival, where: Route, lake: Objects) -> tuple[FileState, str]:
    if where.kind is Kind.FOLDER:
        return FileState.IGNORED, "a folder marker holds no rows"
    if where.kind is Kind.UNROUTED:
        return FileState.QUARANTINED, f"UNROUTED: {where.problem}"
    if not is_published(where.dataset, lake):
        todo = f"publish a contract for {where.dataset} (tidegate contract publish), then `tidegate replay --file`"
        return FileState.QUARANTINED, f"NO_CONTRACT: {todo}"
    if arrival.size == 0 and where.kind is not Kind.MARKER:
        return FileState.QUARANTINED, "EMPTY_FILE: the object has no bytes; ask the sender for the file and drop it again"
    return (FileState.REGISTERED if where.kind is Kind.PART else FileState.PENDING), ""


def _to_wake(outcomes: Sequence[Outcome]) -> dict[str, bool]:
    """Datasets with something to do; True where a message came again, whose first delivery may have died before the start."""
    datasets: dict[str, bool] = {}
    for outcome in outcomes:
        if outcome.error is None and outcome.state in (FileState.PENDING, FileState.REGISTERED):
            dataset = route(outcome.arrival.key).dataset
            again = outcome.registration is Registration.DUPLICATE
            datasets[dataset] = datasets.get(dataset, False) or again
    return datasets


def _failed(outcome: Outcome, error: TidegateError) -> Outcome:
    return Outcome(outcome.arrival, outcome.registration, outcome.state, error)
