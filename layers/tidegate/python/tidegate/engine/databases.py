"""DuckDB databases in memory, each with one user at a time.

Opening one takes twenty milliseconds of processor time, and a small run wants nine. So one that is given back is kept for who next wants
one of the same settings. Nobody finds what was there before: tables, views and macros are in a catalog that goes with its user,
temporary ones, variables and settings of sessions go with their connections. One that failed or spilled is closed.
"""

import contextlib
import itertools
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from tidegate.engine import sql

Connect = Callable[[], duckdb.DuckDBPyConnection]
Settings = Mapping[str, str | bool | int | float | list[str]]

_KEPT = 4  # a run uses as many kinds; one at rest holds some 4 MiB
_ALWAYS: Settings = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "enable_external_file_cache": False,  # files of another user may have had the same names
}
_catalogs = itertools.count()


@dataclass(frozen=True, slots=True)
class _Database:
    settings: Settings
    root: duckdb.DuckDBPyConnection

    def spill_to(self, folder: Path | None) -> None:
        """Spill to a folder, or not at all; raise when it has spilled already."""
        self.root.execute(f"SET temp_directory = {sql.text(str(folder or ''))}")

    def clear(self, catalog: str) -> bool:
        """Take away what its user made; return whether another may have it."""
        try:
            self.root.execute(f"DETACH {catalog}")
            self.spill_to(None)
        except duckdb.Error:
            return False
        return True


_idle: list[_Database] = []  # the one that was used last is the last
_left_behind: list[_Database] = []  # by a fork, with their threads: they can be neither used nor closed
_one_at_a_time = threading.Lock()


@contextlib.contextmanager
def opened(settings: Settings, spill: Path | None) -> Iterator[Connect]:
    """Open a database that spills to a folder, without one not at all; what is given makes connections, one for each thread.

    `settings` are DuckDB's, of a whole database. The connections end with the block.
    """
    database = _take({**settings, **_ALWAYS})
    catalog, connections = f"room_{next(_catalogs)}", list[duckdb.DuckDBPyConnection]()

    def connect() -> duckdb.DuckDBPyConnection:
        connection = database.root.cursor()
        connections.append(connection)
        # A laptop's zone would be in texts of instants.
        connection.execute(f"USE {catalog}; SET TimeZone = 'UTC'; SET enable_progress_bar = false")
        return connection

    done = False
    try:
        database.spill_to(spill)
        database.root.execute(f"ATTACH ':memory:' AS {catalog}")
        yield connect
        done = True
    finally:
        for connection in connections:
            connection.close()
        if done and database.clear(catalog):
            _keep(database)
        else:
            database.root.close()


def _take(settings: Settings) -> _Database:
    with _one_at_a_time:
        for place in reversed(range(len(_idle))):
            if _idle[place].settings == settings:
                return _idle.pop(place)
    return _Database(settings, duckdb.connect(":memory:", config=dict(settings)))


def _keep(database: _Database) -> None:
    with _one_at_a_time:
        _idle.append(database)
        left = [_idle.pop(0) for _ in range(len(_idle) - _KEPT)]
    for other in left:
        other.root.close()


def _leave_behind() -> None:
    _left_behind.extend(_idle)
    _idle.clear()


os.register_at_fork(before=_one_at_a_time.acquire, after_in_parent=_one_at_a_time.release, after_in_child=_one_at_a_time.release)
os.register_at_fork(after_in_child=_leave_behind)
