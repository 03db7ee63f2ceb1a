"""Ingest: register arrivals in the ledger, then wake their datasets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tidegate.contracts.publish import Current, current
from tidegate.errors import Throttled, TidegateError
from tidegate.model.arrivals import Arrival, Kind, Route, route
from tidegate.model.files import FileState
from tidegate.ports import Ledger, Objects, Registration
from tidegate.usecases.survey import unannounced
from tidegate.usecases.wake import Waker

_TRIES = 5
_HEARD = (Registration.NEW, Registration.DUPLICATE)
_WAITS = (FileState.PENDING, FileState.REGISTERED, FileState.CLAIMED)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one arrival; `error` is set when the message has to come again."""

    arrival: Arrival
    registration: Registration | None = None
    state: FileState | None = None
    error: TidegateError | None = None


@dataclass(frozen=True, slots=True)
class Register:
    """Registers arrivals; each dataset's contract is looked up once in its life. `window`: see `claim.Limits`."""

    waker: Waker
    landing: Objects
    lake: Objects
    window: int = 0
    _contracts: dict[str, Current | None] = field(default_factory=dict)

    def __call__(self, arrival: Arrival) -> Outcome:
        """Register one arrival; an error of ours is its outcome and not raised."""
        try:
            where = route(arrival.key)
            state, reason = self._first_state(arrival, where)
            registration = self.waker.ledger.register(arrival, where, state, reason)
            if registration is Registration.DUPLICATE:  # it may have been loaded long ago
                state = self.waker.ledger.files([arrival.file_id])[arrival.file_id].state
            return Outcome(arrival, registration, state)
        except TidegateError as error:
            return Outcome(arrival, error=error)

    def window_of(self, dataset: str) -> int:
        """Return the seconds for which the dataset gathers files before an idle run starts."""
        known = self._contract(dataset)
        return self.window if known is None or known.batch_window is None else known.batch_window

    def _contract(self, dataset: str) -> Current | None:
        if dataset not in self._contracts:
            self._contracts[dataset] = current(dataset, self.lake)
        return self._contracts[dataset]

    def _first_state(self, arrival: Arrival, where: Route) -> tuple[FileState, str]:
        if where.kind is Kind.FOLDER:
            return FileState.IGNORED, "a folder marker holds no rows"
        if where.kind is Kind.UNROUTED:
            return FileState.QUARANTINED, f"UNROUTED: {where.problem}"
        if self._contract(where.dataset) is None:
            todo = f"publish a contract for {where.dataset} (tidegate contract publish), then `tidegate replay --file`"
            return FileState.QUARANTINED, f"NO_CONTRACT: {todo}"
        if arrival.size == 0 and where.kind is not Kind.MARKER:
            return FileState.QUARANTINED, "EMPTY_FILE: the object has no bytes; ask the sender for the file and drop it again"
        return (FileState.REGISTERED if where.kind is Kind.PART else FileState.PENDING), ""


@dataclass(frozen=True, slots=True)
class Ingested:
    """What became of all arrivals, and the datasets that could not be woken."""

    outcomes: tuple[Outcome, ...]
    asleep: Mapping[str, TidegateError]

    def error_of(self, arrivals: Sequence[Arrival], wake: str = "") -> TidegateError | None:
        """Return why a message with these arrivals, or for this dataset, has to come again; None when it is done with."""
        wanted = set(arrivals)
        datasets = {route(a.key).dataset for a in arrivals} | {wake}
        failed = [o.error for o in self.outcomes if o.error and o.arrival in wanted]
        return next(iter([*failed, *(error for dataset, error in self.asleep.items() if dataset in datasets)]), None)


def ingest(arrivals: Sequence[Arrival], woken: Sequence[str], register: Register) -> Ingested:
    """Register each arrival once and wake each dataset once, also those in `woken`. One arrival's failure leaves the others alone.

    An arrival without a sequencer has no place among the versions of its key, so the bucket is asked for it.
    """
    outcomes = [outcome for arrival in arrivals for outcome in _registered(arrival, register)]
    asleep: dict[str, TidegateError] = {}
    for dataset, again in (_to_wake(outcomes, register.waker.ledger) | dict.fromkeys(woken, False)).items():
        try:
            window = 0 if dataset in woken else register.window_of(dataset)
            register.waker.wake(dataset, window=window, restart=again)
        except TidegateError as error:
            asleep[dataset] = error
    return Ingested(tuple(outcomes), asleep)


def _registered(arrival: Arrival, register: Register) -> list[Outcome]:
    return [register(arrival)] if arrival.sequencer else find(arrival, register)


def find(arrival: Arrival, register: Register) -> list[Outcome]:
    """Register every version of the arrival's key that is newer than what the ledger knows, oldest first.

    A newer one must not be known before an older one: the event of the older would look like news. So the first that cannot be
    registered ends it, and where somebody else was faster it begins anew.
    """
    outcomes: list[Outcome] = []
    for _ in range(_TRIES):
        try:
            found = unannounced(arrival.bucket, arrival.key, ledger=register.waker.ledger, landing=register.landing)
        except TidegateError as error:
            return [*outcomes, Outcome(arrival, error=error)]
        for version in found:
            outcomes.append(register(version))
            if outcomes[-1].error:
                return [*outcomes, Outcome(arrival, error=outcomes[-1].error)]
            if outcomes[-1].registration is Registration.MOVED:
                break
        else:
            return outcomes
    return [*outcomes, Outcome(arrival, error=Throttled(f"{arrival.key} gets new versions faster than they can be registered"))]


def _to_wake(outcomes: Sequence[Outcome], ledger: Ledger) -> dict[str, bool]:
    """Datasets with something to do; True where a message came again, whose first delivery may have died before the start."""
    datasets: dict[str, bool] = {}
    parts: set[str] = set()
    for outcome in outcomes:
        if outcome.error is None and outcome.state in _WAITS and outcome.registration in _HEARD:
            dataset = route(outcome.arrival.key).dataset
            if outcome.state is FileState.REGISTERED:
                parts.add(dataset)
                continue
            datasets[dataset] = datasets.get(dataset, False) or outcome.registration is Registration.DUPLICATE
    # A part is of use to a marker that waits for it, and to nobody else.
    return datasets | {dataset: False for dataset in parts - datasets.keys() if ledger.queue(dataset, 1)}
