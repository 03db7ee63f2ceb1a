"""The quarantine round trip as people make it: rows are rejected, a corrected contract or a corrected file puts them right, and the
ledger says what resolved what."""

import json
import re
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from local.laptop import ROOT, Laptop
from tests.e2e.datasets import contract

HEADER = b"id,taken,level\r\n"
FILE = HEADER + b"a,2020-01-01,1.50\r\nb,2020-01-02,high\r\n,2020-01-03,2.50\r\nd,2020-01-04,4.25\r\ne,04/05/2020,5.00\r\n"
FORMATS = 'formats, value: ["yyyy-MM-dd", "MM/dd/yyyy"]'


READING = [
    "cloudformation:DescribeStacks",
    "dynamodb:Query",
    "dynamodb:BatchGetItem",
    "glue:GetTable",
    "s3:GetObject",
    "s3:GetObjectVersion",
]


def wider(dataset: str) -> str:
    """The contract with another version, which takes the date of record 5."""
    return contract(dataset, "1.1.0").replace(
        "logicalTypeOptions: {format: yyyy-MM-dd}}", f"customProperties: [{{property: {FORMATS}}}]}}"
    )


def listed(laptop: Laptop, dataset: str, *arguments: str) -> Any:
    return laptop.json("quarantine", "list", "--dataset", dataset, *arguments)


def dropped(laptop: Laptop, dataset: str, folder: Path, body: bytes = FILE) -> str:
    """Publish, drop one file, and return its id."""
    laptop.publish(contract(dataset), folder)
    laptop.put(f"{dataset.replace('.', '/')}/delta/day.csv", body)
    laptop.rest()
    (file,) = laptop.files(dataset)
    return str(file["file_id"])


def rows(laptop: Laptop, dataset: str, layer: str) -> int:
    sql = f"select count(*) as n from {dataset.replace('.', '_')}"
    return int(laptop.json("query", sql, "--database", f"{laptop.stack.name}_{layer}")[0]["n"])


def test_a_corrected_contract_resolves_what_it_accepts_and_the_ledger_says_so(laptop: Laptop, tmp_path: Path) -> None:
    dataset = "round.contract"
    file = dropped(laptop, dataset, tmp_path)
    before = listed(laptop, dataset)
    assert [(f["file_id"], f["rejected"], f["open"]) for f in before["files"]] == [(file, 3, 3)]
    assert {(r["rule"], r["column"], *r["examples"]) for r in before["rules"]} == {
        ("type", "level", 2),
        ("primary_key", "reading_id", 3),
        ("type", "taken_on", 5),
    }
    useless = laptop.json("quarantine", "retry", "--dataset", dataset)
    assert useless["files_total"] == 0
    assert "publish a corrected contract first" in useless["left"][0]["why"]

    laptop.publish(wider(dataset), tmp_path)
    assert laptop.json("quarantine", "retry", "--dataset", dataset, "--dry-run")["files_total"] == 1
    assert laptop.json("quarantine", "retry", "--dataset", dataset)["files_total"] == 1
    laptop.rest()

    (after,) = listed(laptop, dataset)["files"]
    assert (after["rejected"], after["open"], after["resolved"], after["contract_version"]) == (2, 2, 1, "1.1.0")
    assert after["by"] == "loaded again under 1.1.0"
    (ledger,) = laptop.files(dataset)
    assert (ledger["rows_read"], ledger["rows_accepted"], ledger["rows_quarantined"]) == (5, 3, 2)
    assert ledger["rows_rejected_before"] == 3
    assert (rows(laptop, dataset, "silver"), rows(laptop, dataset, "quarantine")) == (3, 2)


