"""Maintain: on a schedule, merge small data files, forget old versions, remove orphans."""

import tempfile
from dataclasses import asdict
from typing import Any

from tidegate import bootstrap
from tidegate.telemetry import entry, logger, measure
from tidegate.usecases.maintain import maintain


@entry
def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 - the runtime's context
    """Tend the dataset in the event, or all of them while there is time; with `more`, ask again with `after`."""
    dry_run = bool(event.get("dry_run", False))
    with tempfile.TemporaryDirectory(prefix="maintain-") as directory:
        done = maintain(
            bootstrap.keeping(int(context.memory_limit_in_mb), context.get_remaining_time_in_millis(), directory),
            dataset=str(event.get("dataset", "")),
            after=str(event.get("after", "")),
            urgent=bool(event.get("urgent", False)),
            dry_run=dry_run,
        )
    for tended in done.datasets:
        logger.info("tended", **asdict(tended), dry_run=dry_run)
    for name, why in done.errors.items():
        logger.error("could not be tended", dataset=name, why=why)
    measure({"DatasetsTended": 0 if dry_run else len(done.datasets), "MaintainErrors": len(done.errors)})
    return asdict(done) | {"dry_run": dry_run}
