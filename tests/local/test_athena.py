"""Athena reads exactly the live rows of Iceberg tables and answers with Athena's types, as awswrangler sees them."""

# ruff: noqa: S608 - what boto3 gives and takes is any JSON; statements are our own

from datetime import date
from decimal import Decimal

import awswrangler as wr
import pandas as pd
import pyarrow as pa
import pytest
from botocore.exceptions import ClientError
from pyiceberg.schema import Schema
from pyiceberg.types import DecimalType, LongType, NestedField, StringType

from .athena_lake import STAMP, Lake
from .conftest import Cloud, unique

pytestmark = pytest.mark.filterwarnings("ignore:The copy keyword is deprecated")  # awswrangler's use of pandas


@pytest.fixture(scope="module")
def lake(cloud: Cloud) -> Lake:
    return Lake(cloud)


def test_awswrangler_gets_rows_with_their_types(lake: Lake) -> None:
    frame = lake.frame("SELECT id, name, born, at, at_utc, cost, ratio, alive, n FROM people ORDER BY id")
    first = frame.iloc[0].to_dict()
    assert first["cost"] == Decimal("12.50")
    assert (first["id"], first["name"], first["born"], first["at"]) == (1, "Ann", date(2000, 1, 2), pd.Timestamp(STAMP))
    assert pd.Timestamp(first["at_utc"]).tz_convert("UTC") == pd.Timestamp(STAMP, tz="UTC")
    assert [str(kind) for kind in frame.dtypes[["id", "ratio", "alive", "n"]]] == ["Int64", "float64", "boolean", "Int32"]
    assert frame["born"].isna().tolist() == [False, True, False]
    assert frame["ratio"].tolist()[::2] == [0.5, 1e10]


def test_null_and_the_empty_text_are_told_apart(lake: Lake) -> None:
    assert lake.rows("SELECT name FROM people ORDER BY id") == [["Ann"], [""], [None]]


def test_values_are_written_as_athena_writes_them(lake: Lake) -> None:
    assert lake.rows("SELECT * FROM people WHERE id = 1") == [
        ["1", "Ann", "2000-01-02", "2024-02-29 12:30:01.500", "2024-02-29 12:30:01.500 UTC", "12.50", "0.5", "true", "7",
         "[{rule=type, column=born}]"],
    ]  # fmt: skip
    assert lake.rows("SELECT ratio, CAST(1 AS double) FROM people WHERE id = 3") == [["1.0E10", "1.0"]]


def test_column_types_are_trinos(lake: Lake) -> None:
    found = lake.query("SELECT * FROM people")
    results = lake.cloud.client("athena").get_query_results(QueryExecutionId=found["QueryExecutionId"])
    columns = {c["Name"]: (c["Type"], c["Precision"], c["Scale"]) for c in results["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]}
    assert columns["cost"] == ("decimal", 10, 2)
    assert {name: kind for name, (kind, _, _) in columns.items()} == {
        "id": "bigint", "name": "varchar", "born": "date", "at": "timestamp", "at_utc": "timestamp with time zone",
        "cost": "decimal", "ratio": "double", "alive": "boolean", "n": "integer", "reasons": "array",
    }  # fmt: skip


def test_only_live_files_under_the_current_schema_are_read(lake: Lake) -> None:
    table = lake.create("moving", Schema(NestedField(1, "id", LongType()), NestedField(2, "old", StringType())))
    assert lake.frame("SELECT * FROM moving").empty
    assert lake.frame("SELECT * FROM moving").columns.tolist() == ["id", "old"]
    table.append(pa.table({"id": [1, 2], "old": ["a", "b"]}))
    with table.update_schema() as change:
        change.rename_column("old", "new")
        change.add_column("extra", DecimalType(5, 1))
    table.append(pa.table({"id": [3], "new": ["c"], "extra": pa.array([Decimal("1.5")], pa.decimal128(5, 1))}))
    assert lake.rows("SELECT id, new, extra FROM moving ORDER BY id") == [["1", "a", None], ["2", "b", None], ["3", "c", "1.5"]]
    table.delete("id = 2")
    assert lake.rows("SELECT count(*), sum(id) FROM moving") == [["2", "4"]]
    table.overwrite(pa.table({"id": [9], "new": ["z"], "extra": pa.array([None], pa.decimal128(5, 1))}))
    assert lake.rows("SELECT new FROM moving") == [["z"]]


def test_a_table_is_read_at_a_version_beside_what_it_is_now_and_in_a_view(lake: Lake) -> None:
    table = lake.create("versions", Schema(NestedField(1, "id", LongType())))
    table.append(pa.table({"id": [1, 2]}))
    before = table.current_snapshot().snapshot_id
    with table.update_schema() as change:
        change.add_column("extra", LongType())
    table.append(pa.table({"id": [3], "extra": [7]}))
    then = f"versions FOR VERSION AS OF {before}"
    assert lake.rows(f"SELECT * FROM {then} AS sent ORDER BY id") == [["1"], ["2"]]
    assert lake.rows(f"SELECT count(*), (SELECT count(*) FROM {then}) FROM versions WHERE extra = 7 OR id < 3") == [["3", "2"]]
    assert lake.run(f"CREATE VIEW {lake.database}.earlier AS SELECT id FROM {then}") == ""
    assert lake.rows("SELECT max(id) FROM earlier") == [["2"]]


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ("people FOR VERSION AS OF 12", "INVALID_ARGUMENTS: Iceberg snapshot ID does not exists: 12"),
        ("people FOR TIMESTAMP AS OF current_timestamp", "NOT_SUPPORTED: the laptop's Athena knows FOR VERSION AS OF"),
        ("people FOR VERSION AS OF 'main'", "NOT_SUPPORTED: the laptop's Athena knows FOR VERSION AS OF"),
    ],
)
def test_a_version_that_is_not_there_or_not_a_number_is_refused(lake: Lake, asked: str, reason: str) -> None:
    assert lake.run(f"SELECT id FROM {asked}").startswith(reason)


