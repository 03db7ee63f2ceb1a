"""Real public files: each gets a contract that loads it without a reject, with the types that the hand-written contract has."""

from pathlib import Path

import pytest

from tests.unit.contracts.test_shipped import DATA, HEALTHCARE, contract, needs_data, sample_files
from tests.unit.propose.samples import comment_of, proposed
from tidegate.contracts.contract import Contract, Kind
from tidegate.contracts.parse import parse_contract

SINGLE = [*(f"healthcare.{name}" for name in HEALTHCARE.split()), "covid.states_daily"]
GENERATIONS = {"01": (0, 39), "03-01": (39, 60), "03-22": (60, 128), "05-29": (128, 131)}
#: Personal only by what a person knows of the column.
KNOWN_ONLY_TO_PEOPLE = {"healthcare.observations": {"VALUE"}, "healthcare.claims_transactions": {"LINENOTE"}}
pytestmark = needs_data


def _kinds(parsed: Contract) -> dict[str, Kind]:
    return {source: c.type.kind for c in parsed.columns for source in c.sources}


@pytest.mark.parametrize("dataset", SINGLE)
def test_each_file_loads_without_a_reject_and_with_the_types_of_the_hand_written_contract(dataset: str, tmp_path: Path) -> None:
    paths, ours = sample_files(dataset), contract(dataset)
    done = proposed(tmp_path, paths, dataset)
    theirs = parse_contract(done.text, dataset)
    assert done.rejected == ()
    assert done.rows_accepted == done.rows_read > 0
    assert theirs.load_mode is ours.load_mode
    unknown = {s for c in theirs.columns if "empty in every row" in comment_of(done.text, c.name) for s in c.sources}
    wanted, found = _kinds(ours), _kinds(theirs)
    assert {s: k for s, k in found.items() if s not in unknown} == {s: k for s, k in wanted.items() if s not in unknown}
    personal = {s for c in ours.columns if c.classification in {"personal", "sensitive"} for s in c.sources}
    hidden = {s for c in theirs.columns if c.classification in {"personal", "sensitive"} for s in c.sources}
    assert personal - hidden == KNOWN_ONLY_TO_PEOPLE.get(dataset, set())


def test_the_dailies_of_all_generations_make_one_contract(tmp_path: Path) -> None:
    done = proposed(tmp_path, sample_files("covid.jhu_daily"), "covid.jhu_daily")
    theirs, ours = parse_contract(done.text, "jhu"), contract("covid.jhu_daily")
    assert done.rejected == ()
    assert done.rows_accepted == done.rows_read == 233_034
    assert theirs.load_mode is ours.load_mode
    found = {frozenset(c.sources): c.type.kind for c in theirs.columns}
    sources = {s for c in theirs.columns for s in c.sources}
    wanted = {frozenset(set(c.sources) & sources): c.type.kind for c in ours.columns}
    instant = {Kind.TIMESTAMPTZ: Kind.TIMESTAMP}  # that the local times are UTC is nowhere in the files
    assert found == {names: instant.get(kind, kind) for names, kind in wanted.items()}
    assert [c.name for c in theirs.columns if c.from_key] == ["report_date"]
    assert {c.classification for c in theirs.columns} == {"public"}


@pytest.mark.parametrize("generation", GENERATIONS)
def test_each_generation_of_the_dailies_loads_alone(generation: str, tmp_path: Path) -> None:
    first, last = GENERATIONS[generation]
    paths = sample_files("covid.jhu_daily")[first:last]
    done = proposed(tmp_path, paths, "covid.jhu_daily")
    parsed = parse_contract(done.text, generation)
    assert done.rejected == ()
    assert done.rows_accepted == done.rows_read > 0
    kinds = {c.name: c.type.kind for c in parsed.columns}
    assert kinds["confirmed"] is Kind.INTEGER
    assert kinds["last_update"] is Kind.TIMESTAMP
    assert kinds.get("fips", Kind.STRING) is Kind.STRING


def test_no_personal_value_of_the_sample_is_in_a_proposal(tmp_path: Path) -> None:
    import csv

    done = proposed(tmp_path, [DATA / "synthea/patients.csv"], "healthcare.patients")
    hidden = {s for c in parse_contract(done.text, "p").columns if c.classification == "personal" for s in c.sources}
    with (DATA / "synthea/patients.csv").open(encoding="utf-8", newline="") as file:
        values = {row[name] for row in csv.DictReader(file) for name in hidden} - {""}
    said = done.text + "\n".join(done.notes)
    assert len(values) > 200
    assert [v for v in values if v in said] == []


def test_the_same_files_give_the_same_text(tmp_path: Path) -> None:
    paths = sample_files("healthcare.encounters")
    first = proposed(tmp_path / "a", paths, "healthcare.encounters")
    assert proposed(tmp_path / "b", paths, "healthcare.encounters") == first


@pytest.mark.parametrize("resource", ["Condition", "Encounter", "Immunization", "Patient"])
def test_each_fhir_resource_gets_a_contract_that_loads_it_without_a_reject(resource: str, tmp_path: Path) -> None:
    paths = sorted((DATA / "fhir").glob(f"{resource}.*.ndjson"))
    done = proposed(tmp_path, paths, f"fhir.{resource.lower()}s")
    found = {c.sources[0]: c for c in parse_contract(done.text, resource).columns}
    assert done.rejected == ()
    assert done.rows_accepted == done.rows_read > 0
    assert found["id"].primary_key
    exposed = {"identifier", "name", "telecom", "address", "birthDate"} & set(found)
    assert {found[source].classification for source in exposed} <= {"personal", "sensitive"}
