"""`tidegate cost`: a table by service and by way, the runs of the ledger, and command lines that make no sense."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from tests.unit.usecases.world import DELTA, EVENTS, World
from tidegate import bootstrap
from tidegate.cli import app as cli
from tidegate.cli.cost import size_of, total_of
from tidegate.cli.stack import Stack
from tidegate.cost.actual import Spent
from tidegate.cost.bill import Service
from tidegate.cost.model import Way
from tidegate.errors import NotFound
from tidegate.usecases.routing import NEVER

WORKLOAD = ["--files-per-day", "10000", "--bytes", "50KB", "--datasets", "5", "--window", "60"]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.app, ["cost", *arguments])


def answer(*arguments: str) -> Any:
    done = run(*arguments, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.fixture
def ledger(monkeypatch: pytest.MonkeyPatch) -> World:
    """A stack whose ledger is in memory; no other resource of it is there."""
    world = World()
    world.publish()
    monkeypatch.setattr(Stack, "ledger", world.fake_ledger)
    monkeypatch.setattr(Stack, "parameters", {"LoadMemory": "3008"})
    monkeypatch.setattr(bootstrap, "clock", world.clock)
    return world


def loaded(world: World, names: Sequence[str], seconds: float) -> None:
    world.drop(*(DELTA + name for name in names))
    manifest = world.claim_manifest()
    world.clock.pass_seconds(seconds)
    world.settle(manifest)


def test_table_has_a_line_for_each_service_that_costs_something_and_a_column_for_each_way() -> None:
    text = run(*WORKLOAD).stdout
    header = next(line for line in text.splitlines() if line.startswith("service"))
    assert all(way in header for way in Way)
    for line in (*Service, "a day", "30 days"):
        assert any(row.startswith(line) for row in text.splitlines()), line
    assert "prices: 2026-11-22, us-east-1. List prices in USD" in text
    assert "measured on a laptop's AWS" in text


def test_services_add_up_to_the_day_and_the_day_to_the_month() -> None:
    found = answer(*WORKLOAD)
    assert found["workload"] == {
        "files": 10000, "bytes": 50000, "datasets": 5, "window": 60, "ending": ".csv", "days_kept": 30,
    }  # fmt: skip
    assert [e["way"] for e in found["estimates"]] == list(Way)
    for estimate in found["estimates"]:
        assert sum(estimate["dollars"].values()) == pytest.approx(estimate["a_day"])
        assert estimate["a_month"] == pytest.approx(30 * estimate["a_day"])


def test_file_that_no_lambda_takes_is_said_and_has_no_number() -> None:
    done = run("--files-per-day", "2", "--bytes", "5GiB")
    assert done.exit_code == 0
    assert "a file is more than a Lambda takes" in done.stdout
    assert answer("--files-per-day", "2", "--bytes", "5GiB")["estimates"][1]["a_day"] is None


@pytest.mark.parametrize(
    ("text", "size"),
    [("50000", 50_000), ("50KB", 50_000), ("50 kb", 50_000), ("1.5MiB", 1_572_864), ("2GB", 2 * 10**9), ("7B", 7), ("0.1KB", 100)],
)
def test_size_is_bytes_or_a_number_with_a_unit(text: str, size: int) -> None:
    assert size_of(text) == size


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ([], "--files-per-day"),
        (["--bytes", "50KB"], "--files-per-day"),
        (["--files-per-day", "10"], "--bytes"),
        (["--files-per-day", "0", "--bytes", "50KB"], "--files-per-day"),
        (["--files-per-day", "10", "--bytes", "50 things"], "KiB"),
        (["--files-per-day", "10", "--bytes", "-5"], "KiB"),
        (["--files-per-day", "10", "--bytes", "0.1"], "one byte"),
        (["--files-per-day", "10", "--bytes", "1KB", "--datasets", "0"], "--datasets"),
        (["--files-per-day", "10", "--bytes", "1KB", "--window", "901"], "--window"),
        (["--files-per-day", "10", "--bytes", "1KB", "--days", "3"], "--actual"),
        (["--files-per-day", "10", "--bytes", "1KB", "--dataset", "a.b"], "--actual"),
        (["--actual", "--window", "0"], "--dataset and --days"),
        (["--actual", "--files-per-day", "10"], "--dataset and --days"),
        (["--actual", "--days", "0"], "--days"),
    ],
)
def test_wrong_command_line_exits_with_two_and_says_what_to_write(line: list[str], hint: str) -> None:
    done = run(*line)
    assert done.exit_code == 2
    assert hint in done.stderr.replace("\n", " ")


def test_runs_of_the_ledger_are_priced_by_dataset_and_all_together(ledger: World) -> None:
    loaded(ledger, "ab", seconds=4)
    loaded(ledger, "c", seconds=2)
    found = answer("--actual")
    (dataset,) = found["datasets"]
    assert (dataset["dataset"], dataset["on_lambda"], dataset["on_glue"], dataset["files"]) == (EVENTS, 2, 0, 3)
    assert 0 < dataset["modelled"] < dataset["at_most"] < dataset["run_a_file"]
    assert found["total"] == {**dataset, "dataset": "all"}


def test_run_on_glue_is_counted_as_one(ledger: World) -> None:
    ledger.limits = replace(ledger.limits, route=replace(NEVER, text=1, batch=1000, per_worker=1, workers=2))
    loaded(ledger, "a", seconds=90)
    (dataset,) = answer("--actual", "--dataset", EVENTS)["datasets"]
    assert (dataset["on_lambda"], dataset["on_glue"]) == (0, 1)
    assert dataset["at_most"] > dataset["modelled"]


def test_days_leave_out_what_ran_before(ledger: World) -> None:
    loaded(ledger, "a", seconds=2)
    ledger.clock.pass_seconds(3 * 86_400)
    loaded(ledger, "b", seconds=2)
    assert answer("--actual", "--days", "2")["total"]["files"] == 1
    assert answer("--actual", "--days", "4")["total"]["files"] == 2


def test_table_of_the_ledger_says_what_the_ledger_does_not_know(ledger: World) -> None:
    loaded(ledger, "a", seconds=2)
    text = " ".join(run("--actual").stdout.split())
    assert "at most: all of the time from claim to end" in text
    assert "neither billed durations nor what was tried again" in text


def test_dataset_that_the_ledger_has_not_is_an_error_and_not_an_empty_table(ledger: World) -> None:
    loaded(ledger, "a", seconds=2)
    done = run("--actual", "--dataset", "no.such")
    assert isinstance(done.exception, NotFound)
    assert "tidegate status" in str(done.exception)


def test_empty_ledger_costs_nothing_and_says_so(ledger: World) -> None:
    assert "no file has arrived yet" in run("--actual").stdout
    assert answer("--actual")["total"]["at_most"] == 0
    assert ledger.started == []


def test_all_datasets_are_the_sum_of_each() -> None:
    first, second = Spent("a.b", on_lambda=1, files=2, modelled=0.5), Spent("c.d", on_glue=3, files=5, at_most=1.5)
    assert total_of([first, second]) == Spent("all", on_lambda=1, on_glue=3, files=7, modelled=0.5, at_most=1.5)
