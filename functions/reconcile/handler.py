"""Reconcile: on a schedule, restart what was lost and measure how long files wait."""

from typing import Any

from aws_lambda_powertools.metrics import MetricUnit

from tidegate import bootstrap
from tidegate.telemetry import entry, logger, measure
from tidegate.usecases.reconcile import reconcile


@entry
def handle(_event: dict[str, Any], _context: Any) -> dict[str, Any]:  # noqa: ANN401 - the runtime's context
    """Wake datasets whose run was lost."""
    done = reconcile(ledger=bootstrap.ledger(), workflow=bootstrap.workflow(), clock=bootstrap.clock, lease_us=bootstrap.lease_us())
    logger.info("reconciled", woken=list(done.woken), oldest_pending_seconds=done.oldest_pending_seconds)
    measure({"OldestPendingSeconds": done.oldest_pending_seconds}, unit=MetricUnit.Seconds)
    return {"woken": list(done.woken), "oldest_pending_seconds": done.oldest_pending_seconds}
