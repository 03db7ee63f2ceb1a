"""Every kind of bad input has a defined end, a message that says what to do, and stops nothing else."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from local.laptop import Laptop
from tests.e2e.datasets import contract, readings

DATASET = "input.odd"
CASES: dict[str, tuple[bytes, str, str]] = {
    # key: (bytes, state, what the reason says)
    "input/odd/delta/good.csv": (readings(5), "LOADED", ""),
    "input/odd/delta/empty.csv": (b"", "QUARANTINED", "EMPTY_FILE"),
    "input/odd/delta/binary.csv": (bytes(range(256)) * 40, "QUARANTINED", "UN"),
    "input/odd/delta/utf16.csv": (readings(5).decode().encode("utf-16"), "QUARANTINED", "UNDECODABLE"),
    "input/odd/delta/zipped.csv": (b"PK\x03\x04" + bytes(200), "QUARANTINED", ""),
    "input/odd/delta/other.csv": (b"name,colour\nx,y\n", "QUARANTINED", "WRONG_HEADER"),
    "input/odd/delta/": (b"", "IGNORED", "folder"),
    "input/odd/delta/with space+plus %20=ü.csv": (readings(3, first=50), "LOADED", ""),
}
UNROUTED = {"readme.txt": "UNROUTED", "Input/Odd/delta/x.csv": "UNROUTED", "input/unknown/delta/x.csv": "NO_CONTRACT"}


@pytest.fixture(scope="module")
def dropped(laptop: Laptop, tmp_path_factory: pytest.TempPathFactory) -> Laptop:
    laptop.publish(contract(DATASET), tmp_path_factory.mktemp("odd"))
    for key, (body, _, _) in CASES.items():
        laptop.put(key, body)
    for key in UNROUTED:
        laptop.put(key, b"id\n1\n")
    laptop.rest()
    return laptop


@pytest.mark.parametrize("key", CASES)
def test_a_file_ends_where_it_should_and_says_why(dropped: Laptop, key: str) -> None:
    _, state, reason = CASES[key]
    (found,) = [f for f in dropped.json("files") if f["key"] == key]
    assert found["state"] == state, found["reason"]
    assert reason in found["reason"]
    assert state == "LOADED" or len(found["reason"]) > 20


@pytest.mark.parametrize("key", UNROUTED)
def test_a_key_of_no_dataset_is_registered_and_says_what_to_do(dropped: Laptop, key: str) -> None:
    (found,) = [f for f in dropped.json("files") if f["key"] == key]
    assert found["state"] == "QUARANTINED"
    assert UNROUTED[key] in found["reason"]


def test_a_malformed_message_ends_in_the_arrivals_dlq_and_holds_up_no_other(dropped: Laptop) -> None:
    sqs, outputs = dropped.client("sqs"), dropped.stack.outputs
    sqs.set_queue_attributes(QueueUrl=outputs["ArrivalsQueue"], Attributes={"VisibilityTimeout": "1"})
    try:
        for body in ("not json", json.dumps({"Records": [{"eventSource": "aws:s3", "eventVersion": "9.9"}]})):
            sqs.send_message(QueueUrl=outputs["ArrivalsQueue"], MessageBody=body)
        sqs.send_message(
            QueueUrl=outputs["ArrivalsQueue"], MessageBody=json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent"})
        )
        dropped.put("input/odd/delta/beside.csv", readings(2, first=90))
        letters = _letters(dropped, 2)
    finally:
        sqs.set_queue_attributes(QueueUrl=outputs["ArrivalsQueue"], Attributes={"VisibilityTimeout": "360"})
    assert len(letters) == 2
    dropped.rest()
    assert [f["state"] for f in dropped.files(DATASET) if f["key"].endswith("beside.csv")] == ["LOADED"]


def test_a_contract_that_does_not_parse_is_not_published(laptop: Laptop, tmp_path: Path) -> None:
    path = tmp_path / "wrong.odcs.yaml"
    path.write_text(contract("input.wrong").replace("loadMode", "loadMoode"))
    checked = laptop.run("contract", "check", str(path), check=False)
    assert checked.returncode == 1
    assert "wrong.odcs.yaml:" in checked.stderr
    assert "loadMode" in checked.stderr
    published = laptop.run("contract", "publish", str(path), check=False)
    assert (published.returncode, "wrong.odcs.yaml:" in published.stderr) == (1, True)


def test_a_published_contract_that_was_damaged_fails_the_run_and_the_files_come_back(laptop: Laptop, tmp_path: Path) -> None:
    dataset = "input.damaged"
    laptop.publish(contract(dataset), tmp_path)
    pointer = "contracts/input/damaged/current.json"
    whole = laptop.stack.lake.get(json.loads(laptop.stack.lake.get(pointer) or b"")["key"]) or b""
    key = json.loads(laptop.stack.lake.get(pointer) or b"")["key"]
    laptop.stack.lake.put(key, b"kind: [")
    laptop.put("input/damaged/delta/a.csv", readings(4))
    laptop.rest_or_stuck()
    (waiting,) = laptop.files(dataset)
    assert waiting["state"] == "PENDING"
    assert any(x["dataset"] == dataset and x["step"] == "Claim" for x in laptop.letters())
    laptop.stack.lake.put(key, whole)
    laptop.json("replay", "--letters", "10")  # it wakes the dataset at once; reconcile would after a pause
    laptop.rest()
    assert [f["state"] for f in laptop.files(dataset)] == ["LOADED"]


def _letters(laptop: Laptop, count: int) -> list[dict[str, Any]]:
    """Wait for messages in the arrivals DLQ and take them."""
    sqs, url = laptop.client("sqs"), laptop.stack.outputs["ArrivalsDlq"]
    letters: list[dict[str, Any]] = []
    deadline = time.monotonic() + 90
    while len(letters) < count and time.monotonic() < deadline:
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", []):
            letters.append(message)
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return letters
