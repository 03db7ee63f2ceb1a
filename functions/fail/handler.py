"""Fail: a step gave up; the run's files are tried again or are FAILED, with a letter in the failures DLQ."""

from typing import Any

from tidegate import bootstrap
from tidegate.telemetry import entry, logger, measure
from tidegate.usecases.fail import fail
from tidegate.usecases.report import SUBJECT_LENGTH


@entry
def handle(event: dict[str, Any], _context: Any) -> dict[str, Any]:  # noqa: ANN401 - the runtime's context
    """Close the open run of the lease in the event; `proceed` tells whether the dataset's other files can go on."""
    error = event["error"]
    failed = fail(
        event["dataset"],
        event["token"],
        event["state"],
        error.get("Error", "Unknown"),
        error.get("Cause", ""),
        ledger=bootstrap.ledger(),
        objects=bootstrap.objects(),
        letters=bootstrap.letters(),
        clock=bootstrap.clock,
    )
    letter = failed.letter or {}
    logger.error("run failed", state=event["state"], again=failed.again, **{k: v for k, v in letter.items() if k != "file_ids"})
    measure({"RunsFailed": 1, "FilesFailed": letter.get("files_total", 0)}, event["dataset"])
    status = failed.message["status"] if failed.message else ""
    subject = f"Tidegate: {event['dataset']} {status} at {event['state']}"[:SUBJECT_LENGTH]
    return {"tell": failed.message is not None, "message": failed.message, "subject": subject, "proceed": failed.proceed}
