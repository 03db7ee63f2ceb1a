"""`make demo`: drop the generated files on the deployed stack, show what became of them, and check every number against the plan.

Exit code 1 when a number that is shown does not follow from the planted data.
"""

import json
import os
import sys
import time
from collections import Counter
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any

from demo.generate import generate
from demo.story_of_failure import fail_and_recover
from demo.story_of_gold import ask_gold
from demo.story_of_size import outgrow_a_lambda
from demo.world import World, total
from tidegate.cli.output import out, print_table
from tidegate.cli.stack import Stack, use_local
from tidegate.model.runs import Books

OUT = Path(".local/demo")
_BOOKS = tuple(Books.__dataclass_fields__)


class Check:
    """Compares what is shown with what was planned, and remembers differences."""

    def __init__(self) -> None:
        """Start with no difference."""
        self.compared = 0
        self.wrong: list[str] = []

    def equal(self, what: str, found: object, planned: object) -> None:
        """Count one comparison."""
        self.compared += 1
        if found != planned:
            self.wrong.append(f"{what}: found {found}, planned {planned}")


def main() -> int:
    """Tell the story."""
    use_local()
    started = time.monotonic()
    generate(OUT)
    plan = number_repeats(json.loads((OUT / "plan.json").read_text()))
    world, check = World(Stack(os.environ.get("TIDEGATE_STACK", "tidegate")), OUT), Check()
    world.listen()
    dropped = [_wave(world, wave, check) for wave in plan["waves"]]
    _files(world, plan, check)
    _tables(world, plan, check)
    _answers(world)
    fail_and_recover(world, check)
    outgrow_a_lambda(world, check)
    _replay(world, check)
    ask_gold(world, plan, check)
    _end(world, check, sum(dropped), time.monotonic() - started)
    return 1 if check.wrong else 0


def number_repeats(plan: dict[str, Any]) -> dict[str, Any]:
    """Give each drop its ordinal among the drops of the same bytes under the same key."""
    seen: Counter[tuple[str, str]] = Counter()
    for drop in (d for wave in plan["waves"] for d in wave["drops"]):
        seen[drop["key"], drop["sha256"]] += 1
        drop["ordinal"] = seen[drop["key"], drop["sha256"]]
    return plan


def _wave(world: World, wave: dict[str, Any], check: Check) -> int:
    """Drop one wave, wait, and show the books of the runs it caused."""
    earlier = {run.run_id for run in world.runs()}
    dropped = world.drop(wave)
    out.rule(f"[bold]Wave {wave['wave']}: {wave['title']}", align="left")
    if not dropped:
        out.print(f"all {len(wave['drops'])} files were dropped before: nothing to do\n")
        return 0
    world.rest()
    fresh = [run for run in world.runs() if run.run_id not in earlier]
    rows = []
    for dataset, planned in wave["books"].items():
        books = asdict(total([run for run in fresh if run.dataset == dataset]))
        for word in _BOOKS:
            check.equal(f"wave {wave['wave']}, {dataset}, {word}", books[word], planned.get(word, 0))
        rows.append({"dataset": dataset, **{word.removeprefix("rows_"): books[word] for word in _BOOKS}})
    columns = ("dataset", *(word.removeprefix("rows_") for word in _BOOKS))
    print_table(f"{dropped} files dropped; the books of {len(fresh)} runs", columns, rows)
    out.print()
    return dropped


def _files(world: World, plan: dict[str, Any], check: Check) -> None:
    """Show the ledger, and hold each file against the plan."""
    out.rule("[bold]The ledger: every file version has an end", align="left")
    found = [f for f in world.files() if not f.dataset.startswith("demo.")]
    planned = [drop for wave in plan["waves"] for drop in wave["drops"]]
    check.equal("file versions in the ledger", len(found), len(planned))
    by_key: dict[str, list[Any]] = {}
    for record in found:
        by_key.setdefault(record.key, []).append(record)
    for drop in planned:
        record = by_key.get(drop["key"], [None]).pop(0)
        if record is None:
            check.equal(f"step {drop['step']} {drop['key']}", "not in the ledger", "registered")
            continue
        state = "SUPERSEDED" if drop["replaced_by"] else drop["expect"]["state"]
        check.equal(f"step {drop['step']} {drop['key']}: state", str(record.state), state)
        if drop["expect"]["state"] == "LOADED":
            for word in ("rows_read", "rows_accepted", "rows_quarantined"):
                check.equal(f"step {drop['step']} {drop['key']}: {word}", getattr(record, word), drop["expect"][word])
    rows = [{**asdict(f), "read": f.rows_read, "accepted": f.rows_accepted, "quarantined": f.rows_quarantined} for f in found]
    print_table("", ("key", "state", "read", "accepted", "quarantined", "reason"), rows)
    out.print()


