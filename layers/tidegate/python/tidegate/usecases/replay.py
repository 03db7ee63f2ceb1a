"""Replay: put files back into the queue, to be loaded again as a replacement of their own rows."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from tidegate.contracts.publish import is_published
from tidegate.errors import MessageMalformed, NotFound
from tidegate.model.arrivals import MARKER, Kind, load_prefix
from tidegate.model.files import FileRecord, FileState
from tidegate.ports import Ledger, Objects
from tidegate.usecases.claim import read_manifest
from tidegate.usecases.wake import Waker

_OVERTAKEN = "a newer version of its key has arrived"
_TOGETHER = (Kind.PART, Kind.MARKER)  # what is only ever loaded with the rest of its full load


@dataclass(frozen=True, slots=True)
class Selection:
    """Which files to replay: any mix of ids, runs, and one dataset with optional arrival bounds (ISO-8601 text, UTC).

    `states` narrows what is taken; files that are already waiting, superseded or ignored are never taken. Of `failed_runs` the files
    that are still FAILED are taken. Datasets in `wake` get a run if something of theirs waits. `forced`: the contract's checks on a
    batch as a whole do not hold these files back.
    """

    file_ids: tuple[str, ...] = ()
    run_ids: tuple[str, ...] = ()
    dataset: str = ""
    since: str = ""
    until: str = ""
    states: tuple[FileState, ...] = (FileState.FAILED, FileState.QUARANTINED, FileState.LOADED)
    wake: tuple[str, ...] = ()
    failed_runs: tuple[str, ...] = ()
    forced: bool = False

    def with_letters(self, letters: Iterable[Mapping[str, Any]]) -> "Selection":
        """Return the same selection with what failure letters name; their datasets are woken even when no file is left to replay."""
        listed = list(letters)
        runs = (str(letter["run_id"]) for letter in listed if letter.get("run_id"))
        datasets = (str(letter["dataset"]) for letter in listed if letter.get("dataset"))
        return replace(
            self,
            failed_runs=tuple(dict.fromkeys((*self.failed_runs, *runs))),
            wake=tuple(dict.fromkeys((*self.wake, *datasets))),
        )


@dataclass(frozen=True, slots=True)
class Replayed:
    """Files put back, or that would be in a dry run, and those left alone with the reason."""

    files: tuple[FileRecord, ...]
    left: tuple[tuple[FileRecord, str], ...]

    def as_json(self) -> dict[str, Any]:
        """Return both lists as plain values."""
        brief = [{"file_id": r.file_id, "dataset": r.dataset, "key": r.key, "state": r.state} for r in self.files]
        left = [{"file_id": r.file_id, "dataset": r.dataset, "key": r.key, "why": why} for r, why in self.left]
        return {"files": brief, "left": left}


def replay(selection: Selection, *, waker: Waker, objects: Objects, dry_run: bool) -> Replayed:
    """Requeue the selected files and wake their datasets; raise NotFound when an id is unknown."""
    ledger = waker.ledger
    selected = _select(selection, ledger, objects)
    loads = {_load_of(r) for r in selected if r.kind in _TOGETHER and r.state in selection.states}
    chosen = _with_whole_loads(selected, loads, ledger)
    newest = {v.newest_file_id for v in ledger.versions({r.object_id for r in chosen}).values()}
    taken: list[FileRecord] = []
    left: list[tuple[FileRecord, str]] = []
    for record in chosen:
        asked = record.state in selection.states or (record.kind in _TOGETHER and _load_of(record) in loads)
        why_not = _why_not(record, objects, asked=asked, newest=record.file_id in newest)
        if not why_not and not dry_run and not ledger.requeue(record, forced=selection.forced):
            why_not = "it moved on while it was being replayed"
        if why_not == _OVERTAKEN and record.state is FileState.FAILED and not dry_run:
            ledger.supersede([record])  # nobody will load it, and its letter is answered now
        if why_not:
            left.append((record, why_not))
        else:
            taken.append(record)
    if not dry_run:
        for dataset in sorted({r.dataset for r in taken} | set(selection.wake)):
            waker.wake(dataset, urgent=True)
    return Replayed(tuple(taken), tuple(left))


def _select(selection: Selection, ledger: Ledger, objects: Objects) -> list[FileRecord]:
    ids = [*selection.file_ids]
    for run_id in selection.run_ids:
        run = ledger.run(run_id)
        if run is None:
            raise NotFound(f"run {run_id} is not in the ledger; `tidegate runs` lists them")
        ids += [f.file_id for f in read_manifest(run.manifest_key, objects).files]
    found = ledger.files(ids)
    if missing := [i for i in ids if i not in found]:
        raise NotFound(f"file {missing[0]} is not in the ledger; `tidegate files` lists them")
    records = {i: found[i] for i in ids}
    for run_id in selection.failed_runs:  # a letter may be old: what was loaded or failed again since is none of its business
        run = ledger.run(run_id)
        named = read_manifest(run.manifest_key, objects).files if run else ()
        members = ledger.files(f.file_id for f in named)
        records |= {i: r for i, r in members.items() if r.state is FileState.FAILED and r.run_id == run_id}
    if selection.dataset:
        ranged = ledger.list_files(selection.dataset, _bound(selection.since) or "", _bound(selection.until) or "~")
        records |= {r.file_id: r for r in ranged if r.state in selection.states}
    return list(records.values())


def _load_of(record: FileRecord) -> tuple[str, str]:
    return record.dataset, record.load_id


def _with_whole_loads(records: Sequence[FileRecord], loads: Iterable[tuple[str, str]], ledger: Ledger) -> list[FileRecord]:
    """A part of a full load is only ever loaded with its load: add the marker, and the parts for a marker."""
    chosen = {r.file_id: r for r in records}
    for dataset, load_id in sorted(loads):
        members = [*ledger.parts(dataset, load_id), *_markers(dataset, load_id, ledger)]
        chosen |= {r.file_id: r for r in members if r.state is not FileState.SUPERSEDED}
    # Parts first: when the marker is back in the queue its parts must be ready.
    return sorted(chosen.values(), key=lambda r: (r.kind is Kind.MARKER, r.arrival))


def _markers(dataset: str, load_id: str, ledger: Ledger) -> Iterator[FileRecord]:
    key = load_prefix(dataset, load_id) + MARKER
    return (r for r in ledger.list_files(dataset) if r.kind is Kind.MARKER and r.key == key)


def _why_not(record: FileRecord, objects: Objects, *, asked: bool, newest: bool) -> str:
    if record.state not in (FileState.FAILED, FileState.QUARANTINED, FileState.LOADED):
        return f"it is {record.state}"
    if not asked:
        return f"it is {record.state}, which was not asked for"
    if not newest:  # claim would make it history, even where its rows are the ones in the tables
        return _OVERTAKEN
    if record.kind is Kind.UNROUTED:
        return "its key leads to no dataset; copy it to <domain>/<dataset>/delta/ instead"
    if not is_published(record.dataset, objects):
        return f"no contract is published for {record.dataset}"
    return ""


def _bound(iso: str) -> str:
    """Return an arrival bound for an ISO time: arrivals start with microseconds since 1970."""
    if not iso:
        return ""
    when = datetime.fromisoformat(iso)
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return f"{round(when.timestamp() * 1e6):016d}"


def selection_from(fields: Mapping[str, Any]) -> Selection:
    """Read a selection from a Lambda event or a command; raise MessageMalformed when it names a state that does not exist."""
    try:
        states = tuple(FileState(s) for s in fields.get("states", ())) or Selection().states
    except ValueError as error:
        raise MessageMalformed(f"{error}; states are {', '.join(FileState)}") from error
    return Selection(
        file_ids=tuple(fields.get("file_ids", ())),
        run_ids=tuple(fields.get("run_ids", ())),
        dataset=str(fields.get("dataset", "")),
        since=str(fields.get("since", "")),
        until=str(fields.get("until", "")),
        states=states,
        forced=bool(fields.get("forced", False)),
    )
