"""Replay: put files back into the queue, to be loaded again as a replacement of their own rows."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from tidegate.contracts.publish import is_published
from tidegate.errors import NotFound
from tidegate.model.arrivals import MARKER, Kind, load_prefix
from tidegate.model.files import FileRecord, FileState
from tidegate.model.selection import MOST_REPLAYS, Selection, microseconds
from tidegate.ports import Ledger, Objects
from tidegate.usecases.claim import read_manifest
from tidegate.usecases.wake import Waker

OVERTAKEN = "a newer version of its key has arrived"
_TOGETHER = (Kind.PART, Kind.MARKER)  # what is only ever loaded with the rest of its full load


@dataclass(frozen=True, slots=True)
class Care:
    """How carefully files are put back.

    A file that was replayed `most_replays` times without being loaded since is left alone: it is poison. `turn` is asked before each
    file; it waits for as long as the rate wants, and says False when there is no time left. Files that began to wait at `asked_at`
    (microseconds since 1970, UTC) or later were put back by an earlier call for the same selection.
    """

    most_replays: int = MOST_REPLAYS
    turn: Callable[[], bool] = lambda: True
    asked_at: int = 0


@dataclass(frozen=True, slots=True)
class Replayed:
    """Files put back, or that would be in a dry run, and those left alone with the reason; `more`: time ran out before the last."""

    files: tuple[FileRecord, ...]
    left: tuple[tuple[FileRecord, str], ...]
    more: bool = False

    def and_then(self, later: "Replayed") -> "Replayed":
        """Return this and what was replayed after it."""
        return Replayed((*self.files, *later.files), (*self.left, *later.left), self.more or later.more)


def replay(selection: Selection, *, waker: Waker, objects: Objects, dry_run: bool, care: Care | None = None) -> Replayed:
    """Requeue the selected files and wake their datasets; raise NotFound when an id is unknown."""
    ledger, care = waker.ledger, care or Care()
    selected = _select(selection, ledger, objects)
    loads = {_load_of(r) for r in selected if r.kind in _TOGETHER and _is_asked(r, selection)}
    chosen = [r for r in _with_whole_loads(selected, loads, ledger) if not care.asked_at or r.queued < care.asked_at]
    poison = {_unit(r) for r in chosen if r.replays >= care.most_replays}
    newest = {v.newest_file_id for v in ledger.versions({r.object_id for r in chosen}).values()}
    taken: list[FileRecord] = []
    left: list[tuple[FileRecord, str]] = []
    more = False
    for record in chosen:
        asked = _is_asked(record, selection) or (record.kind in _TOGETHER and _load_of(record) in loads)
        why_not = _why_not(record, objects, asked=asked, newest=record.file_id in newest)
        if not why_not and _unit(record) in poison:
            why_not = f"it was replayed {record.replays} times and never loaded; mend the cause, then raise --most-replays"
        if not why_not and not dry_run:
            if not care.turn():
                more = True
                break
            if not ledger.requeue(record, forced=selection.forced):
                why_not = "it moved on while it was being replayed"
        if why_not == OVERTAKEN and record.state is FileState.FAILED and not dry_run:
            ledger.supersede([record])  # nobody will load it, and its letter is answered now
        if why_not:
            left.append((record, why_not))
        else:
            taken.append(record)
    if not dry_run:
        for dataset in sorted({r.dataset for r in taken} | set(selection.wake)):
            waker.wake(dataset, urgent=True)
    return Replayed(tuple(taken), tuple(left), more)


def _select(selection: Selection, ledger: Ledger, objects: Objects) -> list[FileRecord]:
    ids = [*selection.file_ids, *(i for run_id in selection.run_ids for i in _files_of(run_id, ledger, objects))]
    found = ledger.files(ids)
    if missing := [i for i in ids if i not in found]:
        raise NotFound(f"file {missing[0]} is not in the ledger; `tidegate files` lists them")
    records = {i: found[i] for i in ids}
    for run_id in selection.failed_runs:  # a letter may be old: what was loaded or failed again since is none of its business
        members = ledger.files(_files_of(run_id, ledger, objects))
        records |= {i: r for i, r in members.items() if r.state in (FileState.FAILED, FileState.CLAIMED) and r.run_id == run_id}
    if selection.dataset:
        ranged = ledger.list_files(selection.dataset, _bound(selection.since) or "", _bound(selection.until) or "~")
        records |= {r.file_id: r for r in ranged if _is_asked(r, selection)}
    return list(records.values())


def _files_of(run_id: str, ledger: Ledger, objects: Objects) -> list[str]:
    run = ledger.run(run_id)
    if run is None:
        raise NotFound(f"run {run_id} is not in the ledger; `tidegate runs` lists them")
    return [f.file_id for f in read_manifest(run.manifest_key, objects).files]


def _is_asked(record: FileRecord, selection: Selection) -> bool:
    """Whether state and error are as asked. Reasons begin with what they are: `BAD_HEADER: …`, `Load failed: BatchRefused: …`."""
    return record.state in selection.states and (not selection.error or selection.error in record.reason.split(": ")[:2])


def _unit(record: FileRecord) -> tuple[str, str]:
    """Return what is replayed together: a full load, or the file by itself."""
    return _load_of(record) if record.kind in _TOGETHER else ("", record.file_id)


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
        return OVERTAKEN
    if record.kind is Kind.UNROUTED:
        return "its key leads to no dataset; copy it to <domain>/<dataset>/delta/ instead"
    if not is_published(record.dataset, objects):
        return f"no contract is published for {record.dataset}"
    return ""


def _bound(iso: str) -> str:
    """Return an arrival bound for an ISO time: arrivals start with microseconds since 1970."""
    return f"{microseconds(iso):016d}" if iso else ""
