"""Claim: choose the next batch of a dataset, or give the lease back when there is none."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from tidegate.contracts.contract import Contract, LoadMode
from tidegate.contracts.publish import load_current
from tidegate.errors import LeaseLost, NotFound
from tidegate.model.arrivals import Kind, Route, load_prefix, route
from tidegate.model.files import FileRecord, Versions
from tidegate.model.runs import DatasetState, Epoch, Lease, Manifest, ManifestFile, RunRecord, RunState, run_id_of, timestamp
from tidegate.ports import Clock, Ledger, Objects
from tidegate.usecases.conclude import conclude
from tidegate.usecases.wake import Waker

_TRIES = 6
_MICROSECONDS = 1_000_000
#: Runs that may fail in a row before files are no longer tried in smaller and smaller batches: then it is not a file that is bad.
PATIENCE = 20


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one run may take: files and bytes. One file is taken whatever its size.

    After `runs` runs an execution hands over to a fresh one: Step Functions allows 25,000 events, and a run makes about 30. `window`
    is how many seconds an idle dataset waits for more files, where its contract does not say.
    """

    files: int
    bytes: int
    runs: int = 200
    window: int = 0


@dataclass(frozen=True, slots=True)
class Claimed:
    """The open run of a lease; no manifest when nothing is left and the lease was given back."""

    dataset: str
    token: int
    run_id: str = ""
    manifest: Manifest | None = None
    manifest_key: str = ""


@dataclass(frozen=True, slots=True)
class Desk:
    """What claiming needs: the ledger by way of its waker, the two buckets and the limits."""

    waker: Waker
    landing: Objects
    lake: Objects
    limits: Limits

    @property
    def ledger(self) -> Ledger:
        """The ledger."""
        return self.waker.ledger

    @property
    def clock(self) -> Clock:
        """The clock."""
        return self.waker.clock


def claim(dataset: str, token: int, desk: Desk) -> Claimed:
    """Open the next run of the lease, or return the one that is open: calling it again is safe at every point."""
    for _ in range(_TRIES):
        lease = _renewed(dataset, token, desk)
        if lease is None:
            break
        try:
            if open_run := _open_run(lease, desk):
                return open_run
            if lease.run_id or lease.stale_run_id:
                continue  # it was concluded just now: read the lease anew
            full = lease.batch >= desk.limits.runs
            claimed = None if full else _open_next(lease, desk)
        except LeaseLost:
            continue  # to another run, or an overlapping try of this step opened ours: the lease tells which
        if claimed:
            return claimed
        if desk.ledger.release(dataset, token):
            break  # otherwise an overlapping try opened a run, or the lease is gone
    else:
        raise LeaseLost(f"{dataset}: files moved outside their run, again and again")
    look_again(dataset, desk)
    return Claimed(dataset, token)


def look_again(dataset: str, desk: Desk) -> None:
    """Wake the dataset if a run would find something to do now.

    A file that arrived before the release found the lease held and left it to that run. Without the lease, an earlier try of this
    step gave it back and died: the same look finishes its work.
    """
    wait = seconds_until_ready(dataset, desk)
    if wait is not None:
        desk.waker.wake(dataset, window=wait, restart=True)


def seconds_until_ready(dataset: str, desk: Desk) -> int | None:
    """Say when a run would find something to do: 0 is now, None not until more arrives. Asked without the lease: nothing is changed."""
    waiting = _look(dataset, desk.ledger, desk.limits)
    if waiting.overtaken:
        return 0
    if not waiting.files:
        return None
    contract, _ = load_current(dataset, desk.lake)
    waiting, batch = _choose(waiting, contract, Lease(dataset), desk)
    if waiting.overtaken:
        return 0
    return None if batch is None else _window_left(batch, contract, desk)


def _open_run(lease: Lease, desk: Desk) -> Claimed | None:
    """Return the run that is open under the lease. One that has ended, or that the lease was taken over from, is concluded."""
    named = lease.run_id or lease.stale_run_id
    run = desk.ledger.run(named) if named else None
    if run is None:
        return None
    manifest = read_manifest(run.manifest_key, desk.lake)
    if lease.run_id and run.state is RunState.RUNNING:
        return Claimed(lease.dataset, lease.token, run.run_id, manifest, run.manifest_key)
    if run.state is RunState.RUNNING:
        aborted = replace(
            run, state=RunState.ABORTED, error="its lease expired and was taken over", ended_at=timestamp(desk.clock())
        )
        run = desk.ledger.end_run(lease.token, aborted)
    conclude(run, lease.token, manifest, ledger=desk.ledger, objects=desk.lake)
    return None


