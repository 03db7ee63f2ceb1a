"""Audit: an account in which any one number is off by one, or any file is missing, must not be settled."""

import copy
import functools
import json
import operator
from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.usecases.account import DELTA, Account, Straight
from tests.unit.usecases.world import DELTA as WORLD_DELTA
from tests.unit.usecases.world import World
from tidegate.errors import BooksUnbalanced, NotFound
from tidegate.model.runs import Manifest
from tidegate.usecases.account import account_key
from tidegate.usecases.audit import audit
from tidegate.usecases.claim import read_manifest


def loaded() -> tuple[Account, Manifest]:
    """Load a new file, one that replaces an older version, and a refused one; the run is not audited yet."""
    account = Account(Straight(""))
    account.put(DELTA + "a", ["1", 1, "A"], ["2", 1, "A"], [None, 1, "A"])
    account.rest()
    account.put(DELTA + "a", ["1", 2, "B"], ["3", 1, "A"], [None, 1, "X"], [None, 2, "X"])
    account.put(DELTA + "b", ["4", 1, "A"])
    account.put(DELTA + "bad", refused=True)
    account.stop_before = "audit"
    account.rest()
    lease = account.ledger().lease("demo.events")
    return account, read_manifest(lease.manifest_key, account.lake_bucket)


def check(account: Account, manifest: Manifest, tampered: dict[str, Any]) -> None:
    account.lake_bucket.put(account_key(manifest), json.dumps(tampered).encode())
    audit(manifest, objects=account.lake_bucket, catalog=account.lake)


def numbers(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Return the path of every number in the account."""
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from numbers(inner, (*path, key))
    elif isinstance(value, int) and not isinstance(value, bool):
        yield path


def told(account: Account, manifest: Manifest) -> Any:
    return json.loads(account.lake_bucket.get(account_key(manifest)) or b"")


def test_account_as_load_wrote_it_balances() -> None:
    account, manifest = loaded()
    books = audit(manifest, objects=account.lake_bucket, catalog=account.lake)
    assert (books.rows_read, books.rows_accepted, books.rows_quarantined) == (5, 3, 2)
    assert (books.rows_inserted, books.rows_updated, books.rows_removed) == (2, 1, 1)


@pytest.mark.parametrize("by", [1, -1])
def test_any_number_that_is_off_by_one_is_noticed(by: int) -> None:
    account, manifest = loaded()
    right = {**told(account, manifest), "sizes": {}}  # only the next run's route depends on them
    paths = list(numbers(right))
    assert {path[0] for path in paths} == {"books", "commits", "receipts"}
    for *way, last in paths:
        tampered = copy.deepcopy(right)
        functools.reduce(operator.getitem, way, tampered)[last] += by
        with pytest.raises(BooksUnbalanced):
            check(account, manifest, tampered)


@pytest.mark.parametrize("layer", ["bronze", "quarantine", "silver"])
def test_table_that_does_not_show_the_commit_of_the_run_is_noticed(layer: str) -> None:
    account, manifest = loaded()
    account.lake.tables[f"{layer}.demo_events"].pop()
    with pytest.raises(BooksUnbalanced, match=f"{layer}.demo_events should show"):
        audit(manifest, objects=account.lake_bucket, catalog=account.lake)


def test_file_without_a_receipt_is_noticed() -> None:
    account, manifest = loaded()
    tampered = told(account, manifest)
    refused = next(r for r in tampered["receipts"] if r["state"] == "QUARANTINED")
    tampered["receipts"].remove(refused)
    with pytest.raises(BooksUnbalanced, match="3 files were claimed but 2 have a receipt"):
        check(account, manifest, tampered)


def test_receipt_of_a_file_that_was_not_claimed_is_noticed() -> None:
    account, manifest = loaded()
    tampered = told(account, manifest)
    tampered["receipts"][-1]["file_id"] = "somebody"
    with pytest.raises(BooksUnbalanced):
        check(account, manifest, tampered)


def test_receipt_given_twice_is_noticed() -> None:
    account, manifest = loaded()
    tampered = told(account, manifest)
    tampered["receipts"].append(tampered["receipts"][-1])
    with pytest.raises(BooksUnbalanced, match="4 have a receipt"):
        check(account, manifest, tampered)


def test_loaded_rows_under_a_file_that_is_said_to_be_refused_are_noticed() -> None:
    account, manifest = loaded()
    tampered = told(account, manifest)
    next(r for r in tampered["receipts"] if r["state"] == "LOADED")["state"] = "QUARANTINED"
    with pytest.raises(BooksUnbalanced, match="receipts have"):
        check(account, manifest, tampered)


def test_row_that_moved_from_one_file_to_another_is_noticed_though_the_sums_are_right() -> None:
    """Each receipt must balance by itself: two wrong ones do not make a right one."""
    account, manifest = loaded()
    tampered = told(account, manifest)
    one, two, *_ = (r for r in tampered["receipts"] if r["state"] == "LOADED")
    one["rows_accepted"] += 1
    two["rows_accepted"] -= 1
    with pytest.raises(BooksUnbalanced, match="read"):
        check(account, manifest, tampered)


def test_run_whose_account_is_missing_is_not_audited(world: World) -> None:
    world.drop(WORLD_DELTA + "a")
    with pytest.raises(NotFound, match="load did not finish"):
        audit(world.claim_manifest(), objects=world.lake_bucket, catalog=world.catalog)
