"""CREATE TABLE AS into an Iceberg table: one snapshot, or nothing at all.

What AWS refuses is refused: a table that is there, a location with objects, properties it does not know, columns that Iceberg cannot keep.
The laptop writes Parquet without partitions; it says so of anything else. Hive tables are not written here.
"""

import os
from typing import Any
from urllib.parse import urlparse

import boto3
import duckdb
import pyarrow as pa
from ministack.core.responses import get_region
from ministack.services import glue, s3
from pyiceberg.catalog.glue import GlueCatalog
from pyiceberg.exceptions import CommitFailedException, TableAlreadyExistsError
from sqlglot import exp

from local.extensions import athena_access, athena_tables, athena_types
from local.extensions.athena_results import AthenaType
from local.extensions.athena_sql import QueryError, selecting

# https://docs.aws.amazon.com/athena/latest/ug/create-table-as.html
OF_ATHENA = frozenset({
    "table_type", "external_location", "location", "is_external", "format", "partitioned_by", "bucketed_by", "bucket_count", "partitioning",
    "vacuum_min_snapshots_to_keep", "vacuum_max_snapshot_age_seconds", "write_compression", "compression_level", "field_delimiter",
    "optimize_rewrite_min_data_file_size_bytes", "optimize_rewrite_max_data_file_size_bytes", "optimize_rewrite_data_file_threshold",
    "optimize_rewrite_delete_file_threshold", "parquet_compression", "orc_compression",
})  # fmt: skip
NOT_ON_LAPTOP = ("partitioning", "partitioned_by", "bucketed_by", "bucket_count")


def run(tree: exp.Create, query: str, database: str) -> dict[str, Any]:
    """Make the table; the answer has no rows but their count."""
    target = tree.this if isinstance(tree.this, exp.Table) else tree.this.this
    schema, name = (target.db or database).lower(), target.name.lower()
    select = selecting(tree.expression, query)
    if schema not in glue._databases:
        raise QueryError(f"SCHEMA_NOT_FOUND: line 1:1: Schema '{schema}' does not exist")
    if f"{schema}/{name}" in glue._tables:
        if tree.args.get("exists"):
            return done(0)
        raise QueryError(f"TABLE_ALREADY_EXISTS: line 1:1: Destination table '{schema}.{name}' already exists")
    location, codec = _checked(_properties(tree))
    athena_access.table("CreateTable", schema, name)
    athena_access.objects("PutObject", location)
    check_names(select)
    with athena_tables.answering(select, database) as relation:
        athena_types.check_columns(relation)
        athena_types.check_iceberg(zip(map(str.lower, relation.columns), relation.types, strict=True))
        rows = _rows(relation)
    _write((schema, name), rows, location, codec)
    return done(len(rows))


def done(updated: int) -> dict[str, Any]:
    """The answer to a statement that gives no rows."""
    return {"columns": [], "column_types": list[AthenaType](), "rows": Updated(updated)}


class Updated(list[Any]):
    """No rows, and how many were written."""

    def __init__(self, count: int) -> None:
        """`count` rows were written."""
        super().__init__()
        self.count_written = count


def check_names(select: exp.Query) -> None:
    """Every column of a new table or view must have a name."""
    for position, column in enumerate(select.selects, start=1):
        if not column.output_name and not column.is_star:
            raise QueryError(f"MISSING_COLUMN_NAME: line 1:1: Column name not specified at position {position}")


def _properties(tree: exp.Create) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in (tree.args.get("properties") or exp.Properties()).expressions:
        key = {"LocationProperty": "location", "FileFormatProperty": "format", "PartitionedByProperty": "partitioned_by"}.get(
            type(one).__name__, one.name if isinstance(one, exp.Property) else one.key,
        )  # fmt: skip
        value = one.args.get("value") if type(one) is exp.Property else one.this
        found[key.lower()] = value.name if isinstance(value, exp.Literal | exp.Var) else value.sql() if value is not None else ""
    return found


def _checked(properties: dict[str, str]) -> tuple[str, str]:
    """The location and the compression, of properties that AWS takes and the laptop can do."""
    for name in properties:
        if name not in OF_ATHENA:
            raise QueryError(f"INVALID_TABLE_PROPERTY: line 1:1: Catalog 'awsdatacatalog' table property '{name}' does not exist")
    if properties.get("table_type", "hive").lower() != "iceberg":
        raise QueryError("NOT_SUPPORTED: the laptop's Athena creates Iceberg tables only: table_type='ICEBERG'")
    if properties.get("is_external", "true").lower() != "false":
        raise QueryError("INVALID_TABLE_PROPERTY: Iceberg tables are not external: is_external must be false")
    if "external_location" in properties or not properties.get("location", "").startswith("s3://"):
        raise QueryError("INVALID_TABLE_PROPERTY: an Iceberg table needs a location, and external_location is Hive's")
    if named := [name for name in NOT_ON_LAPTOP if name in properties]:
        raise QueryError(f"NOT_SUPPORTED: the laptop's Athena writes Iceberg tables without {named[0]}")
    if properties.get("format", "parquet").lower() != "parquet":
        raise QueryError(f"NOT_SUPPORTED: the laptop's Athena writes Parquet, not {properties['format']}")
    location = properties["location"].rstrip("/")
    place = urlparse(location)
    bucket = s3._buckets.get(place.netloc)
    if bucket is None:
        raise QueryError(f"ICEBERG_FILESYSTEM_ERROR: Failed checking new table's location: {location}: the bucket does not exist")
    if any(key.startswith(f"{place.path.lstrip('/')}/") for key in list(bucket["objects"])):
        raise QueryError(f"ICEBERG_FILESYSTEM_ERROR: Cannot create a table on a non-empty location: {location}")
    return location, properties.get("write_compression", "zstd").lower()


def _rows(relation: duckdb.DuckDBPyRelation) -> pa.Table:
    """The rows with Trino's types where DuckDB has wider ones, and names in lower case."""
    kinds = [kind if str(kind) != "HUGEINT" else "BIGINT" for kind in relation.types]
    columns = [
        f'CAST(#{place} AS {kind}) AS "{name.lower()}"' if isinstance(kind, str) else f'#{place} AS "{name.lower()}"'
        for place, (name, kind) in enumerate(zip(relation.columns, kinds, strict=True), start=1)
    ]
    return relation.project(", ".join(columns)).to_arrow_table()


def _write(name: tuple[str, str], rows: pa.Table, location: str, codec: str) -> None:
    endpoint = f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}"
    client = boto3.client("glue", endpoint_url=endpoint, region_name=get_region())
    catalog = GlueCatalog("athena", client=client, **{"py-io-impl": "local.extensions.iceberg.StoreIO"})
    properties = {"format-version": "2", "write.parquet.compression-codec": codec}
    try:
        with catalog.create_table_transaction(name, rows.schema, location=location, properties=properties) as change:
            change.append(rows)
    except (CommitFailedException, TableAlreadyExistsError) as error:
        raise QueryError(f"ICEBERG_COMMIT_ERROR: {error}") from error