def test_sql_is_trinos(lake: Lake) -> None:
    sql = f"""
        WITH ages AS (SELECT id, date_diff('year', born, date '2024-06-01') AS age FROM "awsdatacatalog"."{lake.database}"."people")
        SELECT p.id, 7 / 2, cardinality(p.reasons), element_at(p.reasons, 1).rule, date_format(p.at, '%Y-%m'), a.age
        FROM {lake.database}.people AS p JOIN ages a ON a.id = p.id ORDER BY 1
    """
    assert lake.rows(sql) == [
        ["1", "3", "1", "type", "2024-02", "24"], ["2", "3", "0", None, None, None], ["3", "3", "0", None, "2024-02", "25"],
    ]  # fmt: skip
    assert lake.rows('SELECT id, r.rule, r."column" FROM people CROSS JOIN UNNEST(reasons) AS t(r)') == [["1", "type", "born"]]
    assert lake.rows("SELECT PEOPLE.Id FROM People WHERE name IS NULL") == [["3"]]


def test_plain_csv_tables_are_read_too(lake: Lake) -> None:
    lake.cloud.client("s3").put_object(Bucket=lake.bucket, Key="plain/a.csv", Body=b"1,x\n2,y\n")
    lake.cloud.client("glue").create_table(DatabaseName=lake.database, TableInput={
        "Name": "plain", "TableType": "EXTERNAL_TABLE", "Parameters": {"classification": "csv"},
        "StorageDescriptor": {"Columns": [{"Name": "id", "Type": "bigint"}, {"Name": "code", "Type": "string"}],
                              "Location": f"s3://{lake.bucket}/plain/"},
    })  # fmt: skip
    assert lake.rows("SELECT p.code, q.name FROM plain p JOIN people q ON p.id = q.id ORDER BY 1") == [["x", "Ann"], ["y", ""]]


def test_show_and_describe(lake: Lake) -> None:
    assert ["people"] in lake.rows("SHOW TABLES")
    assert [lake.database] in lake.rows("SHOW DATABASES")
    assert lake.rows(f"DESCRIBE {lake.database}.people")[0] == ["id\tbigint\t"]


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELECT * FROM nothing", r"TABLE_NOT_FOUND"),
        ("SELECT nothing FROM people", r"nothing"),
        ("SELEC 1", r"NOT_SUPPORTED|SYNTAX_ERROR"),
        ("SELECT CAST(name AS integer) FROM people", r"Could not convert"),
        ("DELETE FROM people", r"NOT_SUPPORTED"),
    ],
)
def test_a_query_that_fails_says_why(lake: Lake, sql: str, reason: str) -> None:
    status = lake.query(sql)["Status"]
    assert status["State"] == "FAILED"
    assert pd.Series([status["StateChangeReason"]]).str.contains(reason).all(), status


def test_the_result_file_is_where_athena_says(lake: Lake) -> None:
    found = lake.query("SELECT name FROM people ORDER BY id")
    bucket, _, key = found["ResultConfiguration"]["OutputLocation"].removeprefix("s3://").partition("/")
    assert key == f"athena/{found['QueryExecutionId']}.csv"
    assert lake.cloud.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read() == b'"name"\n"Ann"\n""\n\n'


def test_a_query_without_a_place_for_its_result_is_refused(lake: Lake) -> None:
    with pytest.raises(ClientError, match="No output location"):
        lake.cloud.client("athena").start_query_execution(QueryString="SELECT 1")


def test_a_work_group_that_insists_places_the_result(lake: Lake) -> None:
    athena, group = lake.cloud.client("athena"), unique("group")
    place = {"OutputLocation": f"s3://{lake.bucket}/of-group/"}
    athena.create_work_group(Name=group, Configuration={"ResultConfiguration": place, "EnforceWorkGroupConfiguration": True})
    frame = wr.athena.read_sql_query(
        "SELECT id FROM people", boto3_session=lake.cloud.session, database=lake.database, workgroup=group, ctas_approach=False,
        athena_query_wait_polling_delay=0.05,
    )  # fmt: skip
    assert sorted(frame["id"]) == [1, 2, 3]
    assert lake.cloud.client("s3").list_objects_v2(Bucket=lake.bucket, Prefix="of-group/")["KeyCount"] == 1
