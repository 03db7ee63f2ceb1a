"""What a query names, made in a DuckDB of its own: tables with the rows they have now, and views over them.

Iceberg tables are read through pyiceberg, others as the emulator reads them, partitions where the catalog says they are.
"""

import queue
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import duckdb
from ministack.services import athena, glue
from sqlglot import exp

from local.extensions import athena_access, athena_views, iceberg
from local.extensions.athena_sql import CATALOG, MACROS, QueryError, for_duckdb, parsed, qualified, references, selecting

Name = tuple[str, str]  # database, table
_idle = queue.SimpleQueue[duckdb.DuckDBPyConnection]()  # opening one takes longer than most queries


@dataclass(frozen=True, slots=True)
class Named:
    """A table, as it is or at a version, or a view with its query under full names."""

    table: dict[str, Any]
    view: exp.Query | None = None
    version: int | None = None


@contextmanager
def answering(tree: exp.Query, database: str, *, empty: bool = False) -> Iterator[duckdb.DuckDBPyRelation]:
    """The query's answer, to be read before the block ends; of tables without rows where only its columns are wanted."""
    whole = qualified(tree, database)
    found = dict[Name, Named]()
    _collect(whole, found, ())
    folders = list[str]()
    try:
        with _database() as connection:
            words = _words([whole, *(one.view for one in found.values() if one.view)])
            for name, one in found.items():
                connection.execute(f"CREATE SCHEMA IF NOT EXISTS {CATALOG}.{_quoted(name[0])}")
                _create(connection, name, one, words, folders, empty=empty)
            yield connection.sql(for_duckdb(whole))
    except duckdb.Error as error:
        raise QueryError(f"{type(error).__name__}: {error}") from error
    finally:
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _database() -> Iterator[duckdb.DuckDBPyConnection]:
    """A database with an empty catalog, which another query takes afterwards if this one did not fail."""
    connection = _taken()
    try:
        connection.execute(f"ATTACH ':memory:' AS {CATALOG}")
        yield connection
        connection.execute(f"DETACH {CATALOG}")
    except BaseException:
        connection.close()
        raise
    _idle.put(connection)


def _taken() -> duckdb.DuckDBPyConnection:
    with suppress(queue.Empty):
        return _idle.get_nowait()
    connection = duckdb.connect(":memory:")
    # `1/2` is 0 in Trino; strings compare by bytes in both
    connection.execute(f"SET integer_division = true; SET TimeZone = 'UTC'; {MACROS}")
    return connection


def _collect(tree: exp.Query, found: dict[Name, Named], within: tuple[Name, ...]) -> None:
    """The tables of a query by name, those that a view needs before the view. A table at a version is given a name of its own."""
    for reference in references(tree):
        name, version = (reference.db, reference.name), _version(reference)
        key = name
        if version is not None:
            key = (reference.db, f"{reference.name}@{version}")
            reference.set("version", None)
            reference.set("this", exp.to_identifier(key[1], quoted=True))
        if name in within:
            raise QueryError(f"VIEW_IS_RECURSIVE: line 1:1: View '{CATALOG}.{'.'.join(name)}' is recursive")
        if key in found:
            continue
        athena_access.table("GetTable", *name)
        table = glue._tables.get("/".join(name))
        if table is None:
            missing = f"Table '{CATALOG}.{'.'.join(name)}' does not exist"
            over = f"Failed analyzing stored view '{CATALOG}.{'.'.join(within[-1])}': line 1:1: " if within else ""
            raise QueryError(f"{'INVALID_VIEW' if over else 'TABLE_NOT_FOUND'}: line 1:1: {over}{missing}")
        if version is not None and not _is_iceberg(table):
            raise QueryError(f"NOT_SUPPORTED: line 1:1: '{CATALOG}.{'.'.join(name)}' has no versions")
        if not athena_views.is_view(table):
            athena_access.objects("GetObject", (table.get("StorageDescriptor") or {}).get("Location") or "")
            found[key] = Named(table, version=version)
            continue
        sql, database, _ = athena_views.described(table)
        view = qualified(selecting(parsed(sql), sql), database)
        _collect(view, found, (*within, name))
        found[name] = Named(table, view)


