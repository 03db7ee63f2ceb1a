"""Every random decision of a history is a number drawn here, so that a history can be written down, replayed and made smaller."""

import random
from collections.abc import Callable, Iterator, Sequence


class Choices:
    """Draws from a seed and remembers, or gives back what was drawn before. 0 is always the dullest choice."""

    def __init__(self, seed: int | None = None, given: Sequence[int] = ()) -> None:
        self._random = random.Random(seed) if seed is not None else None  # noqa: S311 - a reproducible search, not a secret
        self._given = given
        self.drawn: list[int] = []

    def draw(self, options: int, *, dull: float = 0.0) -> int:
        """Return a number below `options`; 0 with at least the probability `dull`."""
        if self._random is None:
            place = len(self.drawn)
            number = self._given[place] % options if place < len(self._given) else 0
        elif dull and self._random.random() < dull:
            number = 0
        else:
            number = self._random.randrange(options)
        self.drawn.append(number)
        return number


def shrink(drawn: Sequence[int], fails: Callable[[Sequence[int]], bool], tries: int = 2000) -> list[int]:
    """Return a smaller list of numbers that still fails: stretches are cut out, numbers become 0."""
    best = _without_tail(drawn)
    left = tries
    improved = True
    while improved and left > 0:
        improved = False
        for candidate in _smaller(best):
            left -= 1
            if left <= 0:
                break
            if fails(candidate):
                best, improved = _without_tail(candidate), True
                break
    return best


def _smaller(numbers: Sequence[int]) -> Iterator[list[int]]:
    size = len(numbers)
    step = max(1, size // 2)
    while step:
        for start in range(0, size, step):
            yield [*numbers[:start], *numbers[start + step :]]
        for start in range(0, size, step):
            if any(numbers[start : start + step]):
                yield [*numbers[:start], *[0] * len(numbers[start : start + step]), *numbers[start + step :]]
        step //= 2


def _without_tail(numbers: Sequence[int]) -> list[int]:
    kept = list(numbers)
    while kept and kept[-1] == 0:
        kept.pop()
    return kept
