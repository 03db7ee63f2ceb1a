import pytest

from tests.unit.usecases.world import World


@pytest.fixture
def world() -> World:
    """A world in which `demo.events` is published as an upsert dataset."""
    made = World()
    made.publish()
    return made
