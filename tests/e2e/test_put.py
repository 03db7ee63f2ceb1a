"""`tidegate put` as the README has it: files become rows, the same bytes again change nothing, and a full load is completed."""

from pathlib import Path

from local.laptop import Laptop
from tests.e2e.datasets import contract, readings

DATASET = "put.readings"


def test_files_are_dropped_once_and_a_full_load_is_completed(laptop: Laptop, tmp_path: Path) -> None:
    laptop.publish(contract(DATASET), tmp_path)
    first, second = tmp_path / "a.csv", tmp_path / "b.csv"
    first.write_bytes(readings(3))
    second.write_bytes(readings(4, first=3))
    assert laptop.shell("put", str(first), "-d", DATASET).stdout.split() == ["dropped", "put/readings/delta/a.csv"]
    laptop.rest()
    assert laptop.shell("put", str(first), "-d", DATASET).stdout.split() == ["unchanged", "put/readings/delta/a.csv"]
    (again,) = laptop.json("put", str(first), "-d", DATASET, "--force")
    assert (again["unchanged"], bool(again["version_id"])) == (False, True)
    full = ["put", str(first), str(second), "-d", DATASET, "--full", "1"]
    assert [one["key"].removeprefix("put/readings/full/1/") for one in laptop.json(*full)] == ["a.csv", "b.csv", "_SUCCESS"]
    laptop.rest()
    assert [one["unchanged"] for one in laptop.json(*full)] == [True, True]
    parts = {f["key"].rsplit("/", 1)[1]: f["state"] for f in laptop.files(DATASET) if "/full/" in f["key"]}
    assert parts == {"a.csv": "LOADED", "b.csv": "LOADED", "_SUCCESS": "LOADED"}
    assert len(laptop.json("query", 'SELECT * FROM "put_readings"')) == 7


def test_files_of_a_dataset_without_a_contract_are_not_dropped(laptop: Laptop, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(readings(1))
    done = laptop.shell("put", str(path), "-d", "put.nothing", check=False)
    assert done.returncode == 1
    assert "no contract is published for put.nothing" in done.stderr.replace("\n", " ")
