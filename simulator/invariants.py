"""What must hold when a history has come to rest. Everything is computed from the bucket and the ledger, the plain way."""

import itertools
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from simulator.cloud import Cloud
from simulator.lake import LAYERS
from simulator.rows import Row, accepts, fold
from tidegate.aws.events import read
from tidegate.contracts.publish import load_current, load_version, version_key
from tidegate.model.arrivals import Kind, load_prefix, route
from tidegate.model.files import FileRecord, FileState
from tidegate.model.runs import Epoch, RunRecord, RunState
from tidegate.usecases.account import read_account
from tidegate.usecases.claim import read_manifest

_NEVER_LOADED = (FileState.QUARANTINED, FileState.FAILED, FileState.IGNORED)


def check(cloud: Cloud, datasets: Sequence[str]) -> list[str]:
    """Return every invariant that does not hold, in words."""
    found = [*_files(cloud, datasets), *_unanswered(cloud)]
    for dataset in datasets:
        found += [*_tables(cloud, dataset), *_runs(cloud, dataset)]
    return found


def orphans(cloud: Cloud) -> list[str]:
    """After a sweep every data file at a table's place is one that a version of it refers to, and the other way round."""
    kept = {f.path for history in cloud.lake.tables.values() for s in history if not s.expired for f in s.files}
    there = {path for path in cloud.lake.places if path in cloud.lake.data}
    return [*(f"{path} is an orphan that nobody removes" for path in there - kept), *(f"{p} is gone" for p in kept - there)]


def waiting(cloud: Cloud, datasets: Sequence[str]) -> list[str]:
    """Without a fault nothing may need reconcile: no file that could be loaded waits, and no lease is held."""
    ledger = cloud.ledger()
    queued = [f for d in datasets for f in ledger.queue(d, 1000) if f.kind is not Kind.MARKER]
    return [f"{f.key} {f.version_id} waits for ever" for f in queued]


def held_back(cloud: Cloud, datasets: Sequence[str]) -> list[str]:
    """Return the files that wait for a person's word, because their batch is not what the contract accepts."""
    failed = (f for d in datasets for f in cloud.ledger().list_files(d) if f.state is FileState.FAILED)
    return [f"{f.key} {f.version_id}" for f in failed if "BatchRefused" in f.reason]


def states(cloud: Cloud, datasets: Sequence[str]) -> dict[str, int]:
    """Count files by state."""
    return dict(Counter(str(f.state) for d in (*datasets, "") for f in cloud.ledger().list_files(d)))


def fingerprint(cloud: Cloud, datasets: Sequence[str]) -> tuple[object, ...]:
    """Return what changes when anything happens."""
    files = tuple((f.file_id, f.state, f.attempts) for d in datasets for f in cloud.ledger().list_files(d))
    tables = tuple((name, len(history)) for name, history in sorted(cloud.lake.tables.items()))
    return files, tables, len(cloud.letters), tuple((d, cloud.ledger().lease(d).held) for d in datasets)


def _files(cloud: Cloud, datasets: Sequence[str]) -> Iterator[str]:
    ledger = cloud.ledger()
    known = {(f.key, f.version_id): f for d in (*datasets, "") for f in ledger.list_files(d)}
    buried = set(_buried(cloud))
    for key, versions in cloud.landing.stored.items():
        newest = next(((v, b) for v, b in reversed(versions) if b is not None), None)
        if newest is None or versions[-1][1] is None:
            continue
        file = known.get((key, newest[0]))
        if file is None:
            yield f"{key} {newest[0]} was never registered"
            continue
        yield from _at_rest(file, buried)
    for file in known.values():
        if file.state is FileState.FAILED and file.file_id not in buried:
            yield f"{file.key} {file.version_id} is FAILED and no letter names it"
        if file.state in (FileState.PENDING, FileState.CLAIMED) and not _waits_for_bytes(cloud, file):
            yield f"{file.key} {file.version_id} is {file.state} at rest: {file.reason}"


def _at_rest(file: FileRecord, buried: set[str]) -> Iterator[str]:
    name = f"{file.key} {file.version_id}"
    if file.state is FileState.REGISTERED or (file.state is FileState.FAILED and file.file_id in buried):
        return  # a part whose marker is older or missing; and failures have letters
    if file.state is FileState.SUPERSEDED:
        yield f"{name} is SUPERSEDED and the newest: {file.reason}"
    if file.state is FileState.LOADED and not file.loaded_by and file.kind is not Kind.MARKER:
        yield f"{name} is LOADED but no run has its rows"


def _waits_for_bytes(cloud: Cloud, file: FileRecord) -> bool:
    """Whether a full load is held because one of its parts has no bytes, and says so."""
    parts = cloud.landing.stored.items()
    empty = [key for key, versions in parts if key.startswith(load_prefix(file.dataset, file.load_id)) and versions[-1][1] == b""]
    return file.kind is Kind.MARKER and any(f"{key} has no bytes" in file.reason for key in empty)


def _unanswered(cloud: Cloud) -> Iterator[str]:
    """What is in order does not stay in the dead-letter queue when a person redrives it."""
    for message in cloud.arrivals.dead:
        found = read(json.loads(message.body))
        if found.error is None:
            yield f"{message.id} is dead and nothing is wrong with it: {message.body}"


def _buried(cloud: Cloud) -> Iterator[str]:
    for letter in cloud.letters:
        if letter.get("manifest_key"):
            yield from (f.file_id for f in read_manifest(letter["manifest_key"], cloud.lake_bucket).files)


