"""Audit: the books of a run must balance before it is settled."""

from dataclasses import asdict
from typing import Any

from tidegate import bootstrap
from tidegate.telemetry import entry, logger
from tidegate.usecases.audit import audit
from tidegate.usecases.claim import read_manifest


@entry
def handle(event: dict[str, Any], _context: Any) -> dict[str, Any]:  # noqa: ANN401 - the runtime's context
    """Check the run in the event against its receipts and the tables; return the books."""
    manifest = read_manifest(event["manifest_key"], bootstrap.objects())
    books = audit(manifest, objects=bootstrap.objects(), catalog=bootstrap.catalog())
    logger.info("balanced", run_id=manifest.run_id, **asdict(books))
    return asdict(books)
