"""Turns: at most so many a second, until time runs out."""

from collections.abc import Callable

from tidegate.ports import Clock

_MICROSECONDS = 1_000_000


class Turns:
    """Gives out turns evenly; a call waits for its own."""

    def __init__(self, per_second: float, until: int, clock: Clock, sleep: Callable[[float], None]) -> None:
        """Give `per_second` turns (0: no limit) until a time in microseconds since 1970, UTC; `sleep` takes seconds."""
        self._gap = _MICROSECONDS / per_second if per_second > 0 else 0.0
        self._until, self._clock, self._sleep = until, clock, sleep
        self._next = 0.0

    def __call__(self) -> bool:
        """Wait for the next turn; False when it would come too late."""
        now = self._clock()
        turn = max(float(now), self._next)
        if turn >= self._until:
            return False
        if turn > now:
            self._sleep((turn - now) / _MICROSECONDS)
        self._next = turn + self._gap
        return True
