"""What a valid contract becomes, and that no text whatever brings anything but a contract or findings."""

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.contracts.test_errors import BASE
from tidegate.contracts.contract import ColumnType, Contract, Kind, LoadMode, Privacy, RowCount, SchemaDrift, When
from tidegate.contracts.parse import parse_contract
from tidegate.errors import ContractInvalid, Problem

SAMPLE = """
apiVersion: v3.2.0
kind: DataContract
id: healthcare.patients
name: patients
domain: healthcare
version: 1.0.0
status: active
servers:
  - {server: landing, type: s3, location: "s3://landing/healthcare/patients/", format: csv, delimiter: ","}
schema:
  - name: healthcare_patients
    logicalType: object
    properties:
      - {name: patient_id, logicalType: string, primaryKey: true, required: true, transformSourceObjects: [Id]}
      - {name: birth_date, logicalType: date, required: true, transformSourceObjects: [BIRTHDATE],
         logicalTypeOptions: {format: yyyy-MM-dd}, classification: personal, customProperties: [{property: privacy, value: year}]}
      - {name: gender, logicalType: string, transformSourceObjects: [GENDER],
         quality: [{metric: invalidValues, arguments: {validValues: [M, F]}, mustBe: 0, severity: error}]}
      # more columns
    quality:
      - {metric: rowCount, mustBeGreaterThan: 0, severity: error}
customProperties:
  - {property: loadMode, value: upsert}
  - {property: orderBy, value: updated_at}
  - {property: schemaDrift, value: evolve}
"""
UPDATED = "- {name: updated_at, logicalType: timestamp, logicalTypeOptions: {format: \"yyyy-MM-dd'T'HH:mm:ss\"}}"


def test_sample_of_the_design() -> None:
    contract = parse_contract(SAMPLE.replace("# more columns", UPDATED), "sample")
    assert (contract.dataset, contract.table, contract.version) == ("healthcare.patients", "healthcare_patients", "1.0.0")
    assert (contract.load_mode, contract.order_by, contract.schema_drift) == (LoadMode.UPSERT, "updated_at", SchemaDrift.EVOLVE)
    assert (contract.primary_key, contract.row_count) == (("patient_id",), RowCount(1, None, "error"))
    birth, gender = contract.columns[1], contract.columns[2]
    assert (birth.sources, birth.type, birth.formats) == (("BIRTHDATE",), ColumnType(Kind.DATE), ("yyyy-MM-dd",))
    assert (birth.privacy, birth.required) == (Privacy.YEAR, True)
    assert gender.valid_values == ("M", "F")


def test_sample_of_the_design_orders_by_a_column_that_is_not_there() -> None:
    with pytest.raises(ContractInvalid) as caught:
        parse_contract(SAMPLE, "sample")
    assert [(p.line, p.message) for p in caught.value.problems] == [(25, "orderBy names updated_at, which is no column")]


def column(fields: str, **edits: str) -> Any:
    text = BASE.replace("{name: state, logicalType: string, logicalTypeOptions: {maxLength: 9}}", f"{{name: state, {fields}}}")
    for old, new in edits.items():
        text = text.replace(old, new)
    return next(c for c in parse_contract(text, "base").columns if c.name == "state")


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ("logicalType: number", ColumnType(Kind.DOUBLE)),
        ("logicalType: number, physicalType: 'numeric(38, 20)'", ColumnType(Kind.DECIMAL, 38, 20)),
        ("logicalType: number, physicalType: decimal(9)", ColumnType(Kind.DECIMAL, 9, 0)),
        ("logicalType: integer, physicalType: bigint, logicalTypeOptions: {format: i64}", ColumnType(Kind.INTEGER)),
        ("logicalType: boolean", ColumnType(Kind.BOOLEAN)),
        ("logicalType: time", ColumnType(Kind.TIME)),
        ("logicalType: timestamp", ColumnType(Kind.TIMESTAMP)),
        ("logicalType: timestamp, logicalTypeOptions: {timezone: true}", ColumnType(Kind.TIMESTAMPTZ)),
    ],
)
def test_types(fields: str, kind: ColumnType) -> None:
    assert column(fields).type == kind


@pytest.mark.parametrize(
    ("fields", "privacy"),
    [
        ("logicalType: string", Privacy.KEEP),
        ("logicalType: string, classification: confidential", Privacy.KEEP),
        ("logicalType: string, classification: personal", Privacy.TOKENISE),
        ("logicalType: string, classification: personal, customProperties: [{property: privacy, value: zip3}]", Privacy.ZIP3),
        ("logicalType: date, classification: personal", Privacy.YEAR),
        ("logicalType: timestamp, classification: personal", Privacy.YEAR),
        ("logicalType: integer, classification: sensitive", Privacy.REDACT),
        ("logicalType: integer, classification: personal, customProperties: [{property: privacy, value: redact}]", Privacy.REDACT),
    ],
)
def test_privacy_follows_from_the_classification(fields: str, privacy: Privacy) -> None:
    assert column(fields).privacy is privacy


