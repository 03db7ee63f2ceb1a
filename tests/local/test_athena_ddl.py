"""Athena creates Iceberg tables and views as AWS does, and refuses what AWS refuses."""

# ruff: noqa: S608 - statements are our own

from datetime import datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from .athena_lake import Lake
from .conftest import Cloud, unique

pytestmark = pytest.mark.filterwarnings("ignore:The copy keyword is deprecated")  # awswrangler's use of pandas


@pytest.fixture(scope="module")
def lake(cloud: Cloud) -> Lake:
    return Lake(cloud)


def ctas(lake: Lake, name: str, select: str, **properties: str) -> str:
    """Why a table could not be made; nothing when it was."""
    given = {
        "table_type": "'ICEBERG'",
        "is_external": "false",
        "location": f"'s3://{lake.bucket}/gold/{unique(name)}'",
    } | properties
    return lake.run(
        f"CREATE TABLE {name} WITH ({', '.join(f'{key}={value}' for key, value in given.items() if value)}) AS {select}"
    )


def objects(lake: Lake, prefix: str) -> list[str]:
    found = lake.cloud.client("s3").list_objects_v2(Bucket=lake.bucket, Prefix=prefix)
    return [one["Key"] for one in found.get("Contents", [])]


def test_ctas_makes_an_iceberg_table_that_others_read(lake: Lake) -> None:
    select = "SELECT id, name AS Label, born, at, cost, ratio, alive, sum(n) AS total FROM people GROUP BY 1, 2, 3, 4, 5, 6, 7"
    assert ctas(lake, "made", select, format="'parquet'", write_compression="'snappy'") == ""
    table = lake.catalog.load_table(f"{lake.database}.made")
    assert [str(field.field_type) for field in table.schema().fields] == [
        "long", "string", "date", "timestamp", "decimal(10, 2)", "double", "boolean", "long",
    ]  # fmt: skip
    rows = {row["id"]: row for row in table.scan().to_arrow().to_pylist()}
    assert rows[1]["at"] == datetime(2024, 2, 29, 12, 30, 1, 500_000)  # noqa: DTZ001 - a timestamp without zone
    assert (rows[1]["label"], rows[2]["label"], rows[3]["label"], rows[3]["total"]) == ("Ann", "", None, -1)
    assert (len(table.history()), table.properties["write.parquet.compression-codec"]) == (1, "snappy")
    entry = lake.catalogued("made")
    assert entry
    assert (entry["TableType"], entry["Parameters"]["table_type"]) == ("EXTERNAL_TABLE", "ICEBERG")
    assert lake.rows("SELECT label FROM made ORDER BY id") == [["Ann"], [""], [None]]


def test_ctas_says_how_many_rows_it_wrote(lake: Lake) -> None:
    place = f"'s3://{lake.bucket}/gold/{unique('counted')}'"
    found = lake.query(
        f"CREATE TABLE counted WITH (table_type='ICEBERG', is_external=false, location={place}) AS SELECT id FROM people"
    )
    athena = lake.cloud.client("athena")
    assert (found["Status"]["State"], found["StatementType"]) == ("SUCCEEDED", "DDL")
    answer = athena.get_query_results(QueryExecutionId=found["QueryExecutionId"])
    assert (answer["UpdateCount"], answer["ResultSet"]["Rows"]) == (3, [])


def test_a_table_of_no_rows_has_its_columns(lake: Lake) -> None:
    assert ctas(lake, "nobody", "SELECT id, name FROM people WHERE id < 0") == ""
    assert lake.rows("SELECT count(*), max(name) FROM nobody") == [["0", None]]


@pytest.mark.parametrize(
    ("select", "reason"),
    [
        (
            "SELECT cast(at AS timestamp) AS at FROM people",
            r'Timestamp precision (3) not supported for Iceberg. Use "timestamp(6)" instead.',
        ),
        ("SELECT timestamp '2024-01-01 00:00:00' AS at", r"Timestamp precision (0) not supported"),
        ("SELECT at_utc FROM people", "with time zone"),
        ("SELECT at_utc AT TIME ZONE 'UTC' AS at FROM people", "with time zone"),
        ("SELECT cast(n AS smallint) AS n FROM people", "Type not supported for Iceberg: smallint"),
        ("SELECT null AS x", "Column type is unknown: x"),
        ("SELECT id, name AS ID FROM people", "Column name 'id' specified more than once"),
        ("SELECT id, n + 1 FROM people", "Column name not specified at position 2"),
        ("SELECT id FROM nothing", "TABLE_NOT_FOUND"),
        ("SELECT cast(name AS integer) AS x FROM people", "Could not convert"),
        ("SELECT strftime(at, '%Y') AS x FROM people", "FUNCTION_NOT_FOUND: line 1:"),
    ],
)
def test_what_iceberg_or_trino_cannot_do_makes_no_table(lake: Lake, select: str, reason: str) -> None:
    assert reason in ctas(lake, "refused", select)
    assert lake.catalogued("refused") is None


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ({"is_external": ""}, "is_external must be false"),
        ({"is_external": "true"}, "is_external must be false"),
        ({"location": ""}, "needs a location"),
        ({"external_location": "'s3://bucket/x'"}, "external_location is Hive's"),
        ({"colour": "'red'"}, "table property 'colour' does not exist"),
        ({"location": "'s3://no-such-bucket/x'"}, "bucket does not exist"),
    ],
)
def test_properties_are_checked(lake: Lake, properties: dict[str, str], reason: str) -> None:
    assert reason in ctas(lake, "refused", "SELECT 1 AS id", **properties)
    assert lake.catalogued("refused") is None


