"""What people and dead letters ask to be loaded again."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from tidegate.errors import MessageMalformed
from tidegate.model.arrivals import Arrival, route
from tidegate.model.files import FileState

MOST_REPLAYS = 5


@dataclass(frozen=True, slots=True)
class Selection:
    """Which files to replay: any mix of ids, runs, and one dataset with optional arrival bounds (ISO-8601 text, UTC).

    `states` narrows what is taken, and so does `error`, the class that a file's reason names; files that are already waiting,
    superseded or ignored are never taken. Of `failed_runs` the files that are still FAILED are taken. Datasets in `wake` get a run if
    something of theirs waits. `forced`: the contract's checks on a batch as a whole do not hold these files back.
    """

    file_ids: tuple[str, ...] = ()
    run_ids: tuple[str, ...] = ()
    dataset: str = ""
    since: str = ""
    until: str = ""
    states: tuple[FileState, ...] = (FileState.FAILED, FileState.QUARANTINED, FileState.LOADED)
    error: str = ""
    wake: tuple[str, ...] = ()
    failed_runs: tuple[str, ...] = ()
    forced: bool = False


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a dead letter asks for; `aws.envelopes` reads it out of the shapes that letters have.

    The files of `run_id` that failed with it are replayed, `arrivals` are registered, a `selection` is replayed, and the `dataset` and
    those in `wake` are woken. `token` is set when the execution of that lease is known to have ended. `error` is the class of what went
    wrong. With `gold` its build is to be tried again. `problem` says why the letter cannot be read in full.
    """

    dataset: str = ""
    run_id: str = ""
    token: int = 0
    error: str = ""
    arrivals: tuple[Arrival, ...] = ()
    wake: tuple[str, ...] = ()
    selection: Selection = Selection()
    gold: bool = False
    problem: str = ""

    @property
    def datasets(self) -> frozenset[str]:
        """The datasets that the letter is about."""
        named = (self.dataset, self.selection.dataset, *self.wake, *(route(a.key).dataset for a in self.arrivals))
        return frozenset(name for name in named if name)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One message of the failures DLQ; `sent` is in microseconds since 1970, UTC; `handle` is the queue's own, to delete it with."""

    message_id: str
    envelope: Envelope
    sent: int
    handle: str


@dataclass(frozen=True, slots=True)
class Request:
    """What replay is asked for: files by `selection`, and up to `letters` dead letters, or those with `message_ids`.

    When letters are asked for, dataset, times and error of the selection say which of them, and select no files. `rate` is in files a
    second (0: no limit); `most_replays` and `asked_at` are those of `usecases.replay.Care`.
    """

    selection: Selection = Selection()
    letters: int = 0
    message_ids: frozenset[str] = frozenset()
    dry_run: bool = False
    rate: float = 0
    most_replays: int = MOST_REPLAYS
    asked_at: int = 0

    @property
    def most_letters(self) -> int:
        """How many letters to look at."""
        return len(self.message_ids) or self.letters

    @property
    def files(self) -> Selection:
        """Which files are asked for beside those in letters."""
        return replace(self.selection, dataset="", error="") if self.most_letters else self.selection

    def wants(self, letter: DeadLetter) -> bool:
        """Whether a letter is one of those asked for."""
        asked = self.selection
        return (
            (not self.message_ids or letter.message_id in self.message_ids)
            and (not asked.dataset or asked.dataset in letter.envelope.datasets)
            and (not asked.error or asked.error == letter.envelope.error)
            and (not asked.since or letter.sent >= microseconds(asked.since))
            and (not asked.until or letter.sent < microseconds(asked.until))
        )


def request_from(fields: Mapping[str, Any]) -> Request:
    """Read a request from a Lambda event; raise MessageMalformed as `selection_from` does."""
    try:
        return Request(
            selection_from(fields),
            letters=int(fields.get("letters", 0)),
            message_ids=frozenset(fields.get("message_ids", ())),
            dry_run=bool(fields.get("dry_run", False)),
            rate=float(fields.get("rate", 0)),
            most_replays=int(fields.get("most_replays", MOST_REPLAYS)),
            asked_at=int(fields.get("asked_at", 0)),
        )
    except (TypeError, ValueError) as error:
        raise MessageMalformed(f"replay was asked for what it does not take: {error}") from error


def selection_from(fields: Mapping[str, Any]) -> Selection:
    """Read a selection from a Lambda event or a command; raise MessageMalformed, saying which field is wrong and what it takes."""
    try:
        states = tuple(FileState(s) for s in fields.get("states", ())) or Selection().states
    except ValueError as error:
        raise MessageMalformed(f"{error}; states are {', '.join(FileState)}") from error
    return Selection(
        file_ids=tuple(fields.get("file_ids", ())),
        run_ids=tuple(fields.get("run_ids", ())),
        dataset=str(fields.get("dataset", "")),
        since=_time(fields, "since"),
        until=_time(fields, "until"),
        states=states,
        error=str(fields.get("error", "")),
        forced=bool(fields.get("forced", False)),
    )


def microseconds(iso: str) -> int:
    """Return an ISO-8601 time, UTC unless it names a zone, as microseconds since 1970."""
    when = datetime.fromisoformat(iso)
    return round((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() * 1e6)


def _time(fields: Mapping[str, Any], name: str) -> str:
    text = str(fields.get(name, ""))
    if text:
        try:
            microseconds(text)
        except ValueError as error:
            raise MessageMalformed(f"{name} is {text!r}; write an ISO-8601 time such as 2026-01-31T08:00:00") from error
    return text
