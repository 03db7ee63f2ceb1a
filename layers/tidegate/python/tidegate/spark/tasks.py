"""Tasks: pieces of a run that any machine can perform, in any order and more than once.

What a task leaves in the lake bucket has a name of its own, so a task that is tried again, or performed twice at the same time, harms
nothing: the driver commits what one of them answered, and maintenance removes the rest.
"""

import pickle
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol, TypeVar

from tidegate import engine
from tidegate.aws.stored_files import store
from tidegate.contracts.contract import Contract, Format
from tidegate.engine import FieldIds, FileResult, Inspection, Keyring, Limits, Parent, Refusal, StagedFile
from tidegate.engine.packing import packing_of
from tidegate.engine.splits import Survey, survey
from tidegate.engine.values import Split
from tidegate.errors import AccessDenied, NoRoom, NotFound, TidegateError, Transient, no_room
from tidegate.model.runs import ManifestFile
from tidegate.ports import DataFile, Objects, Outcome
from tidegate.tables.workshop import LocalWorkshop, fetch

T = TypeVar("T")

HEAD = 1 << 20  # bytes of a file in which its header ends
_TRIES = 4
_FIRST_PAUSE = 2.0  # seconds
_PIECE = 1 << 20  # bytes


@dataclass(frozen=True, slots=True)
class Tools:
    """What a machine has for a task: the buckets, the key of the run, a room, and what the engine may use."""

    landing: Objects
    lake: Objects
    s3: Any
    keyring: Keyring
    limits: Limits
    room: Path


class Task(Protocol):
    """A piece of work. A sender answers with parcels: the number of a receiver and bytes for it, which that one gets together."""

    @property
    def perform(self) -> Callable[..., Any]:
        """Do it with tools, a receiver also with parcels, and answer. What it writes to the room is gone afterwards."""
        ...


class Cluster(Protocol):
    """Machines. Answers come in the order of the tasks; what a task raised is raised."""

    def perform(self, tasks: Sequence[Task]) -> list[Any]:
        """Perform tasks somewhere."""
        ...

    def exchange(self, senders: Sequence[Task], receivers: Sequence[Task]) -> list[Any]:
        """Perform the senders, which answer with parcels, and the receivers, each with the parcels for its place among them.

        Answers are the receivers'.
        """
        ...


@dataclass(frozen=True, slots=True)
class InspectFiles:
    """Read the headers of some files, which are not here to be kept."""

    contract: Contract
    files: tuple[ManifestFile, ...]

    def perform(self, tools: Tools) -> Inspection:
        """Return what `engine.inspect` says of them."""
        found = []
        for number, file in enumerate(self.files):
            path = tools.room / f"{number:06d}"
            found.append(engine.inspect(self.contract, [self._header(file, tools, path)]))
            path.unlink()
        return engine.combined(self.contract, found)

    def _header(self, file: ManifestFile, tools: Tools, path: Path) -> StagedFile:
        """Fetch the file, or its beginning where that has all of the header."""
        if self.contract.format is Format.CSV and file.size > HEAD:
            copy_range(tools.landing, file, 0, HEAD, path)
            with path.open("rb") as first:
                if not packing_of(first.read(HEAD)):
                    return staged(file, path)
        return fetch(file, tools.landing, path)


@dataclass(frozen=True, slots=True)
class SurveyRange:
    """Look at a range of a large CSV file for where its records end."""

    contract: Contract
    file: ManifestFile
    start: int
    stop: int

    def perform(self, tools: Tools) -> Survey:
        """Return what the range has."""
        with tools.landing.ranged(self.file.key, self.file.version_id, self.start, self.stop) as stream:
            return survey(stream, self.start, self.stop, self.contract)


@dataclass(frozen=True, slots=True)
class StoredParent:
    """The values of a table that rows refer to, as one Parquet object in the lake bucket; no key: it had no rows."""

    columns: Mapping[str, str]
    key: str


