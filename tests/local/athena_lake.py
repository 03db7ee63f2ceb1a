"""A database with an Iceberg table, asked through Athena."""

import time
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import awswrangler as wr
import pandas as pd
import pyarrow as pa
from pyiceberg.catalog import load_catalog
from pyiceberg.schema import Schema
from pyiceberg.types import (
    BooleanType,
    DateType,
    DecimalType,
    DoubleType,
    IntegerType,
    ListType,
    LongType,
    NestedField,
    StringType,
    StructType,
    TimestampType,
    TimestamptzType,
)  # fmt: skip

from .conftest import Cloud, unique

STAMP = datetime(2024, 2, 29, 12, 30, 1, 500_000)  # noqa: DTZ001 - a timestamp without zone
SCHEMA = Schema(
    NestedField(1, "id", LongType(), required=True), NestedField(2, "name", StringType()), NestedField(3, "born", DateType()),
    NestedField(4, "at", TimestampType()), NestedField(5, "at_utc", TimestamptzType()), NestedField(6, "cost", DecimalType(10, 2)),
    NestedField(7, "ratio", DoubleType()), NestedField(8, "alive", BooleanType()), NestedField(9, "n", IntegerType()),
    NestedField(10, "reasons", ListType(11, StructType(
        NestedField(12, "rule", StringType()), NestedField(13, "column", StringType())))),
)  # fmt: skip
ROWS: list[dict[str, Any]] = [
    {"id": 1, "name": "Ann", "born": date(2000, 1, 2), "at": STAMP, "at_utc": STAMP.replace(tzinfo=UTC), "cost": Decimal("12.50"),
     "ratio": 0.5, "alive": True, "n": 7, "reasons": [{"rule": "type", "column": "born"}]},
    {"id": 2, "name": "", "born": None, "at": None, "at_utc": None, "cost": None, "ratio": None, "alive": None, "n": None,
     "reasons": []},
    {"id": 3, "name": None, "born": date(1999, 12, 31), "at": STAMP, "at_utc": STAMP.replace(tzinfo=UTC), "cost": Decimal("-0.01"),
     "ratio": 1e10, "alive": False, "n": -1, "reasons": []},
]  # fmt: skip


class Lake:
    """A database with an Iceberg table `people`."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud, self.bucket, self.database = cloud, cloud.bucket(), unique("db").replace("-", "_")
        cloud.client("glue").create_database(DatabaseInput={"Name": self.database})
        options = {"type": "glue", "client.region": "us-east-1", "s3.region": "us-east-1", "s3.endpoint": cloud.settings.endpoint,
                   "s3.access-key-id": "test", "s3.secret-access-key": "test"}  # fmt: skip
        self.catalog = load_catalog("lake", **options)
        self.table = self.create("people", SCHEMA)
        self.table.append(pa.Table.from_pylist(ROWS, schema=SCHEMA.as_arrow()))

    def create(self, name: str, schema: Schema) -> Any:
        return self.catalog.create_table(f"{self.database}.{name}", schema, location=f"s3://{self.bucket}/warehouse/{name}")

    def frame(self, sql: str) -> pd.DataFrame:
        return wr.athena.read_sql_query(
            sql, boto3_session=self.cloud.session, database=self.database, ctas_approach=False, s3_output=f"s3://{self.bucket}/athena/",
            athena_query_wait_polling_delay=0.05,
        )  # fmt: skip

    def query(self, sql: str) -> dict[str, Any]:
        """The described end of a query."""
        athena = self.cloud.client("athena")
        started = athena.start_query_execution(
            QueryString=sql, QueryExecutionContext={"Database": self.database},
            ResultConfiguration={"OutputLocation": f"s3://{self.bucket}/athena"},
        )  # fmt: skip
        while True:
            found: dict[str, Any] = athena.get_query_execution(QueryExecutionId=started["QueryExecutionId"])["QueryExecution"]
            if found["Status"]["State"] not in ("QUEUED", "RUNNING"):
                return found
            time.sleep(0.05)

    def rows(self, sql: str) -> list[list[str | None]]:
        """The rows of GetQueryResults, without the header row."""
        found = self.query(sql)
        assert found["Status"]["State"] == "SUCCEEDED", found["Status"]
        answer = self.cloud.client("athena").get_query_results(QueryExecutionId=found["QueryExecutionId"])["ResultSet"]["Rows"]
        rows = [[datum.get("VarCharValue") for datum in row["Data"]] for row in answer]
        return rows[1:] if found["StatementType"] == "DML" else rows

    def run(self, sql: str) -> str:
        """Why a statement failed; nothing when it succeeded."""
        status = self.query(sql)["Status"]
        assert status["State"] in ("SUCCEEDED", "FAILED"), status
        return "" if status["State"] == "SUCCEEDED" else str(status["StateChangeReason"])

    def catalogued(self, name: str) -> dict[str, Any] | None:
        """The Glue table, if it is there."""
        glue = self.cloud.client("glue")
        found = [table for table in glue.get_tables(DatabaseName=self.database)["TableList"] if table["Name"] == name]
        return found[0] if found else None
