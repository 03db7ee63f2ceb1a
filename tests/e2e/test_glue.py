"""What is too much for a Lambda, loaded by real Spark: the same rows, the reason in the run record, and nothing lost when it dies."""

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.control import has_spark
from local.deploy import deploy
from local.laptop import TEMPLATE, Laptop, send
from tests.e2e.datasets import contract, readings
from tests.e2e.moments import LAYERS, committed_layers, kill_when, lapse, loaders, pause_when, running, tables, until

pytestmark = pytest.mark.skipif(not has_spark(), reason="no Spark here: install Java 17, then run `make spark`")
FIRST = readings(30_000, every_bad=1000)  # fits into a Lambda
SECOND = readings(60_000, first=15_000, every_bad=1000)
PARAMETERS = {"LambdaTextBytes": str(len(FIRST))}


@pytest.fixture(scope="module")
def small(laptop: Laptop) -> Laptop:
    """A stack whose Lambdas take little."""
    deploy("small", laptop.environment, TEMPLATE, PARAMETERS)
    return Laptop(laptop.settings, "small")


@pytest.fixture(scope="module")
def by_lambda(laptop: Laptop, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The tables as Lambdas make them."""
    load(laptop, "glue.reference", tmp_path_factory.mktemp("reference"))
    return tables(laptop, "glue.reference")


def load(laptop: Laptop, dataset: str, folder: Path) -> None:
    begin(laptop, dataset, folder)
    laptop.rest()


def begin(laptop: Laptop, dataset: str, folder: Path) -> None:
    """Load the first file, and drop the second."""
    laptop.publish(contract(dataset), folder)
    laptop.put(f"{dataset.replace('.', '/')}/delta/first.csv", FIRST)
    laptop.rest()
    laptop.put(f"{dataset.replace('.', '/')}/delta/second.csv", SECOND)


def runs(laptop: Laptop, dataset: str) -> list[dict[str, Any]]:
    return list(laptop.json("runs", "--dataset", dataset))


def test_large_batch_is_loaded_by_spark_to_the_same_tables_the_run_record_says_why_and_a_replay_leaves_the_same_rows(
    small: Laptop, by_lambda: dict[str, Any], tmp_path: Path
) -> None:
    load(small, "glue.large", tmp_path)
    first, second = runs(small, "glue.large")
    assert (first["route"], second["route"], second["state"]) == ("LAMBDA", "GLUE", "SUCCEEDED")
    assert second["route_reason"].endswith("(LambdaTextBytes)")
    assert "(LambdaTextBytes)" in small.run("runs", "--dataset", "glue.large").stdout.replace("\n", "")
    (spent,) = small.json("cost", "--actual", "--dataset", "glue.large")["datasets"]
    assert (spent["on_lambda"], spent["on_glue"], spent["failed"], spent["files"]) == (1, 1, 0, 2)
    assert tables(small, "glue.large") == by_lambda
    small.run("replay", "--file", small.files("glue.large")[-1]["file_id"])
    small.rest()
    assert [run["route"] for run in runs(small, "glue.large")] == ["LAMBDA", "GLUE", "GLUE"]
    assert tables(small, "glue.large") == by_lambda


def test_load_that_dies_in_its_lambda_again_and_again_goes_to_spark_by_itself(
    small: Laptop, by_lambda: dict[str, Any], tmp_path: Path
) -> None:
    small.publish(contract("glue.heavy"), tmp_path)
    with killing_loaders(small):
        small.put("glue/heavy/delta/first.csv", FIRST)
        small.rest()
    (run,) = runs(small, "glue.heavy")
    assert (run["state"], run["route"]) == ("SUCCEEDED", "GLUE")
    assert run["route_reason"] == "more than a Lambda could do: Runtime.ExitError"
    small.put("glue/heavy/delta/second.csv", SECOND)
    small.rest()
    assert tables(small, "glue.heavy") == by_lambda


# Each costs three starts of Spark; tests/integration/test_spread_workshop.py plays death at every moment of the commits.
@pytest.mark.parametrize("committed", [LAYERS[:count] for count in (1, 3)], ids=lambda layers: f"after {len(layers)} commits")
def test_job_killed_in_a_run_leaves_the_tables_of_an_undisturbed_run(
    small: Laptop, by_lambda: dict[str, Any], tmp_path: Path, committed: tuple[str, ...]
) -> None:
    dataset = f"glue.after_{len(committed)}_commits"
    begin(small, dataset, tmp_path)
    run_id = running(small, dataset)
    kill_when(lambda: drivers(small), lambda: committed_layers(small, dataset, run_id) == committed)
    small.rest()
    assert [run["state"] for run in runs(small, dataset)] == ["SUCCEEDED", "FAILED", "SUCCEEDED"]
    assert tables(small, dataset) == by_lambda


def test_job_that_goes_on_after_its_successor_committed_changes_nothing(
    small: Laptop, by_lambda: dict[str, Any], tmp_path: Path
) -> None:
    begin(small, "glue.undead", tmp_path)
    run_id = running(small, "glue.undead")
    zombie = pause_when(lambda: drivers(small), lambda: committed_layers(small, "glue.undead", run_id) == ("bronze",))
    lapse(small, "glue.undead")
    small.reconcile()
    until(lambda: {f["state"] for f in small.files("glue.undead")} == {"LOADED"}, "the successor never settled", pause=0.5)
    assert tables(small, "glue.undead") == by_lambda
    send(zombie, signal.SIGCONT)
    small.rest()
    assert tables(small, "glue.undead") == by_lambda
    assert {run["run_id"]: run["state"] for run in runs(small, "glue.undead")}[run_id] == "ABORTED"
    assert small.astray("glue.undead") == {}


@contextlib.contextmanager
def killing_loaders(laptop: Laptop) -> Iterator[None]:
    """Kill whatever Lambda loads, as Linux does when memory is short."""
    done = threading.Event()

    def kill() -> None:
        while not done.wait(0.05):
            send(loaders(laptop), signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def drivers(laptop: Laptop) -> list[int]:
    """The processes of Spark jobs here, each the first of its session, that have given out tasks.

    Before that they start and import, which is long when they are stopped for each look, and commits nothing.
    """
    here, sessions, busy = f"AWS_ENDPOINT_URL={laptop.settings.endpoint}".encode(), set[int](), set[int]()
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (folder / "cmdline").read_bytes().split(b"\0")
            if here not in (folder / "environ").read_bytes().split(b"\0"):
                continue
            if words[1:2] and words[1].endswith(b"/load.py"):
                sessions.add(int(folder.name))
            elif b"pyspark.daemon" in words:
                busy.add(os.getsid(int(folder.name)))
    return sorted(sessions & busy)
