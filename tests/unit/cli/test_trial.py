"""`tidegate contract test`: the engine's verdict on files, without a stack."""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result

from tests.e2e.datasets import contract, readings
from tidegate.cli import app as cli

BAD = b'id,taken,level,extra\na,2020-01-01,1.50,x\nb,2020-13-01,high,y\n,2020-01-02,2.5,z\nd,2020-01-04,4.25,"q\nr"\ne,bad,5\n'
NAMES = """\
      - {name: name, logicalType: string, classification: personal, transformSourceObjects: [name]}
      - {name: day, logicalType: date, customProperties: [{property: fromKey, value: "/(2020-[0-9]{2}-[0-9]{2})/"}]}
"""


@pytest.fixture(autouse=True)
def _no_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """No credentials, no region: whatever asked AWS for something would fail (and unit tests have no sockets)."""
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION", "TIDEGATE_LOCAL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "c.odcs.yaml").write_text(contract("input.odd"))
    (tmp_path / "bad.csv").write_bytes(BAD)
    (tmp_path / "good.csv").write_bytes(readings(3))
    (tmp_path / "other.csv").write_bytes(b"colour\nred\n")
    return tmp_path


def tried(folder: Path, *arguments: str, files: tuple[str, ...] = ("bad.csv",)) -> Result:
    paths = [str(folder / name) for name in ("c.odcs.yaml", *files)]
    return CliRunner().invoke(cli.app, ["contract", "test", *paths, *arguments])


def answer(folder: Path, *arguments: str, files: tuple[str, ...] = ("bad.csv",)) -> Any:
    result = tried(folder, "--json", *arguments, files=files)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_every_row_that_is_read_is_accepted_or_quarantined(folder: Path) -> None:
    found = answer(folder, files=("bad.csv", "good.csv"))
    assert [(f["rows_read"], f["rows_accepted"], f["rows_quarantined"]) for f in found["files"]] == [(5, 2, 3), (3, 3, 0)]
    assert found["silver_rows"] == 5
    assert found["drift"] == ["extra"]


def test_rejects_are_counted_by_rule_and_column_with_their_record_numbers(folder: Path) -> None:
    rules = {(r["rule"], r["column"]): (r["records"], r["examples"]) for r in answer(folder)["rules"]}
    assert rules == {
        ("columns", ""): (1, [5]),
        ("primary_key", "reading_id"): (1, [3]),
        ("type", "level"): (1, [2]),
        ("type", "taken_on"): (1, [2]),
    }


def test_raw_records_are_shown_on_request_only(folder: Path) -> None:
    assert answer(folder)["rejects"] == []
    assert [r["raw"] for r in answer(folder, "--rejects", "2")["rejects"]] == ["b,2020-13-01,high,y", ",2020-01-02,2.5,z"]
    assert "2020-13-01" not in tried(folder).output


def test_escape_sequences_of_a_file_do_not_reach_the_terminal(folder: Path) -> None:
    (folder / "bad.csv").write_bytes(b"id,taken,level\n\x1b[2Ja,2020-01-01,1\n\x1b[31mb,never,1\n")
    said = tried(folder, "--rejects", "1").output
    assert "\x1b[2J" not in said
    assert "\x1b[31m" not in said
    assert "\\x1b[31mb,never,1" in said


def test_a_refused_file_says_why_and_leaves_the_others(folder: Path) -> None:
    bad, good = answer(folder, files=("other.csv", "good.csv"))["files"]
    assert bad["refused"]["code"] == "WRONG_HEADER"
    assert good["rows_accepted"] == 3


@pytest.mark.parametrize(("files", "code"), [(("good.csv",), 0), (("bad.csv",), 1), (("good.csv", "other.csv"), 1)])
def test_strict_fails_unless_every_row_is_accepted(folder: Path, files: tuple[str, ...], code: int) -> None:
    assert tried(folder, "--strict", files=files).exit_code == code
    assert tried(folder, files=files).exit_code == 0


def test_strict_fails_when_the_batch_as_a_whole_would_be_held(folder: Path) -> None:
    bound = "    quality:\n      - {metric: rowCount, mustBeGreaterThan: 5, severity: error}\ncustomProperties:"
    text = contract("input.odd").replace("customProperties:", bound)
    (folder / "c.odcs.yaml").write_text(text)
    assert "from 6 to any number accepted rows in a batch, these are 3" in answer(folder, files=("good.csv",))["held"]
    assert tried(folder, "--strict", files=("good.csv",)).exit_code == 1


def test_values_from_the_key_and_masked_values_come_out_as_in_the_lake(folder: Path) -> None:
    (folder / "c.odcs.yaml").write_text(contract("input.odd").replace("customProperties:", NAMES + "customProperties:", 1))
    (folder / "named.csv").write_bytes(b"id,taken,level,name\na,2020-01-01,1,Ada\n")
    (row,) = answer(folder, "--key", "input/odd/delta/2020-02-29/x.csv", files=("named.csv",))["accepted"]
    assert row["day"] == "2020-02-29"
    assert len(row["name"]) == 32
    (refused,) = answer(folder, files=("named.csv",))["files"]
    assert refused["refused"]["code"] == "KEY_MISMATCH"
    assert "Ada" not in tried(folder, "--key", "input/odd/delta/2020-02-29/", files=("named.csv",)).output


@pytest.mark.parametrize("key", ["readme.txt", "input/other/delta/x.csv", "input/odd/full/1/_SUCCESS"])
def test_a_key_of_no_file_of_the_dataset_is_refused(folder: Path, key: str) -> None:
    result = tried(folder, "--key", key)
    assert result.exit_code == 1
    assert "--key" in str(result.exception)


def test_one_key_for_two_files_is_refused(folder: Path) -> None:
    assert tried(folder, "--key", "input/odd/delta/x.csv", files=("bad.csv", "good.csv")).exit_code == 1


def test_output_is_parquet_and_overwrites_nothing_and_the_files_stay_as_they_are(folder: Path) -> None:
    written = answer(folder, "--out", str(folder / "o"))["written"]
    assert [pq.read_metadata(path).num_rows for path in written] == [2, 3]
    again = tried(folder, "--out", str(folder / "o"))
    assert again.exit_code == 1
    assert "exists already" in str(again.exception)
    assert (folder / "bad.csv").read_bytes() == BAD


def test_people_see_books_rules_and_rows(folder: Path) -> None:
    said = tried(folder).output
    assert "5 rows read = 2 accepted + 3 quarantined" in said
    assert "bad.csv: 5" in said
    assert "reading_id" in said


def test_a_contract_that_is_wrong_is_not_tried(folder: Path) -> None:
    (folder / "c.odcs.yaml").write_text(contract("input.odd").replace("loadMode", "loadMoode"))
    assert tried(folder).exit_code == 1
