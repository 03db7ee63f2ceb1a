"""Gold of real public files: all of dbt's tests pass, and building it again, anew, or after a replay of every file gives the same rows."""

import datetime as dt
import json
import random
import shutil
from pathlib import Path

from local.gold import Gold
from tests.gold.lake import Loaded


def test_facts_have_the_rows_of_silver_and_dimensions_a_version_of_each_member(gold: Gold, loaded: Loaded) -> None:
    silver = gold.mirror(loaded.lake)
    rows = {mart.name: mart.rows for mart in gold.marts()}
    for fact, dataset in {
        "fact_encounter": "encounters",
        "fact_claim": "claims",
        "fact_claim_transaction": "claims_transactions",
        "fact_observation": "observations",
        "fact_medication": "medications",
        "fact_condition": "conditions",
    }.items():
        assert rows[fact] == silver[f"silver.healthcare_{dataset}"] > 0
    for dimension, dataset in {"patient": "patients", "provider": "providers", "payer": "payers"}.items():
        assert rows[f"dim_{dimension}"] == silver[f"silver.healthcare_{dataset}"] + 1  # the unknown member


def test_freshness_is_told_by_the_arrival_of_the_newest_file(gold: Gold, loaded: Loaded) -> None:
    gold.dbt("source", "freshness", "--select", "source:silver.covid_jhu_daily")
    (result,) = json.loads((gold.folder / "target/sources.json").read_text(encoding="utf-8"))["results"]
    assert result["status"] == "warn"  # nothing came for more than a week
    assert dt.datetime.fromisoformat(result["max_loaded_at"]).timestamp() == loaded.newest("covid.jhu_daily") / 1_000_000


def test_building_twice_anew_and_after_a_replay_of_every_file_gives_the_same_rows(
    gold: Gold, loaded: Loaded, tmp_path: Path
) -> None:
    first = gold.marts()
    gold.build(["path:models/marts"])
    assert gold.marts() == first
    loaded.replay_everything(random.Random(8))  # noqa: S311 - no secret
    anew = Gold("tidegate", tmp_path / "anew")
    anew.mirror(loaded.lake)
    anew.build()
    assert anew.marts() == first
    shutil.rmtree(anew.folder)
