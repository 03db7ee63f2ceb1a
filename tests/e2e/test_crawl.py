"""A dataset that asks for a crawl on the deployed stack: its files can be queried as they came, and no load waits for a crawl."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from local.laptop import Laptop
from tests.e2e.datasets import contract, readings
from tests.e2e.moments import until
from tests.e2e.test_permissions import without

CRAWL = "  - {property: crawl, value: true}\n"


def table(laptop: Laptop, dataset: str) -> dict[str, Any] | None:
    """The dataset's table among those of the landing bucket, as the catalog has it."""
    place = f"s3://{laptop.stack.landing.bucket}/{dataset.replace('.', '/')}/"
    tables = laptop.client("glue").get_tables(DatabaseName=laptop.stack.outputs["LandingDatabase"])["TableList"]
    return next((t for t in tables if t["StorageDescriptor"]["Location"] == place), None)


def columns(laptop: Laptop, dataset: str) -> dict[str, str]:
    found = table(laptop, dataset) or {"StorageDescriptor": {"Columns": []}}
    return {column["Name"]: column["Type"] for column in found["StorageDescriptor"]["Columns"]}


def drop(laptop: Laptop, dataset: str, name: str, body: bytes) -> None:
    laptop.put(f"{dataset.replace('.', '/')}/delta/{name}", body)


@contextmanager
def crawling(laptop: Laptop) -> Iterator[None]:
    """Have the crawler run for the length of a block: one crawl follows the other."""
    glue, name, done = laptop.client("glue"), laptop.stack.outputs["LandingCrawler"], threading.Event()

    def crawl() -> None:
        while not done.is_set():
            try:
                glue.start_crawler(Name=name)
            except glue.exceptions.CrawlerRunningException:
                done.wait(0.01)

    thread = threading.Thread(target=crawl)
    thread.start()
    until(lambda: state(laptop) == "RUNNING", "the crawler never ran")
    try:
        yield
    finally:
        done.set()
        thread.join()


def state(laptop: Laptop) -> str:
    return str(laptop.client("glue").get_crawler(Name=laptop.stack.outputs["LandingCrawler"])["Crawler"]["State"])


def test_file_of_a_dataset_that_asks_is_in_the_catalog_as_it_came_and_can_be_queried(laptop: Laptop, tmp_path: Path) -> None:
    dataset = "crawl.asking"
    laptop.publish(contract(dataset) + CRAWL, tmp_path)
    drop(laptop, dataset, "a.csv", readings(3))
    laptop.rest()
    until(lambda: table(laptop, dataset) is not None, "the landing bucket was never crawled")
    until(lambda: state(laptop) == "READY", "the crawl never ended")
    assert columns(laptop, dataset) == {"id": "string", "taken": "string", "level": "double"}
    last = laptop.client("glue").get_crawler(Name=laptop.stack.outputs["LandingCrawler"])["Crawler"]["LastCrawl"]
    assert last["Status"] == "SUCCEEDED", last
    events = laptop.client("logs").get_log_events(logGroupName=last["LogGroup"], logStreamName=last["LogStream"])["events"]
    assert any("table asking" in event["message"] for event in events)
    query = "select id, level from asking order by id"
    answer = laptop.json("query", "--database", laptop.stack.outputs["LandingDatabase"], query)
    assert [(row["id"], row["level"]) for row in answer] == [("r0000000", 0.0), ("r0000001", 1.01), ("r0000002", 2.02)]


def test_load_that_meets_a_running_crawler_settles_and_its_file_is_crawled_after(laptop: Laptop, tmp_path: Path) -> None:
    dataset = "crawl.busy"
    laptop.publish(contract(dataset) + CRAWL, tmp_path)
    drop(laptop, dataset, "a.csv", readings(3))
    laptop.rest()
    with crawling(laptop):
        drop(laptop, dataset, "b.csv", b"id,taken,level,site\nr1,2020-01-01,1.5,7\n")
        until(lambda: [f["state"] for f in laptop.files(dataset)] == ["LOADED", "LOADED"], "the load waited for the crawler")
    laptop.rest()
    until(lambda: "site" in columns(laptop, dataset), "the file that came during a crawl was never crawled")
    assert [run["state"] for run in laptop.json("runs", "--dataset", dataset)] == ["SUCCEEDED", "SUCCEEDED"]


def test_crawl_that_is_not_allowed_leaves_the_run_loaded_and_a_letter_that_can_be_answered(laptop: Laptop, tmp_path: Path) -> None:
    dataset = "crawl.refused"
    laptop.publish(contract(dataset) + CRAWL, tmp_path)
    resources = laptop.client("cloudformation").describe_stack_resources(StackName=laptop.stack.name)["StackResources"]
    (role,) = (r["PhysicalResourceId"] for r in resources if r["LogicalResourceId"] == "LoadStateMachineRole")
    with without(laptop, role, "glue:StartCrawler"):
        drop(laptop, dataset, "a.csv", readings(3))
        laptop.rest()
    assert [f["state"] for f in laptop.files(dataset)] == ["LOADED"]
    (letter,) = (found for found in laptop.letters() if dataset in json.dumps(found))
    assert (letter["kind"], letter["error"]) == ("crawl-failed", "Glue.AccessDeniedException")
    laptop.run("replay", "--letters", "10", "--dataset", dataset)
    assert not [found for found in laptop.letters() if dataset in json.dumps(found)]
    assert [f["state"] for f in laptop.files(dataset)] == ["LOADED"]


def test_dataset_that_does_not_ask_starts_no_crawl(laptop: Laptop, tmp_path: Path) -> None:
    dataset = "crawl.silent"
    until(lambda: state(laptop) == "READY", "the crawler never came to rest")
    laptop.publish(contract(dataset), tmp_path)
    drop(laptop, dataset, "a.csv", readings(3))
    laptop.rest()
    assert [f["state"] for f in laptop.files(dataset)] == ["LOADED"]
    assert table(laptop, dataset) is None
