"""One stack, deployed to a local AWS of its own with IAM enforced, for all end-to-end tests."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import laptop as machine
from local.deploy import publish
from local.laptop import ROOT, TEMPLATE, Laptop

STACK = "tidegate"
SHARED = ROOT.parent / "shared" / "data"


@pytest.fixture(scope="session")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laptop]:
    if not TEMPLATE.exists():
        pytest.fail("the stack is not built: run `make e2e`")
    state = Path(os.environ.get("TIDEGATE_E2E_STATE", "") or tmp_path_factory.mktemp("laptop"))
    with machine.laptop(state, STACK) as made:
        publish(STACK, made.environment, ROOT / "contracts")
        yield made
