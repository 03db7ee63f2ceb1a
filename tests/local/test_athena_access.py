"""Athena may do what the caller of a query may do, and nothing else."""

import time

import pytest
from botocore.exceptions import ClientError

from .athena_lake import Lake
from .conftest import ACCOUNT, Cloud, unique

GLUE = f"arn:aws:glue:us-east-1:{ACCOUNT}"
GROUP = f"arn:aws:athena:us-east-1:{ACCOUNT}:workgroup/primary"
ATHENA = [(f"athena:{action}", GROUP) for action in ("StartQueryExecution", "GetQueryExecution", "GetQueryResults")]


@pytest.fixture(scope="module")
def lake(cloud: Cloud) -> Lake:
    return Lake(cloud)


def asked(lake: Lake, sql: str, *rights: tuple[str, str]) -> str:
    """Why a query of a role fails; nothing when it succeeds. In the rights, {db} and {bucket} are the lake's."""
    written = [(action, resource.format(db=lake.database, bucket=lake.bucket)) for action, resource in rights]
    athena = lake.cloud.client("athena", **lake.cloud.acting_as(lake.cloud.role(*ATHENA, *written)))
    started = athena.start_query_execution(
        QueryString=sql, QueryExecutionContext={"Database": lake.database},
        ResultConfiguration={"OutputLocation": f"s3://{lake.bucket}/athena/"},
    )  # fmt: skip
    while True:
        status = athena.get_query_execution(QueryExecutionId=started["QueryExecutionId"])["QueryExecution"]["Status"]
        if status["State"] not in ("QUEUED", "RUNNING"):
            return str(status["StateChangeReason"])
        time.sleep(0.05)


def glue(action: str, table: str) -> list[tuple[str, str]]:
    """A right on a table, with what AWS wants of the database and the catalog around it."""
    return [(f"glue:{action}", f"{GLUE}:{resource}") for resource in ("catalog", "database/{db}", f"table/{{db}}/{table}")]


RESULT = ("s3:PutObject", "arn:aws:s3:::{bucket}/athena/*")
DATA = ("s3:GetObject", "arn:aws:s3:::{bucket}/warehouse/people/*")


def test_reading_needs_the_table_its_objects_and_a_place_for_the_result(lake: Lake) -> None:
    read = [*glue("GetTable", "people"), DATA, RESULT]
    assert asked(lake, "SELECT id FROM people", *read) == ""
    assert "glue:GetTable" in asked(lake, "SELECT id FROM people", DATA, RESULT)
    assert "s3:GetObject" in asked(lake, "SELECT id FROM people", *glue("GetTable", "people"), RESULT)
    assert "s3:PutObject" in asked(lake, "SELECT id FROM people", *glue("GetTable", "people"), DATA)


def test_a_view_gives_no_rights_to_what_is_under_it(lake: Lake) -> None:
    assert lake.run("CREATE VIEW names AS SELECT name FROM people") == ""
    assert "table/" + lake.database + "/people" in asked(lake, "SELECT * FROM names", *glue("GetTable", "names"), DATA, RESULT)
    assert asked(lake, "SELECT * FROM names", *glue("GetTable", "names"), *glue("GetTable", "people"), DATA, RESULT) == ""


def test_making_and_dropping_a_table_needs_rights_to_write(lake: Lake) -> None:
    place = unique("mine")
    sql = (
        f"CREATE TABLE mine WITH (table_type='ICEBERG', is_external=false, location='s3://{lake.bucket}/{place}') AS SELECT 1 AS id"
    )
    put = ("s3:PutObject", f"arn:aws:s3:::{{bucket}}/{place}/*")
    assert "glue:CreateTable" in asked(lake, sql, put, RESULT)
    assert "s3:PutObject" in asked(lake, sql, *glue("CreateTable", "mine"), RESULT)
    assert asked(lake, sql, *glue("CreateTable", "mine"), put, RESULT) == ""
    delete = ("s3:DeleteObject", f"arn:aws:s3:::{{bucket}}/{place}/*")
    assert "glue:DeleteTable" in asked(lake, "DROP TABLE mine", delete, RESULT)
    assert "s3:DeleteObject" in asked(lake, "DROP TABLE mine", *glue("DeleteTable", "mine"), RESULT)
    assert asked(lake, "DROP TABLE mine", *glue("DeleteTable", "mine"), delete, RESULT) == ""


def test_making_a_view_needs_the_right_to_it(lake: Lake) -> None:
    assert "glue:CreateTable" in asked(lake, "CREATE VIEW own AS SELECT 1 AS id", RESULT)
    assert asked(lake, "CREATE VIEW own AS SELECT 1 AS id", *glue("CreateTable", "own"), RESULT) == ""
    assert "glue:UpdateTable" in asked(lake, "CREATE OR REPLACE VIEW own AS SELECT 2 AS id", *glue("CreateTable", "own"), RESULT)


def test_asking_for_a_query_is_authorised_on_its_work_group(cloud: Cloud) -> None:
    started = cloud.client("athena").start_query_execution(
        QueryString="SELECT 1", ResultConfiguration={"OutputLocation": "s3://none/"}
    )
    other = cloud.role(("athena:GetQueryExecution", GROUP.replace("primary", "other")))
    with pytest.raises(ClientError, match="GetQueryExecution"):
        cloud.client("athena", **cloud.acting_as(other)).get_query_execution(QueryExecutionId=started["QueryExecutionId"])
