"""The outside, in memory (DynamoDB is in `dynamo`): a state machine, buckets and a clock that obey the same contracts as the real ones."""

import hashlib
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from tidegate.aws.envelopes import open_envelope
from tidegate.errors import NotFound
from tidegate.model.runs import Commit
from tidegate.model.selection import DeadLetter
from tidegate.ports import ObjectVersion

SECOND = 1_000_000
Interruptions = Mapping[str, Callable[[], object]]  # by the name of a method


class ManualClock:
    """Time that moves when it is told to, and by one microsecond at every look: no two arrivals share a time."""

    def __init__(self, now: int = 1_700_000_000 * SECOND) -> None:
        self.now = now

    def __call__(self) -> int:
        self.now += 1
        return self.now

    def pass_seconds(self, seconds: float) -> None:
        self.now += int(seconds * SECOND)


class FakeWorkflow:
    """Executions by name: starting one that exists is success and starts nothing."""

    def __init__(self) -> None:
        self.started: list[tuple[str, int]] = []

    def start(self, dataset: str, token: int) -> None:
        if (dataset, token) not in self.started:
            self.started.append((dataset, token))


class FakeObjects:
    """A versioned bucket. A version without an id stands for an object of an unversioned bucket."""

    def __init__(self) -> None:
        self.stored: dict[str, list[tuple[str, bytes | None]]] = {}  # key -> (version, body; None for a delete marker), newest last

    def get(self, key: str) -> bytes | None:
        versions = self.stored.get(key)
        return versions[-1][1] if versions else None

    def first(self, key: str, version_id: str, size: int) -> bytes:
        body = dict(self.stored.get(key, ())).get(version_id)
        if body is None:
            raise NotFound(f"GetObject: {key}")
        return body[:size]

    def put(self, key: str, body: bytes, version_id: str = "") -> None:
        if not version_id:  # it takes the place of the one before
            self.stored[key] = [(v, b) for v, b in self.stored.get(key, ()) if v]
        self.stored.setdefault(key, []).append((version_id, body))

    def delete(self, key: str) -> None:
        """What a delete marker does: the key is gone, its versions stay."""
        self.stored[key].append(("marker", None))

    def erase(self, key: str, version_id: str) -> None:
        """Delete one version for good."""
        self.stored[key] = [(v, b) for v, b in self.stored[key] if v != version_id]

    def versions(self, prefix: str, after: str = "") -> Iterator[ObjectVersion]:
        for key in sorted(k for k in self.stored if k.startswith(prefix) and k > after):
            for place, (version_id, body) in enumerate(reversed(self.stored[key])):
                if body is not None:
                    etag = hashlib.sha256(body).hexdigest()[:8]
                    yield ObjectVersion(key, version_id, len(body), latest=place == 0, etag=etag)
                elif place == 0:
                    yield ObjectVersion(key, version_id, 0, latest=True, deleted=True)

    def size(self, key: str, version_id: str) -> int:
        return len(self.first(key, version_id, 1 << 60))

    @contextmanager
    def ranged(self, key: str, version_id: str, start: int, stop: int) -> Iterator[BinaryIO]:
        yield io.BytesIO(self.first(key, version_id, stop)[start:])

    def upload(self, key: str, path: Path) -> None:
        self.put(key, path.read_bytes())

    def download(self, key: str, version_id: str, path: Path) -> None:
        body = dict(self.stored.get(key, ())).get(version_id)
        if body is None:
            raise NotFound(f"GetObject: {key}")
        path.write_bytes(body)


class FakeTimer:
    """Wake-up calls that were asked for."""

    def __init__(self) -> None:
        self.rung: list[tuple[str, int]] = []

    def ring(self, dataset: str, seconds: int) -> None:
        self.rung.append((dataset, seconds))


class FakeLetters:
    """The failures DLQ."""

    def __init__(self) -> None:
        self.sent: list[Mapping[str, Any]] = []
        self.queue: dict[str, str] = {}  # message id -> body
        self.hidden: set[str] = set()
        self.posted = 0

    def send(self, letter: Mapping[str, Any]) -> None:
        self.sent.append(letter)
        self.post(json.dumps(letter))

    def post(self, text: str) -> None:
        """Put a message there, as others than we do."""
        self.posted += 1
        self.queue[f"m{self.posted}"] = text

    def read(self) -> list[DeadLetter]:
        found = [DeadLetter(i, open_envelope(text), 0, i) for i, text in self.queue.items() if i not in self.hidden]
        self.hidden |= {letter.message_id for letter in found}
        return found

    def discard(self, letters: Sequence[DeadLetter]) -> None:
        for letter in letters:
            del self.queue[letter.handle]
            self.hidden.remove(letter.handle)

    def give_back(self, letters: Sequence[DeadLetter]) -> None:
        self.hidden -= {letter.handle for letter in letters}


class FakeCatalog:
    """Tables as the catalog shows them: rows and author by name, commits by run."""

    def __init__(self) -> None:
        self.tables: dict[str, tuple[int, str]] = {}
        self.runs: dict[str, list[Commit]] = {}

    def totals(self, table: str) -> Mapping[str, tuple[int, str]]:
        return {name: found for name, found in self.tables.items() if name.endswith(f".{table}")}

    def commits(self, table: str, run_id: str) -> Sequence[Commit]:
        return [c for c in self.runs.get(run_id, ()) if c.table.endswith(f".{table}")]


class Interrupted:
    """A port to which something happens once, just before or after one of its methods: a fault, a crash, another process."""

    def __init__(self, port: object, before: Interruptions | None = None, after: Interruptions | None = None) -> None:
        self._port, self._before, self._after = port, dict(before or {}), dict(after or {})

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)

        def interrupted(*args: object, **kwargs: object) -> object:
            self._before.pop(name, _nothing)()
            result = method(*args, **kwargs)
            self._after.pop(name, _nothing)()
            return result

        return interrupted


def raising(error: BaseException) -> Callable[[], None]:
    """Return an interruption that raises."""

    def interrupt() -> None:
        raise error

    return interrupt


class Crash(BaseException):
    """The process was killed: nothing catches it."""


def _nothing() -> None:
    """Nothing happens."""
