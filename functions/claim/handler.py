"""Claim: the first state of a run."""

from typing import Any

from tidegate import bootstrap
from tidegate.errors import NothingWaits
from tidegate.telemetry import entry, logger, measure
from tidegate.usecases.claim import claim


@entry
def handle(event: dict[str, Any], _context: Any) -> dict[str, Any]:  # noqa: ANN401 - the runtime's context
    """Open the next run of the lease in the event; raise NothingWaits when there is nothing left to load."""
    claimed = claim(event["dataset"], event["token"], bootstrap.claim_desk())
    if claimed.manifest is None or claimed.run is None:
        raise NothingWaits(claimed.dataset)
    files, size, run = len(claimed.manifest.files), claimed.manifest.bytes, claimed.run
    logger.info(
        "claimed",
        dataset=claimed.dataset,
        token=claimed.token,
        run_id=claimed.run_id,
        files=files,
        bytes=size,
        route=run.route,
    )
    measure({"FilesClaimed": files, "BytesClaimed": size}, claimed.dataset)
    return {
        "dataset": claimed.dataset,
        "token": claimed.token,
        "run_id": claimed.run_id,
        "manifest_key": claimed.manifest_key,
        "files": files,
        "bytes": size,
        "route": run.route,
        "workers": run.workers,
        "reason": run.route_reason,
    }
