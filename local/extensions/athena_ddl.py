"""The statements with which Athena makes and drops databases, tables and views in the Glue Data Catalog."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlparse

import sqlglot
from ministack.services import glue, s3
from sqlglot import exp
from sqlglot.tokens import TokenType

from local.extensions import athena_access, athena_ctas, athena_tables, athena_types, athena_views
from local.extensions.athena_ctas import done
from local.extensions.athena_sql import CATALOG, QueryError, qualified, references, selecting

Table = dict[str, Any]


def run(tree: exp.Expression, query: str, database: str) -> dict[str, Any] | None:
    """The answer to a statement that changes the catalog; None for any other."""
    match tree:
        case exp.Create():
            return _create(tree, query, database)
        case exp.Drop(kind="SCHEMA" | "DATABASE"):
            return _drop_schema(tree)
        case exp.Drop(kind="VIEW"):
            return _drop_view(tree, database)
        case exp.Alter(kind="TABLE", actions=[exp.AlterRename() as change]):
            return _rename(tree.this, change.this, query, database)
        case exp.Drop() | exp.Alter() | exp.Command():
            raise _unknown(tree)
    return None


def _create(tree: exp.Create, query: str, database: str) -> dict[str, Any]:
    match tree.kind:
        case "SCHEMA" | "DATABASE":
            return _create_schema(tree)
        case "TABLE" if tree.expression is not None:
            return athena_ctas.run(tree, query, database)
        case "VIEW":
            return _create_view(tree, query, database)
    raise _unknown(tree)


def _unknown(tree: exp.Expression) -> QueryError:
    return QueryError(f"NOT_SUPPORTED: the laptop's Athena does not know this {tree.key.upper()} statement")


def drop_table(database: str, name: str, *, if_exists: bool) -> dict[str, Any]:
    """Drop a table. An Iceberg table is Athena's own: its data goes with it; other tables leave theirs."""
    table = glue._tables.get(f"{database}/{name}")
    if table is None:
        if if_exists:
            return done(0)
        raise QueryError(f"FAILED: SemanticException [Error 10001]: Table not found {database}.{name}")
    if athena_views.is_view(table):
        raise QueryError("FAILED: SemanticException [Error 10126]: Cannot drop a view with DROP TABLE")
    athena_access.table("DeleteTable", database, name)
    if _is_iceberg(table):
        location = (table.get("StorageDescriptor") or {}).get("Location") or ""
        athena_access.objects("DeleteObject", location)
        _delete_objects(location)
    _call(glue._delete_table, {"DatabaseName": database, "Name": name})
    return done(0)


def _create_schema(tree: exp.Create) -> dict[str, Any]:
    name = (tree.this.db or tree.this.name).lower()
    if name not in glue._databases:
        athena_access.database("CreateDatabase", name)
        _call(glue._create_database, {"DatabaseInput": {"Name": name}})
    elif not tree.args.get("exists"):
        raise QueryError(f"FAILED: Execution Error, return code 1. AlreadyExistsException: Database {name} already exists")
    return done(0)


def _drop_schema(tree: exp.Drop) -> dict[str, Any]:
    [target] = tree.args["tables"]
    name = (target.db or target.name).lower()
    inside = [key.partition("/")[2] for key in glue._tables if key.startswith(f"{name}/")]
    if name not in glue._databases:
        if tree.args.get("exists"):
            return done(0)
        raise QueryError(f"FAILED: SemanticException [Error 10072]: Database does not exist: {name}")
    if inside and not tree.args.get("cascade"):
        raise QueryError(f"FAILED: Execution Error, return code 1. InvalidOperationException: Database {name} is not empty.")
    athena_access.database("DeleteDatabase", name)
    _call(glue._delete_database, {"Name": name})
    return done(0)


