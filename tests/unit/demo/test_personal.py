from itertools import chain
from pathlib import Path
from typing import Any

from tests.unit.demo.recount import UNDECODABLE, dataset_of, has_rows, read

Plan = dict[str, Any]
PATIENT_COLUMNS = (
    "Id",
    "BIRTHDATE",
    "DEATHDATE",
    "SSN",
    "DRIVERS",
    "PASSPORT",
    "FIRST",
    "LAST",
    "MAIDEN",
    "BIRTHPLACE",
    "ADDRESS",
    "CITY",
    "LAT",
    "LON",
)
COLUMNS = {"healthcare.patients": PATIENT_COLUMNS, "healthcare.encounters": ("PATIENT",), "healthcare.claims": ("PATIENTID",)}
WITHOUT_TABLE = ("healthcare/claims/delta/members.csv", "marketing/leads/delta/leads.csv")


def test_every_personal_value_occurs_in_the_files(out: Path, plan: Plan) -> None:
    everything = b"\n".join(p.read_bytes() for p in sorted((out / "files").rglob("*")) if p.is_file())
    assert [v for v in plan["personal_values"] if v.encode() not in everything] == []


def test_no_value_of_an_identifying_column_is_missing(out: Path, plan: Plan, drops: list[Plan]) -> None:
    listed = set(plan["personal_values"])
    rows = [(d, r) for d in drops if has_rows(d) for r, _ in read(out / d["path"], dataset_of(d))]
    cells = [row.get(column, "") for drop, row in rows for column in COLUMNS.get(dataset_of(drop), ())]
    parts = set(chain.from_iterable(UNDECODABLE.split(cell) for cell in cells if cell))
    assert {p for p in parts if len(p) >= 5} <= listed
    assert len(parts) > 3000


def test_people_in_refused_files_are_listed_too(out: Path, plan: Plan, drops: list[Plan]) -> None:
    listed = set(plan["personal_values"])
    for drop in (d for d in drops if d["key"] in WITHOUT_TABLE):
        lines = (out / drop["path"]).read_text("utf-8").splitlines()[1:]
        assert {cell for line in lines for cell in line.split(",")[:3]} <= listed


def test_personal_values_cannot_be_found_by_chance(plan: Plan, drops: list[Plan]) -> None:
    assert all(len(v) >= 5 for v in plan["personal_values"])
    told = "\n".join(f"{d['key']} {d['path']} {d['note']} {d['sha256']}" for d in drops)
    assert [v for v in plan["personal_values"] if v in told] == []
