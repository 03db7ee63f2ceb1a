"""The Glue catalog is authorised on catalog, database and table, and log events on their stream, as on AWS."""

from itertools import product
from typing import Any

import pytest
from botocore.exceptions import ClientError

from .conftest import ACCOUNT, Cloud, unique

CATALOG, DATABASE, TABLE = "catalog", "database/{db}", "table/{db}/orders"


@pytest.fixture(scope="module")
def database(cloud: Cloud) -> str:
    name = unique("db").replace("-", "_")
    glue = cloud.client("glue")
    glue.create_database(DatabaseInput={"Name": name})
    glue.create_table(DatabaseName=name, TableInput={"Name": "orders"})
    return name


def allowed(cloud: Cloud, database: str, action: str, resources: tuple[str, ...]) -> Any:
    arns = [f"arn:aws:glue:us-east-1:{ACCOUNT}:{resource.format(db=database)}" for resource in resources]
    return cloud.client("glue", **cloud.acting_as(cloud.role(*product([action], arns))))


def test_reading_a_table_needs_all_three_resources(cloud: Cloud, database: str) -> None:
    allowed(cloud, database, "glue:GetTable", (CATALOG, DATABASE, TABLE)).get_table(DatabaseName=database, Name="orders")
    for missing in (CATALOG, DATABASE, TABLE):
        some = tuple(resource for resource in (CATALOG, DATABASE, TABLE) if resource != missing)
        with pytest.raises(ClientError, match="AccessDenied"):
            allowed(cloud, database, "glue:GetTable", some).get_table(DatabaseName=database, Name="orders")


def test_reading_a_database_needs_the_catalog_and_the_database(cloud: Cloud, database: str) -> None:
    allowed(cloud, database, "glue:GetDatabase", (CATALOG, DATABASE)).get_database(Name=database)
    with pytest.raises(ClientError, match="AccessDenied"):
        allowed(cloud, database, "glue:GetDatabase", (CATALOG, "table/{db}/*")).get_database(Name=database)


def test_making_a_table_is_authorised_on_the_table(cloud: Cloud, database: str) -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        allowed(cloud, database, "glue:CreateTable", (CATALOG, DATABASE, TABLE)).create_table(
            DatabaseName=database, TableInput={"Name": "new"},
        )  # fmt: skip
    allowed(cloud, database, "glue:CreateTable", (CATALOG, DATABASE, "table/{db}/n*")).create_table(
        DatabaseName=database, TableInput={"Name": "new"},
    )  # fmt: skip


def test_listing_tables_is_authorised_on_the_tables(cloud: Cloud, database: str) -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        allowed(cloud, database, "glue:GetTables", (CATALOG, DATABASE)).get_tables(DatabaseName=database)
    allowed(cloud, database, "glue:GetTables", (CATALOG, DATABASE, "table/{db}/*")).get_tables(DatabaseName=database)


def test_writing_log_events_is_authorised_on_their_stream(cloud: Cloud) -> None:
    group, logs = unique("group"), cloud.client("logs")
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="mine")
    logs.create_log_stream(logGroupName=group, logStreamName="others")
    role = cloud.role(("logs:PutLogEvents", f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{group}:log-stream:mine"))
    mine, event = cloud.client("logs", **cloud.acting_as(role)), {"timestamp": 1_700_000_000_000, "message": "found"}
    mine.put_log_events(logGroupName=group, logStreamName="mine", logEvents=[event])
    with pytest.raises(ClientError, match="AccessDenied"):
        mine.put_log_events(logGroupName=group, logStreamName="others", logEvents=[event])
