"""The types of a query's columns as Trino and as the Glue Data Catalog name them, and those that a table or a view cannot have."""

from collections.abc import Iterable
from dataclasses import dataclass

import duckdb
from duckdb.sqltypes import DuckDBPyType

from local.extensions.athena_sql import QueryError

NAMES = {  # DuckDB's: Trino's, Glue's
    "boolean": ("boolean", "boolean"), "tinyint": ("tinyint", "tinyint"), "smallint": ("smallint", "smallint"),
    "integer": ("integer", "int"), "bigint": ("bigint", "bigint"), "hugeint": ("bigint", "bigint"), "float": ("real", "float"),
    "double": ("double", "double"), "varchar": ("varchar", "string"), "blob": ("varbinary", "binary"), "date": ("date", "date"),
    "timestamp_s": ("timestamp(0)", "timestamp"), "timestamp_ms": ("timestamp(3)", "timestamp"),
    "timestamp": ("timestamp(6)", "timestamp"), "timestamp_ns": ("timestamp(9)", "timestamp"),
    "timestamp with time zone": ("timestamp(3) with time zone", "timestamp with time zone"), "time": ("time(3)", "time"),
    "interval": ("interval day to second", "interval"), '"null"': ("unknown", "unknown"),
}  # fmt: skip
NO_HIVE_TYPE = ("time(3)", "interval day to second", "timestamp(3) with time zone")
NO_ICEBERG_TYPE = ("tinyint", "smallint", "interval day to second")
ICEBERG_PRECISION = 6


def trino(kind: DuckDBPyType) -> str:
    """Trino's name."""
    return _named(kind, _TRINO)


def glue(kind: DuckDBPyType) -> str:
    """The name in the Glue Data Catalog, which is Hive's."""
    return _named(kind, _GLUE)


@dataclass(frozen=True, slots=True)
class _Words:
    """How one of them names types: the place in NAMES, and the forms of types that are made of others."""

    place: int
    array: str
    mapping: str
    row: str
    field: str
    between: str


_TRINO = _Words(0, "array({})", "map({}, {})", "row({})", "{} {}", ", ")
_GLUE = _Words(1, "array<{}>", "map<{},{}>", "struct<{}>", "{}:{}", ",")


def _named(kind: DuckDBPyType, words: _Words) -> str:
    if kind.id == "decimal":
        width, scale = (child for _, child in kind.children)
        return f"decimal({width},{scale})"
    if kind.id in ("list", "map", "struct"):
        inner = {name: _named(child, words) for name, child in kind.children}  # type: ignore[arg-type] - a decimal's are numbers
        if kind.id == "struct":
            return words.row.format(words.between.join(words.field.format(name, said) for name, said in inner.items()))
        return (words.array if kind.id == "list" else words.mapping).format(*inner.values())
    return NAMES.get(str(kind).lower(), ("varchar", "string"))[words.place]


def check_columns(relation: duckdb.DuckDBPyRelation) -> None:
    """Every column of a table or a view has a name of its own and a type."""
    seen = set[str]()
    for name, kind in zip(relation.columns, relation.types, strict=True):
        if name.lower() in seen:
            raise QueryError(f"DUPLICATE_COLUMN_NAME: line 1:1: Column name '{name.lower()}' specified more than once")
        if trino(kind) == "unknown":
            raise QueryError(f"COLUMN_TYPE_UNKNOWN: line 1:1: Column type is unknown: {name.lower()}")
        seen.add(name.lower())


def check_view(columns: Iterable[tuple[str, DuckDBPyType]]) -> None:
    """A view's columns are written in the catalog as Hive's types."""
    for name, kind in columns:
        if trino(kind) in NO_HIVE_TYPE:
            raise QueryError(f"NOT_SUPPORTED: Invalid column type for column {name}: Unsupported Hive type: {trino(kind)}")


def check_iceberg(columns: Iterable[tuple[str, DuckDBPyType]]) -> None:
    """Iceberg has no short integers and knows moments to the microsecond only; Athena writes none with a zone into a table of its own."""
    for name, kind in columns:
        said = trino(kind)
        if said.endswith("with time zone"):
            raise QueryError(f"NOT_SUPPORTED: Invalid column type for column {name}: Unsupported Hive type: {said}")
        if said in NO_ICEBERG_TYPE:
            raise QueryError(f"NOT_SUPPORTED: Type not supported for Iceberg: {said}")
        base, _, precision = said.rstrip(")").partition("(")
        if base in ("timestamp", "time") and int(precision) != ICEBERG_PRECISION:
            what = base.capitalize()
            raise QueryError(
                f'NOT_SUPPORTED: {what} precision ({precision}) not supported for Iceberg. Use "{base}({ICEBERG_PRECISION})" instead.',
            )
