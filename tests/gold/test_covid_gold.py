"""The COVID-19 star schema of real public files against a reading of the same files without SQL: equal on every day, everywhere."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import duckdb
import pytest

from local.gold import Gold
from tests.gold.lake import SHARED
from tests.gold.plain_covid import CASES, TESTS, Case, cases, history, totals

REPORTS = SHARED / "covid" / "jhu_daily"
HISTORY = SHARED / "covid" / "testing" / "states_daily.csv"
Fact = dict[str, Any]
NEW = {
    "new_confirmed": "confirmed",
    "new_deaths": "deaths",
    "new_recovered": "recovered",
    "new_positive": "positive",
    "new_negative": "negative",
    "new_hospitalized": "hospitalized_cumulative",
}
FACTS = "tidegate_gold.fact_covid f JOIN tidegate_gold.dim_region r USING (region_key)"


@pytest.fixture(scope="module")
def db(gold: Gold) -> Iterator[duckdb.DuckDBPyConnection]:
    """Gold of all the files, to ask."""
    with duckdb.connect(str(gold.file), read_only=True) as db:
        yield db


@pytest.fixture(scope="module")
def plain() -> list[Case]:
    """All rows of the daily reports."""
    return list(cases(REPORTS))


def summed(db: duckdb.DuckDBPyConnection, by: str, measures: Any, where: str = "true") -> dict[Any, Any]:
    """Return sums of fact_covid by the day and something else."""
    sums = ", ".join(f"sum({measure})" for measure in measures)
    rows = db.sql(f"SELECT f.report_date, {by}, {sums} FROM {FACTS} WHERE {where} GROUP BY ALL").fetchall()  # noqa: S608 - words of ours
    return {row[:2]: row[2:] for row in rows}


def test_cases_of_every_country_and_day_are_those_of_the_files(db: duckdb.DuckDBPyConnection, plain: list[Case]) -> None:
    expected = totals(((c.day, c.country), c.measures) for c in plain)
    assert len({country for _, country in expected}) == 188
    assert summed(db, "f.country_region", CASES, "jhu_rows > 0") == expected


def test_cases_of_every_us_state_and_day_are_those_of_the_files(db: duckdb.DuckDBPyConnection, plain: list[Case]) -> None:
    expected = totals(((c.day, c.state), c.measures) for c in plain if c.country == "US")
    # 50 states, the capital, five territories, two ships, evacuees, all who recovered, and the country itself.
    assert len({state for _, state in expected}) == 61
    of_state = "coalesce(r.state, r.province_state, '')"
    assert summed(db, of_state, CASES, "r.country_region = 'US' AND jhu_rows > 0") == expected


def test_cases_of_every_us_county_and_day_are_those_of_the_files(db: duckdb.DuckDBPyConnection, plain: list[Case]) -> None:
    coded = [c for c in plain if c.county]
    expected, rows = totals(((c.day, c.county), c.measures) for c in coded), Counter((c.day, c.county) for c in coded)
    here = summed(db, "r.fips", [*CASES, "jhu_rows"], "r.level = 'county'")
    # A fact of more rows than have its code is of a county and a town in it, or of its name once more, without a code.
    more = {key for key in expected if here[key][-1] > rows[key]}
    assert len(more) < 15
    assert len(expected) > 190_000
    alike = expected.keys() - more
    assert {key: here[key] for key in alike} == {key: (*expected[key], rows[key]) for key in alike}


def test_tests_and_hospital_of_every_us_state_and_day_are_those_of_the_file(db: duckdb.DuckDBPyConnection) -> None:
    expected = totals(((day, state), measures) for day, state, measures in history(HISTORY))
    assert len(expected) == 2_112
    assert summed(db, "r.state", TESTS, "states_rows > 0") == expected


def test_every_row_of_silver_is_behind_exactly_one_fact(db: duckdb.DuckDBPyConnection, plain: list[Case]) -> None:
    query = (
        "SELECT sum(jhu_rows), sum(states_rows), count(*), count(DISTINCT (region_key, report_date)) FROM tidegate_gold.fact_covid"
    )
    (row,) = db.sql(query).fetchall()
    assert row[:2] == (len(plain), 2_112) == (233_034, 2_112)
    assert row[2] == row[3]


def test_new_cases_are_differences_of_neighbours_and_falls_are_marked(db: duckdb.DuckDBPyConnection) -> None:
    names = ["region_key", "report_date", "jhu_rows", "states_rows", "is_correction", *NEW.values(), *NEW]
    facts = db.sql(f"SELECT {', '.join(names)} FROM tidegate_gold.fact_covid ORDER BY 1, 2").fetchall()  # noqa: S608 - names of ours
    regions = defaultdict(list)
    for fact in (dict(zip(names, row, strict=True)) for row in facts):
        regions[fact["region_key"]].append(fact)
    for days in regions.values():
        expected = {new: _differences(days, measure) for new, measure in NEW.items()}
        assert {new: [day[new] for day in days] for new in NEW} == expected
        fell = [any((values[i] or 0) < 0 for values in expected.values()) for i in range(len(days))]
        assert [day["is_correction"] for day in days] == fell


def _differences(days: Sequence[Fact], measure: str) -> list[int | None]:
    """Return what a measure is more than on the day before that its source has; None for days that are not the source's."""
    before, found = None, []
    for day in days:
        now = day[measure]
        found.append(None if now is None or before is None else now - before)
        if day["jhu_rows" if measure in CASES else "states_rows"]:
            before = now
    return found


def test_no_fact_is_of_an_unknown_region_and_no_region_is_an_orphan_or_there_twice(db: duckdb.DuckDBPyConnection) -> None:
    unknown = f"SELECT count(*) FROM {FACTS} WHERE r.region_id IS NULL"  # noqa: S608 - words of ours
    tree = """SELECT r.level, p.level FROM tidegate_gold.dim_region r LEFT JOIN tidegate_gold.dim_region p
        ON p.region_key = r.parent_region_key WHERE r.region_id IS NOT NULL GROUP BY ALL"""
    assert db.sql(unknown).fetchall() == [(0,)]
    assert sorted(db.sql(tree).fetchall(), key=str) == [("country", None), ("county", "state"), ("state", "country")]
    twice = """SELECT country_region, coalesce(state, province_state), county FROM tidegate_gold.dim_region
        GROUP BY ALL HAVING count(*) > 1"""
    assert db.sql(twice).fetchall() == []