def test_privacy_of_some_rows() -> None:
    words = "[{property: privacyWhen, value: {column: buyer, values: [a]}}]"
    found = column(f"logicalType: string, classification: personal, customProperties: {words}")
    assert (found.privacy, found.privacy_when) == (Privacy.TOKENISE, When("buyer", ("a",)))


def test_bounds_keep_the_text_of_the_contract() -> None:
    found = column("logicalType: number, physicalType: 'decimal(9,2)', logicalTypeOptions: {minimum: 0.10, exclusiveMaximum: 1000}")
    assert (found.minimum, found.exclusive_maximum) == ("0.10", "1000")


def test_alternatives_of_a_source_and_the_default() -> None:
    assert column("logicalType: string, transformSourceObjects: [State, Province/State]").sources == ("State", "Province/State")
    assert column("logicalType: string").sources == ("state",)


@pytest.mark.parametrize(
    ("rule", "count"),
    [
        ("mustBe: 5", RowCount(5, 5)),
        ("mustBeGreaterOrEqualTo: 5, severity: warning", RowCount(5, None, "warning")),
        ("mustBeLessThan: 5", RowCount(None, 4)),
        ("mustBeBetween: [5, 7]", RowCount(5, 7)),
        ("mustBeLessOrEqualTo: 9}, {metric: rowCount, mustBeGreaterThan: 1", RowCount(2, 9)),
    ],
)
def test_row_counts(rule: str, count: RowCount) -> None:
    text = BASE.replace("- {metric: rowCount, mustBeGreaterThan: 0}", f"[{{metric: rowCount, {rule}}}]".replace("\n", ""))
    assert parse_contract(text, "base").row_count == count


def test_descriptive_fields_and_quality_in_words_have_no_effect() -> None:
    plain = parse_contract(BASE, "base")
    text = BASE.replace(
        "status: active",
        """status: active
tags: [sales]
team: {members: [{username: ann, role: owner}]}
support: [{channel: help, url: "https://example.com"}]
slaProperties: [{property: latency, value: 4, unit: h}]
roles: [{role: reader}]
contractCreatedTs: 2024-05-01T00:00:00Z""",
    ).replace(
        "maxLength: 9}",
        "maxLength: 9}, examples: [a, 1], partitioned: false, businessName: State, quality: [{type: text, description: d}]",
    )
    rich = parse_contract(text, "base")
    assert rich.columns == plain.columns
    assert rich.row_count == plain.row_count


def test_byte_order_mark_and_windows_line_ends() -> None:
    assert parse_contract("\ufeff" + BASE.replace("\n", "\r\n"), "base").columns == parse_contract(BASE, "base").columns


def test_deep_nesting_and_size_end_early() -> None:
    for text in ("[" * 5000, "a: " + "{b: " * 5000, "#" * 1_000_001):
        with pytest.raises(ContractInvalid):
            parse_contract(text, "base")


_TREE = yaml.safe_load(BASE)
_LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=9), st.lists(st.text(max_size=3), max_size=2)
)
_LEAVES |= st.dictionaries(st.sampled_from(["property", "value", "name", "x"]), st.text(max_size=5), max_size=2)


def _places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [path] + [p for key, below in items for p in _places(below, (*path, key))]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([p for p in _places(_TREE) if p]), _LEAVES)
def test_any_value_anywhere_gives_a_contract_or_findings(place: tuple[Any, ...], value: object) -> None:
    tree = yaml.safe_load(BASE)
    parent = tree
    for key in place[:-1]:
        parent = parent[key]
    parent[place[-1]] = value
    _contract_or_findings(yaml.safe_dump(tree, allow_unicode=True))


@settings(max_examples=200, deadline=None)
@given(st.text() | st.text(alphabet="ab:-[]{}&*!|>'\"#%\n \t,?"))
def test_any_text_gives_a_contract_or_findings(text: str) -> None:
    _contract_or_findings(text)


def _contract_or_findings(text: str) -> None:
    problems: tuple[Problem, ...] | None = None
    try:
        assert isinstance(parse_contract(text, "x"), Contract)
    except ContractInvalid as error:
        problems = error.problems
    assert problems is None or problems
    assert all(0 <= p.line <= text.count("\n") + 2 and p.message for p in problems or ())
