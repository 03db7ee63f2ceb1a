"""Gold: on a schedule, build the star schemas downstream of the tables that changed, one build at a time.

A build reads tables and makes others anew from them, so doing it again is always right. Every table is read at the version that settled
runs had left when the build began, and these versions are remembered: what is committed meanwhile is another version, and the next call
builds again.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from tidegate.model.run_names import place_of_run
from tidegate.model.runs import FullLoad, Lease, RunState
from tidegate.ports import Clock, Ledger

GOLD = "gold"  # the name of its lease and of its cursor
FAILED = "gold#failed"  # what the last build failed on
PROJECT = "project"  # beside the tables in both
ACCOUNT = "runs/gold/dbt.log"  # what dbt told of the last build that failed
_SHOWN = 50  # nodes in a message


@dataclass(frozen=True, slots=True)
class Built:
    """What dbt says of a build: how many nodes ended well, and the names of models and tests that did not."""

    done: int
    failed: Sequence[str] = ()
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a call did: `changed` are the tables that are built from anew, as `<layer>.<table>`; `why_not` says why nothing was built."""

    changed: Sequence[str] = ()
    built: Built | None = None
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Settled:
    """What settled runs left: the version of each `<layer>.<table>`, and by table full loads with the arrival that they began with.

    These are the loads of which bronze does not show it: without any row, or without one in their first file.
    """

    versions: Mapping[str, str]
    full_loads: Mapping[str, Mapping[str, str]]


class Builder(Protocol):
    """Builds models over tables, and runs their tests."""

    def sources(self) -> Mapping[str, str]:
        """Name the tables that models are made from, as `<layer>.<table>`, each with its dataset."""
        ...

    def version(self) -> str:
        """Name the models as they are: another text when one of them is another."""
        ...

    def build(self, changed: Collection[str], lake: Settled) -> Built:
        """Build what is downstream of some tables, each read at its version, none where it has none; what fails is in the answer."""
        ...


class Catalog(Protocol):
    """The tables' versions."""

    def history(self, name: str) -> Sequence[tuple[str, str]]:
        """List the versions of `<layer>.<table>`, newest first, each with the last run whose rows are in it; empty without a table."""
        ...


Tell = Callable[[Mapping[str, Any]], None]
"""Tells people how a build ended; a failed one also leaves a letter."""


def build_gold(
    builder: Builder, catalog: Catalog, ledger: Ledger, clock: Clock, until: int, tell: Tell, *, everything: bool = False
) -> Outcome:
    """Build what changed since the last build that ended well; `everything` builds all of it.

    What failed is told once, with a letter, and tried again when a table or a model changes or the letter is replayed. `until` is when this
    call is over whatever it does, in microseconds since 1970, UTC.
    """
    seen = ledger.lease(GOLD)
    if seen.held and not seen.is_free(clock()):
        return Outcome(why_not="another build is under way")
    lease = ledger.take(seen, clock(), until, GOLD)
    if lease is None:
        return Outcome(why_not="another build was faster")
    try:
        return _under_lease(builder, catalog, ledger, tell, everything=everything)
    finally:
        ledger.release(GOLD, lease.token)


def _under_lease(builder: Builder, catalog: Catalog, ledger: Ledger, tell: Tell, *, everything: bool) -> Outcome:
    project, lake = builder.version(), _settled(builder.sources(), catalog, ledger)
    now = lake.versions
    before, failed = ledger.cursor(GOLD), ledger.cursor(FAILED)
    # Another project may have made of the same tables anything else.
    everything = everything or before.get(PROJECT) != project
    gone = before.keys() - now.keys() - {PROJECT}
    changed = sorted({name for name, version in now.items() if everything or before.get(name) != version} | gone)
    if not changed:
        return Outcome(why_not="no table changed")
    marks = {name: now.get(name, "") for name in changed} | {PROJECT: project}
    if dict(failed) == marks:
        return Outcome(
            changed, why_not="the last build of the same tables failed; mend the cause, then: tidegate replay --letters 10"
        )
    built = builder.build(changed, lake)
    if not built.failed:
        ledger.keep_cursor(GOLD, {**now, PROJECT: project})
        tell(_message(changed, built))
        return Outcome(changed, built)
    # What was built of them before it failed is not what the last good build made.
    ledger.keep_cursor(GOLD, {name: version for name, version in before.items() if name not in changed})
    tell(_message(changed, built))
    ledger.keep_cursor(FAILED, marks)
    return Outcome(changed, built)


def _settled(sources: Mapping[str, str], catalog: Catalog, ledger: Ledger) -> Settled:
    """Return what settled runs left in each table, and nothing of a run that is under way.

    A run commits a dataset's tables one after the other, so what they are now may be of two runs, or of one that fails in the end.
    """
    # Before any table is looked at: a run that begins after this is left out of all of them.
    leases = {dataset: ledger.lease(dataset) for dataset in sorted(set(sources.values()))}
    versions = {}
    for name, dataset in sources.items():
        version = next((v for v, run_id in catalog.history(name) if _is_settled(run_id, leases[dataset], ledger)), None)
        if version is not None:
            versions[name] = version
    return Settled(
        versions, unshown_loads(sources, ledger, lambda load, dataset: _is_settled(load.run_id, leases[dataset], ledger))
    )


def unshown_loads(
    sources: Mapping[str, str], ledger: Ledger, counts: Callable[[FullLoad, str], bool] = lambda _load, _dataset: True
) -> dict[str, dict[str, str]]:
    """List, by table, the full loads of which bronze does not show when they began, with their start; `counts` may leave some out."""
    found = {}
    for name, dataset in sources.items():
        layer, _, table = name.partition(".")
        loads = ledger.full_loads(dataset) if layer == "bronze" else ()
        unshown = {load.load: load.start for load in loads if not load.shown and counts(load, dataset)}
        if unshown:
            found[table] = unshown
    return found


def _is_settled(run_id: str, seen: Lease, ledger: Ledger) -> bool:
    """Whether a run had ended well when the lease was seen."""
    if not run_id:  # whoever that was, the ledger waits for nobody
        return True
    if run_id in (seen.run_id, seen.stale_run_id) or place_of_run(run_id) > (seen.token, seen.batch):
        return False
    run = ledger.run(run_id)
    return run is None or run.state is RunState.SUCCEEDED


def try_again(ledger: Ledger) -> None:
    """Have the next call build what failed."""
    ledger.keep_cursor(FAILED, {})


def _message(changed: Sequence[str], built: Built) -> dict[str, Any]:
    """Return what is told of a build: names only, because what a warehouse says may quote a row."""
    ended = {"done": built.done, "failed_total": len(built.failed), "skipped": built.skipped}
    if not built.failed:
        return {"kind": "gold-built", "status": "SUCCEEDED", "tables": list(changed), **ended}
    return {
        "kind": "gold-failed",
        "status": "FAILED",
        "error": "GoldFailed",
        "tables": list(changed),
        "failed": list(built.failed[:_SHOWN]),
        **ended,
        "next": f"read {ACCOUNT} in the lake bucket, mend the cause, then: tidegate replay --letters 10",
    }
