"""`make demo` tells the truth, twice, and no personal value of its people gets out of the tables."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.control import has_spark
from local.deploy import WITH_SPARK, deploy, publish
from local.laptop import ROOT, TEMPLATE, Laptop
from tests.e2e.test_permissions import role_of, without

STACK = "demonstration"


@pytest.fixture(scope="module")
def demo(laptop: Laptop) -> Laptop:
    """A stack of its own, so that the demo's datasets hold the demo's files only."""
    deploy(STACK, laptop.environment, TEMPLATE, WITH_SPARK if has_spark() else None)
    publish(STACK, laptop.environment, ROOT / "contracts")
    return Laptop(laptop.settings, STACK)


@pytest.fixture(scope="module")
def told(demo: Laptop) -> list[str]:
    """What the first and the second telling printed."""
    return [_tell(demo), _tell(demo)]


def _tell(demo: Laptop) -> str:
    command = [str(ROOT / ".venv" / "bin" / "python"), "-m", "demo.show"]
    environment = demo.environment | {"TIDEGATE_STACK": STACK}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    return done.stdout


def test_every_number_follows_from_the_planted_data(told: list[str]) -> None:
    assert "32 files dropped" in told[0]
    assert "all follow from the planted data" in told[0]


@pytest.mark.skipif(not has_spark(), reason="no Spark here: install Java 17, then run `make spark`")
def test_a_large_file_is_loaded_by_spark_and_the_demo_shows_why(told: list[str]) -> None:
    for text in told:
        shown = " ".join(text.replace("│", " ").split())
        assert re.search(
            r"demo\.heartbeats GLUE 2 149,940 60 4\.6 MiB of text, a Lambda takes 4\.0 MiB \(LambdaTextBytes\)", shown
        ), text[-3000:]


def test_a_second_demo_drops_nothing_and_doubles_nothing(told: list[str]) -> None:
    assert "0 files dropped" in told[1]
    assert "all follow from the planted data" in told[1]


@pytest.fixture(scope="module")
def outside(demo: Laptop, told: list[str]) -> dict[str, str]:
    """Everything that left the tables: logs, notifications, letters, metrics; a failure of a run on personal data included."""
    assert told
    with without(demo, role_of(demo, "LoadFunction"), "s3:PutObject"):
        body = next((ROOT / ".local" / "demo" / "files").rglob("patients_1.csv")).read_bytes()
        demo.put("healthcare/patients/delta/once_more.csv", body)
        demo.rest()
    assert "FAILED" in [f["state"] for f in demo.files("healthcare.patients")]
    letters = json.dumps(demo.letters())
    assert "healthcare.patients" in letters
    return {
        "failures DLQ": letters,
        "logs": "\n".join(_log_lines(demo)),
        "server log": demo.settings.log_file.read_text(errors="replace"),
        "ledger": json.dumps([demo.json("files"), demo.json("runs")]),
        "metrics": json.dumps(demo.client("cloudwatch").list_metrics()["Metrics"]),
        "run records": "\n".join(_run_records(demo)),
    }


def test_no_personal_value_reaches_logs_notifications_letters_or_metrics(outside: dict[str, str]) -> None:
    personal = json.loads((ROOT / ".local" / "demo" / "plan.json").read_text())["personal_values"]
    assert len(personal) > 1000
    for place, text in outside.items():
        assert len(text) > 100 or place == "metrics", place
        leaked = [value for value in personal if value in text]
        assert not leaked, f"{place} holds {len(leaked)} personal values, such as {leaked[:3]}"


def test_no_personal_value_reaches_silver_or_bronze(demo: Laptop, told: list[str]) -> None:
    assert told
    people = {table: _column_text(demo, table) for table in ("healthcare_patients", "healthcare_encounters", "healthcare_claims")}
    plan = json.loads((ROOT / ".local" / "demo" / "plan.json").read_text())
    keys = set(json.dumps(demo.json("query", "select patient_id from healthcare_patients")).split('"'))
    personal = [value for value in plan["personal_values"] if value not in keys]  # keys stay as they are
    for table, text in people.items():
        # A date says whose it is only among the patients, and there the first of January is what every date of a year becomes.
        dates = re.compile(r"\d{4}-01-01\Z" if table == "healthcare_patients" else r"\d{4}-\d\d-\d\d\Z")
        leaked = [value for value in personal if value in text and not dates.match(value)]
        assert not leaked, f"{table} holds {len(leaked)} personal values, such as {leaked[:3]}"


def _column_text(demo: Laptop, table: str) -> str:
    return "\n".join(
        json.dumps(demo.json("query", f"select * from {table}", "--database", f"{STACK}_{d}")) for d in ("silver", "bronze")
    )


def _log_lines(demo: Laptop) -> Iterator[str]:
    logs = demo.client("logs")
    for page in logs.get_paginator("describe_log_groups").paginate():
        for group in page["logGroups"]:
            for events in logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"]):
                yield from (e["message"] for e in events["events"])


def _run_records(demo: Laptop) -> Iterator[str]:
    for version in demo.stack.lake.versions("runs/"):
        yield (demo.stack.lake.get(version.key) or b"").decode()


def test_the_inbox_of_the_topic_held_no_personal_value(demo: Laptop, outside: dict[str, str]) -> None:
    """The last failure's notification is still in the demo's inbox."""
    assert outside
    url = demo.client("sqs").get_queue_url(QueueName=f"{STACK}-demo-inbox")["QueueUrl"]
    said: list[Any] = []
    while got := demo.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
        said += [m["Body"] for m in got]
    assert any('"FAILED"' in body for body in said)
    personal = json.loads(Path(ROOT / ".local" / "demo" / "plan.json").read_text())["personal_values"]
    assert not [value for value in personal for body in said if value in body]
