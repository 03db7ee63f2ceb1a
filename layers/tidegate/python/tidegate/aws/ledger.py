"""The ledger on DynamoDB: each transition is one conditional write or one transaction. `items` has the layout of the table."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from itertools import islice
from typing import Any

from tidegate.aws import items
from tidegate.aws.leases import Leases
from tidegate.aws.table import Table, chunks
from tidegate.errors import LeaseLost, Throttled
from tidegate.model.arrivals import Arrival, Kind, Route
from tidegate.model.files import MOVES, FileRecord, FileState, Versions, sources_of
from tidegate.model.runs import DatasetState, FullLoad, Lease, Receipt, RunRecord, RunState
from tidegate.ports import Clock, Registration

_TRANSACTION = 99  # DynamoDB takes 100 writes; one of them is the check of the lease
_TRIES = 5


class DynamoLedger(Leases):
    """The ledger in one DynamoDB table."""

    def __init__(self, table: Table, clock: Clock) -> None:
        """Keep the table and the clock that stamps arrivals."""
        super().__init__(table)
        self._clock = clock
        self._listed: set[str] = set()

    # Arrivals

    def register(self, arrival: Arrival, route: Route, state: FileState, reason: str) -> Registration:
        """Record an object version once. PENDING files join their dataset's queue, REGISTERED ones their load's parts."""
        now = self._clock()
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
            arrival=f"{now:016d}-{arrival.file_id[:8]}",
            state=state,
            reason=reason,
            queued=now,
        )
        self._list(record.dataset)
        enlist = [self._t.put(_entry(record))] if state in (FileState.PENDING, FileState.REGISTERED) else []
        refused = self._t.transact([self._t.put_new(items.file_item(record)), self._newest(record, arrival), *enlist])
        if refused is None:
            return Registration.NEW
        if refused[0]:
            return Registration.DUPLICATE
        if not arrival.sequencer:
            return Registration.MOVED
        late = replace(record, state=FileState.SUPERSEDED, reason="a newer version of this key was registered first")
        return Registration.DUPLICATE if self._t.transact([self._t.put_new(items.file_item(late))]) else Registration.SUPERSEDED

    def _newest(self, record: FileRecord, arrival: Arrival) -> dict[str, Any]:
        """Raise a key's newest version: above what is known by its sequencer, or, found by listing, right after what was known then."""
        values = {":order": record.order, ":file": record.file_id, ":files": {record.file_id}, ":one": 1}
        change = "SET newest = :order, newest_file_id = :file ADD versions :one, file_ids :files"
        condition = "attribute_not_exists(newest)"
        if arrival.sequencer:
            condition += " OR newest <= :order"
        elif arrival.after:
            condition, values = "newest = :after", {**values, ":after": arrival.after}
        return self._t.update(items.object_key(record.object_id), change, condition, values)

    def _list(self, dataset: str) -> None:
        """Make a dataset appear among `datasets` before its first file does: reconcile finds what an ingest that died left behind.

        Once a process is enough, and outside of the registration, whose transactions would meet on this one item.
        """
        if dataset and dataset not in self._listed:
            self._t.write(items.dataset_item(dataset))
            self._listed.add(dataset)

    # Reading

    def queue(self, dataset: str, limit: int, after: str = "") -> Sequence[FileRecord]:
        """Read files that wait for a run or are in one that is not settled, oldest first, those that arrived later than `after`."""
        ids = [entry["file_id"] for entry in islice(self._t.query(f"QUEUE#{dataset}", limit, after), limit)]
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

    def full_loads(self, dataset: str) -> Sequence[FullLoad]:
        """List the full loads that became the current state, by their names."""
        return [items.full_load(values) for values in self._t.query(f"LOADS#{dataset}")]

    def run(self, run_id: str) -> RunRecord | None:
        """Read one run."""
        item = self._t.get(items.run_key(run_id))
        return items.run_record(item) if item else None

    def datasets(self) -> Iterator[str]:
        """List every dataset that ever had a file."""
        return (entry["gsk"] for entry in self._t.index("DATASETS"))

    def list_files(self, dataset: str, since: str = "", until: str = "~") -> Iterator[FileRecord]:
        """List a dataset's files by arrival; eventually consistent. The empty dataset lists unrouted keys."""
        return map(items.file_record, self._t.listed(items.files_of(dataset), since, until))

    def list_runs(self, dataset: str, state: RunState | None = None) -> Iterator[RunRecord]:
        """List a dataset's runs, oldest first; eventually consistent."""
        runs = map(items.run_record, self._t.listed(f"RUNS#{dataset}"))
        return (r for r in runs if state is None or r.state is state)

    def cursor(self, name: str) -> Mapping[str, Any]:
        """Read where a long piece of work stopped; empty when it never did."""
        item = self._t.get(items.cursor_key(name))
        return {} if item is None else {k: v for k, v in items.decode(item).items() if k not in ("pk", "sk")}

    def keep_cursor(self, name: str, fields: Mapping[str, Any]) -> None:
        """Write where a long piece of work stopped: texts and whole numbers."""
        self._t.write(items.cursor_key(name) | items.encode(fields))

    # Runs

    def claim(self, lease: Lease, files: Sequence[FileRecord], run_id: str) -> None:
        """Move files to CLAIMED, attempts + 1, while the lease is the caller's; raise LeaseLost when it is not."""
        for chunk in chunks(files, _TRANSACTION):
            moves = [
                self._move(f.file_id, FileState.CLAIMED, {"run_id": run_id, "reason": "", **f.history}, add={"attempts": 1})
                for f in chunk
            ]
            if not self._under_lease(lease.dataset, lease.token, moves):
                raise LeaseLost(f"{lease.dataset}: a file moved outside its run")

    def reroute(self, token: int, run: RunRecord) -> None:
        """Write where an open run is loaded, and why; raise LeaseLost when it is not open, or the lease is not `token`'s."""
        values = {":running": RunState.RUNNING, ":route": run.route, ":reason": run.route_reason}
        change = self._t.update(
            items.run_key(run.run_id), "SET route = :route, route_reason = :reason", "#state = :running", values
        )
        if not self._under_lease(run.dataset, token, [change]):
            raise LeaseLost(f"{run.run_id}: the run is not open any more")

    def end_run(
        self, token: int, run: RunRecord, state: DatasetState | None = None, full_load: FullLoad | None = None
    ) -> RunRecord:
        """Decide, in one write under the lease, what became of an open run; return the decision, an earlier one when there was one."""
        failed, succeeded = run.state is RunState.FAILED, run.state is RunState.SUCCEEDED
        change = "SET unclean = :unclean" + (", failures = :zero" if succeeded else "") + (" ADD failures :one" if failed else "")
        values = {":unclean": not succeeded, ":run": run.run_id}
        values |= {":zero": 0} if succeeded else {":one": 1} if failed else {}
        lease = self._on_lease(run.dataset, token, change, values, " AND (run_id = :run OR stale_run_id = :run)")
        open_still = {"#state": "state"}, items.encode({":running": RunState.RUNNING})
        ended = self._t.put(items.run_item(run))
        ended["Put"] |= {
            "ConditionExpression": "#state = :running",
            "ExpressionAttributeNames": open_still[0],
            "ExpressionAttributeValues": open_still[1],
        }
        kept = [items.state_item(state)] if state else []
        kept += [items.full_load_item(run.dataset, full_load)] if full_load else []
        refused = self._t.transact([lease, ended, *map(self._t.put, kept)])
        if refused is None:
            return run
        known = self.run(run.run_id)
        if known is None or known.state is RunState.RUNNING:
            raise LeaseLost(f"{run.run_id}: the lease is not this run's")
        return known

    def settle(self, token: int, run: RunRecord, receipts: Sequence[Receipt]) -> None:
        """Write receipts on the run's files and take them out of the queue; raise LeaseLost when the lease is not `token`'s."""
        given = {r.file_id: r for r in receipts}

        def moves(file: FileRecord) -> list[dict[str, Any]]:
            receipt = given[file.file_id]
            fields = _settled_fields(receipt, run.run_id)
            return [self._move(file.file_id, receipt.state, fields, claimed_by=run.run_id), self._dequeue(file)]

        self._tell(token, run, list(given), moves)
        loaded = self.files(r.file_id for r in receipts if r.state is FileState.LOADED)
        self._supersede_older(list(loaded.values()))

    def queue_again(self, token: int, run: RunRecord, files: Sequence[str], *, alone: bool) -> None:
        """Let the files of a run wait for another, after a FAILED one in batches of at most `run.again`; `alone` counts a failure."""
        fields: dict[str, Any] = {"reason": run.error} | ({"most": run.again} if run.state is RunState.FAILED else {})

        def moves(file: FileRecord) -> list[dict[str, Any]]:
            to = FileState.REGISTERED if file.kind is Kind.PART else FileState.PENDING
            return [self._move(file.file_id, to, fields, {"failures": 1} if alone else {}, claimed_by=run.run_id)]

        self._tell(token, run, files, moves)

    def give_up(self, token: int, run: RunRecord, files: Sequence[str]) -> None:
        """Move the files of a FAILED run to FAILED and out of the queue; raise LeaseLost as settle does."""

        def moves(file: FileRecord) -> list[dict[str, Any]]:
            fields = {"reason": run.error}
            return [self._move(file.file_id, FileState.FAILED, fields, claimed_by=run.run_id), self._dequeue(file)]

        self._tell(token, run, files, moves)

    def _tell(self, token: int, run: RunRecord, files: Sequence[str], moves: Callable[[FileRecord], list[dict[str, Any]]]) -> None:
        """Move the files that are still claimed by the run. Tries of a step may overlap: what another one moved is left alone."""
        for _ in range(_TRIES):
            todo = [f for f in self.files(files).values() if f.state is FileState.CLAIMED and f.run_id == run.run_id]
            done = (
                self._under_lease(run.dataset, token, [m for f in c for m in moves(f)]) for c in chunks(todo, _TRANSACTION // 2)
            )
            if all(done):
                return
        raise Throttled(f"{run.run_id}: files were moved by others again and again")

    def supersede(self, files: Sequence[FileRecord], lease: Lease | None = None) -> None:
        """Take overtaken files out of the queue: to SUPERSEDED, or back to LOADED where their rows are in the tables.

        A file that moved since it was read is left alone: by now its rows may be in the tables. LeaseLost as in the port.
        """
        check = [self._no_run_since(lease)] if lease else []
        for file in files:
            if file.loaded_by:  # they stay there until the newer version is loaded: it may be refused
                fields = {"reason": "a newer version arrived before the replay"}
                writes = [self._move(file.file_id, FileState.LOADED, fields, seen=file.state), self._dequeue(file)]
            else:
                writes = self._history(file, "a newer version of this key arrived", seen=file.state)
            refused = self._t.transact([*check, *writes])
            if check and refused and refused[0]:
                raise LeaseLost(f"{file.dataset}: the lease was taken, or another try opened a run")

    def requeue(self, record: FileRecord, *, forced: bool = False) -> bool:
        """Put a file at rest back to PENDING and into the queue; False when its state does not allow it any more."""
        now = self._clock()
        again = replace(record, state=FileState.REGISTERED if record.kind is Kind.PART else FileState.PENDING, reason="")
        if again.state not in MOVES[record.state] or record.state is FileState.CLAIMED:
            return False
        fields = {"reason": "", "queued": now, "most": 0, "failures": 0, "forced": forced, **record.history}
        values = {":to": again.state, ":from": record.state, ":one": 1, **{f":{name}": value for name, value in fields.items()}}
        change = "SET #state = :to, " + ", ".join(f"{name} = :{name}" for name in fields) + " ADD replays :one"
        move = self._t.update(items.file_key(record.file_id), change, "#state = :from", values)
        return self._t.transact([move, self._t.put(_entry(again))]) is None

    def explain(self, file_id: str, reason: str) -> None:
        """Say on a waiting file what it waits for."""
        values = {":reason": reason, ":pending": FileState.PENDING}
        self._t.change(items.file_key(file_id), "SET reason = :reason", "#state = :pending", values)

    def _under_lease(self, dataset: str, token: int, writes: Sequence[dict[str, Any]]) -> bool:
        """Make writes while the lease is the token's, or raise LeaseLost; False when another condition refused them."""
        refused = self._t.transact([self._still_mine(dataset, token), *writes])
        if refused and refused[0]:
            raise LeaseLost(f"{dataset}: token {token} is not the lease's")
        return refused is None

    def _move(
        self,
        file_id: str,
        to: FileState,
        fields: Mapping[str, Any],
        add: Mapping[str, int] | None = None,
        claimed_by: str = "",
        seen: FileState | None = None,
    ) -> dict[str, Any]:
        """Return the one conditional write that moves a file, from exactly the states that may move there, or of them `seen` only."""
        sources = {f":from{n}": state for n, state in enumerate(sources_of(to))}
        change = ", ".join(["SET #state = :to", *(f"{name} = :{name}" for name in fields)])
        change += "".join(f" ADD {name} :add_{name}" for name in add or ())
        condition = f"#state IN ({', '.join(sources)})" + (" AND run_id = :claimed_by" if claimed_by else "")
        values = {":to": to, **sources, **{f":{name}": value for name, value in fields.items()}}
        values |= {f":add_{name}": value for name, value in (add or {}).items()}
        values |= {":claimed_by": claimed_by} if claimed_by else {}
        if seen is not None:
            condition, values = f"{condition} AND #state = :seen", {**values, ":seen": seen}
        return self._t.update(items.file_key(file_id), change, condition, values)

    def _dequeue(self, file: FileRecord) -> dict[str, Any]:
        return self._t.delete(items.queue_key(file.dataset, file.arrival))

    def _supersede_older(self, loaded: Sequence[FileRecord]) -> None:
        """Older versions of a key whose newest version is loaded now are history."""
        by_object = {f.object_id: f for f in loaded}
        for known in self.versions(by_object).values():
            newest = by_object[known.object_id]
            # Without sequencers all versions are of the same order, also one that arrived during the run: it is the newest.
            others = self.files(known.file_ids - {newest.file_id, known.newest_file_id}).values()
            for file in (f for f in others if f.order <= newest.order):
                self._t.transact(self._history(file, f"replaced by version {newest.version_id}"))

    def _history(self, file: FileRecord, reason: str, seen: FileState | None = None) -> list[dict[str, Any]]:
        """Return what moves a file to SUPERSEDED, out of the queue and out of the versions that its key still has to look after."""
        forget = {":old": {file.file_id}}
        drop = self._t.update(items.object_key(file.object_id), "DELETE file_ids :old", "attribute_exists(pk)", forget)
        move = self._move(file.file_id, FileState.SUPERSEDED, {"reason": reason, "loaded_by": ""}, seen=seen)
        return [move, self._dequeue(file), drop]


def _entry(record: FileRecord) -> items.Item:
    """Return the item that makes a waiting file findable: in its dataset's queue, or among the parts of its full load."""
    part = record.state is FileState.REGISTERED
    place = (
        items.part_key(record.dataset, record.load_id, record.file_id) if part else items.queue_key(record.dataset, record.arrival)
    )
    return place | items.encode({"file_id": record.file_id})


def _settled_fields(receipt: Receipt, run_id: str) -> dict[str, Any]:
    """Return what a receipt changes on its file; one whose rows were kept changes no count."""
    if receipt.kept:
        return {"reason": receipt.reason}
    names = ("rows_read", "rows_accepted", "rows_quarantined", "contract_version", "reason", "key_id")
    loaded = receipt.state is FileState.LOADED
    fields: dict[str, Any] = {name: getattr(receipt, name) for name in names} | {"warnings": [asdict(w) for w in receipt.warnings]}
    return fields | {"loaded_by": run_id if loaded else "", "most": 0, "failures": 0} | ({"replays": 0} if loaded else {})
