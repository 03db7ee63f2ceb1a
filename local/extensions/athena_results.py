"""Results as Athena gives them: Trino's types and Trino's text for every value."""

import math
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import duckdb

SIMPLE = {
    "BOOLEAN": "boolean", "TINYINT": "tinyint", "SMALLINT": "smallint", "INTEGER": "integer", "BIGINT": "bigint",
    "UTINYINT": "smallint", "USMALLINT": "integer", "UINTEGER": "bigint", "UBIGINT": "decimal(20,0)", "HUGEINT": "bigint",
    "UHUGEINT": "decimal(38,0)", "FLOAT": "float", "DOUBLE": "double", "DATE": "date", "TIME": "time", "TIMESTAMP": "timestamp",
    "TIMESTAMP_S": "timestamp", "TIMESTAMP_MS": "timestamp", "TIMESTAMP_NS": "timestamp",
    "TIMESTAMP WITH TIME ZONE": "timestamp with time zone", "BLOB": "varbinary",
}  # fmt: skip
PRECISION = {"tinyint": (3, 0), "smallint": (5, 0), "integer": (10, 0), "bigint": (19, 0), "float": (17, 0), "double": (17, 0)}
TEXT_PRECISION = (2_147_483_647, 0)
TIME_PRECISION = (3, 0)
PLAIN_DOUBLE = (1e-3, 1e7)  # Java writes others with an exponent


class AthenaType(str):  # noqa: SLOT000 - it carries two attributes
    """The `Type` of a column in GetQueryResults, with its precision and scale."""

    precision: int
    scale: int

    @classmethod
    def of(cls, duckdb_type: str) -> "AthenaType":
        """The type for one of DuckDB's."""
        name = SIMPLE.get(duckdb_type, duckdb_type)
        precision = PRECISION.get(name, (0, 0))
        if name.upper().startswith("DECIMAL"):
            width, scale = name[8:-1].split(",")
            name, precision = "decimal", (int(width), int(scale))
        elif name.endswith("]"):
            name = "array"
        elif name.startswith(("STRUCT", "MAP")):
            name = "row" if name.startswith("STRUCT") else "map"
        elif name.startswith("time"):
            precision = TIME_PRECISION
        elif name not in SIMPLE.values():
            name, precision = "varchar", TEXT_PRECISION
        made = cls(name)
        made.precision, made.scale = precision
        return made


def precision_and_scale(athena_type: str) -> tuple[int, int]:
    """For the emulator's GetQueryResults."""
    if isinstance(athena_type, AthenaType):
        return athena_type.precision, athena_type.scale
    return PRECISION.get(athena_type, (0, 0))


def read(relation: duckdb.DuckDBPyRelation) -> dict[str, Any]:
    """Everything the query gives, as text."""
    types = [AthenaType.of(str(found)) for found in relation.types]
    table = relation.to_arrow_table()
    columns = [column.to_pylist() for column in table.columns]
    rows = [[text(value) for value in row] for row in zip(*columns, strict=True)]
    return {"columns": list(relation.columns), "column_types": types, "rows": rows}


def text(value: Any) -> str | None:  # noqa: ANN401, C901, PLR0911 - any value of a row; one line per type
    """The text of one value; None for NULL."""
    match value:
        case None:
            return None
        case bool():
            return str(value).lower()
        case float():
            return _double(value)
        case Decimal():
            return f"{value:f}"
        case datetime():
            return _stamp(value)
        case time():
            return value.isoformat(timespec="milliseconds")
        case date():
            return value.isoformat()
        case bytes():
            return value.hex(" ")
        case dict():
            return _braced((f"{name}={_inner(inner)}" for name, inner in value.items()), "{}")
        case [(_, _), *_] if all(isinstance(pair, tuple) for pair in value):
            return _braced((f"{_inner(key)}={_inner(inner)}" for key, inner in value), "{}")
        case list():
            return _braced(map(_inner, value), "[]")
    return str(value)


def as_csv(columns: Sequence[str], rows: Iterable[Sequence[str | None]]) -> bytes:
    """The result file: every value quoted, NULL as nothing at all."""
    lines = [columns, *rows]
    quoted = (("" if value is None else '"' + value.replace('"', '""') + '"' for value in line) for line in lines)
    return "".join(",".join(line) + "\n" for line in quoted).encode()


def _inner(value: Any) -> str:  # noqa: ANN401 - any value
    return "null" if (found := text(value)) is None else found


def _braced(parts: Iterable[str], braces: str) -> str:
    return braces[0] + ", ".join(parts) + braces[1]


def _stamp(value: datetime) -> str:
    """Milliseconds, or microseconds where there are any."""
    written = value.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds" if value.microsecond % 1000 else "milliseconds")
    return written if value.tzinfo is None else f"{written} UTC"


def _double(value: float) -> str:
    """A floating point number as Java prints it: 1.0, 1.5E10, NaN, Infinity."""
    if math.isnan(value) or math.isinf(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    low, high = PLAIN_DOUBLE
    if value == 0 or low <= abs(value) < high:
        return format(Decimal(repr(value)), "f") if "e" in repr(value) else repr(value)
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    first, rest = digits[0], "".join(map(str, digits[1:])) or "0"
    return f"{'-' if sign else ''}{first}.{rest}E{int(exponent) + len(digits) - 1}"
