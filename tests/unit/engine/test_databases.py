"""Databases are kept for who comes next: nobody finds what another left, and nobody shares."""

import os
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tidegate.engine import databases
from tidegate.engine.databases import opened

SMALL = {"memory_limit": "64MB", "threads": 1}
LARGE_TABLE = "CREATE TEMP TABLE large AS SELECT range AS n, md5(range::VARCHAR) AS t FROM range(2_000_000)"


@pytest.fixture(autouse=True)
def none_kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(databases, "_idle", [])
    yield
    for database in databases._idle:
        database.root.close()


def name_of(connection: duckdb.DuckDBPyConnection) -> str:
    """Mark a database by a setting of all of it, which nothing here depends on; return the mark that it had before."""
    found = connection.execute("SELECT current_setting('catalog_error_max_schemas')").fetchone()
    connection.execute("SET GLOBAL catalog_error_max_schemas = 77")
    assert found is not None
    return "seen before" if found[0] == 77 else "new"


def test_a_database_that_was_given_back_is_used_again_by_who_wants_the_same() -> None:
    found = []
    for settings in (SMALL, SMALL, {**SMALL, "threads": 2}, SMALL):
        with opened(settings, None) as connect:
            found.append(name_of(connect()))
    assert found == ["new", "seen before", "new", "seen before"]


@pytest.mark.parametrize(
    ("making", "asking"),
    [
        ("CREATE TABLE t AS SELECT 1", "FROM t"),
        ("CREATE TEMP TABLE t AS SELECT 1", "FROM t"),
        ("CREATE VIEW v AS SELECT 1", "FROM v"),
        ("CREATE MACRO five() AS 5", "SELECT five()"),
        ("CREATE TYPE mood AS ENUM ('sad')", "SELECT 'sad'::mood"),
        ("CREATE SEQUENCE numbers", "SELECT nextval('numbers')"),
        ("PREPARE asked AS SELECT 1", "EXECUTE asked"),
    ],
)
def test_what_one_made_is_not_there_for_the_next(making: str, asking: str) -> None:
    with opened(SMALL, None) as connect:
        db = connect()
        name_of(db)
        db.execute(making)
        db.execute(asking)
    with opened(SMALL, None) as connect:
        db = connect()
        assert name_of(db) == "seen before"
        with pytest.raises(duckdb.Error, match=r"does not exist|not found|Prepared statement"):
            db.execute(asking)


def test_keys_and_settings_of_one_are_not_those_of_the_next_nor_of_another_connection() -> None:
    asked = "SELECT getvariable('secret'), current_setting('TimeZone')"
    with opened(SMALL, None) as connect:
        db = connect()
        name_of(db)
        db.execute("SET VARIABLE secret = 'key'; SET TimeZone = 'Asia/Tokyo'")
        assert db.execute(asked).fetchone() == ("key", "Asia/Tokyo")
        assert connect().execute(asked).fetchone() == (None, "UTC")
    with opened(SMALL, None) as connect:
        db = connect()
        assert (name_of(db), db.execute(asked).fetchone()) == ("seen before", (None, "UTC"))


def test_two_at_the_same_time_have_a_database_each() -> None:
    with opened(SMALL, None) as one, opened(SMALL, None) as other:
        assert [name_of(one()), name_of(other())] == ["new", "new"]


def test_all_connections_of_one_see_its_tables() -> None:
    with opened(SMALL, None) as connect:
        connect().execute("CREATE TABLE t AS SELECT 5 AS n")
        assert connect().execute("FROM t").fetchall() == [(5,)]


def test_a_database_whose_user_failed_is_not_given_to_another() -> None:
    def fail() -> None:
        with opened(SMALL, None) as connect:
            name_of(connect())
            connect().execute("FROM nowhere")

    with pytest.raises(duckdb.CatalogException):
        fail()
    with opened(SMALL, None) as connect:
        assert name_of(connect()) == "new"


def test_each_spills_to_its_own_folder_and_leaves_nothing_there(tmp_path: Path) -> None:
    for folder in (tmp_path / "one", tmp_path / "other"):
        with opened(SMALL, folder) as connect:
            db = connect()
            assert name_of(db) == "new"  # the one before has spilled
            db.execute(LARGE_TABLE)
            assert list(folder.iterdir())
            assert db.execute("SELECT count(*), max(length(t)) FROM large").fetchone() == (2_000_000, 32)
        assert not folder.exists() or not list(folder.iterdir())


def test_one_without_a_folder_does_not_spill_to_that_of_the_one_before(tmp_path: Path) -> None:
    with opened(SMALL, tmp_path / "spill") as connect:
        name_of(connect())
    with opened(SMALL, None) as connect:
        db = connect()
        assert name_of(db) == "seen before"
        with pytest.raises(duckdb.OutOfMemoryException):
            db.execute(LARGE_TABLE)
    assert not (tmp_path / "spill").exists()


def test_a_file_of_the_same_name_is_read_anew(tmp_path: Path) -> None:
    path, found = tmp_path / "rows.parquet", []
    for number in (1, 2):
        pq.write_table(pa.table({"n": [number]}), path)
        os.utime(path, (1, 1))  # as when a clock is too coarse to tell the two apart
        with opened(SMALL, None) as connect:
            found += connect().execute(f"FROM read_parquet('{path}')").fetchall()
    assert found == [(1,), (2,)]


def test_no_more_are_kept_than_a_run_uses() -> None:
    for megabytes in range(64, 74):
        with opened({"memory_limit": f"{megabytes}MB", "threads": 1}, None) as connect:
            connect().execute("SELECT 1")
    assert [database.settings["memory_limit"] for database in databases._idle] == ["70MB", "71MB", "72MB", "73MB"]


def test_a_child_of_a_fork_opens_its_own() -> None:
    with opened(SMALL, None) as connect:
        name_of(connect())
    child = os.fork()
    if child == 0:
        with opened(SMALL, None) as connect:
            os._exit(0 if name_of(connect()) == "new" else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    with opened(SMALL, None) as connect:
        assert name_of(connect()) == "seen before"
