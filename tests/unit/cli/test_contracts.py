"""`tidegate contract` as a person and a script call it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.unit.contracts.test_errors import BASE
from tidegate.cli import app as cli
from tidegate.cli.stack import Stack
from tidegate.contracts.parse import parse_contract


class Lake:
    """The lake bucket in memory."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def get(self, key: str) -> bytes | None:
        return self.objects.get(key)

    def put(self, key: str, body: bytes) -> None:
        self.objects[key] = body


@pytest.fixture
def lake(monkeypatch: pytest.MonkeyPatch) -> Lake:
    made = Lake()
    monkeypatch.setattr(Stack, "lake", made)
    return made


def call(*arguments: object) -> Result:
    return CliRunner().invoke(cli.app, ["contract", *map(str, arguments)])


def version(folder: Path, number: str, *edits: tuple[str, str]) -> Path:
    text = BASE.replace("version: 1.0.0", f"version: {number}")
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    path = folder / f"{number}.odcs.yaml"
    path.write_text(text, encoding="utf-8")
    return path


REPLACE = ("loadMode, value: upsert", "loadMode, value: replace")


def test_check_against_an_older_version_fails_on_what_breaks(tmp_path: Path) -> None:
    old, new = version(tmp_path, "1.0.0"), version(tmp_path, "2.0.0", REPLACE)
    done = call("check", new, "--against", old)
    assert done.exit_code == 1
    assert "breaking: loadMode: upsert became replace" in done.stdout
    assert call("check", new, "--against", old, "--allow-breaking").exit_code == 0
    done = call("check", new, "--against", old, "--json")
    assert (done.exit_code, [(c["severity"], c["place"]) for c in json.loads(done.stdout)]) == (1, [("breaking", "loadMode")])


def test_check_against_the_same_says_so(tmp_path: Path) -> None:
    done = call("check", version(tmp_path, "1.0.1"), "--against", version(tmp_path, "1.0.0"))
    assert (done.exit_code, "nothing that Tidegate reads is different" in done.stdout) == (0, True)


def test_check_against_what_is_published(tmp_path: Path, lake: Lake) -> None:
    first = version(tmp_path, "1.0.0")
    assert call("check", first, "--published").exit_code == 0  # nothing is published: nothing to break
    assert call("publish", first).exit_code == 0
    assert lake.objects
    assert call("check", version(tmp_path, "2.0.0", REPLACE), "--published").exit_code == 1


@pytest.mark.parametrize("flags", [["--allow-breaking"], ["--published", "--against", "{old}"]])
def test_flags_that_contradict_each_other_are_a_wrong_command_line(tmp_path: Path, flags: list[str]) -> None:
    old = version(tmp_path, "1.0.0")
    assert call("check", old, *(flag.format(old=old) for flag in flags)).exit_code == 2


@pytest.mark.usefixtures("lake")
def test_publish_prints_what_changes(tmp_path: Path) -> None:
    assert call("publish", version(tmp_path, "1.0.0")).exit_code == 0
    done = call("publish", version(tmp_path, "2.0.0", REPLACE))
    assert "published  shop.orders 2.0.0" in done.stdout
    assert "breaking: loadMode" in done.stdout


def test_none_of_several_contracts_is_published_when_one_would_break_readers(tmp_path: Path, lake: Lake) -> None:
    assert call("publish", version(tmp_path, "1.0.0")).exit_code == 0
    other = tmp_path / "returns.odcs.yaml"
    text = BASE.replace("shop.orders", "shop.returns").replace("shop_orders", "shop_returns").replace("shop/orders", "shop/returns")
    other.write_text(text.replace("\nname: orders", "\nname: returns"), encoding="utf-8")
    before = dict(lake.objects)
    done = call("publish", other, version(tmp_path, "1.1.0", REPLACE))
    assert done.exit_code == 1
    assert lake.objects == before


def test_proposal_goes_to_standard_output_or_a_file_and_passes_the_check(tmp_path: Path) -> None:
    sample = tmp_path / "ward" / "Stays_2026.csv"
    sample.parent.mkdir()
    sample.write_text("id,bed\n1,007\n2,012\n", encoding="utf-8")
    shown = call("propose", sample)
    assert shown.exit_code == 0
    assert parse_contract(shown.stdout, "stdout").dataset == "ward.stays"
    target = tmp_path / "contracts/ward/stays.odcs.yaml"
    done = call("propose", sample, "--out", target)
    assert (done.exit_code, done.stdout) == (0, "")
    assert "of 2 rows of the sample 2 load, 0 would be quarantined" in done.stderr
    assert target.read_text(encoding="utf-8") == shown.stdout
    assert call("check", target).exit_code == 0
    assert call("propose", sample, "--out", target).exit_code == 2  # what a person may have corrected is not written over


def test_proposal_as_json_says_what_loading_gave(tmp_path: Path) -> None:
    sample = tmp_path / "a.csv"
    sample.write_text("id,v\n1,a\n2\n", encoding="utf-8")
    done = call("propose", sample, "--domain", "lab", "--name", "tests", "--json")
    said = json.loads(done.stdout)
    assert (said["dataset"], said["rows_read"], said["rows_accepted"]) == ("lab.tests", 2, 1)
    assert said["rejected"] == [["columns", "", 1]]


def test_query_that_compares_unlike_things_is_a_finding_with_its_file(tmp_path: Path) -> None:
    rule = 'type: sql, mustBe: 0, query: "SELECT count(*) FROM {object} WHERE amount > state"'
    good, bad = tmp_path / "good.odcs.yaml", tmp_path / "bad.odcs.yaml"
    good.write_text(BASE)
    bad.write_text(BASE.replace("metric: rowCount, mustBeGreaterThan: 0", rule))
    found = call("check", good, bad, "--json")
    assert found.exit_code == 1
    assert str(bad) in found.output
    assert "cannot be computed" in found.output
    assert str(good) not in found.output
