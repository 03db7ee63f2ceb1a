"""The ledger on DynamoDB: each transition is one conditional write or one transaction. `items` has the layout of the table."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from itertools import islice
from typing import Any

from tidegate.aws import items
from tidegate.aws.table import Table, chunks
from tidegate.errors import LeaseLost
from tidegate.model.arrivals import Arrival, Kind, Route
from tidegate.model.files import MOVES, FileRecord, FileState, Versions, sources_of
from tidegate.model.runs import DatasetState, Lease, Receipt, RunRecord, RunState, timestamp
from tidegate.ports import Clock, Registration

_TRANSACTION = 99  # DynamoDB takes 100 writes; one of them is the check of the lease
_MINE = "#token = :token AND held = :yes"


class DynamoLedger:
    """The ledger in one DynamoDB table."""

    def __init__(self, table: Table, clock: Clock) -> None:
        """Keep the table and the clock that stamps arrivals."""
        self._t, self._clock = table, clock
        self._listed: set[str] = set()

    # Arrivals

    def register(self, arrival: Arrival, route: Route, state: FileState, reason: str) -> Registration:
        """Record an object version once. PENDING files join their dataset's queue, REGISTERED ones their load's parts."""
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
            state=state,
            reason=reason,
        )
        self._list(record.dataset)
        enlist = [self._t.put(_entry(record))] if state in (FileState.PENDING, FileState.REGISTERED) else []
        refused = self._t.transact([self._t.put_new(items.file_item(record)), self._newest(record), *enlist])
        if refused is None:
            return Registration.NEW
        if refused[0]:
            return Registration.DUPLICATE
        late = replace(record, state=FileState.SUPERSEDED, reason="a newer version of this key was registered first")
        return Registration.DUPLICATE if self._t.transact([self._t.put_new(items.file_item(late))]) else Registration.SUPERSEDED

    def _newest(self, record: FileRecord) -> dict[str, Any]:
        values = {":order": record.order, ":file": record.file_id, ":files": {record.file_id}, ":one": 1}
        change = "SET newest = :order, newest_file_id = :file ADD versions :one, file_ids :files"
        return self._t.update(
            items.object_key(record.object_id), change, "attribute_not_exists(newest) OR newest <= :order", values
        )

    def _list(self, dataset: str) -> None:
        """Make a dataset appear among `datasets` before its first file does: reconcile finds what an ingest that died left behind.

        Once a process is enough, and outside of the registration, whose transactions would meet on this one item.
        """
        if dataset and dataset not in self._listed:
            values = {":gpk": "DATASETS", ":dataset": dataset}
            change = "SET gpk = :gpk, gsk = :dataset, dataset = :dataset"
            self._t.transact([self._t.update(items.lease_key(dataset), change, "", values)])
            self._listed.add(dataset)

    # The lease

    def lease(self, dataset: str) -> Lease:
        """Read the lease, strongly consistent."""
        return items.lease(dataset, self._t.get(items.lease_key(dataset)))

    def take(self, seen: Lease, now: int, until: int) -> Lease | None:
        """Take a free or expired lease with token + 1; None when somebody else did since it was `seen`."""
        stale = seen.run_id or seen.stale_run_id  # the one who took it last may have died before it closed that run
        taken = Lease(seen.dataset, seen.token + 1, held=True, expires_at=until, stale_run_id=stale)
        change = "SET " + ", ".join(f"{name} = :{name.strip('#')}" for name in _LEASE_NAMES)
        values = {f":{name}": value for name, value in (asdict(taken) | {"gpk": "DATASETS", "gsk": seen.dataset}).items()}
        free = "attribute_not_exists(#token) OR (#token = :seen AND run_id = :open AND (held = :no OR expires_at <= :now))"
        values |= {":seen": seen.token, ":open": seen.run_id, ":now": now, ":no": False}
        refused = self._t.transact([self._t.update(items.lease_key(seen.dataset), change, free, values)])
        return None if refused else taken

    def hold(self, dataset: str, token: int, until: int) -> bool:
        """Extend a lease; False when the token is not the lease's any more."""
        return self._t.transact([self._on_lease(dataset, token, "SET expires_at = :until", {":until": until})]) is None

    def release(self, dataset: str, token: int) -> bool:
        """Give a lease back; False when the token is not the lease's any more."""
        change = "SET held = :no, run_id = :none, manifest_key = :none, stale_run_id = :none"
        return self._t.transact([self._on_lease(dataset, token, change, {":no": False, ":none": ""})]) is None

    def _on_lease(self, dataset: str, token: int, change: str, values: Mapping[str, Any], also: str = "") -> dict[str, Any]:
        return self._t.update(items.lease_key(dataset), change, _MINE + also, {**values, ":token": token, ":yes": True})

    def _under_lease(self, dataset: str, token: int, writes: Sequence[dict[str, Any]]) -> None:
        check = self._t.check(items.lease_key(dataset), _MINE, {":token": token, ":yes": True})
        refused = self._t.transact([check, *writes])
        if refused:
            raise LeaseLost(
                f"{dataset}: " + (f"token {token} is not the lease's" if refused[0] else "a file moved outside its run")
            )

    # Reading

    def queue(self, dataset: str, limit: int) -> Sequence[FileRecord]:
        """Read files that wait for a run or are in one that is not settled, oldest first, strongly consistent."""
        ids = [entry["file_id"] for entry in islice(self._t.query(f"QUEUE#{dataset}", limit), limit)]
        found = self.files(ids)
        return [found[i] for i in ids]

    def parts(self, dataset: str, load_id: str) -> Sequence[FileRecord]:
        """Read the registered files of one full load, strongly consistent."""
        found = self.files(entry["file_id"] for entry in self._t.query(f"PARTS#{dataset}#{load_id}"))
        return [f for f in found.values() if f.state is not FileState.SUPERSEDED]

    def versions(self, object_ids: Iterable[str]) -> Mapping[str, Versions]:
        """Read what is known of keys, strongly consistent."""
        found = self._t.get_all([items.object_key(i) for i in object_ids])
        return {known.object_id: known for known in map(items.versions, found)}

    def files(self, file_ids: Iterable[str]) -> Mapping[str, FileRecord]:
        """Read files by id, strongly consistent; unknown ids are left out."""
        found = self._t.get_all([items.file_key(i) for i in dict.fromkeys(file_ids)])
        return {record.file_id: record for record in map(items.file_record, found)}

    def state(self, dataset: str) -> DatasetState:
        """Read what is kept of a dataset between runs."""
        return items.dataset_state(dataset, self._t.get(items.state_key(dataset)))

    def run(self, run_id: str) -> RunRecord | None:
        """Read one run."""
        item = self._t.get(items.run_key(run_id))
        return items.run_record(item) if item else None

    def datasets(self) -> Iterator[Lease]:
        """List the lease of every dataset that ever had a file."""
        return (items.lease("", item) for item in self._t.index("DATASETS"))

    def list_files(self, dataset: str, since: str = "", until: str = "~") -> Iterator[FileRecord]:
        """List a dataset's files by arrival; eventually consistent. The empty dataset lists unrouted keys."""
        return map(items.file_record, self._t.index(items.files_of(dataset), since, until))

    def list_runs(self, dataset: str, state: RunState | None = None) -> Iterator[RunRecord]:
        """List a dataset's runs, oldest first; eventually consistent."""
        runs = map(items.run_record, self._t.index(f"RUNS#{dataset}"))
        return (r for r in runs if state is None or r.state is state)

    # Runs

    def claim(self, lease: Lease, files: Sequence[FileRecord], run_id: str) -> None:
        """Move files to CLAIMED, attempts + 1, while the lease is the caller's; raise LeaseLost when it is not."""
        fields = {"run_id": run_id, "reason": ""}
        for chunk in chunks(files, _TRANSACTION):
            moves = [self._move(f.file_id, FileState.CLAIMED, fields, attempts=1) for f in chunk]
            self._under_lease(lease.dataset, lease.token, moves)

    def open_run(self, lease: Lease, run: RunRecord) -> None:
        """Record the run and name it in the lease; raise LeaseLost when the lease is not the caller's."""
        change = "SET run_id = :run, manifest_key = :manifest, #batch = :next, stale_run_id = :none"
        values = {":run": run.run_id, ":manifest": run.manifest_key, ":none": "", ":seen": lease.batch, ":next": lease.batch + 1}
        opened = self._on_lease(lease.dataset, lease.token, change, values, " AND run_id = :none AND #batch = :seen")
        if self._t.transact([opened, self._t.put(items.run_item(run))]):
            raise LeaseLost(f"{run.run_id}: the lease was taken, or another try opened the run")

    def settle(self, run: RunRecord, receipts: Sequence[Receipt], state: DatasetState) -> None:
        """Write receipts, take the files out of the queue, close the run; raise LeaseLost when the lease is not the run's."""
        if self._has_ended(run):
            return
        known = self.files(r.file_id for r in receipts)
        to_do = [r for r in receipts if known[r.file_id].state is FileState.CLAIMED]
        for chunk in chunks(to_do, _TRANSACTION // 2):
            moves = [self._move(r.file_id, r.state, _settled_fields(r)) for r in chunk]
            self._under_lease(run.dataset, run.token, [*moves, *(self._dequeue(known[r.file_id]) for r in chunk)])
        self._supersede_older([known[r.file_id] for r in receipts if r.state is FileState.LOADED])
        self._close(run, [self._t.put(items.state_item(state))])

    def fail(self, dataset: str, token: int, run_id: str, files: Sequence[str], reason: str) -> None:
        """Move claimed files of a run to FAILED and out of the queue and close the run; raise LeaseLost as settle does."""
        run = self.run(run_id)
        if run is None or self._has_ended(replace(run, dataset=dataset, token=token, state=RunState.FAILED)):
            return
        known = [f for f in self.files(files).values() if f.state is FileState.CLAIMED]
        for chunk in chunks(known, _TRANSACTION // 2):
            moves = [self._move(f.file_id, FileState.FAILED, {"reason": reason}) for f in chunk]
            self._under_lease(dataset, token, [*moves, *(self._dequeue(f) for f in chunk)])
        self._close(self._ended(run, RunState.FAILED, reason), [])

    def supersede(self, files: Sequence[FileRecord]) -> None:
        """Move files to SUPERSEDED and out of the queue."""
        for file in files:
            self._make_history(file, "a newer version of this key arrived")

    def requeue(self, record: FileRecord) -> bool:
        """Put a file at rest back to PENDING and into the queue; False when its state does not allow it any more."""
        again = replace(record, state=FileState.REGISTERED if record.kind is Kind.PART else FileState.PENDING, reason="")
        if again.state not in MOVES[record.state]:
            return False
        values = {":to": again.state, ":from": record.state, ":none": ""}
        move = self._t.update(items.file_key(record.file_id), "SET #state = :to, reason = :none", "#state = :from", values)
        return self._t.transact([move, self._t.put(_entry(again))]) is None

    def abandon(self, run_id: str) -> None:
        """Mark a run that lost its lease ABORTED."""
        run = self.run(run_id)
        if run is not None and run.state is RunState.RUNNING:
            self._t.write(items.run_item(self._ended(run, RunState.ABORTED, "its lease expired and was taken over")))

    def _ended(self, run: RunRecord, state: RunState, error: str) -> RunRecord:
        return replace(run, state=state, error=error, ended_at=timestamp(self._clock()))

    def _move(self, file_id: str, to: FileState, fields: Mapping[str, Any], attempts: int = 0) -> dict[str, Any]:
        """Return the one conditional write that moves a file, from exactly the states that may move there."""
        sources = {f":from{n}": state for n, state in enumerate(sources_of(to))}
        change = "SET #state = :to, " + ", ".join(f"{name} = :{name}" for name in fields)
        values = {":to": to, **sources, **{f":{name}": value for name, value in fields.items()}}
        if attempts:
            change, values = f"{change} ADD attempts :attempts", {**values, ":attempts": attempts}
        return self._t.update(items.file_key(file_id), change, f"#state IN ({', '.join(sources)})", values)

    def _dequeue(self, file: FileRecord) -> dict[str, Any]:
        return self._t.delete(items.queue_key(file.dataset, file.arrival))

    def _has_ended(self, run: RunRecord) -> bool:
        """Whether the run has the end that is asked for; raise LeaseLost when it is neither that nor open under its lease."""
        lease = self.lease(run.dataset)
        if lease.held and (lease.token, lease.run_id) == (run.token, run.run_id):
            return False
        known = self.run(run.run_id)
        if known is not None and known.state is run.state:
            return True
        raise LeaseLost(f"{run.run_id}: the lease is not this run's")

    def _close(self, run: RunRecord, also: Sequence[dict[str, Any]]) -> None:
        values = {":none": "", ":run": run.run_id}
        closed = self._on_lease(run.dataset, run.token, "SET run_id = :none, manifest_key = :none", values, " AND run_id = :run")
        refused = self._t.transact([closed, self._t.put(items.run_item(run)), *also])
        if refused and not self._has_ended(run):  # it has when another try of this step was faster
            raise LeaseLost(f"{run.run_id}: the lease went to another run before the end")

    def _supersede_older(self, loaded: Sequence[FileRecord]) -> None:
        """Older versions of a key whose newest version is loaded now are history."""
        by_object = {f.object_id: f for f in loaded}
        for known in self.versions(by_object).values():
            newest = by_object[known.object_id]
            # Without sequencers all versions are of the same order, also one that arrived during the run: it is the newest.
            others = self.files(known.file_ids - {newest.file_id, known.newest_file_id}).values()
            for file in (f for f in others if f.order <= newest.order):
                self._make_history(file, f"replaced by version {newest.version_id}")

    def _make_history(self, file: FileRecord, reason: str) -> None:
        """Move a file to SUPERSEDED, out of the queue and out of the versions that its key still has to look after."""
        forget = {":old": {file.file_id}}
        drop = self._t.update(items.object_key(file.object_id), "DELETE file_ids :old", "attribute_exists(pk)", forget)
        move = self._move(file.file_id, FileState.SUPERSEDED, {"reason": reason})
        self._t.transact([move, self._dequeue(file), drop])


_LEASE_NAMES = ("dataset", "#token", "held", "expires_at", "run_id", "manifest_key", "#batch", "stale_run_id", "gpk", "gsk")


def _entry(record: FileRecord) -> items.Item:
    """Return the item that makes a waiting file findable: in its dataset's queue, or among the parts of its full load."""
    part = record.state is FileState.REGISTERED
    place = (
        items.part_key(record.dataset, record.load_id, record.file_id) if part else items.queue_key(record.dataset, record.arrival)
    )
    return place | items.encode({"file_id": record.file_id})


def _settled_fields(receipt: Receipt) -> dict[str, Any]:
    names = ("rows_read", "rows_accepted", "rows_quarantined", "contract_version", "reason")
    return {name: getattr(receipt, name) for name in names}
