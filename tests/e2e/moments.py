"""Moments of a run: waiting for one, killing at one, and what the tables hold."""

import signal
import time
from collections.abc import Callable
from typing import Any

import awswrangler as wr
import pytest
from pyiceberg.exceptions import NoSuchTableError

from local.laptop import Laptop, send
from tidegate.aws.catalog import RUN_ID
from tidegate.aws.iceberg import GlueLake

LAYERS = ("bronze", "quarantine", "silver")


def loaders(laptop: Laptop) -> list[int]:
    """Find the processes that run the load function."""
    return list(laptop.workers(f"{laptop.stack.name}-LoadFunction"))


def running(laptop: Laptop, dataset: str) -> str:
    """Wait for the run to be claimed."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if run_id := laptop.stack.ledger.lease(dataset).run_id:
            return run_id
        time.sleep(0.02)
    pytest.fail("the run was never claimed")


def pause_when(processes: Callable[[], list[int]], reached: Callable[[], bool]) -> list[int]:
    """Stop processes again and again to look at the tables; leave them stopped when the point is reached."""
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        workers = processes()
        send(workers, signal.SIGSTOP)
        if workers and reached():
            return workers
        send(workers, signal.SIGCONT)
        time.sleep(0.03)
    pytest.fail("nobody was ever caught at this point")


def kill_when(processes: Callable[[], list[int]], reached: Callable[[], bool]) -> None:
    """Kill processes when the point is reached."""
    send(pause_when(processes, reached), signal.SIGKILL)


def until(reached: Callable[[], bool], otherwise: str, pause: float = 0.1) -> None:
    """Wait for something, looking again after each pause; fail saying otherwise."""
    deadline = time.monotonic() + 120
    while not reached():
        if time.monotonic() > deadline:
            pytest.fail(otherwise)
        time.sleep(pause)


def lapse(laptop: Laptop, dataset: str) -> None:
    """Let the dataset's lease end now, as if its time had passed without a sign of life of the run that has it."""
    ledger = laptop.stack.ledger
    assert ledger.hold(dataset, ledger.lease(dataset).token, time.time_ns() // 1000), "nobody holds the lease"


def committed_layers(laptop: Laptop, dataset: str, run_id: str) -> tuple[str, ...]:
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


def tables(laptop: Laptop, dataset: str) -> dict[str, Any]:
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
        frame = wr.athena.read_sql_query(
            sql, f"{laptop.stack.name}_{layer}", ctas_approach=False, athena_query_wait_polling_delay=0.1, workgroup=workgroup
        )
        answers[layer] = (len(frame), frame.to_csv(index=False))
    return answers
