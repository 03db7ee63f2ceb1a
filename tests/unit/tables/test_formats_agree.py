"""One truth in several formats: CSV, JSON, FHIR resources, Parquet and Excel give the same bronze, quarantine and silver."""

import csv
import datetime as dt
import io
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from demo.dice import Dice
from demo.patients import HEADER, patient
from tests.unit.tables.lake import KEYRING, LIMITS, LocalLake, rows_of
from tidegate.contracts.contract import Contract, Format, JsonFormat, SchemaDrift
from tidegate.contracts.parse import parse_contract
from tidegate.engine import StagedFile
from tidegate.engine.values import LINEAGE
from tidegate.model.runs import Epoch, Manifest
from tidegate.tables.workshop import LocalWorkshop
from tidegate.usecases.commit import commit_rows, commit_silver

Row = dict[str, str]
CSV = parse_contract((Path(__file__).parents[3] / "contracts/healthcare/patients.odcs.yaml").read_text("utf-8"), "patients")
NUMBERS = {"LAT", "LON", "HEALTHCARE_EXPENSES", "HEALTHCARE_COVERAGE"}
CORE, SYNTHEA = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-", "http://synthetichealth.github.io/synthea/"
IDENTIFIERS = {"SSN": "http://hl7.org/fhir/sid/us-ssn", "DRIVERS": "urn:oid:2.16.840.1.113883.4.3.25", "PASSPORT": "urn:passport"}
#: Where each header name of the CSV is in a FHIR resource.
PATHS = {
    "Id": "id",
    "BIRTHDATE": "birthDate",
    "DEATHDATE": "deceasedDateTime",
    **{name: f"identifier[system={system}].value" for name, system in IDENTIFIERS.items()},
    "PREFIX": "name[use=official].prefix[0]",
    "FIRST": "name[use=official].given[0]",
    "LAST": "name[use=official].family",
    "SUFFIX": "name[use=official].suffix[0]",
    "MAIDEN": "name[use=maiden].family",
    "MARITAL": "maritalStatus.coding[0].code",
    "RACE": f"extension[url={CORE}race].extension[url=text].valueString",
    "ETHNICITY": f"extension[url={CORE}ethnicity].extension[url=text].valueString",
    "GENDER": f"extension[url={CORE}birthsex].valueCode",
    "BIRTHPLACE": "extension[url=birthPlace].valueAddress.city",
    "ADDRESS": "address[0].line[0]",
    "CITY": "address[0].city",
    "STATE": "address[0].state",
    "COUNTY": "address[0].district",
    "ZIP": "address[0].postalCode",
    "LAT": "address[0].extension[url=geolocation].extension[url=latitude].valueDecimal",
    "LON": "address[0].extension[url=geolocation].extension[url=longitude].valueDecimal",
    "HEALTHCARE_EXPENSES": f"extension[url={SYNTHEA}expenses].valueDecimal",
    "HEALTHCARE_COVERAGE": f"extension[url={SYNTHEA}coverage].valueDecimal",
}


@dataclass(frozen=True)
class Written:
    """A number that JSON writes with the digits of the CSV."""

    text: str


def value_of(name: str, text: str) -> Any:
    """Return a cell as JSON has it: null, a number, or text."""
    if not text:
        return None
    return Written(text) if name in NUMBERS and text.lstrip("-").replace(".", "", 1).isdigit() else text


