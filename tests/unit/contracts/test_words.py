"""attempts, batchWindow, crawl and deleteWhen: what good values become. Most bad ones are in tests/cases/contracts.yaml."""

import pytest

from tests.unit.contracts.test_errors import BASE
from tidegate.contracts.contract import CsvFormat, Format, JsonFormat, When
from tidegate.contracts.parse import parse_contract
from tidegate.errors import ContractInvalid

VALID_STATES = (
    "logicalTypeOptions: {maxLength: 9}",
    "quality: [{metric: invalidValues, arguments: {validValues: [I, D]}, mustBe: 0}]",
)


def worded(word: str, value: str, *edits: tuple[str, str]) -> str:
    """Return the base with one more word on the contract, and edited."""
    text = f"{BASE}  - {{property: {word}, value: {value}}}\n"
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    return text


def test_words_that_are_not_said_leave_three_tries_the_stacks_window_no_tombstones_and_no_crawl() -> None:
    contract = parse_contract(BASE, "base")
    assert (contract.attempts, contract.batch_window, contract.delete_when, contract.crawl) == (3, None, None, False)


@pytest.mark.parametrize("asked", [True, False])
def test_landing_bucket_is_crawled_when_the_contract_says_so(asked: bool) -> None:  # noqa: FBT001 - a parameter of the test
    assert parse_contract(worded("crawl", str(asked).lower()), "base").crawl is asked


@pytest.mark.parametrize("attempts", [1, 3, 10])
def test_attempts_within_their_bounds(attempts: int) -> None:
    assert parse_contract(worded("attempts", str(attempts)), "base").attempts == attempts


@pytest.mark.parametrize("seconds", [0, 60, 900])
def test_no_window_at_all_is_another_thing_than_the_stacks_window(seconds: int) -> None:
    assert parse_contract(worded("batchWindow", str(seconds)), "base").batch_window == seconds


@pytest.mark.parametrize(
    ("value", "when"),
    [
        ("{column: state, values: [D]}", When("state", ("D",))),
        ("{values: [D, gone], column: state}", When("state", ("D", "gone"))),
        ('{column: state, values: ["1", "true", "it\'s"]}', When("state", ("1", "true", "it's"))),
    ],
)
def test_tombstones_by_a_text_column(value: str, when: When) -> None:
    assert parse_contract(worded("deleteWhen", value), "base").delete_when == when


def test_tombstones_by_a_valid_value() -> None:
    contract = parse_contract(worded("deleteWhen", "{column: state, values: [D]}", VALID_STATES), "base")
    assert contract.delete_when == When("state", ("D",))


def test_tombstone_by_a_value_that_would_be_quarantined_is_a_finding() -> None:
    with pytest.raises(ContractInvalid) as caught:
        parse_contract(worded("deleteWhen", "{column: state, values: [DD]}", VALID_STATES), "base")
    (problem,) = caught.value.problems
    assert (problem.line, problem.path) == (26, "customProperties[deleteWhen]")
    assert problem.message == "deleteWhen has DD, which is no valid value of state"
    assert problem.hint == "did you mean 'D'?"


def test_tombstone_by_a_null_value_of_the_column_is_a_finding() -> None:
    """It would never hold: every tombstone would live."""
    nulls = ("logicalTypeOptions: {maxLength: 9}", "customProperties: [{property: nullValues, value: [D]}]")
    with pytest.raises(ContractInvalid) as caught:
        parse_contract(worded("deleteWhen", "{column: state, values: [D]}", nulls), "base")
    assert [p.message for p in caught.value.problems] == ["deleteWhen has D, which means null in state"]


def test_tombstones_of_appended_rows_are_a_finding() -> None:
    text = worded("deleteWhen", "{column: state, values: [D]}", ("primaryKey: true, ", ""), ("value: upsert", "value: append"))
    with pytest.raises(ContractInvalid) as caught:
        parse_contract(text, "base")
    (problem,) = caught.value.problems
    assert (problem.line, problem.path, problem.hint) == (26, "customProperties[deleteWhen]", "loadMode upsert")


def test_tombstones_without_load_mode_are_not_a_second_finding() -> None:
    text = worded("deleteWhen", "{column: state, values: [D]}", ("  - {property: loadMode, value: upsert}\n", ""))
    with pytest.raises(ContractInvalid) as caught:
        parse_contract(text, "base")
    assert [p.message for p in caught.value.problems] == ["loadMode is missing"]


@pytest.mark.parametrize("delimiter", ["", "new_line", "array"])
def test_json_contract_says_how_its_files_are_laid_out(delimiter: str) -> None:
    fields = "format: json, encoding: utf-16" + (f", delimiter: {delimiter}" if delimiter else "")
    contract = parse_contract(
        worded("records", '"entry[*].resource[type=order]"', ("format: csv", fields), ("[Id]", '["$.id", id]')), "base"
    )
    assert (contract.format, contract.csv) == (Format.JSON, CsvFormat(encoding="utf-16"))
    assert contract.json == JsonFormat(delimiter, "entry[*].resource[type=order]")
    assert contract.columns[0].sources == ("$.id", "id")


@pytest.mark.parametrize("records", ["data", "data[0]", "a[*]b", "[*]"])
def test_records_that_are_no_path_are_a_finding_on_their_line(records: str) -> None:
    text = worded("records", f'"{records}"', ("format: csv", "format: json"))
    with pytest.raises(ContractInvalid) as caught:
        parse_contract(text, "base")
    (problem,) = caught.value.problems
    assert (problem.line, problem.path) == (len(text.splitlines()), "customProperties[records]")
