"""FHIR R4 bulk exports: every resource of the public sample is loaded, and its columns are what a plain reading of the JSON finds."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.unit.engine.rig import Outcome, load
from tidegate.contracts.contract import Contract, Privacy
from tidegate.contracts.parse import parse_contract

ROOT = Path(__file__).parents[3]
DATA = ROOT.parent / "shared/data/fhir"
needs_data = pytest.mark.skipif(not DATA.exists(), reason="the public sample data (../shared/data) is not here")
RESOURCES = {
    "conditions": ("Condition", 555),
    "encounters": ("Encounter", 1215),
    "immunizations": ("Immunization", 161),
    "organizations": ("Organization", 43),
    "patients": ("Patient", 13),
    "practitioners": ("Practitioner", 43),
}
Resource = dict[str, Any]
#: Columns that are kept as they are, and how a plain reading finds them.
PLAIN: dict[str, dict[str, Callable[[Resource], object]]] = {
    "conditions": {
        "condition_id": lambda r: r["id"],
        "patient_id": lambda r: r["subject"]["reference"].split("/")[1],
        "encounter_id": lambda r: r["encounter"]["reference"].split("/")[1],
        "code": lambda r: r["code"]["coding"][0]["code"],
        "name": lambda r: r["code"]["coding"][0]["display"],
        "clinical_status": lambda r: r["clinicalStatus"]["coding"][0]["code"],
        "onset_at": lambda r: instant(r["onsetDateTime"]),
        "abated_at": lambda r: instant(r.get("abatementDateTime")),
    },
    "encounters": {
        "patient_id": lambda r: r["subject"]["reference"].split("/")[1],
        "class_code": lambda r: r["class"]["code"],
        "practitioner_npi": lambda r: r["participant"][0]["individual"]["reference"].split("|")[1],
        "organization_id": lambda r: r["serviceProvider"]["reference"].split("|")[1],
        "started_at": lambda r: instant(r["period"]["start"]),
        "ended_at": lambda r: instant(r["period"]["end"]),
        "reason_code": lambda r: r.get("reasonCode", [{"coding": [{"code": None}]}])[0]["coding"][0]["code"],
    },
    "immunizations": {
        "patient_id": lambda r: r["patient"]["reference"].split("/")[1],
        "vaccine_code": lambda r: r["vaccineCode"]["coding"][0]["code"],
        "primary_source": lambda r: r["primarySource"],
        "occurred_at": lambda r: instant(r["occurrenceDateTime"]),
    },
    "organizations": {
        "name": lambda r: r["name"],
        "zip": lambda r: r["address"][0]["postalCode"],
        "encounters": lambda r: extension(r, "utilization-encounters-extension").get("valueInteger"),
    },
    "patients": {
        "patient_id": lambda r: r["id"],
        "race": lambda r: extension(extension(r, "us-core-race"), "text").get("valueString"),
        "ethnicity_code": lambda r: extension(extension(r, "us-core-ethnicity"), "ombCategory")["valueCoding"]["code"],
        "birth_sex": lambda r: extension(r, "us-core-birthsex").get("valueCode"),
        "marital_status": lambda r: r.get("maritalStatus", {"coding": [{"code": None}]})["coding"][0]["code"],
        "zip": lambda r: r["address"][0]["postalCode"][:3],
        "gender": lambda r: r["gender"],
    },
    "practitioners": {"npi": lambda r: r["identifier"][0]["value"], "city": lambda r: r["address"][0]["city"]},
}


def extension(element: Resource, name: str) -> Resource:
    """Return an element's extension by the end of its URL, or nothing."""
    return next((e for e in element.get("extension", ()) if e["url"].rpartition("/")[2] == name), {})


