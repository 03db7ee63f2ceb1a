"""Faults in our own code, one at a time: a check that cannot fail proves nothing, so each of these has to be noticed."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from simulator.choices import Choices
from simulator.cloud import Cloud
from simulator.lake import MemoryTable, PlainWorkshop, Snapshot
from simulator.story import play
from tidegate.aws.ledger import DynamoLedger
from tidegate.model.arrivals import Arrival
from tidegate.ports import Registration, Swap
from tidegate.usecases import checks, claim, fail, ingest, load, maintain_dataset, reconcile, settle
from tidegate.usecases.wake import Waker

Patches = list[Any]


def _no_fence() -> Patches:
    def swap(self: MemoryTable, snapshot: Snapshot) -> None:
        """Rebase: what others added stays, as a commit with retries does it."""

        def effect() -> None:
            now = self._lake.tables[self.name]
            seen = {f.path for f in self.live()}
            theirs = tuple(f for f in now[-1].files if f.path not in seen)
            now.append(replace(snapshot, files=(*snapshot.files, *theirs)))

        self._lake.call("glue", "UpdateTable", effect)
        self._history = list(self._lake.tables[self.name])

    return [patch.object(MemoryTable, "_swap", swap)]


def _no_replacement() -> Patches:
    def replaced(self: PlainWorkshop, table: Any, leaving: Any, arriving: Any) -> Swap:
        del table, leaving
        return Swap((), arriving, len(self._rows(arriving)), 0)

    return [patch.object(PlainWorkshop, "replace", replaced)]


def _no_undo() -> Patches:
    return [patch.object(load, "open_clean", lambda contract, _run, lake, _ledger, hold: (hold(), lake.open(contract))[1])]


def _no_lease_check() -> Patches:
    original = load.open_clean

    def careless(contract: Any, run_id: str, lake: Any, ledger: Any, hold: Any) -> Any:
        hold()
        return original(contract, run_id, lake, ledger, lambda: True)

    return [patch.object(load, "open_clean", careless)]


def _no_second_look() -> Patches:
    return [patch.object(module, "look_again", lambda _dataset, _desk: None) for module in (claim, settle)]


def _padded_on_the_left() -> Patches:
    order = lambda self: self.sequencer.rjust(64, "0") if self.sequencer else (self.after or "0" * 64) + "~"  # noqa: E731
    return [patch.object(Arrival, "order", property(order))]


def _unpadded() -> Patches:
    return [patch.object(Arrival, "order", property(lambda self: self.sequencer or self.after + "~"))]


def _found_by_listing_is_newest() -> Patches:
    order = lambda self: self.sequencer.ljust(64, "0") if self.sequencer else "~"  # noqa: E731
    return [patch.object(Arrival, "order", property(order))]


def _woken_before_registered() -> Patches:
    original = ingest.ingest

    def swapped(arrivals: Sequence[Arrival], woken: Sequence[str], register: ingest.Register) -> ingest.Ingested:
        for arrival in arrivals:
            dataset = ingest.route(arrival.key).dataset
            if dataset:
                register.waker.wake(dataset)
        return original(arrivals, woken, replace(register, waker=_Sleepy(*_fields(register.waker))))

    return [patch("simulator.cloud.ingest", swapped)]


class _Sleepy(Waker):
    """Wakes nobody."""

    def wake(self, dataset: str, **_: Any) -> bool:
        del dataset
        return False


def _fields(waker: Waker) -> tuple[Any, ...]:
    return waker.ledger, waker.workflow, waker.timer, waker.clock, waker.lease_us


def _told_before_decided() -> Patches:
    original = settle._decide

    def early(manifest: Any, account: Any, desk: Any) -> Any:
        known = desk.ledger.run(manifest.run_id)
        if known and known.state == "RUNNING":
            desk.ledger.settle(manifest.token, known, account.receipts)
        return original(manifest, account, desk)

    return [patch.object(settle, "_decide", early)]


def _letter_last() -> Patches:
    class Late:
        def __init__(self, letters: Any) -> None:
            self.letters, self.held = letters, list[Any]()

        def send(self, letter: Any) -> None:
            self.held.append(letter)

    original = fail.fail

    def late(*args: Any, letters: Any, **rest: Any) -> Any:
        box = Late(letters)
        failed = original(*args, letters=box, **rest)
        for letter in box.held:
            letters.send(letter)
        return failed

    return [patch("simulator.cloud.fail", late)]


def _swallowed_errors() -> Patches:
    return [patch.object(ingest.Ingested, "error_of", lambda *_, **__: None), patch("simulator.cloud.reconcile", _sleeping)]


def _sleeping(register: Any, **_: Any) -> None:
    """Reconcile that only wakes: the survey would find what ingest swallowed."""
    for dataset in register.waker.ledger.datasets():
        if register.waker.ledger.queue(dataset, 1):
            register.waker.wake(dataset, restart=True)


def _no_survey() -> Patches:
    return [patch.object(reconcile, "_survey", lambda *_: "")]


def _no_reconcile() -> Patches:
    return [patch("simulator.cloud.reconcile", lambda *_, **__: None)]


def _only_the_first_record() -> Patches:
    original = ingest.ingest
    first = lambda arrivals, woken, register: original(arrivals[:1], woken, register)  # noqa: E731
    return [patch("simulator.cloud.ingest", first), patch.object(reconcile, "_survey", lambda *_: "")]


def _commit_without_name() -> Patches:
    return [patch.object(MemoryTable, "committed", lambda *_: None)]


def _everything_replaced_by_refused() -> Patches:
    original = load._leaving

    def all_rows(manifest: Any, output: Any) -> Any:
        return [replace(gone, file_id="") for gone in original(manifest, output)]

    return [patch.object(load, "_leaving", all_rows)]


def _lease_taken_by_two() -> Patches:
    original = DynamoLedger._set

    def careless(self: DynamoLedger, lease: Any, condition: str, values: Any) -> bool:
        del condition, values
        return original(self, lease, "attribute_exists(pk) OR attribute_not_exists(pk)", {})

    return [patch.object(DynamoLedger, "_set", careless)]


def _token_used_twice() -> Patches:
    original = DynamoLedger._set

    def same(self: DynamoLedger, lease: Any, condition: str, values: Any) -> bool:
        return original(self, replace(lease, token=max(1, lease.token - 1)) if lease.held else lease, condition, values)

    return [patch.object(DynamoLedger, "_set", same)]


def _every_version_registered() -> Patches:
    original = DynamoLedger.register

    def careless(self: DynamoLedger, arrival: Arrival, *rest: Any) -> Registration:
        return original(self, replace(arrival, sequencer="F" * 16, after=""), *rest)

    return [patch.object(DynamoLedger, "register", careless)]


def _tombstones_ignored() -> Patches:
    return [patch("simulator.lake.is_tombstone", lambda *_: False)]


def _tombstones_forgotten() -> Patches:
    return [patch.object(PlainWorkshop, "_may_be_deleted", lambda *_: False)]


def _tombstones_hide_for_ever() -> Patches:
    return [patch.object(PlainWorkshop, "_hidden", lambda *_: set())]


def _no_timer() -> Patches:
    return [patch.object(Cloud, "ring", lambda *_: None)]


def _early_timer() -> Patches:
    original = Cloud.ring
    return [patch.object(Cloud, "ring", lambda self, dataset, seconds: original(self, dataset, seconds // 2))]


def _no_holding_back() -> Patches:
    return [patch.object(checks, "check_full_load", lambda *_: None)]


def _force_forgotten() -> Patches:
    original = DynamoLedger.requeue
    return [patch.object(DynamoLedger, "requeue", lambda self, record, **_: original(self, record))]


def _rude_maintenance() -> Patches:
    def rude(dataset: str, keeping: Any, tended: Any) -> None:
        del tended
        for work in maintain_dataset._work(keeping.store.tables(dataset.replace(".", "_")), keeping, keeping.desk.clock()):
            for group in work.groups:
                with keeping.merger.merged(work.table, group) as path:
                    keeping.sleep(1)  # merging takes its time, and a run has its turn
                    work.table.merge("rude", group, path)

    def rebased(self: MemoryTable, by: str, remove: Sequence[Any], add: Any) -> None:
        del by
        gone, added = {f.path for f in remove}, self._live(add)

        def effect() -> None:
            now = self._lake.tables[self.name]
            now.append(Snapshot((*(f for f in now[-1].files if f.path not in gone), added)))

        self._lake.call("glue", "UpdateTable", effect)
        self._history = list(self._lake.tables[self.name])

    return [patch.object(maintain_dataset, "_under_lease", rude), patch.object(MemoryTable, "merge", rebased)]


def _young_orphans() -> Patches:
    return [patch.object(maintain_dataset, "orphaned_before", lambda _policy, now: now + 1)]


MUTATIONS: dict[str, Callable[[], Patches]] = {
    "commits are rebased instead of refused": _no_fence,
    "rows of an earlier version stay": _no_replacement,
    "commits of unsettled runs are not taken back": _no_undo,
    "the lease is not checked before the commit": _no_lease_check,
    "the queue is not looked at after the release": _no_second_look,
    "sequencers are padded on the left": _padded_on_the_left,
    "sequencers are compared unpadded": _unpadded,
    "what a listing finds counts as newest for ever": _found_by_listing_is_newest,
    "arrival order of versions is ignored": _every_version_registered,
    "a dataset is woken before its file is registered": _woken_before_registered,
    "receipts are written before the run is decided": _told_before_decided,
    "the letter is sent after the files are FAILED": _letter_last,
    "ingest swallows errors": _swallowed_errors,
    "only the first record of a batch is read": _only_the_first_record,
    "reconcile does not list the bucket": _no_survey,
    "nobody reconciles": _no_reconcile,
    "a commit does not carry its run": _commit_without_name,
    "a refused file takes older rows away": _everything_replaced_by_refused,
    "a held lease can be taken": _lease_taken_by_two,
    "a lease that is taken over keeps its token": _token_used_twice,
    "tombstones are rows like any other": _tombstones_ignored,
    "a late row brings a deleted key back": _tombstones_forgotten,
    "a key stays hidden when its tombstone leaves": _tombstones_hide_for_ever,
    "the timer of a batch window never rings": _no_timer,
    "the timer of a batch window rings too early": _early_timer,
    "full loads that are too small are not held back": _no_holding_back,
    "a forced replay is held back again": _force_forgotten,
    "maintenance takes no lease and merges on what moved": _rude_maintenance,
    "files that a run is about to commit are orphans": _young_orphans,
}


@contextmanager
def applied(name: str) -> Iterator[None]:
    """Break the code in one way inside the block."""
    with ExitStack() as stack:
        for mutation in MUTATIONS[name]():
            stack.enter_context(mutation)
        yield


def catch(name: str, histories: int, seed: int = 0) -> tuple[int, str]:
    """Return after how many histories a mutation is noticed, and by which violation; 0 when it is not."""
    with applied(name):
        for number in itertools.count(1):
            if number > histories:
                return 0, ""
            outcome = play(Choices(seed + number))
            if outcome.violations:
                return number, outcome.violations[0]
    raise AssertionError


def table(histories: int, seed: int) -> int:
    """Print a line for each mutation; return 1 when one of them is not noticed."""
    missed = 0
    print(f"{'what is broken':<52} {'noticed after':>13}  by")
    for name in MUTATIONS:
        number, violation = catch(name, histories, seed)
        missed += not number
        print(f"{name:<52} {number or 'NEVER':>13}  {violation[:100]}", flush=True)
    print(f"{len(MUTATIONS) - missed} of {len(MUTATIONS)} noticed")
    return int(missed > 0)