def _create_view(tree: exp.Create, query: str, database: str) -> dict[str, Any]:
    schema, name = _name(tree.this, database)
    before = glue._tables.get(f"{schema}/{name}")
    if schema not in glue._databases:
        raise QueryError(f"SCHEMA_NOT_FOUND: line 1:1: Schema '{schema}' does not exist")
    if before is not None and not athena_views.is_view(before):
        raise QueryError(f"TABLE_ALREADY_EXISTS: line 1:1: Table '{CATALOG}.{schema}.{name}' already exists")
    if before is not None and not tree.args.get("replace"):
        raise QueryError(f"ALREADY_EXISTS: line 1:1: View '{CATALOG}.{schema}.{name}' already exists")
    athena_access.table("CreateTable" if before is None else "UpdateTable", schema, name)
    select = selecting(tree.expression, query)
    if (schema, name) in {(found.db, found.name) for found in references(qualified(select, database))}:
        raise QueryError("VIEW_IS_RECURSIVE: line 1:1: Statement would create a recursive view")
    athena_ctas.check_names(select)
    with athena_tables.answering(select, database, empty=True) as relation:
        athena_types.check_columns(relation)
        columns = list(zip(map(str.lower, relation.columns), relation.types, strict=True))
        athena_types.check_view(columns)
        described = [(column, athena_types.trino(kind), athena_types.glue(kind)) for column, kind in columns]
    entry = athena_views.table_input(name, database, _text_of_select(query), described)
    _call(glue._create_table if before is None else glue._update_table, {"DatabaseName": schema, "TableInput": entry})
    return done(0)


def _text_of_select(query: str) -> str:
    """A view keeps what was written behind the first AS that stands in no bracket."""
    depth = 0
    for token in sqlglot.tokenize(query, read="trino"):
        depth += (token.token_type is TokenType.L_PAREN) - (token.token_type is TokenType.R_PAREN)
        if token.token_type is TokenType.ALIAS and depth == 0:
            return query[token.end + 1 :].strip().rstrip(";")
    raise QueryError("SYNTAX_ERROR: line 1:1: a view needs AS")


def _drop_view(tree: exp.Drop, database: str) -> dict[str, Any]:
    [target] = tree.args["tables"]
    schema, name = _name(target, database)
    table = glue._tables.get(f"{schema}/{name}")
    if table is None and tree.args.get("exists"):
        return done(0)
    if table is None or not athena_views.is_view(table):
        raise QueryError(f"TABLE_NOT_FOUND: line 1:1: View '{CATALOG}.{schema}.{name}' does not exist")
    athena_access.table("DeleteTable", schema, name)
    _call(glue._delete_table, {"DatabaseName": schema, "Name": name})
    return done(0)


def _rename(source: exp.Table, target: exp.Table, query: str, database: str) -> dict[str, Any]:
    """Only Iceberg tables can be renamed; their data stays where it is. Names in DDL are quoted as in Hive."""
    if '"' in query:
        raise QueryError(
            f"FAILED: ParseException line 1:{query.index(chr(34)) + 1} cannot recognize input near '\"' in alter table statement"
        )
    schema, name = _name(source, database)
    to_schema, to_name = _name(target, database)
    table = glue._tables.get(f"{schema}/{name}")
    if table is None:
        raise QueryError(f"FAILED: SemanticException [Error 10001]: Table not found {schema}.{name}")
    if not _is_iceberg(table):
        raise QueryError("NOT_SUPPORTED: ALTER TABLE RENAME TO is for Iceberg tables")
    if f"{to_schema}/{to_name}" in glue._tables:
        raise QueryError(f"FAILED: AlreadyExistsException: Table {to_schema}.{to_name} already exists")
    athena_access.table("CreateTable", to_schema, to_name)
    athena_access.table("DeleteTable", schema, name)
    kept = ("Description", "Owner", "StorageDescriptor", "PartitionKeys", "TableType", "Parameters")
    _call(glue._create_table, {"DatabaseName": to_schema, "TableInput": {"Name": to_name} | {key: table[key] for key in kept}})
    _call(glue._delete_table, {"DatabaseName": schema, "Name": name})
    return done(0)


def _name(table: exp.Table, database: str) -> tuple[str, str]:
    if table.catalog and table.catalog.lower() != CATALOG:
        raise QueryError(f"CATALOG_NOT_FOUND: line 1:1: Catalog '{table.catalog}' not found")
    return (table.db or database).lower(), table.name.lower()


def _is_iceberg(table: Table) -> bool:
    return str((table.get("Parameters") or {}).get("table_type", "")).upper() == "ICEBERG"


def _delete_objects(location: str) -> None:
    place = urlparse(location)
    prefix = f"{place.path.strip('/')}/"
    bucket = s3._buckets.get(place.netloc)
    for key in [key for key in list(bucket["objects"]) if key.startswith(prefix)] if bucket else ():
        s3._delete_object(place.netloc, key)


def _call(action: Callable[[Table], Any], call: Table) -> None:
    """Do what Glue's API does."""
    status, _, body = action(call)
    if status >= 300:  # noqa: PLR2004 - HTTP's successes end there
        raise QueryError(json.loads(body).get("message", "Glue refused"))
