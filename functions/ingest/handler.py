"""Ingest: S3 arrivals, by way of SQS, a bare notification or EventBridge, into the ledger."""

from typing import Any

from tidegate import bootstrap
from tidegate.aws.events import messages
from tidegate.telemetry import entry, logger, measure
from tidegate.usecases.ingest import ingest


@entry
def handle(event: dict[str, Any], _context: Any) -> dict[str, Any]:  # noqa: ANN401 - the runtime's context
    """Register what arrived. SQS gets the ids of the messages that have to come again; other callers get the error itself."""
    batch = messages(event)
    arrivals = [arrival for message in batch for arrival in message.arrivals]
    done = ingest(arrivals, [message.wake for message in batch if message.wake], bootstrap.register())
    errors = {m.message_id: m.error or done.error_of(m.arrivals, m.wake) for m in batch}
    errors = {message_id: error for message_id, error in errors.items() if error}
    for message_id, error in errors.items():
        logger.error("arrival not registered", message_id=message_id, error=type(error).__name__, cause=str(error))
    measure({"Arrivals": len(arrivals), "ArrivalsRefused": len(errors)})
    if "" in errors:
        raise errors[""]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in errors]}
