"""Crawlers crawl: tables in the catalog of what is in the bucket, states and errors as on AWS, under the crawler's own role."""

import gzip
import io
import json
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError

from tests.unit.stack.stack import STATES as LOAD

from .conftest import ACCOUNT, Cloud, serving, unique, until
from .test_workflows import STATES, machine

CONFIGURATION = {"Version": 1.0, "Grouping": {"TableLevelConfiguration": 3}}
LINES = b"id,taken,level\nr1,2020-01-01,1.5\nr2,2020-01-02,2\n"


class Crawl:
    """A bucket, a database, and a crawler over them."""

    def __init__(self, cloud: Cloud, *, role: str = "", **options: Any) -> None:
        self.cloud, self.name, self.bucket = cloud, unique("crawler"), cloud.bucket()
        self.database = unique("db").replace("-", "_")
        self.glue = cloud.client("glue")
        self.glue.create_database(DatabaseInput={"Name": self.database})
        target = {"Path": f"s3://{self.bucket}/", **options.pop("Target", {})}
        self.glue.create_crawler(
            Name=self.name, Role=role or self.role(), DatabaseName=self.database, Targets={"S3Targets": [target]},
            Configuration=json.dumps(CONFIGURATION), **options,
        )  # fmt: skip

    def role(self, *, without: str = "", more: tuple[tuple[str, str], ...] = ()) -> str:
        """A role with what a crawler needs, but for one action, and more."""
        head = f"arn:aws:glue:us-east-1:{ACCOUNT}"
        catalog = (f"{head}:catalog", f"{head}:database/{self.database}", f"{head}:table/{self.database}/*")
        calls = ("GetTables", "CreateTable", "UpdateTable", "GetPartitions", "BatchCreatePartition")
        may = [(f"glue:{call}", resource) for call in calls for resource in catalog]
        may += [("s3:ListBucket", f"arn:aws:s3:::{self.bucket}"), ("s3:GetObject", f"arn:aws:s3:::{self.bucket}/*")]
        return self.cloud.role(*(pair for pair in may if pair[0] != without), *more, trusted="glue.amazonaws.com")

    def put(self, key: str, body: bytes) -> None:
        self.cloud.client("s3").put_object(Bucket=self.bucket, Key=key, Body=body)

    def run(self) -> dict[str, Any]:
        """The crawl's end."""
        self.glue.start_crawler(Name=self.name)
        until(lambda: self.state() == "READY")
        return dict(self.glue.get_crawler(Name=self.name)["Crawler"]["LastCrawl"])

    def state(self) -> str:
        return str(self.glue.get_crawler(Name=self.name)["Crawler"]["State"])

    def tables(self) -> dict[str, dict[str, Any]]:
        return {table["Name"]: table for table in self.glue.get_tables(DatabaseName=self.database)["TableList"]}

    def columns(self, table: str) -> dict[str, str]:
        return {column["Name"]: column["Type"] for column in self.tables()[table]["StorageDescriptor"]["Columns"]}

    def query(self, sql: str) -> list[tuple[str | None, ...]]:
        """What Athena answers, without the header."""
        athena = self.cloud.client("athena")
        group = {"OutputLocation": f"s3://{self.cloud.bucket()}/"}
        context = {"Database": self.database}
        started = athena.start_query_execution(QueryString=sql, QueryExecutionContext=context, ResultConfiguration=group)
        key = started["QueryExecutionId"]
        status = until(lambda: ended(athena.get_query_execution(QueryExecutionId=key)["QueryExecution"]["Status"]))
        assert status["State"] == "SUCCEEDED", status
        _, *rows = athena.get_query_results(QueryExecutionId=key)["ResultSet"]["Rows"]
        return [tuple(cell.get("VarCharValue") for cell in row["Data"]) for row in rows]


def ended(status: dict[str, Any]) -> dict[str, Any] | None:
    return status if status["State"] in ("SUCCEEDED", "FAILED", "CANCELLED") else None


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """An emulator whose crawls last until they are stopped."""
    with serving(tmp_path_factory.mktemp("slow"), TIDEGATE_LOCAL_CRAWL_SECONDS="100000", SFN_WAIT_SCALE="0.05") as settings:
        yield Cloud(settings)


