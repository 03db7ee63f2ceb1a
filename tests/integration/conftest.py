from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from tests.integration.entrance import Handle, ingest_of
from tests.unit.usecases.world import World


@pytest.fixture(autouse=True, scope="session")
def _aws() -> Iterator[None]:
    """AWS inside this process, with credentials that open nothing."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        patch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        yield
    boto3.DEFAULT_SESSION = None


@pytest.fixture
def world() -> World:
    """A world in which `demo.events` is published."""
    made = World()
    made.publish()
    return made


@pytest.fixture
def handle(world: World, monkeypatch: pytest.MonkeyPatch) -> Handle:
    """The entry point of ingest in that world."""
    return ingest_of(world, monkeypatch)
