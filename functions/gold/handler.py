"""Gold: on a schedule, build the star schemas downstream of what changed in the lake."""

from dataclasses import asdict
from typing import Any

from tidegate import bootstrap
from tidegate.telemetry import entry, logger, measure
from tidegate.usecases.gold import build_gold


@entry
def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 - the runtime's context
    """Build what changed since the last build that ended well, or everything when the event says so."""
    with bootstrap.gold() as (builder, teller):
        until = bootstrap.clock() + int(context.get_remaining_time_in_millis()) * 1000
        outcome = build_gold(
            builder,
            bootstrap.catalog(),
            bootstrap.ledger(),
            bootstrap.clock,
            until,
            teller,
            everything=bool(event.get("everything", False)),
        )
    built = outcome.built
    if built is None:
        logger.info("nothing built", why=outcome.why_not)
    else:
        told = logger.error if built.failed else logger.info
        told("built", changed=outcome.changed, done=built.done, failed=built.failed, skipped=built.skipped)
        measure({"GoldNodesBuilt": built.done, "GoldNodesFailed": len(built.failed)})
    return asdict(outcome)
