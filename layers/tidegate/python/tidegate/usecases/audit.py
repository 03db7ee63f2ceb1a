"""Audit: check the books of a run against its receipts and against what the tables themselves say."""

from tidegate.errors import BooksUnbalanced
from tidegate.model.files import FileState
from tidegate.model.runs import Account, Books, Manifest
from tidegate.ports import Catalog, Objects
from tidegate.usecases.account import read_account


def audit(manifest: Manifest, *, objects: Objects, catalog: Catalog) -> Books:
    """Return the books of the run; raise BooksUnbalanced when a row is missing or one too many anywhere."""
    account = read_account(manifest, objects)
    for receipt in account.receipts:
        receipt.check()
    account.books.check()
    _every_file_has_a_receipt(manifest, account)
    _receipts_add_up(account)
    _tables_agree(manifest, account, catalog)
    return account.books


def _every_file_has_a_receipt(manifest: Manifest, account: Account) -> None:
    claimed, accounted = sorted(f.file_id for f in manifest.files), sorted(r.file_id for r in account.receipts)
    if claimed != accounted:
        raise BooksUnbalanced(f"{manifest.run_id}: {len(claimed)} files were claimed but {len(accounted)} have a receipt")


def _receipts_add_up(account: Account) -> None:
    loaded = [r for r in account.receipts if r.state is FileState.LOADED]
    for word in ("rows_read", "rows_accepted", "rows_quarantined"):
        total = sum(getattr(r, word) for r in loaded)
        if total != getattr(account.books, word):
            raise BooksUnbalanced(f"{account.run_id}: receipts have {total} {word}, the books {getattr(account.books, word)}")


def _tables_agree(manifest: Manifest, account: Account, catalog: Catalog) -> None:
    """Compare with the snapshots of the run: bronze took the accepted rows, quarantine the others, silver the difference."""
    table = manifest.dataset.replace(".", "_")
    seen = {c.table: c for c in catalog.commits(table, manifest.run_id)}
    for commit in account.commits:
        commit.check()
        if (commit.rows_added or commit.rows_removed) and seen.get(commit.table) != commit:
            raise BooksUnbalanced(
                f"{manifest.run_id}: {commit.table} should show {commit}, its metadata shows {seen.get(commit.table)}"
            )
    books, (bronze, quarantine, silver) = account.books, account.commits
    growth = books.rows_inserted + books.rows_restored - books.rows_removed
    expected = (
        ("bronze", bronze.rows_added, books.rows_accepted),
        ("quarantine", quarantine.rows_added, books.rows_quarantined),
        ("silver", silver.rows_after - silver.rows_before, growth),
    )
    for layer, found, wanted in expected:
        if found != wanted:
            raise BooksUnbalanced(f"{manifest.run_id}: {layer} changed by {found} rows, the books say {wanted}")
