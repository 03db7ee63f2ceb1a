"""Chance that falls the same way everywhere: SHA-256 in counter mode, so neither Python's version nor the platform matters."""

import hashlib
import uuid
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """A stream of choices fixed by its seed. Two dice with different seeds do not influence each other."""

    def __init__(self, seed: str) -> None:
        """Start at the first number of the seed's stream."""
        self._seed = seed
        self._rolls = 0

    def _roll(self) -> bytes:
        self._rolls += 1
        return hashlib.sha256(f"{self._seed}#{self._rolls}".encode()).digest()

    def below(self, limit: int) -> int:
        """Return a whole number from 0 to limit - 1."""
        return int.from_bytes(self._roll(), "big") % limit

    def between(self, low: int, high: int) -> int:
        """Return a whole number from low to high, both included."""
        return low + self.below(high - low + 1)

    def chance(self, percent: int) -> bool:
        """Return True in `percent` of a hundred cases."""
        return self.below(100) < percent

    def pick(self, choices: Sequence[T]) -> T:
        """Return one of the choices."""
        return choices[self.below(len(choices))]

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """Return the items in another order."""
        mixed = list(items)
        for last in range(len(mixed) - 1, 0, -1):
            other = self.below(last + 1)
            mixed[last], mixed[other] = mixed[other], mixed[last]
        return mixed

    def sample(self, items: Sequence[T], count: int) -> list[T]:
        """Return `count` different items in a random order."""
        return self.shuffled(items)[:count]

    def digits(self, count: int) -> str:
        """Return text of `count` decimal digits, leading zeros included."""
        return f"{self.below(10**count):0{count}d}"

    def uuid(self) -> str:
        """Return a random UUID (version 4) as text."""
        return str(uuid.UUID(bytes=self._roll()[:16], version=4))

    def bytes(self, count: int) -> bytes:
        """Return `count` random bytes."""
        return b"".join(self._roll() for _ in range(-(-count // 32)))[:count]
