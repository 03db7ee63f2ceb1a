"""What scripts rely on: JSON that keeps every digit, keys that put builds, exit codes."""

import json
from datetime import date
from decimal import Decimal

import pytest
import typer
from typer.testing import CliRunner

from tidegate.cli import app as cli
from tidegate.cli.output import print_json
from tidegate.cli.put import _prefix


def test_decimals_are_json_numbers_with_every_digit(capsys: pytest.CaptureFixture[str]) -> None:
    print_json([{"total": Decimal("12345678901234567890.12"), "day": date(2020, 2, 29), "none": None, "text": 'a "b" \\u0000'}])
    text = capsys.readouterr().out
    assert '"total": 12345678901234567890.12,' in text
    (row,) = json.loads(text, parse_float=Decimal)
    assert row == {"total": Decimal("12345678901234567890.12"), "day": "2020-02-29", "none": None, "text": 'a "b" \\u0000'}


@pytest.mark.parametrize(
    ("dataset", "full", "prefix"),
    [("health.people", "", "health/people/delta/"), ("health.people", "2026-01", "health/people/full/2026-01/")],
)
def test_put_builds_the_key_that_the_contract_s_dataset_has(dataset: str, full: str, prefix: str) -> None:
    assert _prefix(dataset, full) == prefix


@pytest.mark.parametrize("dataset", ["people", "Health.People", "a.b.c", "health.", "../x.y"])
def test_put_refuses_what_is_no_dataset(dataset: str) -> None:
    with pytest.raises(typer.BadParameter):
        _prefix(dataset, "")


@pytest.mark.parametrize("line", [["nothing"], ["replay"], ["put", "no-such-file", "-d", "a.b"], ["files", "--state", "LOST"]])
def test_a_wrong_command_line_exits_with_two(line: list[str]) -> None:
    assert CliRunner().invoke(cli.app, line).exit_code == 2


def test_local_never_uses_real_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_PROFILE": "prod",
        "AWS_SESSION_TOKEN": "real",
        "AWS_ACCESS_KEY_ID": "real",
        "AWS_REGION": "eu-west-1",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "real")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("TIDEGATE_LOCAL", "")
    import os

    from tidegate.cli.stack import use_local

    use_local()
    assert os.environ["AWS_ACCESS_KEY_ID"] == os.environ["AWS_SECRET_ACCESS_KEY"] == "test"
    assert os.environ["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1:")
    assert not {"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION"} & set(os.environ)
