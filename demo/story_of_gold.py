"""Star schemas over what the demo loaded: three questions to gold, one of each domain and one across both."""

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from demo.world import World
from local.gold import PROJECT, Gold
from tidegate.cli.output import out, print_table

if TYPE_CHECKING:
    from demo.show import Check

_QUESTIONS = {
    "reporting_cost_of_care": "What does care cost, and what do payers cover of it?",
    "reporting_covid_by_country": "Where were most cases counted, on the newest day?",
    "analytics_care_beside_cases": "Who was cared for where, and what was the epidemic like there?",
}
_FACTS = {"fact_encounter": "healthcare.encounters", "fact_claim": "healthcare.claims"}


def ask_gold(world: World, plan: dict[str, Any], check: "Check") -> None:
    """Build gold with dbt on DuckDB, compare it with the plan, and ask it."""
    out.rule("[bold]Gold: star schemas by dbt, and three questions", align="left")
    gold = Gold(world.stack.name)
    _, loads = gold.look(world.stack)
    out.print(f"dbt build: {gold.build(full_loads=loads)}")
    planned = plan["waves"][-1]["tables"]
    marts = {mart.name: mart.rows for mart in gold.marts()}
    for fact, dataset in _FACTS.items():
        check.equal(f"{fact}: rows", marts[fact], planned[dataset]["silver"])
    (costs,) = gold.query(
        "SELECT sum(base_encounter_cost) AS b, sum(total_claim_cost) AS t, sum(payer_coverage) AS p FROM fact_encounter"
    )
    sums = planned["healthcare.encounters"]["silver_sums"]
    check.equal("fact_encounter: costs", list(costs.values()), [Decimal(text) for text in sums.values()])
    (cases,) = gold.query("SELECT sum(jhu_rows) AS n, sum(confirmed) AS c, sum(deaths) AS d, sum(recovered) AS r FROM fact_covid")
    dailies = planned["covid.jhu_daily"]
    check.equal("fact_covid: rows of silver", int(cases.pop("n")), dailies["silver"])
    check.equal("fact_covid: totals", [int(c) for c in cases.values()], [int(text) for text in dailies["silver_sums"].values()])
    (people,) = gold.query(
        "SELECT count(*) AS n, count(DISTINCT patient_id) AS p FROM dim_patient WHERE is_current AND NOT is_inferred"
    )
    check.equal("dim_patient: current patients", people["p"], planned["healthcare.patients"]["silver"])
    (versions,) = gold.query("SELECT count(*) AS n FROM dim_patient WHERE patient_id IS NOT NULL")
    out.print(f"{people['p']} patients have {versions['n']} versions: those who moved are where they were, and where they are\n")
    for name, question in _QUESTIONS.items():
        rows = gold.query((PROJECT / "athena" / f"{name}.sql").read_text(encoding="utf-8"))[:8]
        print_table(question, tuple(rows[0]) if rows else (), rows)
        out.print(f"[dim]sql/athena/{name}.sql[/]\n")
    out.print(f"What the tables and columns mean, and what they are made of: {gold.write_docs()}\n")
