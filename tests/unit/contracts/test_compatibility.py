"""Golden cases: what follows from one version after another."""

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tidegate.contracts import column_changes, compatibility
from tidegate.contracts.compatibility import Severity, compare, is_breaking, raises_major
from tidegate.contracts.contract import Column, Contract
from tidegate.contracts.parse import parse_contract

_DATA: dict[str, Any] = yaml.safe_load((Path(__file__).parents[2] / "cases/compatibility.yaml").read_text("utf-8"))
BASE: str = _DATA["base"]
CASES: list[dict[str, Any]] = _DATA["cases"]


def edited(case: dict[str, Any]) -> Contract:
    before, after = case["edit"]
    assert BASE.count(before) == 1, f"{case['name']}: the edit does not apply once"
    return parse_contract(BASE.replace(before, after), "new")


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["name"])
def test_change_is_told_with_what_follows_from_it(case: dict[str, Any]) -> None:
    found = compare(parse_contract(BASE, "old"), edited(case))
    assert [(c.severity.value, c.place) for c in found] == [(severity, place) for severity, place, _ in case["changes"]]
    assert [c.line() for c, (_, _, words) in zip(found, case["changes"], strict=True) if words not in c.effect] == []


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["name"])
def test_no_change_goes_unseen_on_the_way_back(case: dict[str, Any]) -> None:
    assert bool(compare(edited(case), parse_contract(BASE, "old"))) == bool(case["changes"])


def test_another_dataset_is_one_breaking_change() -> None:
    old = parse_contract(BASE, "old")
    (only,) = compare(old, replace(old, name="returns"))
    assert (only.severity, only.place) == (Severity.BREAKING, "id")


def test_worst_comes_first() -> None:
    old = parse_contract(BASE, "old")
    new = replace(old, batch_window=5, order_by="line", columns=old.columns[:-1])
    assert [c.severity for c in compare(old, new)] == [Severity.BREAKING, Severity.CAREFUL, Severity.SAFE]
    assert is_breaking(compare(old, new))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("1.9.9", "2.0.0", True),
        ("1.0.0", "1.1.0", False),
        ("0.1.0", "0.2.0", True),
        ("0.1.0", "0.1.1", False),
        ("2.0.0", "1.0.0", False),
    ],
)
def test_version_that_says_it_may_break(old: str, new: str, says: bool) -> None:  # noqa: FBT001 - a case
    assert raises_major(old, new) is says


def test_field_that_nobody_wrote_a_rule_for_is_told_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """A word that is new in the vocabulary must not be a change that goes unseen; two fields stand for one."""
    monkeypatch.setattr(column_changes, "_OWN_RULES", column_changes._OWN_RULES - {"description"})
    monkeypatch.setattr(compatibility, "_OWN_RULES", compatibility._OWN_RULES - {"description"})
    old = parse_contract(BASE, "old")
    new = replace(old, description="x", columns=(replace(old.columns[0], description="x"), *old.columns[1:]))
    found = [(c.severity, c.place) for c in compare(old, new)]
    assert found == [(Severity.CAREFUL, "description"), (Severity.CAREFUL, "columns.order_id.description")]


def test_rules_name_fields_that_exist() -> None:
    assert {f.name for f in fields(Contract)} >= compatibility._OWN_RULES | compatibility._NO_EFFECT_ON_ROWS
    assert {f.name for f in fields(Column)} >= column_changes._OWN_RULES
