"""Each named query of sql/athena is an answer on gold, and is in the template as it is in its file."""

from collections import Counter

import duckdb
import pytest
import sqlglot

from local.gold import PROJECT, Gold
from scripts import named_queries

QUERIES = sorted((PROJECT / "athena").glob("*.sql"))
EMPTY_WHEN_ALL_IS_WELL = {"validation_patient_history"}
NOBODY_MOVED = {"analytics_patients_who_moved"}  # the public files have each patient once: see test_members.py


def test_template_has_the_queries_of_the_files() -> None:
    assert named_queries.TEMPLATE.read_text(encoding="utf-8") == named_queries.written()


def test_there_are_queries_to_validate_to_report_and_to_analyse() -> None:
    assert {path.stem.partition("_")[0] for path in QUERIES} == {"validation", "reporting", "analytics"}


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_query_is_trinos_and_answers_on_gold_of_the_public_files(gold: Gold, path: object) -> None:
    text = path.read_text(encoding="utf-8")  # type: ignore[attr-defined]
    assert text.startswith("-- ")
    sqlglot.parse_one(text, read="athena", error_level=sqlglot.ErrorLevel.RAISE)
    with duckdb.connect(str(gold.file), read_only=True) as db:
        db.execute("USE tidegate_gold")
        rows = db.execute(text).fetchall()
    assert bool(rows) == (path.stem not in EMPTY_WHEN_ALL_IS_WELL | NOBODY_MOVED)  # type: ignore[attr-defined]


def test_every_query_belongs_to_an_exposure() -> None:
    told = (PROJECT / "models/exposures.yml").read_text(encoding="utf-8")
    of_gold = {path.stem for path in QUERIES} - {"validation_unknown_members", "validation_patient_history"}  # the audit's own
    assert {name for name in of_gold if f"`{name}`" not in told} == set()


def test_weeks_of_a_country_add_up_to_what_it_counted_at_last(gold: Gold) -> None:
    """Whatever grain its reports had: the cases of a state do not vanish on the day when its counties are reported."""
    weeks = gold.query((PROJECT / "athena/analytics_covid_weeks.sql").read_text(encoding="utf-8"))
    last = gold.query((PROJECT / "athena/reporting_covid_by_country.sql").read_text(encoding="utf-8"))
    totals: Counter[str] = Counter()
    for week in weeks:
        totals[week["country_region"]] += int(week["new_confirmed"])
    assert totals == Counter({row["country_region"]: int(row["confirmed"] or 0) for row in last})
