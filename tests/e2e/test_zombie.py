"""A run that is paused past its lease, while a successor takes the dataset over and commits, changes nothing when it goes on."""

import signal
import time
from pathlib import Path

import pytest

from local.laptop import Laptop, send
from tests.e2e.datasets import contract, readings
from tests.e2e.moments import committed_layers, pause_when, running, tables, until

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
    zombie = pause_when(
        lambda: loaders(hasty, dataset), lambda: committed_layers(hasty, dataset, running(hasty, dataset)) == committed
    )
    first = hasty.stack.ledger.lease(dataset)
    until(lambda: hasty.stack.ledger.lease(dataset).expires_at < time.time_ns() // 1000, "the lease never expired")
    hasty.put(f"{dataset.replace('.', '/')}/delta/second.csv", readings(10, first=ROWS))
    until(lambda: {f["state"] for f in hasty.files(dataset)} == {"LOADED"}, "the successor never settled")
    assert hasty.stack.ledger.lease(dataset).token == first.token + 1
    before = tables(hasty, dataset)
    send(zombie, signal.SIGCONT)
    hasty.rest()
    assert tables(hasty, dataset) == before
    assert before["bronze"][0] == ROWS + 10 - ROWS // 1000
    assert {f["state"] for f in hasty.files(dataset)} == {"LOADED"}
    runs = {r["run_id"]: r["state"] for r in hasty.json("runs", "--dataset", dataset)}
    assert runs[first.run_id] == "ABORTED"
    assert hasty.reconcile()["astray"] == {}


def loaders(hasty: Laptop, dataset: str) -> list[int]:
    return list(hasty.workers(WORKERS)) if hasty.stack.ledger.lease(dataset).run_id else []
