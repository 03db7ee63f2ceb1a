import json
from pathlib import Path
from typing import Any

import pytest

from demo.generate import generate

Plan = dict[str, Any]


@pytest.fixture(scope="session")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    generate(folder)
    return folder


@pytest.fixture(scope="session")
def plan(out: Path) -> Plan:
    loaded: Plan = json.loads((out / "plan.json").read_text("utf-8"))
    return loaded


@pytest.fixture(scope="session")
def drops(plan: Plan) -> list[Plan]:
    return [drop for wave in plan["waves"] for drop in wave["drops"]]
