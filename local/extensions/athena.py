"""Athena reads what a table is, and answers with Athena's types.

On AWS a query on an Iceberg table reads the live data files of the current snapshot with the current schema, SQL is Trino's, and
results carry Trino's types. The emulator reads every object under a table's location as data, takes the SQL for DuckDB's, calls
most types varchar and writes the result file beside the place it announces. Here each table that a query names is made in DuckDB
(Iceberg through pyiceberg, others as the emulator reads them, partitions
where the catalog says they are), SQL goes through sqlglot, and answers are written as Athena does.
Queries on S3 table buckets and DDL stay the emulator's. Writing with SQL is refused.
"""

import asyncio
import shutil
from typing import Any
from urllib.parse import urlparse

import duckdb
import sqlglot
from ministack.services import athena, glue, s3
from sqlglot import exp

from local.extensions import athena_results as results
from local.extensions import athena_statements as statements
from local.extensions import iceberg

DEFAULT_CATALOG = "awsdatacatalog"


class QueryError(Exception):
    """The query cannot be answered; the message is the query's state change reason."""


def install() -> None:
    """Take over starting, running and answering queries."""
    run_duckdb, start, ensure_group = athena._run_duckdb, athena._start_query_execution, athena._ensure_default_workgroup

    async def run(query: str, database: str, catalog: str | None = None) -> dict[str, Any]:
        if athena._S3_TABLES_CATALOG_PREFIX in f"{query} {catalog}".lower():
            return await run_duckdb(query, database, catalog)  # type: ignore[no-any-return]
        return await asyncio.to_thread(answer, query, database)

    def start_with_folder(data: dict[str, Any]) -> Any:  # noqa: ANN401 - the emulator's response
        data["ResultConfiguration"] = {**(data.get("ResultConfiguration") or {}), "OutputLocation": _location(data)}
        return start(data)

    def ensure_settings() -> None:
        ensure_group()
        for name, group in athena._workgroups.items():
            group["Configuration"].setdefault("EnforceWorkGroupConfiguration", name != "primary")

    athena._run_duckdb, athena._start_query_execution, athena._ensure_default_workgroup = run, start_with_folder, ensure_settings
    athena._type_precision_scale = results.precision_and_scale
    athena._save_query_results = _save


def answer(query: str, database: str) -> dict[str, Any]:
    """Run one query: columns, their Athena types, and rows of text or None."""
    if listed := statements.answer(query, database):
        return listed
    tree = _parsed(query)
    connection, folders = duckdb.connect(":memory:"), list[str]()
    try:
        # `1/2` is 0 in Trino; strings compare by bytes in both
        connection.execute(f"ATTACH ':memory:' AS {DEFAULT_CATALOG}; SET integer_division = true; SET TimeZone = 'UTC'")
        for name, table in _tables(tree, database):
            _create_view(connection, tree, name, table, folders)
        connection.execute(f'CREATE SCHEMA IF NOT EXISTS {DEFAULT_CATALOG}."{database}"; USE {DEFAULT_CATALOG}."{database}"')
        relation = connection.sql(tree.sql(dialect="duckdb"))
        return results.read(relation)
    except duckdb.Error as error:
        raise QueryError(f"{type(error).__name__}: {error}") from error
    finally:
        connection.close()
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)


def _parsed(query: str) -> exp.Query:
    try:
        tree = sqlglot.parse_one(query, read="athena")
    except sqlglot.errors.ParseError as error:
        found = error.errors[0] if error.errors else {"line": 1, "col": 1, "description": str(error)}
        raise QueryError(f"SYNTAX_ERROR: line {found['line']}:{found['col']}: {found['description']}") from error
    if not isinstance(tree, exp.Query):
        raise QueryError(f"NOT_SUPPORTED: the laptop's Athena answers SELECT, SHOW and DESCRIBE, not {tree.key.upper()}")
    return tree


def _tables(tree: exp.Query, database: str) -> list[tuple[tuple[str, str], dict[str, Any]]]:
    """The Glue tables that the query names, and are not names of its own WITH; names fold to lower case as Athena's do."""
    own = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for reference in tree.find_all(exp.Table):
        name, schema = reference.name.lower(), (reference.db or database).lower()
        if not name or (not reference.db and name in own) or isinstance(reference.this, exp.Func):
            continue
        table = glue._tables.get(f"{schema}/{name}")
        if table is None:
            raise QueryError(f"TABLE_NOT_FOUND: line 1:1: Table '{DEFAULT_CATALOG}.{schema}.{name}' does not exist")
        found[schema, name] = table
    return list(found.items())


def _create_view(
    connection: duckdb.DuckDBPyConnection, tree: exp.Query, name: tuple[str, str], table: dict[str, Any], folders: list[str],
) -> None:  # fmt: skip
    schema, view = (part.replace('"', '""') for part in name)
    connection.execute(f'CREATE SCHEMA IF NOT EXISTS {DEFAULT_CATALOG}."{schema}"')
    parameters = table.get("Parameters") or {}
    if parameters.get("table_type", "").upper() == "ICEBERG":
        words = {identifier.name.lower() for identifier in tree.find_all(exp.Identifier)}
        everything = any(not isinstance(star.parent, exp.Count) for star in tree.find_all(exp.Star))
        connection.register("live", iceberg.live_rows(parameters["metadata_location"], None if everything else words))
        connection.execute(f'CREATE TABLE {DEFAULT_CATALOG}."{schema}"."{view}" AS SELECT * FROM live')  # noqa: S608 - names are quoted
        connection.unregister("live")
        return
    relation = _relation(name, table, folders)
    connection.execute(f'CREATE VIEW {DEFAULT_CATALOG}."{schema}"."{view}" AS SELECT * FROM {relation}')  # noqa: S608 - names are quoted


def _relation(name: tuple[str, str], table: dict[str, Any], folders: list[str]) -> str:
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


def _location(data: dict[str, Any]) -> str:
    """The folder for results: the work group's when it insists, else the caller's, else the work group's."""
    group = (athena._workgroups.get(data.get("WorkGroup", "primary")) or {}).get("Configuration") or {}
    of_group = (group.get("ResultConfiguration") or {}).get("OutputLocation")
    of_caller = (data.get("ResultConfiguration") or {}).get("OutputLocation")
    enforced = str(group.get("EnforceWorkGroupConfiguration")).lower() == "true" and of_group
    chosen = of_group if enforced else of_caller or of_group
    return f"{chosen.rstrip('/')}/" if chosen else ""


async def _save(query_id: str) -> None:
    """Write the result file where the execution says it is."""
    execution = athena._executions[query_id]
    location = urlparse(execution["ResultConfiguration"]["OutputLocation"])
    body = results.as_csv(execution["_results"]["columns"], execution["_results"]["rows"])
    headers = {"content-type": "text/csv", "content-length": str(len(body))}
    status, _, answered = s3._put_object(location.netloc, location.path.lstrip("/"), body, headers)
    if status >= 300:  # noqa: PLR2004 - HTTP's successes end there
        raise QueryError(f"the result could not be written to {location.geturl()}: {answered!r}")
