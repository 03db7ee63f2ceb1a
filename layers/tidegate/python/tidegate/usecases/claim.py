"""Claim: choose the next batch of a dataset, or give the lease back when there is none."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from tidegate.contracts.contract import Contract, LoadMode
from tidegate.contracts.publish import load_current
from tidegate.errors import LeaseLost, NotFound
from tidegate.model.arrivals import Kind, Route, load_prefix, route
from tidegate.model.files import FileRecord, Versions
from tidegate.model.runs import DatasetState, Epoch, Lease, Manifest, ManifestFile, RunRecord, RunState, run_id_of, timestamp
from tidegate.ports import Clock, Ledger, Objects, Workflow
from tidegate.usecases.wake import wake

_TRIES = 3


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one run may take: files and bytes. One file is taken whatever its size.

    After `runs` runs an execution hands over to a fresh one: Step Functions allows 25,000 events, and a run makes about 30.
    """

    files: int
    bytes: int
    runs: int = 200


@dataclass(frozen=True, slots=True)
class Claimed:
    """The open run of a lease; no manifest when nothing is left and the lease was given back."""

    dataset: str
    token: int
    run_id: str = ""
    manifest: Manifest | None = None
    manifest_key: str = ""


def claim(
    dataset: str,
    token: int,
    *,
    ledger: Ledger,
    workflow: Workflow,
    landing: Objects,
    lake: Objects,
    clock: Clock,
    lease_us: int,
    limits: Limits,
) -> Claimed:
    """Open the next run of the lease, or return the one that is open: calling it again is safe at every point."""
    for _ in range(_TRIES):
        lease = _renewed(dataset, token, ledger, clock() + lease_us)
        if lease is None:
            break
        if lease.run_id:
            return Claimed(dataset, token, lease.run_id, read_manifest(lease.manifest_key, lake), lease.manifest_key)
        if lease.stale_run_id:
            ledger.abandon(lease.stale_run_id)
        try:
            full = lease.batch >= limits.runs
            claimed = None if full else _open_next(lease, ledger, landing, lake, clock, limits)
        except LeaseLost:
            continue  # to another run, or an overlapping try of this step opened ours: the lease tells which
        if claimed:
            return claimed
        ledger.release(dataset, token)
        break
    else:
        raise LeaseLost(f"{dataset}: files moved outside their run, again and again")
    # A file that arrived before the release found the lease held and left it to this run, so look again. Without the lease, an
    # earlier try of this step gave it back and died: the same look finishes its work.
    if ledger.queue(dataset, 1) and _ready(dataset, ledger, landing, lake, limits):
        wake(dataset, ledger=ledger, workflow=workflow, clock=clock, lease_us=lease_us, restart=True)
    return Claimed(dataset, token)


def read_manifest(key: str, lake: Objects) -> Manifest:
    """Read a run's manifest; raise NotFound when it is not there."""
    body = lake.get(key)
    if body is None:
        raise NotFound(f"the manifest {key} is not in the lake bucket")
    fields = json.loads(body)
    files = tuple(ManifestFile(**f) for f in fields.pop("files"))
    return Manifest(**{**fields, "epoch": Epoch(**fields["epoch"]), "files": files})


def _renewed(dataset: str, token: int, ledger: Ledger, until: int) -> Lease | None:
    """Extend the lease and read it; None when it is not ours, or was lost between the two."""
    if not ledger.hold(dataset, token, until):
        return None
    lease = ledger.lease(dataset)
    return lease if lease.token == token else None


def _open_next(lease: Lease, ledger: Ledger, landing: Objects, lake: Objects, clock: Clock, limits: Limits) -> Claimed | None:
    waiting = _look(lease.dataset, ledger, limits)
    while waiting.overtaken:  # they leave the queue, and others come into view
        ledger.supersede(waiting.overtaken)
        waiting = _look(lease.dataset, ledger, limits)
    if not waiting.files:
        return None
    contract, contract_key = load_current(lease.dataset, lake)
    batch = _next_batch(waiting, contract, ledger, landing, limits)
    if batch is None:
        return None
    manifest = _manifest(lease, batch, ledger.state(lease.dataset), contract, contract_key)
    ledger.claim(lease, batch.files, manifest.run_id)
    body = json.dumps(asdict(manifest), sort_keys=True).encode()
    # Two tries of this step may overlap and choose different files: the digest keeps either from changing the other's manifest.
    key = f"runs/{lease.dataset}/{manifest.run_id}/manifest-{hashlib.sha256(body).hexdigest()[:12]}.json"
    lake.put(key, body)
    run = RunRecord(
        run_id=manifest.run_id,
        dataset=lease.dataset,
        token=lease.token,
        state=RunState.RUNNING,
        files=len(manifest.files),
        bytes=manifest.bytes,
        contract_version=contract.version,
        manifest_key=key,
        started_at=timestamp(clock()),
    )
    ledger.open_run(lease, run)
    return Claimed(lease.dataset, lease.token, run.run_id, manifest, key)


