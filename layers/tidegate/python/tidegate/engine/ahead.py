"""Work on several things at a time, a little ahead of who takes the results."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def work_ahead(threads: int, work: Callable[[T], R], inputs: Iterator[T]) -> Iterator[R]:
    """Return the result for each input in order. No more than one input for each thread is looked at before its turn."""
    waiting: deque[Future[R]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for given in inputs:
                waiting.append(pool.submit(work, given))
                if len(waiting) > threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