def dumped(value: Any) -> str:
    """Write JSON, numbers with their own digits."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(k)}: {dumped(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(dumped, value)) + "]"
    return value.text if isinstance(value, Written) else json.dumps(value)


def as_csv(rows: Sequence[Row]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, HEADER)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def flat(row: Row) -> dict[str, Any]:
    return {name: value_of(name, text) for name, text in row.items() if text or name < "M"}  # a null, or no key at all


def as_lines(rows: Sequence[Row]) -> bytes:
    return "\n".join(dumped(flat(row)) for row in rows).encode()


def as_array(rows: Sequence[Row]) -> bytes:
    return ("[\n" + " ,\n".join(dumped(flat(row)) for row in rows) + "\n]\n").encode()


def resource(row: Row) -> dict[str, Any]:
    """Return a patient as a FHIR resource."""
    cell = {name: value_of(name, text) for name, text in row.items()}
    texts = {"race": "RACE", "ethnicity": "ETHNICITY"}
    place = [{"url": u, "valueDecimal": cell[n]} for u, n in (("latitude", "LAT"), ("longitude", "LON"))]
    official = {
        "use": "official",
        "family": cell["LAST"],
        "given": [cell["FIRST"]],
        "prefix": [cell["PREFIX"]],
        "suffix": [cell["SUFFIX"]],
    }
    maiden = [{"use": "maiden", "family": cell["MAIDEN"]}] if row["MAIDEN"] else []
    return {
        "resourceType": "Patient",
        "id": cell["Id"],
        "extension": [
            *({"url": CORE + u, "extension": [{"url": "text", "valueString": cell[n]}]} for u, n in texts.items()),
            {"url": CORE + "birthsex", "valueCode": cell["GENDER"]},
            {"url": "birthPlace", "valueAddress": {"city": cell["BIRTHPLACE"]}},
            {"url": SYNTHEA + "expenses", "valueDecimal": cell["HEALTHCARE_EXPENSES"]},
            {"url": SYNTHEA + "coverage", "valueDecimal": cell["HEALTHCARE_COVERAGE"]},
        ],
        "identifier": [{"system": s, "value": cell[n]} for n, s in IDENTIFIERS.items() if row[n]],
        "name": [*maiden, official],
        "birthDate": cell["BIRTHDATE"],
        **({"deceasedDateTime": cell["DEATHDATE"]} if row["DEATHDATE"] else {}),
        "maritalStatus": {"coding": [{"code": cell["MARITAL"]}]},
        "address": [
            {
                "line": [cell["ADDRESS"]],
                "city": cell["CITY"],
                "state": cell["STATE"],
                "district": cell["COUNTY"],
                "postalCode": cell["ZIP"],
                "extension": [{"url": "geolocation", "extension": place}],
            }
        ],
    }


def as_bundle(rows: Sequence[Row]) -> bytes:
    entries = [{"fullUrl": f"urn:{number}", "resource": resource(row)} for number, row in enumerate(rows)]
    other = {"resource": {"resourceType": "Encounter", "id": "1"}}
    return dumped({"resourceType": "Bundle", "entry": [other, *entries, other]}).encode()


def as_resources(rows: Sequence[Row]) -> bytes:
    return "".join(dumped(resource(row)) + "\n" for row in rows).encode()


def typed(texts: Sequence[str]) -> pa.Array:
    """A column with the type that all its texts have: dates, decimals of one scale, or texts."""
    known = [text for text in texts if text]
    if all(re.fullmatch(r"\d{4}-\d\d-\d\d", text) for text in known):
        return pa.array([dt.date.fromisoformat(text) if text else None for text in texts], pa.date32())
    if all(re.fullmatch(r"-?\d+(\.\d+)?", text) for text in known) and not any(re.match(r"-?0\d", text) for text in known):
        scale = max(len(text.partition(".")[2]) for text in known)
        return pa.array([Decimal(text) if text else None for text in texts], pa.decimal128(38, scale))
    return pa.array([text or None for text in texts])


def as_parquet(rows: Sequence[Row]) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table({name: typed([row[name] for row in rows]) for name in HEADER}), out)
    return out.getvalue()


def as_workbook(rows: Sequence[Row]) -> bytes:
    """Texts, and dates as Excel has them; its numbers have too few digits."""
    book, columns = openpyxl.Workbook(), {name: typed([row[name] for row in rows]) for name in HEADER}
    book.active.append(list(HEADER))
    for number, row in enumerate(rows):
        cells = (columns[name][number].as_py() if pa.types.is_date(columns[name].type) else row[name] for name in HEADER)
        book.active.append(list(cells))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


JSON = replace(CSV, format=Format.JSON)
_COLUMNS = tuple(replace(c, sources=tuple(PATHS[s] for s in c.sources)) for c in CSV.columns)
FHIR = replace(JSON, columns=_COLUMNS, json=JsonFormat(records="[resourceType=Patient]"), schema_drift=SchemaDrift.IGNORE)
BUNDLE = replace(FHIR, json=JsonFormat(records="entry[*].resource[resourceType=Patient]"))
FORMS: dict[str, tuple[Contract, Callable[[Sequence[Row]], bytes]]] = {
    "lines": (JSON, as_lines),
    "array": (JSON, as_array),
    "fhir": (FHIR, as_resources),
    "bundle": (BUNDLE, as_bundle),
    "parquet": (replace(CSV, format=Format.PARQUET), as_parquet),
    "xlsx": (replace(CSV, format=Format.EXCEL), as_workbook),
}


@dataclass(frozen=True)
class Tables:
    """What came of two files, without the names of files."""

    types: list[tuple[str, str]]
    bronze: list[dict[str, Any]]
    rejects: list[tuple[str, int, list[dict[str, str]]]]
    silver: list[dict[str, Any]]


def tables(of: Contract, write: Callable[[Sequence[Row]], bytes], loads: Sequence[Sequence[Row]], place: Path) -> Tables:
    """Load each file in a run of its own, as `load` does."""
    place.mkdir()
    lake = LocalLake(place)
    for number, rows in enumerate(loads):
        room = place / f"run-{number}"
        room.mkdir()
        path = room / "in"
        path.write_bytes(write(rows))
        workshop, layers = LocalWorkshop(room, LIMITS, KEYRING), lake.open(of)
        manifest = Manifest(of.dataset, 1, f"run-{number}", "key", "1.0.0", Epoch(), Epoch(), ())
        staged = StagedFile(f"f{number}", f"healthcare/patients/delta/{number}", "v", f"{number:04d}", path)
        output = workshop.run(of, [staged], layers, manifest.run_id, {})
        assert workshop.inspect(of, [staged]).extra_columns == ()
        commit_rows(layers.bronze, [], output.accepted, manifest.run_id, workshop, fence=True)
        commit_rows(layers.quarantine, [], output.quarantined, manifest.run_id, workshop, fence=False)
        commit_silver(of, manifest, layers, output.accepted, [], workshop)
    layers = lake.open(of)
    bronze, rejects, silver = (rows_of(t, place) for t in (layers.bronze, layers.quarantine, layers.silver))
    schema = pq.read_schema(layers.bronze.live()[0].path)
    return Tables(
        [(field.name, str(field.type)) for field in schema],
        sorted(bronze, key=lambda row: (row["_file_id"], row["_record"])),
        sorted((row["_file_id"], row["_record"], row["reasons"]) for row in rejects),
        sorted(silver, key=lambda row: str(row["patient_id"])),
    )


@pytest.fixture(scope="module")
def loads() -> list[list[Row]]:
    """Two files: people, then some of them changed and others new; some rows break a rule."""
    dice = Dice("formats agree")
    first = [patient(dice) for _ in range(60)]
    second = [
        row | {"CITY": "Elsewhere", "MARITAL": "", "HEALTHCARE_EXPENSES": "123456789012345678.12345678901234567890"}
        for row in first[:25]
    ]
    second += [patient(dice) for _ in range(20)]
    first[3] |= {"BIRTHDATE": ""}
    first[5] |= {"GENDER": "x"}
    second[7] |= {"HEALTHCARE_COVERAGE": "1e2", "Id": ""}
    second[9] |= {"BIRTHDATE": "01.02.1990"}
    first[11] |= {"ADDRESS": 'Größe "7",\\ 漢\u2028\U0001f600', "LAST": "O'Neil\tJr"}
    return [first, second]


@pytest.fixture(scope="module")
def wanted(loads: list[list[Row]], tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """What the CSV files give."""
    return tables(CSV, as_csv, loads, tmp_path_factory.mktemp("csv") / "lake")


def test_the_csv_files_exercise_the_fold_and_the_rules(wanted: Tables, loads: list[list[Row]]) -> None:
    assert len(wanted.bronze) + len(wanted.rejects) == sum(map(len, loads))
    assert len(wanted.rejects) == 4
    assert len(wanted.silver) < len(wanted.bronze)
    assert set(LINEAGE) <= {name for name, _ in wanted.types}


@pytest.mark.parametrize("form", FORMS)
def test_every_format_gives_the_tables_of_the_csv(form: str, wanted: Tables, loads: list[list[Row]], tmp_path: Path) -> None:
    of, write = FORMS[form]
    found = tables(of, write, loads, tmp_path / "lake")
    assert found.types == wanted.types
    assert found.rejects == wanted.rejects
    assert found.bronze == wanted.bronze
    assert found.silver == wanted.silver