def test_a_location_with_objects_is_refused(lake: Lake) -> None:
    lake.cloud.client("s3").put_object(Bucket=lake.bucket, Key="full/x.parquet", Body=b"x")
    assert "non-empty location" in ctas(lake, "refused", "SELECT 1 AS id", location=f"'s3://{lake.bucket}/full/'")
    assert ctas(lake, "beside", "SELECT 1 AS id", location=f"'s3://{lake.bucket}/ful'") == ""


def test_a_table_that_is_there_stays(lake: Lake) -> None:
    assert "already exists" in ctas(lake, "people", "SELECT 1 AS id")
    assert "Schema 'nowhere' does not exist" in ctas(lake, "nowhere.x", "SELECT 1 AS id")
    assert lake.rows("SELECT count(*) FROM people") == [["3"]]


def test_a_renamed_table_keeps_its_rows_and_its_place(lake: Lake) -> None:
    assert ctas(lake, "early", "SELECT id FROM people") == ""
    before = lake.catalogued("early")
    assert before
    assert lake.run(f"alter table `{lake.database}`.`early` rename to `{lake.database}`.`late`") == ""
    after = lake.catalogued("late")
    assert after
    assert (lake.catalogued("early"), after["StorageDescriptor"]["Location"]) == (None, before["StorageDescriptor"]["Location"])
    assert lake.rows("SELECT count(*) FROM late") == [["3"]]
    assert "Table not found" in lake.run(f"alter table `{lake.database}`.`early` rename to `{lake.database}`.`x`")
    assert "already exists" in lake.run(f"alter table `{lake.database}`.`late` rename to `{lake.database}`.`people`")
    assert "cannot recognize input" in lake.run(f'alter table "{lake.database}"."late" rename to x')


def test_dropping_an_iceberg_table_deletes_its_data(lake: Lake) -> None:
    place = unique("gone")
    assert ctas(lake, "gone", "SELECT id FROM people", location=f"'s3://{lake.bucket}/{place}'") == ""
    assert objects(lake, f"{place}/")
    assert lake.run(f"DROP TABLE `{lake.database}`.`gone`") == ""
    assert (objects(lake, f"{place}/"), lake.catalogued("gone")) == ([], None)
    assert "Table not found" in lake.run("DROP TABLE gone")
    assert lake.run("DROP TABLE IF EXISTS gone") == ""


def test_views_are_answered_over_tables_and_other_views(lake: Lake) -> None:
    assert lake.run("CREATE OR REPLACE VIEW alive AS SELECT id, name, at FROM people WHERE coalesce(alive, true)") == ""
    place = f'"awsdatacatalog"."{lake.database}"."first"'
    assert lake.run(f"-- a comment\nCREATE VIEW {place} AS (WITH x AS (SELECT * FROM alive) SELECT min(id) AS id FROM x)") == ""
    assert lake.rows("SELECT f.id, a.name FROM first f JOIN alive a ON a.id = f.id") == [["1", "Ann"]]
    assert lake.run("CREATE OR REPLACE VIEW alive AS SELECT id, name, at FROM people WHERE id = 3") == ""
    assert lake.rows("SELECT * FROM first") == [["3"]]


