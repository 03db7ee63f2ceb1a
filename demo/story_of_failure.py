"""A run that fails, the letter it leaves in the failures DLQ, and the way back."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from demo.world import World
from tidegate.cli.output import out, print_table
from tidegate.contracts.publish import publish

if TYPE_CHECKING:
    from demo.show import Check

DATASET = "demo.vaccinations"
KEY = "demo/vaccinations/delta/week_23.csv"
_HERE = Path(__file__).parent
_ROWS = 3


def fail_and_recover(world: World, check: "Check") -> None:
    """Drop a file with fewer rows than its contract accepts; then publish a corrected contract and replay the letter."""
    out.rule("[bold]A batch that is refused, its letter, and the way back", align="left")
    known = [f for f in world.stack.ledger.list_files(DATASET) if f.key == KEY]
    if not known:
        _refuse(world, check)
        _replay(world)
    else:
        out.print("this was shown before: the file is loaded and the DLQ is empty")
    record = next(f for f in world.stack.ledger.list_files(DATASET) if f.key == KEY)
    check.equal(f"{KEY}: state after the replay", str(record.state), "LOADED")
    check.equal(f"{KEY}: rows in silver", world.rows(DATASET)["silver"], _ROWS)
    print_table("", ("key", "state", "rows_accepted", "contract_version", "attempts"), [_row(record)])
    out.print()


def _refuse(world: World, check: "Check") -> None:
    _publish(world, "vaccinations-1.0.0.odcs.yaml")
    body = (_HERE / "contracts" / "week_23.csv").read_bytes()
    world.stack.client("s3").put_object(Bucket=world.stack.landing.bucket, Key=KEY, Body=body)
    world.rest()
    record = next(f for f in world.stack.ledger.list_files(DATASET) if f.key == KEY)
    check.equal(f"{KEY}: state after a refused batch", str(record.state), "FAILED")
    out.print(f"[red]{record.state}[/] {KEY}\n  {record.reason}", markup=True)
    said = [m for m in world.heard() if m["status"] == "FAILED"]
    check.equal("failures told by SNS", [m["dataset"] for m in said], [DATASET])
    print_table("SNS", ("status", "dataset", "run_id", "step", "error", "next"), said)


def _replay(world: World) -> None:
    _publish(world, "vaccinations-1.1.0.odcs.yaml")
    out.print("a contract with the right bound is published; tidegate replay --letters 10:")
    replayed = world.stack.invoke("replay", {"letters": 10})
    out.print(f"{replayed['letters']} letter answered, {len(replayed['files'])} file put back")
    world.rest()


def _publish(world: World, name: str) -> None:
    path = _HERE / "contracts" / name
    publish(path.read_text(encoding="utf-8"), str(path), store=world.stack.lake)


def _row(record: Any) -> dict[str, Any]:  # noqa: ANN401 - any record with these fields
    return {n: getattr(record, n) for n in ("key", "state", "rows_accepted", "contract_version", "attempts")}
