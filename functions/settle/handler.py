"""Settle: the run's receipts into the ledger; returns what SNS is told, and whether the landing bucket is to be crawled."""

from typing import Any

from tidegate import bootstrap
from tidegate.telemetry import entry, logger, measure
from tidegate.usecases.claim import read_manifest
from tidegate.usecases.report import SUBJECT_LENGTH
from tidegate.usecases.settle import settle


@entry
def handle(event: dict[str, Any], _context: Any) -> dict[str, Any]:  # noqa: ANN401 - the runtime's context
    """Close the run in the event, and start the next one when files wait."""
    manifest = read_manifest(event["manifest_key"], bootstrap.objects())
    message, account = settle(manifest, bootstrap.desk())
    logger.info("settled", run_id=manifest.run_id, files=len(account.receipts))
    books = account.books
    counts = {"RowsRead": books.rows_read, "RowsAccepted": books.rows_accepted, "RowsQuarantined": books.rows_quarantined}
    measure({"FilesSettled": len(account.receipts), **counts}, manifest.dataset)
    subject = f"Tidegate: {manifest.dataset} loaded"[:SUBJECT_LENGTH]
    return {"message": message, "subject": subject, "crawl": manifest.crawl}
