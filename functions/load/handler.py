"""Load: a run's files into bronze, quarantine and silver, on this Lambda."""

import tempfile
from dataclasses import asdict
from typing import Any

from tidegate import bootstrap
from tidegate.telemetry import entry, logger
from tidegate.usecases.claim import read_manifest
from tidegate.usecases.routing import keep_to_lambda


@entry
def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 - the runtime's context
    """Load the run in the event and return its books; raise NoRoom when it is one for Glue."""
    keep_to_lambda(event.get("route", ""), event.get("reason", ""))  # a run that was claimed before there were routes has none
    manifest = read_manifest(event["manifest_key"], bootstrap.objects())
    with tempfile.TemporaryDirectory(prefix="load-") as directory:
        account = bootstrap.load_run(manifest, bootstrap.workshop(manifest, int(context.memory_limit_in_mb), directory))
    logger.info("loaded", run_id=manifest.run_id, **asdict(account.books))
    return asdict(account.books)
