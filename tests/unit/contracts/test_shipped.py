"""The contracts that ship, and every value of the public sample files against them."""

import json
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
import yaml

from tests.unit.contracts.plain import fault, header_of, read
from tidegate.contracts.contract import Contract, Format, Kind, LoadMode, Privacy
from tidegate.contracts.parse import parse_contract

ROOT = Path(__file__).parents[3]
PATHS = sorted((ROOT / "contracts").rglob("*.odcs.yaml"))
DATA = ROOT.parent / "shared/data"
needs_data = pytest.mark.skipif(not DATA.exists(), reason="the public sample data (../shared/data) is not here")
HEALTHCARE = """allergies careplans claims claims_transactions conditions devices encounters imaging_studies immunizations
    medications observations organizations patients payer_transitions payers procedures providers supplies"""
FHIR = "conditions encounters immunizations organizations patients practitioners"
PERSONAL = {
    "fhir.patients": "address birth_date birth_place city deceased_at drivers_license first_name last_name maiden_name"
    " medical_record_number middle_name passport phone ssn zip",
    "fhir.practitioners": "email first_name last_name",
    "devices": "udi",
    "imaging_studies": "instance_uid series_uid",
    "observations": "value",
    "patients": "address birth_date birth_place city county death_date drivers_license first_name last_name latitude longitude"
    " maiden_name passport ssn zip",
    "payer_transitions": "member_id owner_name",
    "providers": "name",
}


def contract(dataset: str) -> Contract:
    path = ROOT / f"contracts/{dataset.replace('.', '/')}.odcs.yaml"
    return parse_contract(path.read_text("utf-8"), path.name)


def sample_files(dataset: str) -> list[Path]:
    folders = {"covid.jhu_daily": "covid/jhu_daily/*.csv", "covid.states_daily": "covid/testing/states_daily.csv"}
    return sorted(DATA.glob(folders.get(dataset, f"synthea/{dataset.partition('.')[2]}.csv")))


DATASETS = sorted(f"{p.parent.name}.{p.name.removesuffix('.odcs.yaml')}" for p in PATHS)
WITHOUT_SAMPLE = {"covid.hospital_beds"}  # its public file is not among the samples
# The others: tests/unit/engine/test_fhir.py has those of FHIR.
OF_CSV = [dataset for dataset in DATASETS if contract(dataset).format is Format.CSV and dataset not in WITHOUT_SAMPLE]


def test_all_datasets_ship() -> None:
    fhir, healthcare = (f"fhir.{t}" for t in FHIR.split()), (f"healthcare.{t}" for t in HEALTHCARE.split())
    assert sorted([*fhir, *healthcare, "covid.hospital_beds", "covid.jhu_daily", "covid.states_daily"]) == DATASETS


@pytest.mark.parametrize("dataset", DATASETS)
def test_contract_is_named_like_its_file_and_describes_every_column(dataset: str) -> None:
    parsed = contract(dataset)
    assert parsed.dataset == dataset
    assert parsed.description
    assert all(c.description for c in parsed.columns)


@pytest.mark.parametrize("dataset", DATASETS)
def test_another_validator_of_the_standard_agrees(dataset: str) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads(files("open_data_contract_standard").joinpath("schema.json").read_text("utf-8"))
    path = ROOT / f"contracts/{dataset.replace('.', '/')}.odcs.yaml"
    jsonschema.validate(yaml.safe_load(path.read_text("utf-8")), schema)


@pytest.mark.parametrize("dataset", DATASETS)
def test_what_identifies_a_person_is_not_kept(dataset: str) -> None:
    columns = contract(dataset).columns
    personal = {c.name for c in columns if c.classification == "personal"}
    assert personal == set(PERSONAL.get(dataset.removeprefix("healthcare."), "").split())
    assert all(c.privacy is not Privacy.KEEP for c in columns if c.classification in {"personal", "sensitive"})


