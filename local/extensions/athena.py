"""Athena reads what a table is, and answers with Athena's types.

On AWS a query on an Iceberg table reads the live data files of the current snapshot with the current schema, SQL is Trino's, and
results carry Trino's types. The emulator reads every object under a table's location as data, takes the SQL for DuckDB's, calls
most types varchar and writes the result file beside the place it announces. Here a query's tables are made in DuckDB (athena_tables),
SQL goes through sqlglot (athena_sql), databases, Iceberg tables and views are created and dropped (athena_ddl, athena_ctas), and answers
are written as Athena does. Queries on S3 table buckets and DDL of other tables stay the emulator's. INSERT, UPDATE, DELETE and MERGE are
refused.
"""

import json
from http import HTTPStatus
from typing import Any
from urllib.parse import urlparse

from ministack.core.responses import json_response
from ministack.services import athena, s3

from local.extensions import athena_access, athena_ctas, athena_ddl, athena_tables, loops
from local.extensions import athena_results as results
from local.extensions import athena_statements as statements
from local.extensions.athena_sql import QueryError, parsed, selecting


def install() -> None:
    """Take over starting, running and answering queries."""
    run_duckdb, start, ensure_group = athena._run_duckdb, athena._start_query_execution, athena._ensure_default_workgroup
    run_own_ddl, get_results = athena._run_ddl, athena._get_query_results

    async def run(query: str, database: str, catalog: str | None = None) -> dict[str, Any]:
        if athena._S3_TABLES_CATALOG_PREFIX in f"{query} {catalog}".lower():
            return await run_duckdb(query, database, catalog)  # type: ignore[no-any-return]
        return await loops.apart(answer, query, database)  # type: ignore[no-any-return]

    def start_with_folder(data: dict[str, Any]) -> Any:  # noqa: ANN401 - the emulator's response
        data["ResultConfiguration"] = {**(data.get("ResultConfiguration") or {}), "OutputLocation": _location(data)}
        return start(data)

    def ensure_settings() -> None:
        ensure_group()
        for name, group in athena._workgroups.items():
            group["Configuration"].setdefault("EnforceWorkGroupConfiguration", name != "primary")

    def run_ddl(ddl: Any, database: str) -> dict[str, Any]:  # noqa: ANN401 - the emulator's own classes
        if isinstance(ddl, athena._DropTable):
            return athena_ddl.drop_table((ddl.database or database).lower(), ddl.table.lower(), if_exists=ddl.if_exists)
        return run_own_ddl(ddl, database)  # type: ignore[no-any-return]

    athena._run_duckdb, athena._start_query_execution, athena._ensure_default_workgroup = run, start_with_folder, ensure_settings
    athena._run_ddl = run_ddl
    athena._get_query_results = lambda data: _with_count(get_results(data), data)
    athena._type_precision_scale = results.precision_and_scale
    athena._save_query_results = _save


def answer(query: str, database: str) -> dict[str, Any]:
    """Run one statement: columns, their Athena types, and rows of text or None."""
    if listed := statements.answer(query, database):
        return listed
    tree = parsed(query)
    if (done := athena_ddl.run(tree, query, database)) is not None:
        return done
    with athena_tables.answering(selecting(tree, query), database) as relation:
        return results.read(relation)


def _with_count(answered: Any, data: dict[str, Any]) -> Any:  # noqa: ANN401 - the emulator's response
    """GetQueryResults tells how many rows a statement wrote."""
    rows = ((athena._executions.get(data.get("QueryExecutionId")) or {}).get("_results") or {}).get("rows")
    status, _, body = answered
    if not isinstance(rows, athena_ctas.Updated) or status != HTTPStatus.OK:
        return answered
    return json_response(json.loads(body) | {"UpdateCount": rows.count_written})


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
    athena_access.objects("PutObject", location.geturl())
    body = results.as_csv(execution["_results"]["columns"], execution["_results"]["rows"])
    headers = {"content-type": "text/csv", "content-length": str(len(body))}
    status, _, answered = s3._put_object(location.netloc, location.path.lstrip("/"), body, headers)
    if status >= 300:  # noqa: PLR2004 - HTTP's successes end there
        raise QueryError(f"the result could not be written to {location.geturl()}: {answered!r}")
