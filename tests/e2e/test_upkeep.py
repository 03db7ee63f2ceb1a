"""Maintenance of the deployed stack, under its own role: many small loads leave few files, and everything goes on as before."""

from typing import Any

import pytest

from local.deploy import deploy
from local.laptop import TEMPLATE, Laptop
from tests.e2e.datasets import contract, readings
from tidegate.aws.iceberg import GlueLake

DATASET = "tidy.readings"
KEY = "tidy/readings/delta/{}.csv"
FILES, ROWS = 7, 10
PARAMETERS = {"MergeFiles": "4", "VersionSeconds": "0", "LeastVersions": "2", "SweepSeconds": "0"}
LAYERS = ("bronze", "quarantine", "silver")


class Tables:
    """What is in the dataset's tables, as every Iceberg reader sees it."""

    def __init__(self, laptop: Laptop) -> None:
        self._lake = GlueLake(laptop.stack.name, laptop.stack.lake.bucket, laptop.client("s3"), laptop.client("glue"))

    def rows(self, layer: str) -> list[str]:
        rows = self._lake.load(layer, "tidy_readings").scan().to_arrow().drop_columns(["_run_id"]).to_pylist()
        return sorted(map(str, rows))

    @property
    def all(self) -> dict[str, list[str]]:
        return {layer: self.rows(layer) for layer in LAYERS}

    @property
    def files(self) -> dict[str, int]:
        return {t.name.split(".")[0]: len(t.live()) for t in self._lake.tables("tidy_readings")}

    @property
    def versions(self) -> dict[str, int]:
        return {t.name.split(".")[0]: len(t.history()) for t in self._lake.tables("tidy_readings")}


@pytest.fixture(scope="module")
def tidy(laptop: Laptop, tmp_path_factory: pytest.TempPathFactory) -> Laptop:
    """A stack that merges early and forgets at once, with a dataset that was loaded in many small runs."""
    deploy("tidy", laptop.environment, TEMPLATE, PARAMETERS)
    made = Laptop(laptop.settings, "tidy")
    made.publish(contract(DATASET), tmp_path_factory.mktemp("tidy"))
    for number in range(FILES):
        load(made, number, first=number * ROWS)
    return made


def load(laptop: Laptop, number: int, *, first: int) -> None:
    laptop.put(KEY.format(number), readings(ROWS, first=first, every_bad=5))
    laptop.rest()


def maintain(laptop: Laptop, *words: str) -> dict[str, Any]:
    """Run the command; return what it did for the dataset."""
    answer = laptop.json("maintain", "--dataset", DATASET, *words)
    assert answer["errors"] == {}
    return dict(answer["datasets"][0]) if answer["datasets"] else {}


def test_many_small_loads_become_few_files_and_the_next_load_a_replacement_and_a_replay_are_right(tidy: Laptop) -> None:
    tables = Tables(tidy)
    before = tables.all
    assert (tables.files["bronze"], tables.files["quarantine"]) == (FILES, FILES)
    would = maintain(tidy, "--dry-run")
    assert tables.files["bronze"] == FILES
    done = maintain(tidy)
    assert done == would
    assert (done["files_merged"], done["files_made"], done["later"]) == (2 * FILES, 2, "")
    assert done["versions_expired"] == 3 * (FILES - 2)
    assert tables.all == before
    assert (tables.files["bronze"], tables.files["quarantine"]) == (1, 1)
    assert tables.versions == {"bronze": 3, "quarantine": 3, "silver": 2}
    load(tidy, 99, first=990)
    load(tidy, 3, first=3 * ROWS)  # the same rows again, in the place of those that were merged
    after = {layer: len(rows) for layer, rows in tables.all.items()}
    assert after == {layer: len(rows) // FILES * (FILES + 1) for layer, rows in before.items()}
    tidy.run("replay", "--dataset", DATASET)
    tidy.rest()
    assert {layer: len(rows) for layer, rows in tables.all.items()} == after
    assert {f["state"] for f in tidy.files(DATASET)} == {"LOADED", "SUPERSEDED"}
    assert tidy.astray(DATASET) == {}


def test_schedule_finds_what_needs_it_by_itself(tidy: Laptop) -> None:
    maintain(tidy)
    for number in range(10, 15):
        load(tidy, number, first=number * ROWS)
    function = tidy.stack.outputs["MaintainFunction"]
    tidy.client("lambda").invoke(FunctionName=function, Payload=b"{}")
    assert Tables(tidy).files["quarantine"] <= 4


def test_files_that_arrive_during_maintenance_are_loaded(tidy: Laptop) -> None:
    rows = len(Tables(tidy).rows("bronze"))
    for number in range(20, 28):
        tidy.put(KEY.format(number), readings(ROWS, first=number * ROWS))
        maintain(tidy)
    tidy.rest()
    assert len(Tables(tidy).rows("bronze")) == rows + 8 * ROWS
    assert {f["state"] for f in tidy.files(DATASET)} == {"LOADED", "SUPERSEDED"}
