"""Fail: a step gave up; the run's files go to FAILED, and a letter for the failures DLQ is returned."""

from typing import Any

from tidegate import bootstrap
from tidegate.telemetry import entry, logger, measure
from tidegate.usecases.fail import fail
from tidegate.usecases.report import SUBJECT_LENGTH


@entry
def handle(event: dict[str, Any], _context: Any) -> dict[str, Any]:  # noqa: ANN401 - the runtime's context
    """Close the open run of the lease in the event; `proceed` tells whether the dataset's other files can go on."""
    error = event["error"]
    buried = fail(
        event["dataset"],
        event["token"],
        event["state"],
        error.get("Error", "Unknown"),
        error.get("Cause", ""),
        ledger=bootstrap.ledger(),
        objects=bootstrap.objects(),
    )
    logger.error("run failed", **{k: v for k, v in buried.letter.items() if k != "file_ids"})
    measure({"RunsFailed": 1, "FilesFailed": len(buried.letter["file_ids"])}, event["dataset"])
    subject = f"Tidegate: {event['dataset']} FAILED at {event['state']}"[:SUBJECT_LENGTH]
    return {"letter": buried.letter, "message": buried.message, "subject": subject, "proceed": buried.proceed}
