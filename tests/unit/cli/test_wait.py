"""`tidegate wait` knows rest from a moment in which nothing is to be seen yet."""

from collections.abc import Iterator
from typing import Any

import pytest

from tidegate.cli import wait as command
from tidegate.cli.wait import Work

NOTHING, SOME = Work(0, 0, 0, 0), Work(1, 0, 0, 0)


def looks(monkeypatch: pytest.MonkeyPatch, *seen: Work) -> Iterator[Work]:
    """What a caller finds, look by look; a second passes between two."""
    left, clock = iter(seen), iter(range(1000))

    def look(_: Any) -> Work:
        return next(left)

    monkeypatch.setattr(command, "look", look)
    monkeypatch.setattr(command.time, "sleep", lambda _: None)
    monkeypatch.setattr(command.time, "monotonic", lambda: next(clock))
    return left


def test_file_that_s3_has_not_announced_yet_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    left = looks(monkeypatch, NOTHING, NOTHING, NOTHING, SOME, SOME, NOTHING, NOTHING, SOME)
    assert command.watch(object(), 600.0) == NOTHING  # type: ignore[arg-type]
    assert list(left) == [SOME]


def test_wait_with_nothing_to_wait_for_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    left = looks(monkeypatch, *[NOTHING] * 6)
    assert command.watch(object(), 600.0) == NOTHING  # type: ignore[arg-type]
    assert list(left) == [NOTHING]


def test_what_is_left_when_time_is_over_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    looks(monkeypatch, *[SOME] * 1000)
    assert command.watch(object(), 5.0) == SOME  # type: ignore[arg-type]
