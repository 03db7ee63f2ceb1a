"""One dated file of prices, one of measurements; both complete, both in what is deployed."""

import re
from dataclasses import asdict
from datetime import date
from importlib import resources

import pytest

from tests.unit.stack.stack import ROOT
from tidegate.cost import data
from tidegate.cost.deployment import RUN_STATES
from tidegate.cost.prices import Prices
from tidegate.cost.usage import Usage
from tidegate.model.runs import Compute

PACKAGE = ROOT / "layers/tidegate/python/tidegate"


def test_prices_are_dated_and_none_is_missing() -> None:
    found = data.prices()
    assert date.fromisoformat(found.as_of)
    assert found.region == "us-east-1"
    assert "not fetched" in found.note
    numbers = [
        n for v in asdict(found).values() for n in (v.values() if isinstance(v, dict) else [v]) if isinstance(n, int | float)
    ]
    assert all(n > 0 for n in numbers)


def test_name_that_is_no_price_is_refused() -> None:
    with pytest.raises(TypeError):
        Prices(**asdict(data.prices()), athena_terabyte=5)


PLACES = ("layers/tidegate", "scripts", "local", "functions", "jobs", "docs", "benchmarks", "demo")
A_PRICE = re.compile(
    r"\b(?:1\.6666?7e-0?5|0?\.0000166667|2\.5e-0?5|0?\.000025|6\.25e-0?7|1\.25e-0?7|3\.09e-0?8)\b|(?:\$|dpu\w*\W{1,5})0\.44\b",
    flags=re.IGNORECASE,
)


def test_no_price_stands_anywhere_else() -> None:
    files = [p for place in PLACES for p in (ROOT / place).rglob("*") if p.suffix in (".py", ".md", ".json")]
    found = {str(p.relative_to(ROOT)): A_PRICE.findall(p.read_text("utf-8")) for p in [*files, ROOT / "README.md"]}
    assert {name for name, prices in found.items() if prices} == {"layers/tidegate/python/tidegate/cost/prices.json"}


def test_both_files_are_in_the_package_that_the_layer_copies() -> None:
    inside = {f.name for f in resources.files("tidegate.cost").iterdir() if f.name.endswith(".json")}
    assert inside == {"prices.json", "measured.json"}
    assert {p.name for p in (PACKAGE / "cost").glob("*.json")} == inside
    assert "cp -R python" in (ROOT / "layers/tidegate/Makefile").read_text("utf-8")


def test_measurements_are_of_runs_that_did_what_the_state_machine_says() -> None:
    found = data.measured()
    assert date.fromisoformat(found.as_of)
    assert found.at_once.usage.transitions == found.at_once.runs * len(RUN_STATES[Compute.LAMBDA])
    for compute, shapes in found.routes.items():
        for shape in (shapes.one, shapes.many, shapes.large):
            assert shape.usage.transitions == shape.runs * len(RUN_STATES[compute])
            assert shape.usage.notices == shape.usage.invocations["claim"] == shape.usage.invocations["settle"] == shape.runs
            assert shape.usage.invocations["load"] == shape.runs  # on Glue to say that it has no room
            assert (shape.usage.job_seconds > 0) == (compute is Compute.GLUE)
    assert set(found.routes) == set(Compute)


def test_every_file_is_measured_to_call_ingest_once_and_every_window_once_more() -> None:
    for compute in Compute:
        rates = data.measured().rates(compute)
        assert rates.file.invocations["ingest"] == pytest.approx(1)
        assert rates.window.invocations["ingest"] == pytest.approx(1)


def test_measurements_survive_being_written_and_read() -> None:
    found = data.measured()
    assert data.measured_of(asdict(found)) == found
    assert found.merged != Usage()
    assert found.reconcile.invocations == {"reconcile": 1}
    assert found.maintain.invocations == {"maintain": 1}