def test_a_view_is_in_the_catalog_as_athena_writes_it(lake: Lake) -> None:
    assert lake.run("CREATE VIEW shown AS SELECT id, name, at, cost, reasons FROM people") == ""
    entry = lake.catalogued("shown")
    assert entry
    assert (entry["TableType"], entry["Parameters"]["presto_view"], entry["StorageDescriptor"]["Location"]) == (
        "VIRTUAL_VIEW",
        "true",
        "",
    )
    assert entry["ViewOriginalText"].startswith("/* Presto View: ")
    assert {column["Name"]: column["Type"] for column in entry["StorageDescriptor"]["Columns"]} == {
        "id": "bigint", "name": "string", "at": "timestamp", "cost": "decimal(10,2)", "reasons": "array<struct<rule:string,column:string>>",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("CREATE OR REPLACE VIEW people AS SELECT 1 AS id", "already exists"),
        ("CREATE VIEW v AS SELECT at_utc FROM people", "Unsupported Hive type: timestamp(3) with time zone"),
        ("CREATE VIEW v AS SELECT null AS x", "Column type is unknown"),
        ("CREATE VIEW v AS SELECT * FROM nothing", "TABLE_NOT_FOUND"),
        ("CREATE OR REPLACE VIEW v AS SELECT * FROM v", "recursive view"),
        ("CREATE VIEW v AS SELECT list_sum(reasons) AS x FROM people", "Function 'list_sum' not registered"),
        ("CREATE VIEW v AS SELECT `id` FROM people", "SYNTAX_ERROR"),
        ("DROP VIEW people", "does not exist"),
        ("INSERT INTO people (id) SELECT 9", "NOT_SUPPORTED"),
    ],
)
def test_what_a_view_cannot_be(lake: Lake, statement: str, reason: str) -> None:
    assert reason in lake.run(statement)
    assert lake.catalogued("v") is None


def test_a_view_tells_when_what_is_under_it_changed(lake: Lake) -> None:
    assert ctas(lake, "under", "SELECT 1 AS a, 2 AS b") == ""
    assert lake.run("CREATE VIEW over_it AS SELECT * FROM under") == ""
    assert lake.run("DROP TABLE under") == ""
    assert "INVALID_VIEW" in lake.run("SELECT * FROM over_it")
    assert ctas(lake, "under", "SELECT 1 AS a") == ""
    assert "VIEW_IS_STALE" in lake.run("SELECT * FROM over_it")
    assert "Cannot drop a view" in lake.run("DROP TABLE over_it")
    assert lake.run("DROP VIEW over_it") == ""
    assert lake.run("DROP VIEW IF EXISTS over_it") == ""


def test_databases_are_made_and_dropped(lake: Lake) -> None:
    name, glue = unique("made").replace("-", "_"), lake.cloud.client("glue")
    assert lake.run(f"create schema if not exists `{name}`") == ""
    assert lake.run(f"create schema if not exists `{name}`") == ""
    assert "already exists" in lake.run(f"create database {name}")
    assert lake.run(f"CREATE VIEW {name}.v AS SELECT 1 AS id") == ""
    assert "not empty" in lake.run(f"drop schema `{name}`")
    assert lake.run(f"drop schema if exists `{name}` cascade") == ""
    with pytest.raises(ClientError, match="EntityNotFound"):
        glue.get_database(Name=name)


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("cast(at AS varchar)", "2024-02-29 12:30:01.500000"),
        ("cast(cast(at AS timestamp) AS varchar)", "2024-02-29 12:30:01.500"),
        ("date_format(at + interval '1' second, '%s.%f')", "02.500000"),
        ("date_format(timestamp '2024-01-01 00:00:00.123456', '%s.%f')", "00.123000"),
        ("cast(from_unixtime_nanos(1704067200123456000) AT TIME ZONE 'UTC' AS timestamp(6))", "2024-01-01 00:00:00.123456"),
        ("to_milliseconds(date '2024-01-03' - date '2024-01-01')", "172800000"),
        ("lower(to_hex(md5(to_utf8('a'))))", "0cc175b9c0f1b6a831c399e269772661"),
        ("regexp_like('1.5', '^[0-9.]+\\z')", "true"),
    ],
)
def test_values_are_trinos(lake: Lake, sql: str, value: str) -> None:
    assert lake.rows(f"SELECT {sql} FROM people WHERE id = 1") == [[value]]


def test_old_versions_of_a_table_can_be_listed_and_deleted(lake: Lake) -> None:
    for number in range(3):
        assert lake.run(f"CREATE OR REPLACE VIEW often AS SELECT {number} AS id") == ""
    glue = lake.cloud.client("glue")
    of_view: dict[str, Any] = {"DatabaseName": lake.database, "TableName": "often"}
    assert [version["VersionId"] for version in glue.get_table_versions(**of_view)["TableVersions"]] == ["3", "2", "1"]
    glue.delete_table_version(**of_view, VersionId="1")
    assert [version["VersionId"] for version in glue.get_table_versions(**of_view)["TableVersions"]] == ["3", "2"]
    with pytest.raises(ClientError, match="current version"):
        glue.delete_table_version(**of_view, VersionId="3")
