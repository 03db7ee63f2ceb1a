"""Run dbt where the system has no semaphores, as in a Lambda: `without_semaphores.py [--threads] <dbt's arguments>`.

`--threads` does what the function that builds gold does about it.
"""

import _multiprocessing
import errno
import os
import runpy
import sys
from pathlib import Path
from typing import Any

LOCKS = Path(__file__).resolve().parents[2] / "layers/tidegate/python/tidegate/warehouses/locks.py"


class NoSemaphore:
    """What the system answers there."""

    SEM_VALUE_MAX = 1

    def __init__(self, *_: Any) -> None:
        """Refuse."""
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))


if __name__ == "__main__":
    _multiprocessing.SemLock = NoSemaphore  # type: ignore[attr-defined]
    if "--threads" in sys.argv:
        sys.argv.remove("--threads")
        runpy.run_path(str(LOCKS))["take_locks_of_threads"]()
    from dbt.cli.main import dbtRunner

    finished = dbtRunner().invoke(sys.argv[1:])
    if finished.exception:
        raise finished.exception
    sys.exit(0 if finished.success else 1)
