"""DuckDB for tests that look at files: opening a database takes 30 ms of processor time, a cursor of one that is open takes none."""

import functools

import duckdb


@functools.cache
def _database() -> duckdb.DuckDBPyConnection:
    """One for the process; no file is remembered, because tests write others under the same names."""
    return duckdb.connect(config={"enable_external_file_cache": False})


def looking() -> duckdb.DuckDBPyConnection:
    """Open a connection with names of its own, in UTC."""
    connection = _database().cursor()
    connection.execute("SET TimeZone = 'UTC'")
    return connection