def _version(reference: exp.Table) -> int | None:
    """The snapshot of a table that a query asks for."""
    asked = reference.args.get("version")
    if asked is None:
        return None
    number = asked.args.get("expression")
    if asked.this != "VERSION" or asked.args.get("kind") != "AS OF" or not isinstance(number, exp.Literal) or not number.is_int:
        raise QueryError(f"NOT_SUPPORTED: the laptop's Athena knows FOR VERSION AS OF <snapshot id>, not {asked.sql('athena')}")
    return int(number.name)


def _is_iceberg(table: dict[str, Any]) -> bool:
    return str((table.get("Parameters") or {}).get("table_type", "")).upper() == "ICEBERG"


def _words(trees: list[exp.Query]) -> set[str] | None:
    """The names that occur in the queries, in lower case; None where a star asks for all columns."""
    if any(not isinstance(star.parent, exp.Count) for tree in trees for star in tree.find_all(exp.Star)):
        return None
    return {identifier.name.lower() for tree in trees for identifier in tree.find_all(exp.Identifier)}


def _create(
    connection: duckdb.DuckDBPyConnection, name: Name, one: Named, words: set[str] | None, folders: list[str], *, empty: bool,
) -> None:  # fmt: skip
    place = f"{CATALOG}.{'.'.join(map(_quoted, name))}"
    if one.view is not None:
        connection.execute(f"CREATE VIEW {place} AS {for_duckdb(one.view)}")
        _check_columns(connection, name, place, one.table)
    elif _is_iceberg(one.table):
        try:
            live = iceberg.live_rows(one.table["Parameters"]["metadata_location"], words, one.version, empty=empty)
        except iceberg.UnknownVersion as error:
            raise QueryError(f"INVALID_ARGUMENTS: {error}") from error
        connection.register("live", live)
        connection.execute(f"CREATE TABLE {place} AS SELECT * FROM live")  # noqa: S608 - names are quoted
        connection.unregister("live")
    else:
        connection.execute(f"CREATE VIEW {place} AS SELECT * FROM {_relation(name, one.table, folders)}")  # noqa: S608 - names are quoted


def _check_columns(connection: duckdb.DuckDBPyConnection, name: Name, place: str, table: dict[str, Any]) -> None:
    """What a view was created with is what its query gives: a table under it may have changed since."""
    *_, before = athena_views.described(table)
    now = [column.lower() for column in connection.sql(f"FROM {place}").columns]
    if before != now:
        raise QueryError(
            f"VIEW_IS_STALE: line 1:1: View '{CATALOG}.{'.'.join(name)}' is stale or in invalid state: "
            f"columns {before} are stored, the query gives {now}",
        )


def _relation(name: Name, table: dict[str, Any], folders: list[str]) -> str:
    """The rows of a table that is not Iceberg's: of its partitions where the catalog has some, wherever they lie, else of its folder."""
    partitions = glue._partitions.get("/".join(name)) or []
    if not partitions:
        files = _files(table, folders)
        return str(athena._table_relation(table, files) if files else athena._empty_relation(table))
    keys, whole, parts = table.get("PartitionKeys") or [], {**table, "PartitionKeys": []}, list[str]()
    for partition in partitions:
        if files := _files(partition, folders):
            values = (f"{_literal(value)} AS {_quoted(key['Name'])}" for key, value in zip(keys, partition["Values"], strict=True))
            parts.append(f"SELECT *, {', '.join(values)} FROM {athena._table_relation(whole, files)}")  # noqa: S608 - names and values are quoted
    return f"({' UNION ALL BY NAME '.join(parts)})" if parts else str(athena._empty_relation(table))


def _files(place: dict[str, Any], folders: list[str]) -> list[str]:
    location = (place.get("StorageDescriptor") or {}).get("Location") or ""
    return list(athena._materialize_table_files(location, folders)) if location else []


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
