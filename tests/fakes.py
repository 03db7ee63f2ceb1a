"""The outside, in memory: a ledger, a state machine, buckets and a clock that obey the same contracts as the real ones."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tidegate.errors import LeaseLost, NotFound
from tidegate.model.arrivals import Arrival, Kind, Route
from tidegate.model.files import MOVES, FileRecord, FileState, Versions, sources_of
from tidegate.model.runs import DatasetState, Lease, Receipt, RunRecord, RunState, timestamp
from tidegate.ports import Registration

SECOND = 1_000_000
Interruptions = Mapping[str, Callable[[], object]]  # by the name of a method


class ManualClock:
    """Time that moves when it is told to, and by one microsecond at every look: no two arrivals share a time."""

    def __init__(self, now: int = 1_700_000_000 * SECOND) -> None:
        self.now = now

    def __call__(self) -> int:
        self.now += 1
        return self.now

    def pass_seconds(self, seconds: float) -> None:
        self.now += int(seconds * SECOND)


class FakeWorkflow:
    """Executions by name: starting one that exists is success and starts nothing."""

    def __init__(self) -> None:
        self.started: list[tuple[str, int]] = []

    def start(self, dataset: str, token: int) -> None:
        if (dataset, token) not in self.started:
            self.started.append((dataset, token))


class FakeObjects:
    """A versioned bucket."""

    def __init__(self) -> None:
        self.bodies: dict[str, bytes] = {}
        self.versions: dict[tuple[str, str], bytes] = {}

    def get(self, key: str) -> bytes | None:
        return self.bodies.get(key)

    def put(self, key: str, body: bytes, version_id: str = "") -> None:
        self.bodies[key] = body
        self.versions[key, version_id] = body

    def delete(self, key: str) -> None:
        """What a delete marker does: the key is gone, its versions stay."""
        del self.bodies[key]

    def list(self, prefix: str) -> Iterator[str]:
        return iter(sorted(key for key in self.bodies if key.startswith(prefix)))

    def download(self, key: str, version_id: str, path: Path) -> None:
        if (key, version_id) not in self.versions:
            raise NotFound(f"GetObject: {key}")
        path.write_bytes(self.versions[key, version_id])


@dataclass(slots=True)
class _Object:
    newest: str
    newest_file_id: str
    count: int = 1
    file_ids: set[str] = field(default_factory=set)


class FakeLedger:
    """The ledger in dictionaries. Each method is atomic; a refused one changes nothing."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._files: dict[str, FileRecord] = {}
        self._objects: dict[str, _Object] = {}
        self._queues: dict[str, dict[str, str]] = {}  # dataset -> arrival -> file id
        self._parts: dict[tuple[str, str], set[str]] = {}
        self._leases: dict[str, Lease] = {}
        self._states: dict[str, DatasetState] = {}
        self._runs: dict[str, RunRecord] = {}

    # Arrivals

    def register(self, arrival: Arrival, route: Route, state: FileState, reason: str) -> Registration:
        if route.dataset:
            self._leases.setdefault(route.dataset, Lease(route.dataset))
        if arrival.file_id in self._files:
            return Registration.DUPLICATE
        known = self._objects.get(arrival.object_id)
        late = known is not None and known.newest > arrival.order
        record = FileRecord(
            file_id=arrival.file_id,
            object_id=arrival.object_id,
            dataset=route.dataset,
            bucket=arrival.bucket,
            key=arrival.key,
            version_id=arrival.version_id,
            order=arrival.order,
            size=arrival.size,
            kind=route.kind,
            load_id=route.load_id,
            arrival=f"{self._clock():016d}-{arrival.file_id[:8]}",
            state=FileState.SUPERSEDED if late else state,
            reason="a newer version of this key was registered first" if late else reason,
        )
        self._files[record.file_id] = record
        if late:
            return Registration.SUPERSEDED
        if known is None:
            known = self._objects[arrival.object_id] = _Object(record.order, record.file_id, 0)
        known.newest, known.newest_file_id, known.count = record.order, record.file_id, known.count + 1
        known.file_ids.add(record.file_id)
        self._enlist(record)
        return Registration.NEW

    def _enlist(self, record: FileRecord) -> None:
        if record.state is FileState.PENDING:
            self._queues.setdefault(record.dataset, {})[record.arrival] = record.file_id
        elif record.state is FileState.REGISTERED:
            self._parts.setdefault((record.dataset, record.load_id), set()).add(record.file_id)

    # The lease

    def lease(self, dataset: str) -> Lease:
        return self._leases.get(dataset, Lease(dataset))

    def take(self, seen: Lease, now: int, until: int) -> Lease | None:
        lease = self.lease(seen.dataset)
        if (lease.token, lease.run_id) != (seen.token, seen.run_id) or not lease.is_free(now):
            return None
        stale = seen.run_id or seen.stale_run_id
        taken = Lease(seen.dataset, seen.token + 1, held=True, expires_at=until, stale_run_id=stale)
        self._leases[seen.dataset] = taken
        return taken

    def hold(self, dataset: str, token: int, until: int) -> bool:
        return self._change_lease(dataset, token, expires_at=until)

    def release(self, dataset: str, token: int) -> bool:
        return self._change_lease(dataset, token, held=False, run_id="", manifest_key="", stale_run_id="")

    def _change_lease(self, dataset: str, token: int, **changes: Any) -> bool:
        if mine := self._is_mine(dataset, token):
            self._leases[dataset] = replace(self._leases[dataset], **changes)
        return mine

    def _is_mine(self, dataset: str, token: int) -> bool:
        lease = self.lease(dataset)
        return lease.held and lease.token == token

    # Reading

    def queue(self, dataset: str, limit: int) -> Sequence[FileRecord]:
        return [self._files[file_id] for _, file_id in sorted(self._queues.get(dataset, {}).items())[:limit]]

    def parts(self, dataset: str, load_id: str) -> Sequence[FileRecord]:
        found = [self._files[i] for i in sorted(self._parts.get((dataset, load_id), ()))]
        return [f for f in found if f.state is not FileState.SUPERSEDED]

    def versions(self, object_ids: Iterable[str]) -> Mapping[str, Versions]:
        found = {i: self._objects[i] for i in object_ids if i in self._objects}
        return {i: Versions(i, o.newest_file_id, o.count, frozenset(o.file_ids)) for i, o in found.items()}

    def files(self, file_ids: Iterable[str]) -> Mapping[str, FileRecord]:
        return {i: self._files[i] for i in file_ids if i in self._files}

    def state(self, dataset: str) -> DatasetState:
        return self._states.get(dataset, DatasetState(dataset))

    def run(self, run_id: str) -> RunRecord | None:
        return self._runs.get(run_id)

    def datasets(self) -> Iterator[Lease]:
        return iter([self._leases[dataset] for dataset in sorted(self._leases)])

    def list_files(self, dataset: str, since: str = "", until: str = "~") -> Iterator[FileRecord]:
        found = [f for f in self._files.values() if f.dataset == dataset and since <= f.arrival <= until]
        return iter(sorted(found, key=lambda f: f.arrival))

    def list_runs(self, dataset: str, state: RunState | None = None) -> Iterator[RunRecord]:
        found = [r for _, r in sorted(self._runs.items()) if r.dataset == dataset]
        return (r for r in found if state is None or r.state is state)

    # Runs

    def claim(self, lease: Lease, files: Sequence[FileRecord], run_id: str) -> None:
        known = [self._files[f.file_id] for f in files]
        if not self._is_mine(lease.dataset, lease.token):
            raise LeaseLost(f"{lease.dataset}: token {lease.token} is not the lease's")
        if any(f.state not in sources_of(FileState.CLAIMED) for f in known):
            raise LeaseLost(f"{lease.dataset}: a file moved outside its run")
        for f in known:
            self._change(f.file_id, state=FileState.CLAIMED, attempts=f.attempts + 1, run_id=run_id, reason="")

    def open_run(self, lease: Lease, run: RunRecord) -> None:
        now = self.lease(lease.dataset)
        if not self._is_mine(lease.dataset, lease.token) or now.run_id or now.batch != lease.batch:
            raise LeaseLost(f"{run.run_id}: the lease was taken, or another try opened the run")
        self._change_lease(
            lease.dataset,
            lease.token,
            run_id=run.run_id,
            manifest_key=run.manifest_key,
            batch=lease.batch + 1,
            stale_run_id="",
        )
        self._runs[run.run_id] = run

    def supersede(self, files: Sequence[FileRecord]) -> None:
        for f in files:
            self._make_history(self._files[f.file_id], "a newer version of this key arrived")

    def settle(self, run: RunRecord, receipts: Sequence[Receipt], state: DatasetState) -> None:
        if self._is_ended(run):
            return
        for receipt in receipts:
            if self._files[receipt.file_id].state is FileState.CLAIMED:
                names = ("state", "rows_read", "rows_accepted", "rows_quarantined", "contract_version", "reason")
                self._rest(receipt.file_id, **{name: getattr(receipt, name) for name in names})
        for receipt in receipts:
            if receipt.state is FileState.LOADED:
                self._supersede_older(self._files[receipt.file_id])
        self._states[run.dataset] = state
        self._close(run)

    def fail(self, dataset: str, token: int, run_id: str, files: Sequence[str], reason: str) -> None:
        run = self.run(run_id)
        if run is None or self._is_ended(replace(run, dataset=dataset, token=token, state=RunState.FAILED)):
            return
        for file_id in files:
            if self._files[file_id].state is FileState.CLAIMED:
                self._rest(file_id, state=FileState.FAILED, reason=reason)
        self._close(self._ended(run, RunState.FAILED, reason))

    def requeue(self, record: FileRecord) -> bool:
        to = FileState.REGISTERED if record.kind is Kind.PART else FileState.PENDING
        if self._files[record.file_id].state is not record.state or to not in MOVES[record.state]:
            return False
        self._change(record.file_id, state=to, reason="")
        self._enlist(self._files[record.file_id])
        return True

    def abandon(self, run_id: str) -> None:
        run = self.run(run_id)
        if run is not None and run.state is RunState.RUNNING:
            self._runs[run_id] = self._ended(run, RunState.ABORTED, "its lease expired and was taken over")

    def _ended(self, run: RunRecord, state: RunState, error: str) -> RunRecord:
        return replace(run, state=state, error=error, ended_at=timestamp(self._clock()))

    def _is_ended(self, run: RunRecord) -> bool:
        """Whether the run has the end that is asked for; raise LeaseLost when it is neither that nor open under its lease."""
        if self._is_mine(run.dataset, run.token) and self.lease(run.dataset).run_id == run.run_id:
            return False
        known = self.run(run.run_id)
        if known is not None and known.state is run.state:
            return True
        raise LeaseLost(f"{run.run_id}: the lease is not this run's")

    def _close(self, run: RunRecord) -> None:
        self._change_lease(run.dataset, run.token, run_id="", manifest_key="")
        self._runs[run.run_id] = run

    def _supersede_older(self, loaded: FileRecord) -> None:
        known = self._objects[loaded.object_id]
        older = [self._files[i] for i in known.file_ids - {loaded.file_id, known.newest_file_id}]
        for f in older:
            if f.order <= loaded.order:
                self._make_history(f, f"replaced by version {loaded.version_id}")

    def _make_history(self, record: FileRecord, reason: str) -> None:
        if record.state in sources_of(FileState.SUPERSEDED):
            self._rest(record.file_id, state=FileState.SUPERSEDED, reason=reason)
            self._objects[record.object_id].file_ids.discard(record.file_id)

    def _rest(self, file_id: str, **changes: Any) -> None:
        self._change(file_id, **changes)
        record = self._files[file_id]
        self._queues.get(record.dataset, {}).pop(record.arrival, None)

    def _change(self, file_id: str, **changes: Any) -> None:
        self._files[file_id] = replace(self._files[file_id], **changes)


class Interrupted:
    """A port to which something happens once, just before or after one of its methods: a fault, a crash, another process."""

    def __init__(self, port: object, before: Interruptions | None = None, after: Interruptions | None = None) -> None:
        self._port, self._before, self._after = port, dict(before or {}), dict(after or {})

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)

        def interrupted(*args: object, **kwargs: object) -> object:
            self._before.pop(name, _nothing)()
            result = method(*args, **kwargs)
            self._after.pop(name, _nothing)()
            return result

        return interrupted


def raising(error: BaseException) -> Callable[[], None]:
    """Return an interruption that raises."""

    def interrupt() -> None:
        raise error

    return interrupt


class Crash(BaseException):
    """The process was killed: nothing catches it."""


def _nothing() -> None:
    """Nothing happens."""
