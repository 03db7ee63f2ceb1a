"""Iceberg schemas of the three layers, made from a contract."""

from collections.abc import Iterator
from typing import Any

from pyiceberg.partitioning import PARTITION_FIELD_ID_START, PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import DayTransform, IdentityTransform, MonthTransform, Transform, YearTransform
from pyiceberg.types import (
    BooleanType,
    DateType,
    DecimalType,
    DoubleType,
    IcebergType,
    ListType,
    LongType,
    NestedField,
    PrimitiveType,
    StringType,
    StructType,
    TimestampType,
    TimestamptzType,
    TimeType,
)

from tidegate.contracts.contract import ColumnType, Contract, Kind, PartitionBy

_SIMPLE: dict[Kind, PrimitiveType] = {
    Kind.STRING: StringType(),
    Kind.INTEGER: LongType(),
    Kind.DOUBLE: DoubleType(),
    Kind.BOOLEAN: BooleanType(),
    Kind.DATE: DateType(),
    Kind.TIME: TimeType(),
    Kind.TIMESTAMP: TimestampType(),
    Kind.TIMESTAMPTZ: TimestamptzType(),
    Kind.ARRAY: StringType(),
    Kind.OBJECT: StringType(),
}
_LINEAGE: tuple[tuple[str, PrimitiveType, str], ...] = (
    ("_object_key", StringType(), "key of the landing object"),
    ("_version_id", StringType(), "version of the landing object"),
    ("_file_id", StringType(), "identity of the object version in the ledger"),
    ("_record", LongType(), "number of the record in the file, from 1, header not counted"),
    ("_arrival", StringType(), "place of the file in the dataset's order of arrival"),
    ("_load_id", StringType(), "full load the file belongs to; empty for a delta"),
    ("_run_id", StringType(), "run that loaded the row"),
    ("_contract_version", StringType(), "contract that the row was checked against"),
)
_TRANSFORMS: dict[PartitionBy, Transform[Any, Any]] = {
    PartitionBy.IDENTITY: IdentityTransform(),
    PartitionBy.YEAR: YearTransform(),
    PartitionBy.MONTH: MonthTransform(),
    PartitionBy.DAY: DayTransform(),
}
_REASON = {
    "rule": "the rule's id, or its word in docs/contracts.md",
    "column": "the column; empty for a record that cannot be cut into fields",
    "value_class": "what the value looks like, one word of docs/contracts.md",
}


def iceberg_type(kind: ColumnType) -> PrimitiveType:
    """Return the Iceberg type of a contract's column type."""
    return DecimalType(kind.precision, kind.scale) if kind.kind is Kind.DECIMAL else _SIMPLE[kind.kind]


def row_schema(contract: Contract) -> Schema:
    """Return the schema that bronze and silver share: the contract's columns, then lineage. Every column is optional."""
    fields = [(c.name, iceberg_type(c.type), c.description) for c in contract.stored]
    return Schema(*_numbered([*fields, *_LINEAGE]))


def silver_partitions(contract: Contract) -> PartitionSpec:
    """Return how silver is partitioned, for a table that is made of `row_schema`; no fields when it is not."""
    schema = row_schema(contract)
    fields = [
        PartitionField(
            source_id=schema.find_field(column.name).field_id,
            field_id=PARTITION_FIELD_ID_START + number,
            transform=_TRANSFORMS[column.partition],
            name=column.name if column.partition is PartitionBy.IDENTITY else f"{column.name}_{column.partition}",
        )
        for number, column in enumerate(contract.partitioned)
        if column.partition is not None
    ]
    return PartitionSpec(*fields)


def quarantine_schema() -> Schema:
    """Return the schema of quarantine: lineage, the record's own text, and the reasons it was rejected for."""
    fields = list(_numbered([*_LINEAGE, ("raw", StringType(), "the record as it stands in the file")]))
    number = len(fields) + 1
    parts = (
        NestedField(n, name, StringType(), required=False, doc=doc) for n, (name, doc) in enumerate(_REASON.items(), number + 2)
    )
    reasons = ListType(number + 1, StructType(*parts), element_required=False)
    return Schema(*fields, NestedField(number, "reasons", reasons, required=False, doc="rules that the record broke"))


def _numbered(fields: list[tuple[str, PrimitiveType, str]]) -> Iterator[NestedField]:
    for number, (name, kind, doc) in enumerate(fields, start=1):
        yield NestedField(number, name, kind, required=False, doc=doc or None)


def duckdb_type(kind: IcebergType) -> str:
    """Return the DuckDB type that reads and writes an Iceberg type."""
    if isinstance(kind, DecimalType):
        return f"DECIMAL({kind.precision},{kind.scale})"
    if isinstance(kind, ListType):
        return f"{duckdb_type(kind.element_type)}[]"
    if isinstance(kind, StructType):
        inside = ", ".join(f'"{f.name}" {duckdb_type(f.field_type)}' for f in kind.fields)
        return f"STRUCT({inside})"
    return _DUCKDB[type(kind)]


_DUCKDB: dict[type[IcebergType], str] = {
    StringType: "VARCHAR",
    LongType: "BIGINT",
    DoubleType: "DOUBLE",
    BooleanType: "BOOLEAN",
    DateType: "DATE",
    TimeType: "TIME",
    TimestampType: "TIMESTAMP",
    TimestamptzType: "TIMESTAMPTZ",
}


def field_ids(schema: Schema) -> dict[str, int]:
    """Return the field id of every column by its dotted path, such as `reasons.element.rule`."""
    return {schema.find_column_name(number) or "": number for number in sorted(schema.field_ids)}
