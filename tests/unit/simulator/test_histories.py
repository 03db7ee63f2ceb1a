"""The simulator in short: `make simulate HISTORIES=10000` is the long search."""

import pytest

from simulator.choices import Choices, shrink
from simulator.mutations import MUTATIONS, catch
from simulator.story import play


@pytest.mark.parametrize("first", range(0, 600, 100))
def test_no_history_loses_or_doubles_a_row(first: int) -> None:
    for seed in range(first, first + 100):
        outcome = play(Choices(seed))
        assert outcome.violations == [], f"seed {seed}: .venv/bin/python -m simulator --seed {seed} --histories 1"


@pytest.mark.parametrize("name", MUTATIONS)
def test_broken_code_is_noticed(name: str) -> None:
    number, violation = catch(name, 3000)
    assert number, f"nobody notices that {name}"
    assert violation


def test_history_is_played_the_same_again() -> None:
    first = play(Choices(7))
    assert play(Choices(given=first.drawn)).trace == first.trace


def test_history_that_breaks_is_made_smaller() -> None:
    smaller = shrink([5, 0, 9, 3, 7, 7, 1], lambda numbers: 9 in numbers and 7 in numbers)
    assert smaller == [9, 7]
