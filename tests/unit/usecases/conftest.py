import pytest

from tests.unit.usecases.windows import WINDOW
from tests.unit.usecases.world import World
from tidegate.usecases.batch import Limits


@pytest.fixture
def world() -> World:
    """A world in which `demo.events` is published as an upsert dataset."""
    made = World()
    made.publish()
    return made


@pytest.fixture
def windowed(world: World) -> World:
    """A world whose datasets gather files for half a minute."""
    world.limits = Limits(files=100, bytes=1000, window=WINDOW)
    return world
