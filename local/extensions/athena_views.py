"""Views, kept in the Glue Data Catalog as Athena keeps them: a virtual view whose text is a comment with Presto's description of it."""

import base64
import json
from collections.abc import Sequence
from typing import Any

from local.extensions.athena_sql import CATALOG, QueryError

HEAD, TAIL = "/* Presto View: ", " */"


def is_view(table: dict[str, Any]) -> bool:
    """Whether a table of the catalog is a view."""
    return table.get("TableType") == "VIRTUAL_VIEW"


def table_input(name: str, database: str, sql: str, columns: Sequence[tuple[str, str, str]]) -> dict[str, Any]:
    """The catalog's entry of a view; a column is its name, its type in Trino and its type in the catalog."""
    described = {
        "originalSql": sql, "catalog": CATALOG, "schema": database,
        "columns": [{"name": column, "type": kind} for column, kind, _ in columns],
    }  # fmt: skip
    return {
        "Name": name,
        "TableType": "VIRTUAL_VIEW",
        "Parameters": {"presto_view": "true", "comment": "Presto View"},
        "ViewOriginalText": f"{HEAD}{base64.b64encode(json.dumps(described).encode()).decode()}{TAIL}",
        "ViewExpandedText": "/* Presto View */",
        "PartitionKeys": [],
        "StorageDescriptor": {
            "Columns": [{"Name": column, "Type": kind} for column, _, kind in columns],
            "Location": "", "SerdeInfo": {}, "NumberOfBuckets": 0,
        },
    }  # fmt: skip


def described(table: dict[str, Any]) -> tuple[str, str, list[str]]:
    """A view's SQL, the database that its unqualified names are in, and its columns."""
    text = table.get("ViewOriginalText") or ""
    if not (text.startswith(HEAD) and text.endswith(TAIL)):
        raise QueryError(f"INVALID_VIEW: '{CATALOG}.{table['DatabaseName']}.{table['Name']}' is not a view that Athena made")
    found = json.loads(base64.b64decode(text.removeprefix(HEAD).removesuffix(TAIL)))
    return found["originalSql"], found["schema"], [column["name"] for column in found["columns"]]