def test_addresses_among_observations_become_tokens_and_other_values_stay() -> None:
    value = next(c for c in contract("healthcare.observations").columns if c.name == "value")
    assert value.privacy is Privacy.TOKENISE
    assert value.privacy_when
    assert (value.privacy_when.column, value.privacy_when.values) == ("code", ("56799-0",))


@pytest.mark.parametrize("dataset", DATASETS)
def test_codes_and_identifiers_are_text(dataset: str) -> None:
    words = ("id", "code", "zip", "fips", "uid", "udi")
    numbers = {Kind.INTEGER, Kind.DECIMAL, Kind.DOUBLE}
    assert not [c.name for c in contract(dataset).columns if c.name.rpartition("_")[2] in words and c.type.kind in numbers]


@needs_data
@pytest.mark.parametrize("dataset", OF_CSV)
def test_contract_names_every_column_of_its_files(dataset: str) -> None:
    parsed, paths = contract(dataset), sample_files(dataset)
    headers = {header_of(path) for path in paths}
    used = {s for c in parsed.columns for s in c.sources}
    assert headers
    assert all(set(header) <= used for header in headers)
    seen = {name for header in headers for name in header}
    assert [c.name for c in parsed.columns if c.sources and not seen & set(c.sources)] == []


def test_hospital_beds_name_every_column_of_the_published_header() -> None:
    header = """OBJECTID HOSPITAL_NAME HOSPITAL_TYPE HQ_ADDRESS HQ_ADDRESS1 HQ_CITY HQ_STATE HQ_ZIP_CODE COUNTY_NAME STATE_NAME
        STATE_FIPS CNTY_FIPS FIPS NUM_LICENSED_BEDS NUM_STAFFED_BEDS NUM_ICU_BEDS ADULT_ICU_BEDS PEDI_ICU_BEDS BED_UTILIZATION
        AVG_VENTILATOR_USAGE Potential_Increase_In_Bed_Capac latitude longtitude"""
    parsed = contract("covid.hospital_beds")
    assert [c.sources[0] for c in parsed.columns] == header.split()
    assert (parsed.load_mode, parsed.primary_key) == (LoadMode.UPSERT, ("hospital_id",))


@needs_data
@pytest.mark.parametrize("dataset", OF_CSV)
def test_every_value_of_every_file_is_accepted(dataset: str) -> None:
    parsed = contract(dataset)
    rows = 0
    for path in sample_files(dataset):
        seen: set[tuple[str, str | None]] = set()
        for row in read(parsed, path):
            rows += 1
            seen.update(row.items())
        faults = {(c.name, broken) for c in parsed.columns for n, v in seen if n == c.name and (broken := fault(c, v))}
        assert not faults, path.name
    assert rows == ROWS[dataset]


ROWS = {"covid.jhu_daily": 233_034, "covid.states_daily": 2_112} | {
    f"healthcare.{name}": count
    for name, count in zip(
        HEALTHCARE.split(),
        (40, 49, 1267, 5228, 438, 3, 604, 1, 29, 663, 990, 63, 27, 1051, 10, 249, 166, 72),
        strict=True,
    )
}


@needs_data
@pytest.mark.parametrize("dataset", OF_CSV)
def test_load_mode_follows_from_the_keys_in_the_data(dataset: str) -> None:
    parsed = contract(dataset)
    assert (parsed.load_mode is LoadMode.UPSERT) == bool(parsed.primary_key)
    if parsed.primary_key:
        keys = list(_keys(parsed))
        assert len(keys) == len(set(keys))


def _keys(parsed: Contract) -> Iterator[tuple[str | None, ...]]:
    for path in sample_files(parsed.dataset):
        yield from (tuple(row[k] for k in parsed.primary_key) for row in read(parsed, path))


@needs_data
def test_jhu_has_four_header_generations() -> None:
    paths = sample_files("covid.jhu_daily")
    assert len(paths) == 131
    assert sorted({len(header_of(path)) for path in paths}) == [6, 8, 12, 14]
