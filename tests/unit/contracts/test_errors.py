"""Golden cases: what is wrong, where it is said to be, and what to write instead."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tidegate.contracts.parse import parse_contract
from tidegate.errors import ContractInvalid

_DATA: dict[str, Any] = yaml.safe_load((Path(__file__).parents[2] / "cases/contracts.yaml").read_text("utf-8"))
BASE: str = _DATA["base"]
CASES: list[dict[str, Any]] = _DATA["cases"]


def _text(case: dict[str, Any]) -> str:
    if "text" in case:
        return str(case["text"])
    old, new = case["edit"]
    assert old in BASE, f"{case['name']}: the edit does not apply"
    return BASE.replace(old, new)


def test_the_base_is_valid() -> None:
    assert parse_contract(BASE, "base").dataset == "shop.orders"


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["name"])
def test_finding_has_its_line_and_a_hint(case: dict[str, Any]) -> None:
    with pytest.raises(ContractInvalid) as caught:
        parse_contract(_text(case), "base")
    found = [p for p in caught.value.problems if case["message"] in p.message]
    assert found, f"only {caught.value}"
    assert [p for p in found if p.line == case["line"] and case["hint"] in p.hint], f"only {found}"


def test_all_findings_come_at_once() -> None:
    text = BASE.replace("status: active", "statsu: active").replace("value: upsert", "value: x").replace("[Id]", "Id")
    with pytest.raises(ContractInvalid) as caught:
        parse_contract(text, "orders.odcs.yaml")
    assert [p.line for p in caught.value.problems] == [7, 14, 24]
    assert str(caught.value).startswith("orders.odcs.yaml:7: statsu: unknown field (did you mean 'status'?)")


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["name"])
def test_one_mistake_brings_few_findings(case: dict[str, Any]) -> None:
    with pytest.raises(ContractInvalid) as caught:
        parse_contract(_text(case), "base")
    if "edit" in case:
        assert len(caught.value.problems) <= 4, caught.value
