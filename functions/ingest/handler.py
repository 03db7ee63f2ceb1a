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
    outcomes = ingest(
        [arrival for message in batch for arrival in message.arrivals],
        ledger=bootstrap.ledger(),
        workflow=bootstrap.workflow(),
        lake=bootstrap.objects(),
        clock=bootstrap.clock,
        lease_us=bootstrap.lease_us(),
    )
    failed = {outcome.arrival: outcome.error for outcome in outcomes if outcome.error}
    errors = {m.message_id: m.error or next((failed[a] for a in m.arrivals if a in failed), None) for m in batch}
    errors = {message_id: error for message_id, error in errors.items() if error}
    for message_id, error in errors.items():
        logger.error("arrival not registered", message_id=message_id, error=type(error).__name__, cause=str(error))
    measure({"Arrivals": len(outcomes), "ArrivalsRefused": len(errors)})
    if "" in errors:
        raise errors[""]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in errors]}
