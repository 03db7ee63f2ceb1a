import pytest


@pytest.fixture(autouse=True)
def _no_network(socket_disabled: None) -> None:
    """A unit test that opens a socket fails."""