def test_csv_json_and_parquet_become_tables_with_the_columns_of_their_files(cloud: Cloud) -> None:
    crawl = Crawl(cloud)
    crawl.put("shop/readings/delta/a.csv", LINES)
    crawl.put("shop/readings/delta/b.csv.gz", gzip.compress(b"id;level\n1;2\n".replace(b";", b",")))
    crawl.put(
        "shop/events/delta/a.json", b'{"id": 1, "Tags": ["x"], "at": {"n": 1.5}}\n{"id": 5000000000, "ok": true, "at": null}\n'
    )
    file = io.BytesIO()
    pq.write_table(pa.table({"Id": pa.array([1], pa.int64()), "on": pa.array([0], pa.date32())}), file)
    crawl.put("shop/days/full/2026-01/part.parquet", file.getvalue())
    assert crawl.run()["Status"] == "SUCCEEDED"
    assert {name: table["Parameters"]["classification"] for name, table in crawl.tables().items()} == {
        "readings": "csv", "events": "json", "days": "parquet",
    }  # fmt: skip
    assert crawl.columns("readings") == {"id": "string", "taken": "string", "level": "double"}
    assert crawl.columns("events") == {"id": "bigint", "tags": "array<string>", "at": "struct<n:double>", "ok": "boolean"}
    assert crawl.columns("days") == {"id": "bigint", "on": "date"}
    readings = crawl.tables()["readings"]
    assert readings["StorageDescriptor"]["Location"] == f"s3://{crawl.bucket}/shop/readings/"
    assert readings["TableType"] == "EXTERNAL_TABLE"
    assert readings["Parameters"]["skip.header.line.count"] == "1"
    assert readings["PartitionKeys"] == [{"Name": "partition_0", "Type": "string"}]


def test_csv_whose_first_row_is_like_the_others_has_no_header(cloud: Cloud) -> None:
    crawl = Crawl(cloud)
    crawl.put("shop/words/delta/a.csv", b"one,two\nthree,four\n")
    crawl.put("shop/numbers/delta/a.csv", b"1|2\n3|x\n")
    crawl.run()
    assert crawl.columns("words") == {"col0": "string", "col1": "string"}
    assert crawl.columns("numbers") == {"col0": "bigint", "col1": "string"}
    assert "skip.header.line.count" not in crawl.tables()["numbers"]["Parameters"]


def test_what_is_excluded_or_no_classifier_knows_is_no_table(cloud: Cloud) -> None:
    crawl = Crawl(cloud, Target={"Exclusions": ["**/_*", "**.zip"]})
    crawl.put("shop/readings/full/1/_SUCCESS", b"a,b\n1,2\n")
    crawl.put("shop/packed/delta/a.zip", b"a,b\n1,2\n")
    crawl.put("shop/noise/delta/a.bin", bytes(range(256)))
    crawl.put("shop/empty/delta/a.csv", b"")
    assert crawl.run()["Status"] == "SUCCEEDED"
    assert crawl.tables() == {}


def test_log_of_a_crawl_says_what_it_could_not_classify(cloud: Cloud) -> None:
    crawl = Crawl(cloud)
    crawl.put("shop/mixed/delta/a.csv", LINES)
    crawl.put("shop/mixed/delta/b.csv", LINES)
    crawl.put("shop/mixed/delta/c.json", b'{"id": 1}')
    crawl.put("shop/noise/delta/a.bin", bytes(range(256)))
    group = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/aws-glue/crawlers"
    role = crawl.role(more=tuple((f"logs:{call}", f"{group}*") for call in ("CreateLogGroup", "CreateLogStream", "PutLogEvents")))
    crawl.glue.update_crawler(Name=crawl.name, Role=role)
    last = crawl.run()
    events = cloud.client("logs").get_log_events(logGroupName=last["LogGroup"], logStreamName=last["LogStream"])["events"]
    assert [event["message"] for event in events] == [
        f"WARN : No classifier knows s3://{crawl.bucket}/shop/noise/delta/a.bin",
        f"WARN : s3://{crawl.bucket}/shop/mixed/delta/c.json is not csv",
        f"INFO : Created table mixed in database {crawl.database}",
        "INFO : 1 tables found",
    ]


def test_table_found_again_keeps_its_columns_gets_new_ones_and_new_partitions(cloud: Cloud) -> None:
    crawl = Crawl(cloud)
    crawl.put("shop/readings/delta/a.csv", LINES)
    crawl.run()
    crawl.cloud.client("s3").delete_object(Bucket=crawl.bucket, Key="shop/readings/delta/a.csv")
    crawl.put("shop/readings/full/2026-01/b.csv", b"id,level,site\nr3,3,7\n")
    assert crawl.run()["Status"] == "SUCCEEDED"
    assert crawl.columns("readings") == {"id": "string", "taken": "string", "level": "double", "site": "bigint"}
    partitions = crawl.glue.get_partitions(DatabaseName=crawl.database, TableName="readings")["Partitions"]
    assert [partition["Values"] for partition in partitions] == [["delta"], ["full"]]


def test_datasets_of_one_name_in_two_domains_are_two_tables(cloud: Cloud) -> None:
    crawl = Crawl(cloud)
    crawl.put("lab/readings/delta/a.csv", LINES)
    crawl.put("shop/readings/delta/a.csv", LINES)
    crawl.run()
    crawl.run()
    places = sorted(table["StorageDescriptor"]["Location"] for table in crawl.tables().values())
    assert places == [f"s3://{crawl.bucket}/lab/readings/", f"s3://{crawl.bucket}/shop/readings/"]
    assert "readings" in crawl.tables()