def read_manifest(key: str, lake: Objects) -> Manifest:
    """Read a run's manifest; raise NotFound when it is not there."""
    body = lake.get(key)
    if body is None:
        raise NotFound(f"the manifest {key} is not in the lake bucket")
    fields = json.loads(body)
    files = tuple(ManifestFile(**f) for f in fields.pop("files"))
    epochs = {name: Epoch(**fields[name]) for name in ("epoch", "epoch_before")}
    return Manifest(**{**fields, **epochs, "files": files})


def _renewed(dataset: str, token: int, desk: Desk) -> Lease | None:
    """Extend the lease and read it; None when it is not ours, or was lost between the two."""
    if not desk.ledger.hold(dataset, token, desk.clock() + desk.waker.lease_us):
        return None
    lease = desk.ledger.lease(dataset)
    return lease if lease.token == token else None


def _open_next(lease: Lease, desk: Desk) -> Claimed | None:
    ledger = desk.ledger
    waiting = _look(lease.dataset, ledger, desk.limits)
    if not waiting.files and not waiting.overtaken and not lease.unclean:
        return None
    contract, contract_key = load_current(lease.dataset, desk.lake)
    waiting, batch = _choose(waiting, contract, lease, desk)
    while waiting.overtaken:  # they leave the queue, and others come into view
        ledger.supersede(waiting.overtaken, lease)
        waiting, batch = _choose(_look(lease.dataset, ledger, desk.limits), contract, lease, desk)
    if batch is None or (lease.batch and not lease.unclean and _window_left(batch, contract, desk)):
        if not lease.unclean:
            return None
        batch = _Batch((), {})  # nothing waits, but the tables have to be put right
    ledger.supersede(batch.overtaken, lease)
    manifest = _manifest(lease, batch, ledger.state(lease.dataset), contract, contract_key)
    ledger.claim(lease, batch.files, manifest.run_id)
    body = json.dumps(asdict(manifest), sort_keys=True).encode()
    # Two tries of this step may overlap and choose different files: the digest keeps either from changing the other's manifest.
    key = f"runs/{lease.dataset}/{manifest.run_id}/manifest-{hashlib.sha256(body).hexdigest()[:12]}.json"
    desk.lake.put(key, body)
    run = RunRecord(
        run_id=manifest.run_id,
        dataset=lease.dataset,
        token=lease.token,
        state=RunState.RUNNING,
        files=len(manifest.files),
        bytes=manifest.bytes,
        contract_version=contract.version,
        manifest_key=key,
        started_at=timestamp(desk.clock()),
    )
    ledger.open_run(lease, run)
    return Claimed(lease.dataset, lease.token, run.run_id, manifest, key)


