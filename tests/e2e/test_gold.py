"""Gold where the stack is: what arrives is in the next build; a build that fails is told, and made again when its letter is replayed."""

import json
from pathlib import Path
from typing import Any

import pytest

from demo.generate import generate
from local.deploy import deploy
from local.gold import DBT, Gold
from local.laptop import ROOT, TEMPLATE, Laptop
from tests.e2e.test_permissions import without
from tidegate.cli.query import select

CONTRACTS = ROOT / "contracts/healthcare"


def build(laptop: Laptop) -> dict[str, Any]:
    """What `tidegate gold` says."""
    answer: dict[str, Any] = json.loads(laptop.run("gold", "--json", check=False).stdout)
    return answer


def role(laptop: Laptop) -> str:
    name = laptop.stack.outputs["GoldFunction"]
    return str(laptop.client("lambda").get_function_configuration(FunctionName=name)["Role"])


def ask(laptop: Laptop, sql: str) -> list[dict[str, Any]]:
    """What a person of the stack gets from Athena."""
    return select(laptop.stack, sql, f"{laptop.stack.name}_gold")[1]


@pytest.fixture
def loaded(laptop: Laptop, tmp_path: Path) -> Laptop:
    """A stack of its own with the demo's encounters and patients: full loads, deltas and people who moved."""
    deploy("golden", laptop.environment, TEMPLATE)
    golden = Laptop(laptop.settings, "golden")
    for dataset in ("patients", "encounters"):
        golden.publish((CONTRACTS / f"{dataset}.odcs.yaml").read_text(encoding="utf-8"), tmp_path)
    generate(tmp_path / "demo")
    plan = json.loads((tmp_path / "demo/plan.json").read_text())
    for wave in plan["waves"][:3]:
        for drop in wave["drops"]:
            if drop["key"].startswith(("healthcare/patients/", "healthcare/encounters/")):
                golden.put(drop["key"], (tmp_path / "demo" / drop["path"]).read_bytes())
        golden.rest()
    return golden


def test_failed_build_is_told_once_and_made_when_its_letter_is_replayed_with_the_rows_that_duckdb_makes(
    loaded: Laptop, tmp_path: Path
) -> None:
    with without(loaded, role(loaded), "glue:GetTables"):
        assert build(loaded)["built"]["failed"]
        assert "replay" in build(loaded)["why_not"]
    (letter,) = [letter for letter in loaded.letters() if letter.get("kind") == "gold-failed"]
    assert "healthcare" in str(letter["tables"])
    assert "silver.healthcare_encounters" in letter["tables"]
    loaded.run("replay", "--letters", "10")
    assert [letter for letter in loaded.letters() if letter.get("kind") == "gold-failed"] == []

    made = build(loaded)
    assert made["built"]["failed"] == []
    assert made["changed"] == ["bronze.healthcare_patients", "silver.healthcare_encounters", "silver.healthcare_patients"]
    assert build(loaded)["why_not"] == "no table changed"

    if not DBT.exists():
        pytest.skip("dbt is not here: make .venvs/dbt/.ready")
    gold = Gold(loaded.stack.name, tmp_path / "gold")
    gold.mirror(loaded.stack.tables)
    gold.build(["+path:models/marts/healthcare"])
    costs = (ROOT / "sql/athena/reporting_cost_of_care.sql").read_text(encoding="utf-8")
    here = [[str(value) for value in row.values()] for row in gold.query(costs)]
    there = [[str(value) for value in row.values()] for row in ask(loaded, costs)]
    assert here == there != []
    lived = "SELECT patient_key, patient_id, address, is_current, is_deleted FROM dim_patient ORDER BY patient_key"
    assert [list(row.values()) for row in gold.query(lived)] == [list(row.values()) for row in ask(loaded, lived)]
    versions = gold.query("SELECT count(*) AS n FROM dim_patient WHERE NOT is_current")
    assert versions[0]["n"] > 0
