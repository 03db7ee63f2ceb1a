"""Locks where the system has no semaphores. A Lambda has no /dev/shm, so making a lock of `multiprocessing` raises OSError 38 there.

dbt makes such locks in three places, though it runs in one process: in its manifest, in its adapter's connections, and through the
standard library in its pool of threads. All of them ask a context of `multiprocessing` for them.
"""

import threading
from multiprocessing import context


def take_locks_of_threads() -> None:
    """Let every context of `multiprocessing` give locks for the threads of one process; to be called before dbt is imported."""
    context.BaseContext.Lock = lambda _: threading.Lock()  # type: ignore[assignment, method-assign, return-value]
    context.BaseContext.RLock = lambda _: threading.RLock()  # type: ignore[assignment, method-assign, return-value]