def _window_left(batch: "_Batch", contract: Contract, desk: Desk) -> int:
    """Return the seconds for which a batch of deltas that is not full waits for more, counted from its oldest file."""
    window = desk.limits.window if contract.batch_window is None else contract.batch_window
    full = len(batch.files) >= desk.limits.files or sum(f.size for f in batch.files) >= desk.limits.bytes
    if not window or batch.full or full or any(f.failures or f.most for f in batch.files):
        return 0
    until = min(f.queued for f in batch.files) + window * _MICROSECONDS
    return max(0, -((desk.clock() - until) // _MICROSECONDS))


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A stretch of a queue: the newest versions of their keys, and those that were overtaken; `rest`: where more files may wait."""

    files: tuple[FileRecord, ...]
    overtaken: tuple[FileRecord, ...]
    versions: Mapping[str, Versions]
    rest: str = ""


def _look(dataset: str, ledger: Ledger, limits: Limits, after: str = "") -> _Waiting:
    queue = ledger.queue(dataset, limits.files, after)
    versions = ledger.versions({f.object_id for f in queue})
    newest = {v.newest_file_id for v in versions.values()}
    current = tuple(f for f in queue if f.file_id in newest)
    rest = queue[-1].arrival if len(queue) == limits.files else ""
    return _Waiting(current, tuple(f for f in queue if f.file_id not in newest), versions, rest)


def _choose(waiting: _Waiting, contract: Contract, lease: Lease, desk: Desk) -> tuple[_Waiting, "_Batch | None"]:
    """Look past full loads that wait for their parts, however many there are; stop where files were overtaken."""
    batch = None if waiting.overtaken else _next_batch(waiting, contract, lease, desk)
    while batch is None and not waiting.overtaken and waiting.rest:
        waiting = _look(lease.dataset, desk.ledger, desk.limits, waiting.rest)
        batch = None if waiting.overtaken else _next_batch(waiting, contract, lease, desk)
    return waiting, batch


@dataclass(frozen=True, slots=True)
class _Batch:
    files: tuple[FileRecord, ...]
    versions: Mapping[str, Versions]
    full: str = ""  # the identity of the full load, when the batch is one
    overtaken: tuple[FileRecord, ...] = ()  # older versions of its parts


def _next_batch(waiting: _Waiting, contract: Contract, lease: Lease, desk: Desk) -> _Batch | None:
    """Take the oldest ready full load alone, or the deltas that arrived before it."""
    deltas: list[FileRecord] = []
    most = desk.limits.files
    for file in waiting.files:
        if file.kind is Kind.DELTA and contract.load_mode is not LoadMode.REPLACE:
            bound = file.most if file.most and lease.failures < PATIENCE else desk.limits.files
            too_many = len(deltas) + 1 > min(most, bound)
            if deltas and (too_many or sum(f.size for f in deltas) + file.size > desk.limits.bytes):
                break
            most = min(most, bound)
            deltas.append(file)
        elif deltas:
            break
        elif full := _full_load(file, desk):
            return full
    return _Batch(tuple(deltas), waiting.versions) if deltas else None


def _full_load(file: FileRecord, desk: Desk) -> _Batch | None:
    """Gather a full load; None while a part that is in the bucket has not been registered, which is then said on the marker."""
    if file.kind is not Kind.MARKER:
        return _Batch((file,), desk.ledger.versions([file.object_id]), full=file.file_id)
    known = desk.ledger.parts(file.dataset, file.load_id)
    versions = desk.ledger.versions({f.object_id for f in known} | {file.object_id})
    parts = [f for f in known if versions[f.object_id].newest_file_id == f.file_id]
    mine = Route(Kind.PART, file.dataset, file.load_id)  # a load may have another one nested below it
    listed = desk.landing.versions(load_prefix(file.dataset, file.load_id))
    there = {(v.key, v.version_id): v for v in listed if v.latest and not v.deleted and route(v.key) == mine}
    missing = sorted(there.keys() - {(f.key, f.version_id) for f in parts})
    if missing:
        empty = [key for key, version in missing if not there[key, version].size]
        reason = f"waits for {len(missing)} part(s) that the bucket lists and no event announced yet, {missing[0][0]} first"
        if empty:
            reason = f"waits: {empty[0]} has no bytes; drop that part again, or delete it"
        if file.reason != reason:
            desk.ledger.explain(file.file_id, reason)
        return None
    overtaken = tuple(f for f in known if versions[f.object_id].newest_file_id != f.file_id and not f.loaded_by)
    return _Batch((*sorted(parts, key=lambda f: f.arrival), file), versions, f"{file.dataset}/{file.load_id}", overtaken)


def _manifest(lease: Lease, batch: _Batch, state: DatasetState, contract: Contract, contract_key: str) -> Manifest:
    start = min((f.arrival for f in batch.files), default="")
    changes = bool(batch.full) and start >= state.epoch.start  # an older full load that is replayed does not become current again
    return Manifest(
        dataset=lease.dataset,
        token=lease.token,
        run_id=run_id_of(lease.dataset, lease.token, lease.batch + 1),
        contract_key=contract_key,
        contract_version=contract.version,
        epoch=Epoch(batch.full, start) if changes else state.epoch,
        epoch_before=state.epoch,
        files=tuple(_manifest_file(f, batch) for f in batch.files),
        recovers=lease.unclean,
        forced=bool(batch.files) and all(f.forced for f in batch.files),
        attempts=contract.attempts,
        failures=max((f.failures for f in batch.files), default=0),
    )


def _manifest_file(file: FileRecord, batch: _Batch) -> ManifestFile:
    # A zombie may have committed an earlier claim of this file or an earlier version of its key: then its rows must leave first.
    replaces = file.attempts > 0 or batch.versions[file.object_id].count > 1
    return ManifestFile(
        file_id=file.file_id,
        object_id=file.object_id,
        bucket=file.bucket,
        key=file.key,
        version_id=file.version_id,
        size=file.size,
        arrival=file.arrival,
        load=batch.full,
        replaces=replaces,
        marker=file.kind is Kind.MARKER,
        loaded=bool(file.loaded_by),
    )
