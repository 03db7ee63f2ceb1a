"""Facts find the version of a member that was valid at their time, and members that nobody sent yet lose nothing."""

import datetime as dt
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from local.gold import DBT, PROJECT, GoldError
from tests.gold.warehouse import Warehouse, sources

pytestmark = pytest.mark.skipif(not DBT.exists(), reason="dbt is not here: make .venvs/dbt/.ready")

UNKNOWN = "0" * 32


class Clinic(Warehouse):
    """Gold's sources with a few rows in them; those that a test gives none are not there."""

    def send(self, **tables: list[dict[str, Any]]) -> None:
        """Make the sources anew: rows of bronze and silver by dataset. Dimensions are in bronze, and their newest rows in silver."""
        for source, columns in sources().items():
            layer, _, table = source.partition(".")
            rows = tables.get(table.removeprefix("healthcare_"), [])
            key = f"{table.removeprefix('healthcare_').removesuffix('s')}_id"
            if layer == "silver" and rows and "_arrival" in rows[0]:
                rows = list({row[key]: row for row in sorted(rows, key=lambda r: r["_arrival"])}.values())
            full = [{"_load_id": "", "_file_id": "f", "_record": n, **row} for n, row in enumerate(rows, start=1)]
            if rows:
                self.put(source, _table(full, columns), columns)

    def build_all(self) -> None:
        self.build(["+path:models/marts/healthcare"])


def _table(rows: list[dict[str, Any]], columns: Any) -> pa.Table:
    return pa.table({name: pa.array([row.get(name) for row in rows], None if rows else pa.null()) for name in columns})


def at(day: int) -> str:
    """A file that arrived on a day of January 2026."""
    return f"{int(dt.datetime(2026, 1, day, tzinfo=dt.UTC).timestamp()) * 1_000_000:016d}-f"


def encounter(number: int, patient: str | None, day: int) -> dict[str, Any]:
    return {"encounter_id": f"e{number}", "patient_id": patient, "started_at": dt.datetime(2026, 1, day, 12, tzinfo=dt.UTC)}


@pytest.fixture
def clinic(tmp_path: Path) -> Clinic:
    return Clinic("tidegate", tmp_path)


def test_fact_names_the_version_of_its_time_and_a_member_that_comes_late_takes_the_key_it_was_given(clinic: Clinic) -> None:
    encounters = [encounter(1, "ann", 5), encounter(2, "ann", 25), encounter(3, "bob", 25), encounter(4, None, 5)]
    times = [dt.datetime(1850, 1, 1, tzinfo=dt.UTC), dt.datetime(9999, 12, 31, tzinfo=dt.UTC), None]
    encounters += [{"encounter_id": f"e{n}", "patient_id": "ann", "started_at": time} for n, time in enumerate(times, start=5)]
    linked = (
        "SELECT encounter_id, f.patient_key, d.city, d.is_inferred FROM fact_encounter f JOIN dim_patient d USING (patient_key)"
    )
    ann = [
        {"patient_id": "ann", "city": "Salem", "address": "1 Elm", "_arrival": at(10)},
        {"patient_id": "ann", "city": "Lynn", "address": "2 Oak", "_arrival": at(20)},
    ]
    clinic.send(encounters=encounters, patients=ann)
    clinic.build_all()
    first = {row["encounter_id"]: row for row in clinic.query(linked)}
    assert [first[f"e{n}"]["city"] for n in (1, 2, 3, 4)] == ["Salem", "Lynn", None, None]
    assert [first[f"e{n}"]["is_inferred"] for n in (1, 2, 3, 4)] == [False, False, True, False]
    assert first["e4"]["patient_key"] == UNKNOWN
    assert [first[f"e{n}"]["city"] for n in (5, 6, 7)] == ["Salem", "Lynn", "Lynn"]  # before all time, after it, and at none
    counted = "SELECT fact_rows, unknown_rows, inferred_rows FROM audit_healthcare_members"
    shown = f"{counted} WHERE fact = 'fact_encounter' AND link = 'patient_key'"
    assert clinic.query(shown) == [{"fact_rows": 7, "unknown_rows": 1, "inferred_rows": 1}]

    moved = (PROJECT / "athena/analytics_patients_who_moved.sql").read_text(encoding="utf-8")
    assert [(row["is_current"], row["encounters"]) for row in clinic.query(moved)] == [(False, 2), (True, 3)]

    clinic.send(encounters=encounters, patients=[*ann, {"patient_id": "bob", "city": "Ware", "_arrival": at(28)}])
    clinic.build_all()
    second = {row["encounter_id"]: row for row in clinic.query(linked)}
    assert {name: row["patient_key"] for name, row in second.items()} == {name: row["patient_key"] for name, row in first.items()}
    assert (second["e3"]["city"], second["e3"]["is_inferred"]) == ("Ware", False)


def test_full_load_without_a_row_ends_every_member_as_silver_has_none(clinic: Clinic) -> None:
    """Bronze cannot show it, so without the ledger's word the members would go on, and the test that compares them with silver fails."""
    ann = {"patient_id": "ann", "city": "Salem", "_arrival": at(10)}
    clinic.send(patients=[ann])
    clinic.put("silver.healthcare_patients", _table([], columns := sources()["silver.healthcare_patients"]), columns)
    with pytest.raises(GoldError, match="shows_current"):
        clinic.build(["+dim_patient"])
    clinic.build(["+dim_patient"], {"healthcare_patients": {"healthcare.patients/it's empty": at(20)}})
    versions = clinic.query(
        "SELECT day(valid_from) AS day, is_deleted FROM dim_patient WHERE patient_id = 'ann' ORDER BY valid_from"
    )
    assert versions == [{"day": 1, "is_deleted": False}, {"day": 20, "is_deleted": True}]