def test_exported_records_that_are_corrected_answer_the_rejected_rows(laptop: Laptop, tmp_path: Path) -> None:
    dataset = "round.file"
    file = dropped(laptop, dataset, tmp_path)
    (exported,) = laptop.json("quarantine", "export", file, "--out", str(tmp_path / "o"))
    corrected = Path(exported["path"])
    assert corrected.read_bytes() == HEADER + b"b,2020-01-02,high\r\n,2020-01-03,2.50\r\ne,04/05/2020,5.00\r\n"
    assert corrected.stat().st_mode & 0o077 == 0
    assert Path(exported["reasons_path"]).read_text().splitlines()[1] == "1,2,type,level"
    assert laptop.run("quarantine", "export", file, "--out", str(tmp_path / "o"), check=False).returncode == 1

    def retry(*arguments: str, check: bool = True) -> Any:
        return laptop.run("quarantine", "retry", "--file", file, "--corrected", str(corrected), *arguments, check=check)

    unchanged = retry(check=False)
    assert unchanged.returncode == 1
    assert "3 of its 3 records would be rejected again" in unchanged.stderr
    corrected.write_bytes(HEADER + b"b,2020-01-02,7.00\r\nc,2020-01-03,2.50\r\n")
    assert "answers 2 of 3 open rows" in retry().stdout
    laptop.rest()

    (found,) = listed(laptop, dataset)["files"]
    assert (found["rejected"], found["answered"], found["open"]) == (3, 2, 1)
    (correction,) = found["corrected_by"]
    assert [f["corrects"] for f in laptop.files(dataset) if f["file_id"] == correction] == [file]
    assert rows(laptop, dataset, "silver") == 4

    corrected.write_bytes(HEADER + b"e,2020-04-05,5.00\r\nf,2020-04-05,5.00\r\n")
    assert "only 1 rejected rows are open" in retry(check=False).stderr
    corrected.write_bytes(HEADER + b"e,2020-04-05,5.00\r\n")
    retry()
    laptop.rest()
    assert listed(laptop, dataset)["files"] == []
    (done,) = listed(laptop, dataset, "--all")["files"]
    assert (done["rejected"], done["answered"], done["open"], len(done["corrected_by"])) == (3, 3, 0, 2)
    assert (rows(laptop, dataset, "silver"), rows(laptop, dataset, "quarantine")) == (5, 3)
    (status,) = [d for d in laptop.json("status")["datasets"] if d["dataset"] == dataset]
    assert (status["rows_rejected"], status["rows_open"]) == (3, 0)


def test_a_refused_file_is_replaced_by_its_corrected_one(laptop: Laptop, tmp_path: Path) -> None:
    dataset = "round.refused"
    file = dropped(laptop, dataset, tmp_path, b"colour\nred\n")
    (refused,) = listed(laptop, dataset)["refused"]
    assert (refused["file_id"], refused["refused"]) == (file, "WRONG_HEADER")
    corrected = tmp_path / "corrected.csv"
    corrected.write_bytes(b"id,taken,level\na,2020-01-01,1.50\n")
    done = laptop.json("quarantine", "retry", "--file", file, "--corrected", str(corrected))
    assert (done["whole"], done["key"]) == (True, "round/refused/delta/day.csv")
    laptop.rest()
    assert listed(laptop, dataset) == {"files": [], "rules": [], "refused": []}
    assert {f["state"] for f in laptop.files(dataset)} == {"SUPERSEDED", "LOADED"}


def test_raw_text_is_shown_on_request_only(laptop: Laptop, tmp_path: Path) -> None:
    file = dropped(laptop, "round.shown", tmp_path)
    assert "2020-01-02" not in laptop.run("quarantine", "show", file).stdout
    shown = laptop.json("quarantine", "show", file, "--raw", "--limit", "1", "--skip", "1")
    assert (shown["total"], [(r["record"], r["raw"]) for r in shown["records"]]) == (3, [(3, ",2020-01-03,2.50")])


def test_a_reader_needs_what_the_runbook_says_and_no_more(laptop: Laptop, tmp_path: Path) -> None:
    file = dropped(laptop, "round.reader", tmp_path)
    actions = re.findall(r"^\| `(\w+:\w+)` \|", (ROOT / "docs" / "runbook.md").read_text(), re.MULTILINE)
    assert set(READING) == set(actions)
    commands = (["list"], ["show", file, "--raw"], ["export", file, "--out", str(tmp_path / "o")])
    with reader(laptop, READING) as environment:
        for command in commands:
            done = as_reader(laptop, environment, *command)
            assert done.returncode == 0, done.stderr
    for lacking in READING:  # an export does everything that the others do
        with reader(laptop, [a for a in READING if a != lacking]) as environment:
            refused = as_reader(laptop, environment, "export", file, "--out", str(tmp_path / lacking))
        assert refused.returncode == 1, f"{lacking} is not needed"
        assert not list(tmp_path.glob(f"{lacking}/*.csv"))


@contextmanager
def reader(laptop: Laptop, actions: list[str]) -> Iterator[dict[str, str]]:
    """A user with these permissions, as an environment for the command: the local AWS, but not as its root."""
    iam = laptop.client("iam")
    name = f"reader-{uuid.uuid4().hex[:8]}"
    iam.create_user(UserName=name)
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}
    iam.put_user_policy(UserName=name, PolicyName="reads", PolicyDocument=json.dumps(document))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    kept = {n: v for n, v in laptop.environment.items() if not n.startswith(("AWS_", "TIDEGATE_LOCAL"))}
    yield kept | {
        "AWS_ENDPOINT_URL": laptop.settings.endpoint,
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    iam.delete_user_policy(UserName=name, PolicyName="reads")
    iam.delete_user(UserName=name)


def as_reader(laptop: Laptop, environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(ROOT / ".venv" / "bin" / "tidegate"), "--stack", laptop.stack.name, "quarantine", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
