"""What quality rules become. Bad ones are in tests/cases/contracts.yaml."""

import pytest

from tests.unit.contracts.test_errors import BASE
from tidegate.contracts.parse import parse_contract
from tidegate.contracts.rules import Check, Freshness, Limit, Metric, Reference, Rules, Severity, Unique, Volume

STATE = "logicalTypeOptions: {maxLength: 9}"
W = Severity.WARNING


def rules(*written: str) -> Rules:
    """Return the rules of the base with these on the column `state`."""
    return parse_contract(BASE.replace(STATE, f"quality: [{', '.join(written)}]"), "base").rules


@pytest.mark.parametrize(
    ("written", "check"),
    [
        ("{metric: nullValues, mustBe: 0}", Check("null_values", "state", Metric.NULL_VALUES, values=("",))),
        (
            "{metric: nullValues, id: known, severity: warning, mustBe: 0}",
            Check("known", "state", Metric.NULL_VALUES, W, values=("",)),
        ),
        (
            "{metric: nullValues, unit: percent, mustBeLessThan: 2.5}",
            Check("null_values", "state", Metric.NULL_VALUES, values=("",), limit=Limit("mustBeLessThan", (2.5,), percent=True)),
        ),
        ("{metric: missingValues, mustBe: 0}", Check("missing_values", "state", Metric.MISSING_VALUES, values=("",))),
        (
            "{metric: missingValues, arguments: {missingValues: [null, n/a]}, mustBe: 0}",
            Check("missing_values", "state", Metric.MISSING_VALUES, values=("", "n/a")),
        ),
        (
            "{metric: invalidValues, severity: warning, arguments: {validValues: [a]}, mustBe: 0}",
            Check("valid_values", "state", Metric.VALID_VALUES, W, values=("a",)),
        ),
        (
            "{metric: invalidValues, id: states, arguments: {validValues: [a]}, mustBe: 0}",
            Check("states", "state", Metric.VALID_VALUES, values=("a",)),
        ),
        (
            '{metric: invalidValues, arguments: {pattern: "[A-Z]"}, mustBeBetween: [0, 3]}',
            Check("pattern", "state", Metric.PATTERN, pattern="[A-Z]", limit=Limit("mustBeBetween", (0, 3))),
        ),
    ],
)
def test_rule_on_a_column(written: str, check: Check) -> None:
    assert rules(written).checks == (check,)


def test_one_list_of_valid_values_without_an_id_is_the_columns_own() -> None:
    text = BASE.replace(STATE, "quality: [{metric: invalidValues, arguments: {validValues: [a, b]}, mustBe: 0}]")
    contract = parse_contract(text, "base")
    assert contract.rules == Rules()
    assert {c.name: c.valid_values for c in contract.columns if c.valid_values} == {"state": ("a", "b")}


@pytest.mark.parametrize(
    ("limit", "rows", "of", "kept"),
    [
        (Limit("mustBe", (2,)), 2, 9, "holds"),
        (Limit("mustBeLessThan", (2,)), 2, 9, "does not"),
        (Limit("mustBeLessOrEqualTo", (2,)), 2, 9, "holds"),
        (Limit("mustBeGreaterThan", (2,)), 2, 9, "does not"),
        (Limit("mustBeGreaterOrEqualTo", (2,)), 2, 9, "holds"),
        (Limit("mustBeBetween", (1, 2)), 2, 9, "holds"),
        (Limit("mustBeLessThan", (20,), percent=True), 2, 10, "does not"),
        (Limit("mustBeLessThan", (20,), percent=True), 2, 11, "holds"),
        (Limit("mustBeLessThan", (20,), percent=True), 0, 0, "holds"),
    ],
)
def test_limit_is_compared_as_the_standard_says(limit: Limit, rows: int, of: int, kept: str) -> None:
    assert limit.holds_of(rows, of) is (kept == "holds")


class TestUnique:
    def test_column_and_metric_say_the_same_and_a_rule_may_name_several_columns(self) -> None:
        edits = [
            ("{name: state, ", "{name: state, unique: true, "),
            (STATE, "quality: [{metric: duplicateValues, id: few, unit: percent, mustBeLessThan: 5, severity: warning}]"),
            (
                "mustBeGreaterThan: 0}",
                "mustBeGreaterThan: 0}\n      - {metric: duplicateValues, arguments: {properties: [state, day]}, mustBe: 0}",
            ),
        ]
        text = BASE
        for old, new in edits:
            text = text.replace(old, new)
        assert parse_contract(text, "base").rules.uniques == (
            Unique("unique", ("state",)),
            Unique("few", ("state",), W, Limit("mustBeLessThan", (5,), percent=True)),
            Unique("unique", ("state", "day")),
        )

    @pytest.mark.parametrize("mode", ["upsert", "replace"])
    def test_primary_key_is_unique_anyway_where_the_newest_row_wins(self, mode: str) -> None:
        text = BASE.replace("primaryKey: true", "primaryKey: true, unique: true").replace("value: upsert", f"value: {mode}")
        assert parse_contract(text, "base").rules.uniques == ()


def test_rows_compared_with_history_are_no_bound_on_their_number() -> None:
    rule = "unit: percent, id: usual, severity: warning, arguments: {comparedTo: median, runs: 5}, mustBeBetween: [50, 200]"
    contract = parse_contract(BASE.replace("mustBeGreaterThan: 0", rule), "base")
    assert contract.row_count is None
    assert contract.rules.volumes == (Volume("usual", Limit("mustBeBetween", (50, 200), percent=True), W, 5),)


@pytest.mark.parametrize(
    ("written", "freshness", "every"),
    [
        ("{property: freshness, value: 1.5, unit: h}", Freshness(5400), None),
        ("{property: freshness, value: 2, unit: days, element: shop_orders.paid_at}", Freshness(172_800), None),
        (
            "{property: freshness, value: 1, unit: min, customProperties: [{property: severity, value: error}]}",
            Freshness(60, Severity.ERROR),
            None,
        ),
        ("{property: frequency, value: 1, unit: d}, {property: latency, value: 4, unit: eons}", None, 86_400),
    ],
)
def test_service_levels(written: str, freshness: Freshness | None, every: int | None) -> None:
    rules = parse_contract(BASE.replace("status: active", f"slaProperties: [{written}]"), "base").rules
    assert (rules.freshness, rules.every) == (freshness, every)


def test_references_of_a_column_and_of_several_together() -> None:
    custom = "customProperties: [{property: severity, value: error}]"
    text = BASE.replace(
        "{name: state, ", f"{{name: state, relationships: [{{to: geo_states.code, id: known, {custom}}}], "
    ).replace(
        "    quality:\n",
        "    relationships: [{from: [shop_orders.state, shop_orders.day], to: [geo_days.state, geo_days.day]}]\n    quality:\n",
    )
    assert parse_contract(text, "base").rules.references == (
        Reference("known", ("state",), "geo_states", ("code",), Severity.ERROR),
        Reference("relationship", ("state", "day"), "geo_days", ("state", "day")),
    )