def test_crawled_table_can_be_queried_in_athena(cloud: Cloud) -> None:
    crawl = Crawl(cloud)
    crawl.put("shop/readings/delta/a.csv", LINES)
    crawl.put("shop/readings/full/2026-01/b.csv", b"id,taken,level\nr3,2020-01-03,3\n")
    crawl.put("shop/events/delta/a.json", b'{"id": 1}\n{"id": 2}\n')
    crawl.run()
    rows = crawl.query("select id, level, partition_0 from readings order by id")
    assert rows == [("r1", "1.5", "delta"), ("r2", "2.0", "delta"), ("r3", "3.0", "full")]
    assert crawl.query("select id, partition_0 from events order by id") == [("1", "delta"), ("2", "delta")]


def test_crawler_whose_role_may_not_read_fails_and_says_why(cloud: Cloud) -> None:
    crawl = Crawl(cloud)
    crawl.put("shop/readings/delta/a.csv", LINES)
    for action, said in (("s3:ListBucket", "ListObjectsV2"), ("s3:GetObject", "GetObject"), ("glue:CreateTable", "CreateTable")):
        crawl.glue.update_crawler(Name=crawl.name, Role=crawl.role(without=action))
        last = crawl.run()
        assert last["Status"] == "FAILED"
        assert "AccessDenied" in last["ErrorMessage"]
        assert said in last["ErrorMessage"]
    assert crawl.tables() == {}


def test_starting_a_crawler_needs_permission_on_that_crawler(cloud: Cloud) -> None:
    crawl = Crawl(cloud)
    other = cloud.role(("glue:StartCrawler", f"arn:aws:glue:us-east-1:{ACCOUNT}:crawler/other"))
    with pytest.raises(ClientError, match="AccessDenied"):
        cloud.client("glue", **cloud.acting_as(other)).start_crawler(Name=crawl.name)
    task = {"Resource": "arn:aws:states:::aws-sdk:glue:startCrawler", "Parameters": {"Name": crawl.name}}
    assert cloud.run_machine(machine(task), cloud.role(trusted=STATES))["error"] == "Glue.AccessDeniedException"
    may = cloud.role(("glue:StartCrawler", f"arn:aws:glue:us-east-1:{ACCOUNT}:crawler/{crawl.name}"), trusted=STATES)
    assert cloud.run_machine(machine(task), may)["status"] == "SUCCEEDED"
    task["Parameters"] = {"Name": "other"}
    assert cloud.run_machine(machine(task), cloud.role(("glue:StartCrawler", "*"), trusted=STATES))["error"] == (
        "Glue.EntityNotFoundException"
    )


def test_running_crawler_is_not_started_again_until_it_was_stopped(slow: Cloud) -> None:
    crawl = Crawl(slow)
    crawl.put("shop/readings/delta/a.csv", LINES)
    with pytest.raises(crawl.glue.exceptions.CrawlerNotRunningException):
        crawl.glue.stop_crawler(Name=crawl.name)
    crawl.glue.start_crawler(Name=crawl.name)
    assert crawl.state() == "RUNNING"
    with pytest.raises(crawl.glue.exceptions.CrawlerRunningException):
        crawl.glue.start_crawler(Name=crawl.name)
    crawl.glue.stop_crawler(Name=crawl.name)
    until(lambda: crawl.state() == "READY")
    assert crawl.glue.get_crawler(Name=crawl.name)["Crawler"]["LastCrawl"]["Status"] == "CANCELLED"
    assert crawl.tables() == {}
    crawl.glue.start_crawler(Name=crawl.name)
    crawl.glue.stop_crawler(Name=crawl.name)


def test_execution_that_meets_a_running_crawler_waits_for_it_and_ends_well_when_it_never_ends(slow: Cloud) -> None:
    crawl = Crawl(slow)
    crawl.glue.start_crawler(Name=crawl.name)
    role = slow.role(("glue:StartCrawler", f"arn:aws:glue:us-east-1:{ACCOUNT}:crawler/{crawl.name}"), trusted=STATES)
    task = {**LOAD["Crawl"], "Parameters": {"Name": crawl.name}}
    definition = {"StartAt": "Crawl", "States": {name: LOAD[name] for name in ("CrawledByOthers",)} | {"Crawl": task}}
    task["Catch"] = task["Catch"][:1]
    states = slow.client("stepfunctions")
    made = states.create_state_machine(name=unique("machine"), definition=json.dumps(definition), roleArn=role)
    run = states.start_execution(stateMachineArn=made["stateMachineArn"])["executionArn"]

    def events() -> list[str]:
        return [event["type"] for event in states.get_execution_history(executionArn=run, maxResults=1000)["events"]]

    until(lambda: states.describe_execution(executionArn=run)["status"] != "RUNNING", 60)
    assert states.describe_execution(executionArn=run)["status"] == "SUCCEEDED"
    assert events().count("TaskFailed") == 1 + LOAD["Crawl"]["Retry"][0]["MaxAttempts"]
    assert crawl.state() == "RUNNING"
    crawl.glue.stop_crawler(Name=crawl.name)