def _tables(cloud: Cloud, dataset: str) -> Iterator[str]:
    ledger, table = cloud.ledger(), dataset.replace(".", "_")
    loaded = [f for f in ledger.list_files(dataset) if f.loaded_by and f.kind is not Kind.MARKER]
    doubled = [key for key, n in Counter(f.key for f in loaded).items() if n > 1]
    if doubled:
        yield f"{doubled} have rows of two versions"
    accepted: list[Row] = []
    rejected: list[Row] = []
    for file in loaded:
        good, bad = _rows_of(cloud, file)
        accepted += good
        rejected += bad
        if (file.rows_read, file.rows_accepted, file.rows_quarantined) != (len(good) + len(bad), len(good), len(bad)):
            yield f"the receipt of {file.key} {file.version_id} does not tell what is in the file"
    bronze = cloud.lake.rows(f"bronze.{table}")
    state = ledger.state(dataset)
    yield from _same(f"bronze.{table}", bronze, accepted)
    yield from _same(f"quarantine.{table}", cloud.lake.rows(f"quarantine.{table}"), rejected)
    contract, _ = load_current(dataset, cloud.lake_bucket)
    yield from _same(f"silver.{table}", cloud.lake.rows(f"silver.{table}"), fold(contract, accepted, state.epoch))
    yield from _epoch(cloud, dataset, state.epoch)


def _epoch(cloud: Cloud, dataset: str, epoch: Epoch) -> Iterator[str]:
    """The current state starts from the full load that began last, of those that were ever loaded."""
    starts: dict[str, str] = {}
    loaded: set[str] = set()
    for file in sorted(cloud.ledger().list_files(dataset), key=lambda f: f.arrival):
        if file.run_id and file.kind in (Kind.FULL, Kind.PART, Kind.MARKER):
            load = f"{dataset}/{file.load_id}" if file.load_id else file.file_id
            starts.setdefault(load, file.arrival)
            loaded |= {load} if file.loaded_by else set()
    later = [load for load, start in starts.items() if start > epoch.start and load in loaded]
    if later:
        yield f"{dataset} starts from {epoch.load or 'nothing'}, not from {later[-1]}"


def _rows_of(cloud: Cloud, file: FileRecord) -> tuple[list[Row], list[Row]]:
    content = json.loads(dict(cloud.landing.stored[file.key])[file.version_id] or b"{}")
    contract = load_version(version_key(file.dataset, file.contract_version), cloud.lake_bucket)
    where = route(file.key)
    load = file.file_id if where.kind is Kind.FULL else f"{file.dataset}/{where.load_id}" if where.load_id else ""
    rows = [Row(*v, file.key, file.file_id, n, file.arrival, load) for n, v in enumerate(content.get("rows", ()), 1)]
    return [r for r in rows if accepts(contract, r.values)], [r for r in rows if not accepts(contract, r.values)]


def _same(name: str, there: Sequence[Row], wanted: Sequence[Row]) -> Iterator[str]:
    has, should = Counter(there), Counter(wanted)
    for row in has - should:
        yield f"{name} has a row too many: {row}"
    for row in should - has:
        yield f"{name} lacks a row: {row}"


def _too_small(cloud: Cloud, run: RunRecord) -> Iterator[str]:
    """A full load that takes away more than the contract allows is only loaded by force."""
    manifest = read_manifest(run.manifest_key, cloud.lake_bucket)
    if manifest.forced or not manifest.files or not manifest.files[0].load:
        return
    contract = load_version(manifest.contract_key, cloud.lake_bucket)
    history = cloud.lake.tables[f"silver.{contract.table}"]
    before = next((b.rows for b, after in itertools.pairwise(history) if after.author == run.run_id), 0)
    least = max(1, before * (1 - (contract.max_shrink or 1)))
    account = read_account(manifest, cloud.lake_bucket)
    if not before or account.epoch.load != manifest.files[0].load:
        return
    read_now = [r.file_id for r in account.receipts if r.state is FileState.LOADED and not r.kept]
    files = [replace(f, contract_version=manifest.contract_version) for f in cloud.ledger().files(read_now).values()]
    accepted = [row for f in files if f.kind is not Kind.MARKER for row in _rows_of(cloud, f)[0]]
    left = len(fold(contract, accepted, Epoch()))
    if left < least:
        yield f"{run.run_id} took {before} rows away for {left}, and nobody forced it"


def _runs(cloud: Cloud, dataset: str) -> Iterator[str]:
    ledger, table = cloud.ledger(), dataset.replace(".", "_")
    lease = ledger.lease(dataset)
    if lease.held or lease.run_id or lease.stale_run_id or lease.unclean:
        yield f"the lease of {dataset} is not at rest: {lease}"
    runs = {r.run_id: r for r in ledger.list_runs(dataset)}
    yield from (f"run {r.run_id} is RUNNING at rest" for r in runs.values() if r.state is RunState.RUNNING)
    for run in (r for r in runs.values() if r.state is RunState.SUCCEEDED):
        run.books.check()
        yield from _too_small(cloud, run)
    for layer in LAYERS:
        history = cloud.lake.tables.get(f"{layer}.{table}", [])
        for snapshot in history:
            if snapshot.author and snapshot.author not in runs:
                yield f"{layer}.{table} has a commit of {snapshot.author}, which the ledger does not know"
        for before, after in itertools.pairwise(s.author for s in history if s.author):
            if after < before:
                yield f"{layer}.{table}: {after} committed on top of its successor {before}"
        authors = Counter(s.author for s in history if s.author)
        yield from (f"{layer}.{table} has {n} commits of {a}" for a, n in authors.items() if n > 1)
        if history and history[-1].author and runs[history[-1].author].state is not RunState.SUCCEEDED:
            yield f"{layer}.{table} shows the commit of {history[-1].author}, which is {runs[history[-1].author].state}"
