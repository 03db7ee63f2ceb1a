"""Run dbt where the system has no semaphores, as in a Lambda: `without_semaphores.py [--threads] <dbt's arguments>`.

AWS Lambda has no /dev/shm, so making a lock of `multiprocessing` raises OSError 38. dbt makes such locks in three places, though it runs
one process: in its manifest, in the adapter's connections, and (through the standard library) in its pool of threads. All three ask the
`multiprocessing` context for them. `--threads` lets contexts give locks of `threading` instead, which is what dbt needs.
"""

import _multiprocessing
import errno
import os
import sys
import threading
from multiprocessing import context
from typing import Any


class NoSemaphore:
    """What the system answers there."""

    SEM_VALUE_MAX = 1

    def __init__(self, *_: Any) -> None:
        """Refuse."""
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))


def locks_of_threads() -> None:
    """Let every context of `multiprocessing` give locks for the threads of one process; to be called before dbt is imported."""
    context.BaseContext.Lock = lambda _: threading.Lock()  # type: ignore[assignment, method-assign, return-value]
    context.BaseContext.RLock = lambda _: threading.RLock()  # type: ignore[assignment, method-assign, return-value]


if __name__ == "__main__":
    _multiprocessing.SemLock = NoSemaphore  # type: ignore[attr-defined]
    if "--threads" in sys.argv:
        sys.argv.remove("--threads")
        locks_of_threads()
    from dbt.cli.main import dbtRunner  # type: ignore[import-not-found]

    finished = dbtRunner().invoke(sys.argv[1:])
    if finished.exception:
        raise finished.exception
    sys.exit(0 if finished.success else 1)
