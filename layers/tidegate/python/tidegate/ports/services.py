"""Buckets, queues, the state machine and time, as protocols."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from tidegate.model.selection import DeadLetter


class Workflow(Protocol):
    """The state machine that loads a dataset."""

    def start(self, dataset: str, token: int) -> None:
        """Start the execution of a lease. One that already exists is success: name and input follow from dataset and token."""
        ...


class Timer(Protocol):
    """A wake-up call for a dataset: at least once, not before its time."""

    def ring(self, dataset: str, seconds: int) -> None:
        """Have the dataset woken in so many seconds, at most 900."""
        ...


class Letters(Protocol):
    """The failures DLQ."""

    def send(self, letter: Mapping[str, Any]) -> None:
        """Keep a failure for a person to look at and to replay."""
        ...

    def discard(self, letters: Sequence[DeadLetter]) -> None:
        """Delete letters whose contents are safe."""
        ...

    def give_back(self, letters: Sequence[DeadLetter]) -> None:
        """Let others see letters again at once."""
        ...


@dataclass(frozen=True, slots=True)
class ObjectVersion:
    """A version of an object as the bucket lists it, newest first within a key. `version_id` is empty in an unversioned bucket.

    A `deleted` one is a delete marker.
    """

    key: str
    version_id: str
    size: int
    latest: bool
    deleted: bool = False
    etag: str = ""


class Objects(Protocol):
    """A bucket."""

    def get(self, key: str) -> bytes | None:
        """Read a small object; None when there is none."""
        ...

    def put(self, key: str, body: bytes) -> None:
        """Write a small object."""
        ...

    def versions(self, prefix: str, after: str = "") -> Iterator[ObjectVersion]:
        """List versions under a prefix in the order of their keys, of the keys after `after`."""
        ...

    def size(self, key: str, version_id: str) -> int:
        """Return the bytes of an object version; raise NotFound when it is gone."""
        ...

    def ranged(self, key: str, version_id: str, start: int, stop: int) -> AbstractContextManager[BinaryIO]:
        """Open the bytes from `start` to `stop` of an object version; raise NotFound when it is gone."""
        ...

    def upload(self, key: str, path: Path) -> None:
        """Write an object from local disk."""
        ...

    def download(self, key: str, version_id: str, path: Path) -> None:
        """Copy one object version to local disk; raise NotFound when it is gone."""
        ...


class Clock(Protocol):
    """Time, as microseconds since 1970, UTC."""

    def __call__(self) -> int:
        """Return the time now."""
        ...
