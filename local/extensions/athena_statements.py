"""SHOW and DESCRIBE from the Glue catalog, in the form Athena prints them: one text column, tab-separated where it has parts."""

import re
from typing import Any

from ministack.services import glue

from local.extensions.athena_results import AthenaType

NAME = r'[`"]?(?P<{0}>[a-z0-9_]+)[`"]?'
SHOW_DATABASES = re.compile(r"show\s+(?:databases|schemas)(?:\s+like\s+'(?P<like>[^']*)')?", re.IGNORECASE)
SHOW_TABLES = re.compile(rf"show\s+tables(?:\s+(?:in|from)\s+{NAME.format('db')})?(?:\s+'(?P<like>[^']*)')?", re.IGNORECASE)
OF_TABLE = re.compile(
    rf"(?P<verb>describe|desc|show\s+columns\s+(?:in|from))\s+(?:{NAME.format('db')}\.)?{NAME.format('table')}", re.IGNORECASE,
)  # fmt: skip


def answer(query: str, database: str) -> dict[str, Any] | None:
    """The listing the statement asks for, or None if it asks for something else."""
    statement = query.strip().rstrip(";").strip()
    if found := SHOW_DATABASES.fullmatch(statement):
        return _listing("database_name", _matching(sorted(glue._databases.keys()), found["like"]))
    if found := SHOW_TABLES.fullmatch(statement):
        prefix = f"{(found['db'] or database).lower()}/"
        names = sorted(key.removeprefix(prefix) for key in glue._tables if key.startswith(prefix))
        return _listing("tab_name", _matching(names, found["like"]))
    if found := OF_TABLE.fullmatch(statement):
        return _columns(found, database)
    return None


def _columns(found: re.Match[str], database: str) -> dict[str, Any]:
    schema = (found["db"] or database).lower()
    table = glue._tables.get(f"{schema}/{found['table'].lower()}")
    if table is None:
        raise LookupError(f"FAILED: SemanticException [Error 10001]: Table not found {schema}.{found['table']}")
    columns = [*(table.get("StorageDescriptor") or {}).get("Columns", []), *table.get("PartitionKeys", [])]
    if found["verb"].lower().startswith("show"):
        return _listing("field", [column["Name"] for column in columns])
    rows = ["\t".join((column["Name"], column.get("Type", ""), column.get("Comment") or "")) for column in columns]
    return _listing("col_name\tdata_type\tcomment", rows)


def _matching(names: list[str], pattern: str | None) -> list[str]:
    """Hive's patterns: `*` and `|`."""
    wanted = re.compile((pattern or "*").replace("*", ".*"))
    return [name for name in names if wanted.fullmatch(name)]


def _listing(column: str, values: list[str]) -> dict[str, Any]:
    return {"columns": [column], "column_types": [AthenaType.of("VARCHAR")], "rows": [[value] for value in values]}