def _tables(world: World, plan: dict[str, Any], check: Check) -> None:
    """Show what the three layers hold, and why rows are in quarantine."""
    out.rule("[bold]The tables, read through Athena", align="left")
    rows, reasons = [], []
    for dataset, planned in plan["totals"]["tables"].items():
        counts, rules = world.rows(dataset), world.rules(dataset)
        for layer, number in counts.items():
            check.equal(f"{dataset}: rows in {layer}", number, planned[layer])
        check.equal(f"{dataset}: quarantine by rule", rules, planned["quarantine_by_rule"])
        for source, found in world.sums(dataset, planned["silver_sums"]).items():
            check.equal(f"{dataset}: sum of {source} in silver", found, Decimal(planned["silver_sums"][source]))
        rows.append({"dataset": dataset, **counts})
        reasons += [{"dataset": dataset, "rule": rule, "rows": number} for rule, number in rules.items()]
    print_table("Rows", ("dataset", "bronze", "silver", "quarantine"), rows)
    print_table("Quarantine, by the rule that was broken", ("dataset", "rule", "rows"), reasons)
    example = world.ask(
        'SELECT _object_key AS file, _record AS record, reasons[1].rule AS rule, reasons[1]."column" AS "column", raw'
        " FROM covid_jhu_daily ORDER BY _object_key, _record LIMIT 4",
        f"{world.stack.name}_quarantine",
    )
    print_table("Four of them, as they stand in the files", ("file", "record", "rule", "column", "raw"), example)
    out.print()


def _answers(world: World) -> None:
    """Show a query on silver, and what SNS said."""
    out.rule("[bold]A question to silver, and what SNS said", align="left")
    sql = (
        "SELECT encounter_class, count(*) AS encounters, sum(total_claim_cost) AS claimed FROM healthcare_encounters"
        " GROUP BY encounter_class ORDER BY claimed DESC"
    )
    out.print(f"[dim]{sql}[/]")
    print_table("", ("encounter_class", "encounters", "claimed"), world.ask(sql))
    said = [{**m, "accepted": m.get("books", {}).get("rows_accepted")} for m in world.heard()]
    print_table("SNS", ("status", "dataset", "run_id", "files_total", "accepted"), said, empty="no message since the last demo")
    out.print()


def _replay(world: World, check: Check) -> None:
    """Load every file of a dataset again, and show that nothing changes."""
    out.rule("[bold]A replay that changes nothing", align="left")
    dataset = "healthcare.patients"
    before = _fingerprint(world, dataset)
    event = {"dataset": dataset, "states": ["LOADED"]}
    replayed = world.stack.invoke("replay", event)["files"]
    world.rest()
    after = _fingerprint(world, dataset)
    check.equal(f"{dataset} after the replay of {len(replayed)} files", after, before)
    out.print(f"tidegate replay --dataset {dataset}: {len(replayed)} files loaded again")
    rows = [{"when": "before", **before}, {"when": "after", **after}]
    print_table("", tuple(rows[0]), rows)
    out.print()


def _fingerprint(world: World, dataset: str) -> dict[str, Any]:
    counts = world.rows(dataset)
    sums = world.sums(dataset, {"HEALTHCARE_EXPENSES": "", "HEALTHCARE_COVERAGE": ""})
    return {**counts, **{name.lower(): f"{total:,.2f}" for name, total in sums.items()}}


def _end(world: World, check: Check, dropped: int, seconds: float) -> None:
    letters = world.stack.client("sqs").get_queue_attributes(
        QueueUrl=world.stack.outputs["FailuresDlq"], AttributeNames=["ApproximateNumberOfMessages"]
    )["Attributes"]["ApproximateNumberOfMessages"]
    out.rule("[bold]The end", align="left")
    runs = len(world.runs())
    out.print(f"{dropped} files dropped, {runs} runs in the ledger, {letters} letters in the failures DLQ, {seconds:.0f} s")
    for line in check.wrong:
        out.print(f"[red]WRONG[/] {line}", markup=True)
    verdict = "[green]all follow from the planted data[/]" if not check.wrong else f"[red]{len(check.wrong)} do not[/]"
    out.print(f"{check.compared} numbers compared: {verdict}")
    out.print(
        "\nLook around:  export TIDEGATE_LOCAL=1; .venv/bin/tidegate status | files | runs | quarantine list | query 'SELECT …'"
    )
    out.print("Stop it:      make stop")


if __name__ == "__main__":
    sys.exit(main())
