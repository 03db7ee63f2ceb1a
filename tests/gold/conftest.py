"""One laptop's AWS with a lake of made-up rows for all tests of gold."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from local import control
from tests.gold import generated
from tests.local.conftest import serving
from tidegate.aws.iceberg import GlueLake

STACK, BUCKET = "tidegate", "tidegate-lake"


@dataclass(frozen=True)
class Laptop:
    """Where the lake is."""

    settings: control.Settings
    lake: GlueLake

    @property
    def environment(self) -> dict[str, str]:
        """For whoever builds gold of it."""
        polls = {"ATHENA_POLL_SECONDS": "0.02"}
        return control.environment(self.settings) | {"LAKE_BUCKET": BUCKET, "TIDEGATE_STACK": STACK} | polls


@pytest.fixture(scope="session")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laptop]:
    state = Path(os.environ.get("TIDEGATE_GOLD_STATE", "") or tmp_path_factory.mktemp("gold"))
    with serving(state) as settings:
        yield Laptop(settings, generated.lake(STACK, BUCKET))
