"""Batch: which of a dataset's waiting files the next run takes: the oldest ready full load alone, or the deltas that arrived before it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from tidegate.contracts.contract import Contract, LoadMode
from tidegate.model.arrivals import Kind, Route, load_prefix, route
from tidegate.model.files import FileRecord, Versions
from tidegate.model.runs import Lease
from tidegate.ports import Clock, Ledger, Objects
from tidegate.usecases.routing import NEVER, Thresholds, text_of
from tidegate.usecases.wake import Waker

_MICROSECONDS = 1_000_000
#: Runs that may fail in a row before files are no longer tried in smaller and smaller batches: then it is not a file that is bad.
PATIENCE = 20


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one run may take: files and bytes. One file is taken whatever its size.

    After `runs` runs an execution hands over to a fresh one: Step Functions allows 25,000 events, and a run makes about 30. `window`
    is how many seconds an idle dataset waits for more files, where its contract does not say. `route` says when a batch goes to Glue,
    which takes more bytes at a time.
    """

    files: int
    bytes: int
    runs: int = 200
    window: int = 0
    route: Thresholds = NEVER


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


@dataclass(frozen=True, slots=True)
class Waiting:
    """A stretch of a queue: the newest versions of their keys, and those that were overtaken; `rest`: where more files may wait."""

    files: tuple[FileRecord, ...]
    overtaken: tuple[FileRecord, ...]
    versions: Mapping[str, Versions]
    rest: str = ""


def look(dataset: str, ledger: Ledger, limits: Limits, after: str = "") -> Waiting:
    """Read as many files of the queue as a run may take, those that arrived later than `after`."""
    queue = ledger.queue(dataset, limits.files, after)
    versions = ledger.versions({f.object_id for f in queue})
    newest = {v.newest_file_id for v in versions.values()}
    current = tuple(f for f in queue if f.file_id in newest)
    rest = queue[-1].arrival if len(queue) == limits.files else ""
    return Waiting(current, tuple(f for f in queue if f.file_id not in newest), versions, rest)


def choose(waiting: Waiting, contract: Contract, lease: Lease, desk: Desk) -> tuple[Waiting, "Batch | None"]:
    """Look past full loads that wait for their parts, however many there are; stop where files were overtaken."""
    batch = None if waiting.overtaken else _next_batch(waiting, contract, lease, desk)
    while batch is None and not waiting.overtaken and waiting.rest:
        waiting = look(lease.dataset, desk.ledger, desk.limits, waiting.rest)
        batch = None if waiting.overtaken else _next_batch(waiting, contract, lease, desk)
    return waiting, batch


@dataclass(frozen=True, slots=True)
class Batch:
    """The files of one run, and what is known of the versions of their keys."""

    files: tuple[FileRecord, ...]
    versions: Mapping[str, Versions]
    full: str = ""  # the identity of the full load, when the batch is one
    overtaken: tuple[FileRecord, ...] = ()  # older versions of its parts


def _next_batch(waiting: Waiting, contract: Contract, lease: Lease, desk: Desk) -> Batch | None:
    """Take the oldest ready full load alone, or the deltas that arrived before it."""
    deltas: list[FileRecord] = []
    most, room = desk.limits.files, max(desk.limits.bytes, desk.limits.route.batch)
    for file in waiting.files:
        if file.kind is Kind.DELTA and contract.load_mode is not LoadMode.REPLACE:
            bound = file.most if file.most and lease.failures < PATIENCE else desk.limits.files
            too_many = len(deltas) + 1 > min(most, bound)
            if deltas and (too_many or sum(f.size for f in deltas) + file.size > room):
                break
            most = min(most, bound)
            deltas.append(file)
        elif deltas:
            break
        elif full := _full_load(file, desk):
            return full
    return Batch(tuple(_taken_at_once(deltas, desk.limits)), waiting.versions) if deltas else None


def _taken_at_once(files: Sequence[FileRecord], limits: Limits) -> Sequence[FileRecord]:
    """All of them where they are work for Glue, otherwise as many as a Lambda takes."""
    if text_of(files) > limits.route.text:
        return files
    before = accumulate((f.size for f in files), initial=0)
    return [f for f, bytes_before in zip(files, before, strict=False) if not bytes_before or bytes_before + f.size <= limits.bytes]


def _full_load(file: FileRecord, desk: Desk) -> Batch | None:
    """Gather a full load; None while a part that is in the bucket has not been registered, which is then said on the marker."""
    if file.kind is not Kind.MARKER:
        return Batch((file,), desk.ledger.versions([file.object_id]), full=file.file_id)
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
    return Batch((*sorted(parts, key=lambda f: f.arrival), file), versions, f"{file.dataset}/{file.load_id}", overtaken)


def window_left(batch: "Batch", contract: Contract, desk: Desk) -> int:
    """Return the seconds for which a batch of deltas that is not full waits for more, counted from its oldest file."""
    window = desk.limits.window if contract.batch_window is None else contract.batch_window
    full = len(batch.files) >= desk.limits.files or sum(f.size for f in batch.files) >= desk.limits.bytes
    if not window or batch.full or full or any(f.failures or f.most for f in batch.files):
        return 0
    until = min(f.queued for f in batch.files) + window * _MICROSECONDS
    return max(0, -((desk.clock() - until) // _MICROSECONDS))
