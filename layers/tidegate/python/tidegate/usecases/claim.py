"""Claim: choose the next batch of a dataset, or give the lease back when there is none."""

import hashlib
import json
from dataclasses import asdict, dataclass, replace

from tidegate.contracts.contract import Contract
from tidegate.contracts.publish import load_current
from tidegate.errors import LeaseLost, NotFound
from tidegate.model.arrivals import Kind
from tidegate.model.files import FileRecord
from tidegate.model.run_names import run_id_of
from tidegate.model.runs import DatasetState, Epoch, Lease, Manifest, ManifestFile, RunRecord, RunState, timestamp
from tidegate.ports import Objects
from tidegate.usecases.batch import Batch, Desk, choose, look, window_left
from tidegate.usecases.conclude import conclude
from tidegate.usecases.routing import route

_TRIES = 6


@dataclass(frozen=True, slots=True)
class Claimed:
    """The open run of a lease; no manifest and no run when nothing is left and the lease was given back."""

    dataset: str
    token: int
    run_id: str = ""
    manifest: Manifest | None = None
    run: RunRecord | None = None

    @property
    def manifest_key(self) -> str:
        """Where the manifest is kept; empty without a run."""
        return self.run.manifest_key if self.run else ""


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
    waiting = look(dataset, desk.ledger, desk.limits)
    if waiting.overtaken:
        return 0
    if not waiting.files:
        return None
    contract, _ = load_current(dataset, desk.lake)
    waiting, batch = choose(waiting, contract, Lease(dataset), desk)
    if waiting.overtaken:
        return 0
    return None if batch is None else window_left(batch, contract, desk)


def _open_run(lease: Lease, desk: Desk) -> Claimed | None:
    """Return the run that is open under the lease. One that has ended, or that the lease was taken over from, is concluded."""
    named = lease.run_id or lease.stale_run_id
    run = desk.ledger.run(named) if named else None
    if run is None:
        return None
    manifest = read_manifest(run.manifest_key, desk.lake)
    if lease.run_id and run.state is RunState.RUNNING:
        return Claimed(lease.dataset, lease.token, run.run_id, manifest, run)
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
    waiting = look(lease.dataset, ledger, desk.limits)
    if not waiting.files and not waiting.overtaken and not lease.unclean:
        return None
    contract, contract_key = load_current(lease.dataset, desk.lake)
    waiting, batch = choose(waiting, contract, lease, desk)
    while waiting.overtaken:  # they leave the queue, and others come into view
        ledger.supersede(waiting.overtaken, lease)
        waiting, batch = choose(look(lease.dataset, ledger, desk.limits), contract, lease, desk)
    if batch is None or (lease.batch and not lease.unclean and window_left(batch, contract, desk)):
        if not lease.unclean:
            return None
        batch = Batch((), {})  # nothing waits, but the tables have to be put right
    ledger.supersede(batch.overtaken, lease)
    state = ledger.state(lease.dataset)
    manifest = _manifest(lease, batch, state, contract, contract_key)
    routed = route(manifest.files, contract, state, desk.limits.route, anew=manifest.epoch_changes)
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
        route=routed.compute,
        route_reason=routed.reason,
        workers=routed.workers,
    )
    ledger.open_run(lease, run)
    return Claimed(lease.dataset, lease.token, run.run_id, manifest, run)


def _manifest(lease: Lease, batch: Batch, state: DatasetState, contract: Contract, contract_key: str) -> Manifest:
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
        crawl=contract.crawl and bool(batch.files),
    )


def _manifest_file(file: FileRecord, batch: Batch) -> ManifestFile:
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
