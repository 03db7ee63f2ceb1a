"""Reconcile: on a schedule, find what no event told and measure how long files wait."""

from dataclasses import asdict
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit

from tidegate import bootstrap
from tidegate.telemetry import entry, logger, measure
from tidegate.usecases.reconcile import reconcile


@entry
def handle(_event: dict[str, Any], _context: Any) -> dict[str, Any]:  # noqa: ANN401 - the runtime's context
    """Wake datasets whose run was lost, survey the next stretch of the landing bucket, compare tables with the ledger."""
    found = reconcile(
        bootstrap.register(),
        catalog=bootstrap.catalog(),
        bucket=bootstrap.landing().bucket,
        pace=bootstrap.pace(),
    )
    logger.info("reconciled", **asdict(found))
    for name, what in found.astray.items():
        logger.error("a table does not hold what runs left", table=name, found=what)
    for name, seconds in found.silent.items():
        logger.error("nothing new was loaded for longer than the contract expects", dataset=name, seconds=seconds)
    for name, why in found.errors.items():
        logger.error("could not be looked at", dataset=name, why=why)
    measure({"OldestPendingSeconds": found.oldest_pending_seconds}, unit=MetricUnit.Seconds)
    measure({"TablesAstray": len(found.astray), "SilentDatasets": len(found.silent)})
    measure({"Unannounced": found.registered, "ReconcileErrors": len(found.errors)})
    return asdict(found)
