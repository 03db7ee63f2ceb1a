"""A file that is too large for a Lambda of this laptop: Spark loads it, and the run's record says why."""

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

from demo.world import World
from tidegate.cli.output import out, print_table
from tidegate.contracts.publish import publish
from tidegate.model.runs import Compute

if TYPE_CHECKING:
    from demo.show import Check

DATASET = "demo.heartbeats"
KEY = "demo/heartbeats/delta/night.csv"
_CONTRACT = Path(__file__).parent / "contracts" / "heartbeats-1.0.0.odcs.yaml"
_MONITORS, _HALF_MINUTES = 125, 1200
_BROKEN = 2_500  # one row in so many has a count that is no number
_EVENING = dt.datetime(2020, 6, 1, 20, tzinfo=dt.UTC)


def outgrow_a_lambda(world: World, check: "Check") -> None:
    """Drop a night of heartbeats and show where it was loaded."""
    out.rule("[bold]A file that is too large for a Lambda", align="left")
    body = night()
    taken = int(world.stack.parameters["LambdaTextBytes"])
    if taken >= len(body):
        out.print(
            f"left out: this stack's Lambdas take {taken:,} bytes. With Java 17, `make spark`, `make stop` and `make demo` show it\n"
        )
        return
    if not any(f.key == KEY for f in world.stack.ledger.list_files(DATASET)):
        publish(_CONTRACT.read_text(encoding="utf-8"), str(_CONTRACT), store=world.stack.lake)
        world.stack.client("s3").put_object(Bucket=world.stack.landing.bucket, Key=KEY, Body=body)
        out.print(f"{KEY}, {len(body):,} bytes, is dropped; Spark takes its time to start")
        world.rest()
    run = next(iter(world.stack.ledger.list_runs(DATASET)))
    rows, broken = _MONITORS * _HALF_MINUTES, _MONITORS * _HALF_MINUTES // _BROKEN
    check.equal(f"{DATASET}: where it was loaded", str(run.route), str(Compute.GLUE))
    check.equal(f"{DATASET}: the reason names the threshold", "LambdaTextBytes" in run.route_reason, True)  # noqa: FBT003
    check.equal(f"{DATASET}: rows", world.rows(DATASET), {"bronze": rows - broken, "silver": rows - broken, "quarantine": broken})
    check.equal(f"{DATASET}: beats in silver", int(world.sums(DATASET, {"beats": ""})["beats"]), sum(map(_beats, _whole())))
    shown = {"accepted": run.books.rows_accepted, "quarantined": run.books.rows_quarantined, "why": run.route_reason}
    print_table(
        "", ("dataset", "route", "workers", *shown), [{"dataset": DATASET, "route": run.route, "workers": run.workers, **shown}]
    )
    out.print()


def night() -> bytes:
    """Return the file."""
    lines = ["monitor,counted_at,beats"]
    for number in range(_MONITORS * _HALF_MINUTES):
        monitor, half_minute = number % _MONITORS, number // _MONITORS
        moment = _EVENING + dt.timedelta(seconds=30 * (half_minute + 1))
        beats = "asleep" if number % _BROKEN == 0 else str(_beats(number))
        lines.append(f"bed-{monitor:03d},{moment:%Y-%m-%dT%H:%M:%SZ},{beats}")
    return ("\n".join(lines) + "\n").encode()


def _whole() -> list[int]:
    return [number for number in range(_MONITORS * _HALF_MINUTES) if number % _BROKEN]


def _beats(number: int) -> int:
    return 52 + number * 7919 % 41
