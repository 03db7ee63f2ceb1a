"""The load Lambda is killed in the middle of a run; after the retry the tables are those of an undisturbed run."""

import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import awswrangler as wr
import pytest
from pyiceberg.exceptions import NoSuchTableError

from local.laptop import Laptop, send
from tests.e2e.datasets import contract, readings
from tidegate.aws.catalog import RUN_ID
from tidegate.aws.iceberg import GlueLake

ROWS = 400_000
FIRST = readings(ROWS, every_bad=1000)
SECOND = readings(ROWS, first=ROWS // 2, every_bad=1000)
LAYERS = ("bronze", "quarantine", "silver")


@pytest.fixture(scope="module")
def calm(laptop: Laptop, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The tables of a run that nothing disturbed."""
    _load_first(laptop, "crash.calm", tmp_path_factory.mktemp("calm"))
    laptop.put("crash/calm/delta/second.csv", SECOND)
    laptop.rest()
    return _tables(laptop, "crash.calm")


@pytest.mark.parametrize("committed", [(), ("bronze",)], ids=["before the first commit", "after the first commit"])
def test_load_killed_in_a_run_leaves_the_tables_of_an_undisturbed_run(
    laptop: Laptop, calm: dict[str, Any], tmp_path: Path, committed: tuple[str, ...]
) -> None:
    dataset = f"crash.after_{len(committed)}_commits"
    _load_first(laptop, dataset, tmp_path)
    laptop.put(f"{dataset.replace('.', '/')}/delta/second.csv", SECOND)
    run_id = _running(laptop, dataset)
    killed = _kill_when(laptop, lambda: _committed(laptop, dataset, run_id) == committed)
    assert killed, "the load was never caught between these commits"
    laptop.rest()
    assert [f["state"] for f in laptop.files(dataset)] == ["LOADED", "LOADED"]
    assert _tables(laptop, dataset) == calm
    assert _committed(laptop, dataset, run_id) == LAYERS
    attempts = _load_attempts(laptop, dataset)
    assert "Runtime.ExitError" in attempts, f"the state machine saw {attempts}"


def _load_first(laptop: Laptop, dataset: str, folder: Path) -> None:
    laptop.publish(contract(dataset), folder)
    laptop.put(f"{dataset.replace('.', '/')}/delta/first.csv", FIRST)
    laptop.rest()


def _running(laptop: Laptop, dataset: str) -> str:
    """Wait for the run to be claimed."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if run_id := laptop.stack.ledger.lease(dataset).run_id:
            return run_id
        time.sleep(0.02)
    pytest.fail("the run was never claimed")


def _kill_when(laptop: Laptop, reached: Callable[[], bool]) -> bool:
    """Stop the load workers again and again to look at the tables; kill them when the point is reached."""
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        workers = list(laptop.workers(f"{laptop.stack.name}-LoadFunction"))
        send(workers, signal.SIGSTOP)
        if workers and reached():
            send(workers, signal.SIGKILL)
            return True
        send(workers, signal.SIGCONT)
        time.sleep(0.03)
    return False


def _committed(laptop: Laptop, dataset: str, run_id: str) -> tuple[str, ...]:
    """Say which layers have exactly one snapshot of the run; fail when one has two."""
    lake = GlueLake(laptop.stack.name, laptop.stack.lake.bucket, laptop.client("s3"), laptop.client("glue"))
    found = []
    for layer in LAYERS:
        try:
            table = lake.load(layer, dataset.replace(".", "_"))
        except NoSuchTableError:
            continue
        marks = [s for s in table.snapshots() if s.summary and s.summary.additional_properties.get(RUN_ID) == run_id]
        assert len(marks) <= 1
        found += [layer] * len(marks)
    return tuple(found)


def _tables(laptop: Laptop, dataset: str) -> dict[str, Any]:
    """Read every layer: the rows without what names the dataset, its files and its runs."""
    table, workgroup = dataset.replace(".", "_"), laptop.stack.outputs["Workgroup"]
    columns = dict.fromkeys(("bronze", "silver"), "reading_id, taken_on, level, _record")
    columns["quarantine"] = "raw, reasons[1].rule AS rule, _record"
    answers = {}
    for layer, wanted in columns.items():
        sql = (
            f'SELECT {wanted} FROM "{table}" ORDER BY 1, 4'
            if layer != "quarantine"
            else f'SELECT {wanted} FROM "{table}" ORDER BY 1, 3'
        )
        frame = wr.athena.read_sql_query(sql, f"{laptop.stack.name}_{layer}", ctas_approach=False, workgroup=workgroup)
        answers[layer] = (len(frame), frame.to_csv(index=False))
    return answers


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