@dataclass(frozen=True, slots=True)
class LoadFiles:
    """Run the row engine on some files, or on one `split` of a file with the first `head` bytes before it.

    `locations` say where the tables keep their data files, by layer.
    """

    contract: Contract
    files: tuple[ManifestFile, ...]
    field_ids: FieldIds
    locations: Mapping[str, str]
    run_id: str
    parents: Mapping[str, StoredParent]
    split: Split | None = None
    head: int = 0

    def perform(self, tools: Tools) -> Outcome:
        """Return results and the stored data files with the rows."""
        workshop = LocalWorkshop(tools.room, tools.limits, tools.keyring)
        parents = {table: _parent(parent, tools, tools.room / f"{table}.parquet") for table, parent in self.parents.items()}
        try:
            files = self._staged(workshop, tools)
        except NoRoom as error:
            if len(self.files) > 1:
                raise
            refusal = Refusal("NO_ROOM", f"{error}; send it in parts")
            return Outcome((FileResult(self.files[0].file_id, 0, 0, 0, refusal),))
        made = workshop.convert(self.contract, files, self.field_ids, self.run_id, parents)
        newest = workshop.newest(made, self.contract)
        accepted = self._stored(made.accepted, "bronze", tools)
        return Outcome(made.files, accepted, self._stored(made.quarantined, "quarantine", tools), newest)

    def _staged(self, workshop: LocalWorkshop, tools: Tools) -> list[StagedFile]:
        if self.split is None:
            return [found(file) for file in workshop.stage(self.files, tools.landing)]
        (file,) = self.files
        path = tools.room / "split"
        copy_range(tools.landing, file, 0, self.head, path)
        copy_range(tools.landing, file, self.split.start, self.split.stop, path)
        return [staged(file, path, self.split)]

    def _stored(self, path: Path | None, layer: str, tools: Tools) -> tuple[DataFile, ...]:
        return () if path is None else (store(tools.s3, path, self.locations[layer], self.run_id),)


def found(file: StagedFile | NotFound | AccessDenied) -> StagedFile:
    """Return a file, or raise why it could not be had: it was there when the run began."""
    if isinstance(file, StagedFile):
        return file
    raise file


def staged(file: ManifestFile, path: Path, split: Split | None = None) -> StagedFile:
    """Describe a landing object that is at a path, or will be."""
    return StagedFile(file.file_id, file.key, file.version_id, file.arrival, path, load_id=file.load, split=split)


def copy_range(landing: Objects, file: ManifestFile, start: int, stop: int, path: Path) -> None:
    """Append bytes of a landing object to a local file."""
    with landing.ranged(file.key, file.version_id, start, stop) as source, path.open("ab") as target:
        shutil.copyfileobj(source, target, _PIECE)


def _parent(parent: StoredParent, tools: Tools, path: Path) -> Parent:
    if not parent.key:
        return Parent(parent.columns)
    tools.lake.download(parent.key, "", path)
    return Parent(parent.columns, (path,))


def perform(request: bytes, make: Callable[[Any, Path], Tools], *given: Any) -> bytes:  # noqa: ANN401 - what the task takes
    """Perform a pickled task and return its pickled answer. `make` turns what comes with the task into tools, given a room.

    Errors of our tree are answers too, which `answer` raises: what Spark makes of an error has only its text. Transient ones are given
    some time here. Anything else is raised, and Spark tries the task again, on another machine when it can.
    """
    site, task = pickle.loads(request)  # noqa: S301 - the driver of this very job made it

    def work() -> bytes:
        with TemporaryDirectory(prefix="tidegate-task-") as room:
            return pickle.dumps((True, task.perform(make(site, Path(room)), *given)))

    try:
        return patiently(work)
    except TidegateError as error:
        return pickle.dumps((False, (type(error), error.args, error.__dict__)))
    except Exception as error:
        if full := no_room(error):
            return pickle.dumps((False, (type(full), full.args, {})))
        raise


def patiently(work: Callable[[], T]) -> T:
    """Do something, and again when what failed may succeed later: starting a job or a task anew costs more than waiting."""
    for attempt in range(1, _TRIES):
        try:
            return work()
        except Transient:
            time.sleep(_FIRST_PAUSE * 2**attempt)
    return work()


def request(site: Any, task: Task) -> bytes:  # noqa: ANN401 - whatever `make` understands
    """Pickle a task with what its machine needs to know."""
    return pickle.dumps((site, task))


def send(request: bytes, make: Callable[[Any, Path], Tools]) -> list[tuple[int, tuple[bool, bytes]]]:
    """Perform a sender and return its parcels, each with the number of its receiver. An error goes to the first receiver."""
    body = perform(request, make)
    good, value = pickle.loads(body)  # noqa: S301 - made above
    return [(number, (True, parcel)) for number, parcel in value] if good else [(0, (False, body))]


def receive(request: bytes, make: Callable[[Any, Path], Tools], arrived: Sequence[tuple[bool, bytes]]) -> bytes:
    """Perform a receiver with what senders sent to it, and return its answer; the sender's, when that is an error."""
    for good, body in arrived:
        if not good:
            return body
    return perform(request, make, [parcel for _, parcel in arrived])


def answer(body: bytes) -> Any:  # noqa: ANN401 - each kind of task answers with its own value
    """Return a task's answer, or raise the error that it ended with."""
    good, value = pickle.loads(body)  # noqa: S301 - a task of this very job made it
    if good:
        return value
    kind, arguments, fields = value
    error = kind.__new__(kind, *arguments)
    error.__dict__.update(fields)
    raise error
