"""Short stories for `account.differences`, one hazard each."""

from contextlib import suppress
from dataclasses import replace

from simulator.processes import Crash
from tests.fakes import Interrupted, raising
from tests.unit.usecases.account import DELTA, EVENTS, FULL, Account
from tidegate.contracts.publish import current_key
from tidegate.usecases.claim import read_manifest
from tidegate.usecases.fail import fail
from tidegate.usecases.settle import settle


def batch(account: Account) -> None:
    """Good rows, bad rows, a refused file, an overwritten one."""
    account.put(DELTA + "a", ["1", 1, "A"], ["2", 1, "A"])
    account.put(DELTA + "b", ["2", 2, "B"], [None, 2, "A"])
    account.put(DELTA + "bad", refused=True)
    account.rest()
    account.put(DELTA + "a", ["1", 3, "B"], ["3", 3, "X"])
    account.rest()


def arrivals(account: Account) -> None:
    """One event of every kind: new, again, overwritten, a part and its marker, empty, stray."""
    account.put(DELTA + "a", ["1", 1, "A"])
    account.arrivals.send(account.arrivals.waiting[0].body)
    account.hear()  # messages that come again change places with others: here that would be another story
    account.put(DELTA + "a", ["1", 2, "A"])
    account.hear()
    account.put(FULL + "1/p", ["2", 1, "A"])
    account.put(FULL + "1/_SUCCESS", content=b"")
    account.put(DELTA + "empty", content=b"")
    account.put("stray.csv", ["9", 1, "A"])
    account.rest()


def full_load(account: Account) -> None:
    """Deltas before and after a full load, one of them overtaken before it was claimed."""
    account.put(DELTA + "a", ["1", 1, "A"])
    account.put(DELTA + "a", ["1", 2, "A"])
    account.put(FULL + "1/p", ["2", 1, "A"])
    account.put(FULL + "1/q", ["3", 1, "A"])
    account.put(FULL + "1/_SUCCESS", content=b"")
    account.put(DELTA + "b", ["4", 1, "A"])
    account.rest()


def poison(account: Account) -> None:
    """One file of two kills whoever loads it."""
    account.put(DELTA + "poison", poison=True)
    account.put(DELTA + "b", ["2", 1, "A"])
    account.rest()


def unbalanced(account: Account) -> None:
    """A run commits and is not settled: its files are FAILED, and the next run takes its commits back."""
    account.put(DELTA + "z", ["0", 1, "A"])
    account.rest()
    account.unbalanced.add(DELTA + "a")
    account.put(DELTA + "a", ["1", 1, "A"], [None, 1, "A"])
    account.rest()
    account.put(DELTA + "b", ["2", 1, "A"])
    account.rest()


def no_contract(account: Account) -> None:
    """The claim itself fails: there is no run to close."""
    account.put(DELTA + "a", ["1", 1, "A"])
    account.hear()
    del account.lake_bucket.stored[current_key("demo.events")]
    account.rest()
    account.publish()
    account.look(301)
    account.rest()


def decided(account: Account, how: str) -> None:
    """A run is decided, and whoever decided it dies before its files hear of it; the next run has to tell them."""
    account.put(DELTA + "a", ["1", 1, "A"])
    account.put(DELTA + "b", ["2", 1, "A"], [None, 1, "A"])
    account.stop_before = "settle" if how == "SUCCEEDED" else "audit"
    account.rest()
    ledger = account.ledger()
    cut = Interrupted(ledger, after={"end_run": raising(Crash())})
    lease, desk = ledger.lease(EVENTS), account.desk()
    with suppress(Crash):
        if how == "SUCCEEDED":
            settle(read_manifest(lease.manifest_key, account.lake_bucket), replace(desk, waker=replace(desk.waker, ledger=cut)))
        elif how != "ABORTED":
            error = "AccessDenied" if how == "FAILED" else "ServiceUnavailable"
            where = {"ledger": cut, "objects": account.lake_bucket, "letters": account, "clock": account.clock}
            fail(EVENTS, lease.token, "Load", error, "", **where)
    account.recover()


def lost(account: Account) -> None:
    """Nobody hears of a new key, of a new version, and of a run that died; an aborted run's commit is the last of a table."""
    account.put(DELTA + "a", ["1", 1, "A"])
    account.rest()
    account.put(DELTA + "a", ["1", 2, "A"], announced=False)
    account.put(DELTA + "b", ["2", 1, "A"], announced=False)
    account.put(DELTA + "c", ["3", 1, "A"])
    account.stop_before = "audit"
    account.rest()
    account.recover()