def _ready(dataset: str, ledger: Ledger, landing: Objects, lake: Objects, limits: Limits) -> bool:
    """Whether a run would find something to do. It is asked without the lease, so nothing is changed here."""
    waiting = _look(dataset, ledger, limits)
    if waiting.overtaken:
        return True
    contract, _ = load_current(dataset, lake)
    return _next_batch(waiting, contract, ledger, landing, limits) is not None


@dataclass(frozen=True, slots=True)
class _Waiting:
    """The oldest files of a queue: the newest versions of their keys, and those that were overtaken."""

    files: tuple[FileRecord, ...]
    overtaken: tuple[FileRecord, ...]
    versions: Mapping[str, Versions]


def _look(dataset: str, ledger: Ledger, limits: Limits) -> _Waiting:
    queue = ledger.queue(dataset, limits.files)
    versions = ledger.versions({f.object_id for f in queue})
    newest = {v.newest_file_id for v in versions.values()}
    current = tuple(f for f in queue if f.file_id in newest)
    return _Waiting(current, tuple(f for f in queue if f.file_id not in newest), versions)


@dataclass(frozen=True, slots=True)
class _Batch:
    files: tuple[FileRecord, ...]
    versions: Mapping[str, Versions]
    full: str = ""  # the identity of the full load, when the batch is one


def _next_batch(waiting: _Waiting, contract: Contract, ledger: Ledger, landing: Objects, limits: Limits) -> _Batch | None:
    """Take the oldest ready full load alone, or the deltas that arrived before it."""
    deltas: list[FileRecord] = []
    for file in waiting.files:
        if file.kind is Kind.DELTA and contract.load_mode is not LoadMode.REPLACE:
            if deltas and sum(f.size for f in deltas) + file.size > limits.bytes:
                break
            deltas.append(file)
        elif deltas:
            break
        elif full := _full_load(file, ledger, landing):
            return full
    return _Batch(tuple(deltas), waiting.versions) if deltas else None


def _full_load(file: FileRecord, ledger: Ledger, landing: Objects) -> _Batch | None:
    """Gather a full load; None while a part that is in the bucket has not been registered."""
    if file.kind is not Kind.MARKER:
        return _Batch((file,), ledger.versions([file.object_id]), full=file.file_id)
    known = ledger.parts(file.dataset, file.load_id)
    versions = ledger.versions({f.object_id for f in known} | {file.object_id})
    parts = [f for f in known if versions[f.object_id].newest_file_id == f.file_id]
    mine = Route(Kind.PART, file.dataset, file.load_id)  # a load may have another one nested below it
    there = {key for key in landing.list(load_prefix(file.dataset, file.load_id)) if route(key) == mine}
    if not there <= {f.key for f in parts}:
        return None
    return _Batch((*sorted(parts, key=lambda f: f.arrival), file), versions, full=f"{file.dataset}/{file.load_id}")


def _manifest(lease: Lease, batch: _Batch, state: DatasetState, contract: Contract, contract_key: str) -> Manifest:
    start = min(f.arrival for f in batch.files)
    changes = bool(batch.full) and start >= state.epoch.start  # an older full load that is replayed does not become current again
    return Manifest(
        dataset=lease.dataset,
        token=lease.token,
        run_id=run_id_of(lease.dataset, lease.token, lease.batch + 1),
        contract_key=contract_key,
        contract_version=contract.version,
        epoch=Epoch(batch.full, start) if changes else state.epoch,
        epoch_changes=changes,
        files=tuple(_manifest_file(f, batch) for f in batch.files),
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
    )
