"""A run that is paused past its lease, while a successor takes the dataset over and commits, changes nothing when it goes on."""

import signal
from pathlib import Path

import pytest

from local.laptop import Laptop, send
from tests.e2e.datasets import contract, readings
from tests.e2e.moments import committed_layers, lapse, loaders, pause_when, running, tables, until

ROWS = 100_000


@pytest.mark.parametrize("committed", [(), ("bronze",)], ids=["before its first commit", "between its commits"])
def test_zombie_that_goes_on_after_its_successor_committed_changes_nothing(
    laptop: Laptop, tmp_path: Path, committed: tuple[str, ...]
) -> None:
    dataset = f"undead.after_{len(committed)}_commits"
    laptop.publish(contract(dataset), tmp_path)
    send(loaders(laptop), signal.SIGKILL)  # idle ones: who is paused below is the zombie and nobody else
    laptop.put(f"{dataset.replace('.', '/')}/delta/first.csv", readings(ROWS, every_bad=1000))
    zombie = pause_when(
        lambda: owners(laptop, dataset), lambda: committed_layers(laptop, dataset, running(laptop, dataset)) == committed
    )
    first = laptop.stack.ledger.lease(dataset)
    lapse(laptop, dataset)
    laptop.put(f"{dataset.replace('.', '/')}/delta/second.csv", readings(10, first=ROWS))
    until(lambda: {f["state"] for f in laptop.files(dataset)} == {"LOADED"}, "the successor never settled", pause=0.5)
    assert laptop.stack.ledger.lease(dataset).token == first.token + 1
    before = tables(laptop, dataset)
    send(zombie, signal.SIGCONT)
    laptop.rest()
    assert tables(laptop, dataset) == before
    assert before["bronze"][0] == ROWS + 10 - ROWS // 1000
    assert {f["state"] for f in laptop.files(dataset)} == {"LOADED"}
    runs = {r["run_id"]: r["state"] for r in laptop.json("runs", "--dataset", dataset)}
    assert runs[first.run_id] == "ABORTED"
    assert laptop.astray(dataset) == {}


def owners(laptop: Laptop, dataset: str) -> list[int]:
    return loaders(laptop) if laptop.stack.ledger.lease(dataset).run_id else []