def instant(text: str | None) -> datetime | None:
    """Return an instant in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC) if text else None


def contract(name: str) -> Contract:
    """Return a contract that ships."""
    path = ROOT / f"contracts/fhir/{name}.odcs.yaml"
    return parse_contract(path.read_text("utf-8"), path.name)


def columns_of(outcome: Outcome, of: Contract) -> Iterator[dict[str, object]]:
    """Return accepted rows by column."""
    names = [c.name for c in of.columns]
    return (dict(zip(names, row, strict=False)) for row in outcome.accepted)


@needs_data
@pytest.mark.parametrize("name", RESOURCES)
def test_every_resource_of_the_sample_is_loaded_as_a_plain_reading_finds_it(name: str, tmp_path: Path) -> None:
    resource, count = RESOURCES[name]
    content, of = (DATA / f"{resource}.000.ndjson").read_bytes(), contract(name)
    outcome = load(tmp_path, of, content)
    assert (outcome.codes, outcome.quarantined, len(outcome.accepted)) == ([None], [], count)
    wanted = [json.loads(line) for line in content.splitlines()]
    for row, resource_ in zip(columns_of(outcome, of), wanted, strict=True):
        assert {c: row[c] for c in PLAIN[name]} == {c: read(resource_) for c, read in PLAIN[name].items()}
    filled = {c for row in columns_of(outcome, of) for c, value in row.items() if value is not None}
    assert {c.name for c in of.columns} - filled == {c.name for c in of.columns if c.privacy is Privacy.REDACT}


@needs_data
@pytest.mark.parametrize("name", ["patients", "practitioners"])
def test_no_value_that_identifies_a_person_reaches_a_table(name: str, tmp_path: Path) -> None:
    content, of = (DATA / f"{RESOURCES[name][0]}.000.ndjson").read_bytes(), contract(name)
    shown = {str(value) for row in columns_of(load(tmp_path, of, content), of) for value in row.values()}
    for line in content.splitlines():
        person = json.loads(line)
        secrets = {n["family"] for n in person["name"]} | {g for n in person["name"] for g in n["given"]}
        secrets |= {t["value"] for t in person["telecom"]} | {person.get("birthDate")}
        if name == "patients":
            secrets |= {i["value"] for i in person["identifier"]} - {person["id"]} | set(person["address"][0]["line"])
        assert not secrets & shown


@needs_data
def test_references_of_the_tables_lead_to_each_other(tmp_path: Path) -> None:
    rows = {}
    for name, (resource, _) in RESOURCES.items():
        (tmp_path / name).mkdir()
        of = contract(name)
        rows[name] = list(columns_of(load(tmp_path / name, of, (DATA / f"{resource}.000.ndjson").read_bytes()), of))
    ids = {name: {row[contract(name).primary_key[0]] for row in found} for name, found in rows.items()}
    for name in ("conditions", "encounters", "immunizations"):
        assert {row["patient_id"] for row in rows[name]} <= ids["patients"]
    assert {row["encounter_id"] for n in ("conditions", "immunizations") for row in rows[n]} <= ids["encounters"]
    assert {row["organization_id"] for row in rows["encounters"]} <= ids["organizations"]
    assert {row["practitioner_npi"] for row in rows["encounters"]} <= {row["npi"] for row in rows["practitioners"]}


def test_export_of_another_resource_is_refused_not_loaded_as_nothing(tmp_path: Path) -> None:
    assert load(tmp_path, contract("patients"), b'{"resourceType":"Encounter","id":"1"}\n').codes == ["WRONG_HEADER"]


def test_date_without_a_time_is_no_instant(tmp_path: Path) -> None:
    line = b'{"resourceType":"Patient","id":"1","deceasedDateTime":"1989"}\n'
    assert load(tmp_path, contract("patients"), line).rules == [[("type", "deceased_at")]]


def test_fraction_of_a_second_is_read(tmp_path: Path) -> None:
    line = (
        b'{"resourceType":"Encounter","id":"1","status":"planned","subject":{"reference":"Patient/2"},'
        b'"period":{"start":"2020-01-01T00:00:00.250Z"}}\n'
    )
    of = contract("encounters")
    (row,) = columns_of(load(tmp_path, of, line), of)
    assert row["started_at"] == datetime(2020, 1, 1, microsecond=250_000, tzinfo=UTC)


def test_subject_that_is_no_patient_is_rejected(tmp_path: Path) -> None:
    line = b'{"resourceType":"Encounter","id":"1","status":"planned","subject":{"reference":"Group/2"}}\n'
    assert load(tmp_path, contract("encounters"), line).rules == [[("required", "patient_id")]]
