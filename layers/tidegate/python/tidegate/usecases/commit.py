"""Commit: a run's three commits, each made once and each on the version that was opened while the lease was the run's.

A table that carries the run id already is left alone. What a run before left without being settled is taken back first, so that a
run is in all three tables or in none: its SUCCEEDED in the ledger is what makes its rows count.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict

from tidegate.contracts.contract import Contract
from tidegate.errors import LeaseLost, NotFound
from tidegate.model.runs import Books, Commit, Leaving, Manifest, RunState
from tidegate.ports import DataFile, Lake, Layers, Ledger, Swap, Table, Workshop

_WORDS = ("added", "removed", "before", "after")


def open_clean(contract: Contract, run_id: str, lake: Lake, ledger: Ledger, hold: Callable[[], bool]) -> Layers:
    """Open the tables on a state in which every commit is of a settled run or of this one.

    The order matters: the tables are read first and the lease is checked after, so a run that was overtaken either sees that here
    or commits on a version that its successor has moved, which is refused. Taking back is a commit too, and the tables are read anew
    after it.

    Raises:
        LeaseLost: the lease is not this run's any more.
        StaleCommit: a table moved while it was being mended.
    """
    while True:
        layers = lake.open(contract)
        if not hold():
            raise LeaseLost(f"{run_id}: the lease went to another run before the load")
        unsettled = [t for t in (layers.bronze, layers.quarantine, layers.silver) if not _is_settled(t, run_id, ledger)]
        if not unsettled:
            return layers
        for table in unsettled:
            table.undo()


def _is_settled(table: Table, run_id: str, ledger: Ledger) -> bool:
    if table.author in ("", run_id):
        return True
    run = ledger.run(table.author)
    if run is None:
        raise NotFound(
            f"{table.name} was last written by run {table.author}, which the ledger does not know; was the ledger restored from a"
            " backup? Restore the table to the same time, or put the run back"
        )
    if run.state is RunState.RUNNING:  # it holds the lease, so this run does not
        raise LeaseLost(f"{run_id}: {table.name} is being written by {run.run_id}")
    return run.state is RunState.SUCCEEDED


def commit_rows(
    table: Table, leaving: Sequence[Leaving], arriving: Sequence[DataFile], run_id: str, workshop: Workshop, *, fence: bool
) -> Commit:
    """Swap rows of bronze or quarantine, once per run. With `fence` the table moves even when nothing changes.

    Whoever tried the same rows before may still be at it, and a table that stood still would let it commit.
    """
    if done := _done(table, run_id):
        return done
    swap = workshop.replace(table, leaving, arriving)
    return _commit(table, swap, run_id, {}, fence=fence or bool(leaving))


def commit_silver(
    contract: Contract,
    manifest: Manifest,
    layers: Layers,
    arriving: Sequence[DataFile],
    leaving: Sequence[Leaving],
    workshop: Workshop,
) -> tuple[Commit, Books]:
    """Fold bronze into silver, once per run; the books of the fold are kept with the commit."""
    silver = layers.silver
    if done := _done(silver, manifest.run_id):
        kept = silver.committed(manifest.run_id) or {}
        return done, Books(**json.loads(kept["tidegate.books"]))
    swap, books = workshop.fold(contract, manifest, layers, arriving, leaving)
    extra = {"tidegate.books": json.dumps(asdict(books), sort_keys=True)}
    return _commit(silver, swap, manifest.run_id, extra, fence=manifest.recovers or bool(leaving)), books


def _done(table: Table, run_id: str) -> Commit | None:
    found = table.committed(run_id)
    return None if found is None else Commit(table.name, *(int(found[f"tidegate.{word}"]) for word in _WORDS))


def _commit(table: Table, swap: Swap, run_id: str, extra: Mapping[str, str], *, fence: bool) -> Commit:
    before = sum(f.rows for f in table.live())
    if not swap.remove and not swap.add and not fence:
        return Commit(table.name, rows_before=before, rows_after=before)
    numbers = (swap.added, swap.removed, before, before + swap.added - swap.removed)
    summary = {f"tidegate.{word}": str(number) for word, number in zip(_WORDS, numbers, strict=True)}
    return table.commit(run_id, remove=swap.remove, add=swap.add, summary={**summary, **extra})
