"""The commands of a rotation, on a secret as the template makes it."""

import json
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from typer.testing import CliRunner, Result

from tests.unit.usecases.world import DELTA, EVENTS, World
from tidegate.aws.keys import KeySecret
from tidegate.cli.keys import app
from tidegate.model.keys import Keys


@dataclass
class FakeStack:
    world: World
    outputs: dict[str, str] = field(default_factory=dict)

    @property
    def ledger(self) -> Any:
        return self.world.ledger

    @property
    def lake(self) -> Any:
        return self.world.lake

    def client(self, service: str) -> Any:
        return boto3.client(service)


@pytest.fixture
def stack(world: World, request: pytest.FixtureRequest) -> FakeStack:
    made = boto3.client("secretsmanager").create_secret(Name=f"{request.node.name}-key", SecretString="s" * 64)
    return FakeStack(world, {"TokenKeySecret": made["ARN"]})


def said(stack: FakeStack, *words: str) -> Result:
    done = CliRunner().invoke(app, [*words], obj=stack)
    for key in keys(stack).keys.values():
        assert key not in done.output
    return done


def keys(stack: FakeStack) -> Keys:
    return KeySecret(boto3.client("secretsmanager"), stack.outputs["TokenKeySecret"]).read()


def test_rotation_and_the_way_back(stack: FakeStack) -> None:
    assert "new runs use k1 of k1" in said(stack, "list").output
    assert "new runs use k2" in said(stack, "rotate").output
    assert list(keys(stack).keys) == ["k1", "k2"]
    assert keys(stack).keys["k1"] == "s" * 64
    assert json.loads(said(stack, "list", "--json").output) == {"current": "k2", "keys": ["k1", "k2"], "uses": []}
    assert said(stack, "use", "k1").exit_code == 0
    assert keys(stack).current == "k1"
    assert said(stack, "forget", "k2").exit_code == 0
    assert list(keys(stack).keys) == ["k1"]


def test_current_key_stays(stack: FakeStack) -> None:
    assert "rotate first" in str(said(stack, "forget", "k1").exception)
    assert list(keys(stack).keys) == ["k1"]


def test_dataset_that_needs_no_key_is_not_listed(stack: FakeStack) -> None:
    stack.world.drop(f"{DELTA}a.csv")
    stack.world.drain(EVENTS)
    assert json.loads(said(stack, "list", "--json").output)["uses"] == []
