"""The entry point of ingest with a world of fakes behind it."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.unit.usecases.world import World

ROOT = Path(__file__).parents[2]
Handle = Callable[[dict[str, Any]], dict[str, Any]]


def ingest_of(world: World, patch: pytest.MonkeyPatch) -> Handle:
    """Return functions/ingest as Lambda would call it."""
    patch.setenv("POWERTOOLS_SERVICE_NAME", "tidegate")
    patch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Tidegate")
    patch.setenv("POWERTOOLS_TRACE_DISABLED", "true")
    from tidegate import bootstrap

    patch.setattr(bootstrap, "register", lambda: world.register)
    spec = importlib.util.spec_from_file_location("ingest_handler", ROOT / "functions" / "ingest" / "handler.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    context = SimpleNamespace(
        function_name="ingest",
        memory_limit_in_mb=512,
        invoked_function_arn="arn",
        aws_request_id="r",
        get_remaining_time_in_millis=int,
    )
    return lambda event: module.handle(event, context)
