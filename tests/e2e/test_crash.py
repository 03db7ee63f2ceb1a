"""The load Lambda is killed in the middle of a run; after the retry the tables are those of an undisturbed run."""

from pathlib import Path
from typing import Any

import pytest

from local.laptop import Laptop
from tests.e2e.datasets import contract, readings
from tests.e2e.moments import LAYERS, committed_layers, kill_when, loaders, running, tables

ROWS = 100_000
FIRST = readings(ROWS, every_bad=1000)
SECOND = readings(ROWS, first=ROWS // 2, every_bad=1000)


@pytest.fixture(scope="module")
def calm(laptop: Laptop, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The tables of a run that nothing disturbed."""
    _load_first(laptop, "crash.calm", tmp_path_factory.mktemp("calm"))
    laptop.put("crash/calm/delta/second.csv", SECOND)
    laptop.rest()
    return tables(laptop, "crash.calm")


@pytest.mark.parametrize("committed", [(), ("bronze",)], ids=["before the first commit", "after the first commit"])
def test_load_killed_in_a_run_leaves_the_tables_of_an_undisturbed_run(
    laptop: Laptop, calm: dict[str, Any], tmp_path: Path, committed: tuple[str, ...]
) -> None:
    dataset = f"crash.after_{len(committed)}_commits"
    _load_first(laptop, dataset, tmp_path)
    laptop.put(f"{dataset.replace('.', '/')}/delta/second.csv", SECOND)
    run_id = running(laptop, dataset)
    kill_when(lambda: loaders(laptop), lambda: committed_layers(laptop, dataset, run_id) == committed)
    laptop.rest()
    assert [f["state"] for f in laptop.files(dataset)] == ["LOADED", "LOADED"]
    assert tables(laptop, dataset) == calm
    assert committed_layers(laptop, dataset, run_id) == LAYERS
    attempts = _load_attempts(laptop, dataset)
    assert "Runtime.ExitError" in attempts, f"the state machine saw {attempts}"


def _load_first(laptop: Laptop, dataset: str, folder: Path) -> None:
    laptop.publish(contract(dataset), folder)
    laptop.put(f"{dataset.replace('.', '/')}/delta/first.csv", FIRST)
    laptop.rest()


def _load_attempts(laptop: Laptop, dataset: str) -> set[str]:
    """Return the error names that executions of the dataset met."""
    states = laptop.client("stepfunctions")
    names: set[str] = set()
    for execution in states.list_executions(stateMachineArn=laptop.stack.outputs["StateMachine"])["executions"]:
        if not execution["name"].startswith(dataset.replace(".", "-")):
            continue
        for page in states.get_paginator("get_execution_history").paginate(executionArn=execution["executionArn"]):
            for event in page["events"]:
                details = event.get("taskFailedEventDetails") or event.get("lambdaFunctionFailedEventDetails") or {}
                names |= {details["error"]} if details.get("error") else set()
    return names
