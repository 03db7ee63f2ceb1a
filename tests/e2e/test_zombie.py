"""A run that is paused past its lease, while a successor takes the dataset over and commits, changes nothing when it goes on."""

import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from local.laptop import Laptop, send
from tests.e2e.datasets import contract, readings
from tests.e2e.test_crash import _committed, _tables

ROWS = 200_000
WORKERS = "hasty-LoadFunction"


@pytest.mark.parametrize("committed", [(), ("bronze",)], ids=["before its first commit", "between its commits"])
def test_zombie_that_goes_on_after_its_successor_committed_changes_nothing(
    hasty: Laptop, tmp_path: Path, committed: tuple[str, ...]
) -> None:
    dataset = f"undead.after_{len(committed)}_commits"
    hasty.publish(contract(dataset), tmp_path)
    send(list(hasty.workers(WORKERS)), signal.SIGKILL)  # idle ones: who is paused below is the zombie and nobody else
    hasty.put(f"{dataset.replace('.', '/')}/delta/first.csv", readings(ROWS, every_bad=1000))
    zombie = _pause_when(hasty, dataset, committed)
    first = hasty.stack.ledger.lease(dataset)
    _until(lambda: hasty.stack.ledger.lease(dataset).expires_at < time.time_ns() // 1000, "the lease never expired")
    hasty.put(f"{dataset.replace('.', '/')}/delta/second.csv", readings(10, first=ROWS))
    _until(lambda: {f["state"] for f in hasty.files(dataset)} == {"LOADED"}, "the successor never settled")
    assert hasty.stack.ledger.lease(dataset).token == first.token + 1
    before = _tables(hasty, dataset)
    send(zombie, signal.SIGCONT)
    hasty.rest()
    assert _tables(hasty, dataset) == before
    assert before["bronze"][0] == ROWS + 10 - ROWS // 1000
    assert {f["state"] for f in hasty.files(dataset)} == {"LOADED"}
    runs = {r["run_id"]: r["state"] for r in hasty.json("runs", "--dataset", dataset)}
    assert runs[first.run_id] == "ABORTED"
    assert hasty.reconcile()["astray"] == {}


def _pause_when(hasty: Laptop, dataset: str, committed: tuple[str, ...]) -> list[int]:
    """Stop the load of the dataset's first run again and again to look at the tables; leave it stopped when the point is reached."""
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        run_id = hasty.stack.ledger.lease(dataset).run_id
        workers = list(hasty.workers(WORKERS)) if run_id else []
        send(workers, signal.SIGSTOP)
        if workers and _committed(hasty, dataset, run_id) == committed:
            return workers
        send(workers, signal.SIGCONT)
        time.sleep(0.03)
    pytest.fail("the load was never caught at this point")


def _until(reached: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + 120
    while not reached():
        if time.monotonic() > deadline:
            pytest.fail(otherwise)
        time.sleep(0.5)
