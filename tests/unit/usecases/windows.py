"""Windows in tests: half a minute, and a timer that rings when it is over."""

from tests.unit.usecases.world import _CONTRACT, EVENTS, World
from tidegate.contracts.publish import publish

WINDOW = 30


def ring(world: World) -> None:
    """The window is over and its timer rings."""
    world.clock.pass_seconds(WINDOW)
    world.ingest(woken=[EVENTS])


def publish_with_window(world: World, seconds: int) -> None:
    text = _CONTRACT.format(domain="demo", name="events", mode="upsert", version="1.1.0")
    publish(f"{text}  - {{property: batchWindow, value: {seconds}}}\n", "test", store=world.lake_bucket)
