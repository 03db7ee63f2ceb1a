"""Buckets, the state machine and the failures DLQ: fake and real side by side where there is a fake."""

import itertools
import json
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.fakes import FakeObjects
from tidegate.aws.letters import Letterbox
from tidegate.aws.objects import S3Objects
from tidegate.aws.workflow import StepFunctions
from tidegate.errors import NotFound
from tidegate.model.selection import request_from
from tidegate.ports import Objects

Put = Callable[[str, bytes], str]
_numbers = itertools.count()


@cache
def client(service: str) -> Any:
    return boto3.client(service)


@pytest.fixture(params=["fake", "s3"])
def bucket(request: pytest.FixtureRequest) -> tuple[Objects, Put]:
    """A versioned bucket, and a way to put a version into it that returns the version's id."""
    if request.param == "fake":
        fake = FakeObjects()

        def put_fake(key: str, body: bytes) -> str:
            version = f"v{next(_numbers)}"
            fake.put(key, body, version)
            return version

        return fake, put_fake
    name = f"bucket-{next(_numbers)}"
    s3 = client("s3")
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return S3Objects(s3, name), lambda key, body: str(s3.put_object(Bucket=name, Key=key, Body=body)["VersionId"])


class TestObjects:
    def test_missing_key_reads_as_none(self, bucket: tuple[Objects, Put]) -> None:
        assert bucket[0].get("nothing/here") is None

    def test_last_put_is_what_is_read(self, bucket: tuple[Objects, Put]) -> None:
        objects, _ = bucket
        objects.put("a/b.json", b"1")
        objects.put("a/b.json", b"2")
        assert objects.get("a/b.json") == b"2"

    def test_first_bytes_are_of_the_version_that_was_asked_for(self, bucket: tuple[Objects, Put]) -> None:
        objects, put = bucket
        old = put("a/x.csv", b"id,name\n1,Ada\n")
        put("a/x.csv", b"other")
        assert isinstance(objects, FakeObjects | S3Objects)
        assert objects.first("a/x.csv", old, 7) == b"id,name"
        assert objects.first("a/x.csv", old, 1000) == b"id,name\n1,Ada\n"
        with pytest.raises(NotFound):
            objects.first("a/none.csv", "", 7)

    def test_versions_are_listed_by_key_under_a_prefix_only(self, bucket: tuple[Objects, Put]) -> None:
        objects, put = bucket
        for key in ("a/2", "a/1", "ab/1", "a b/ü+%20"):
            put(key, b"x")
        assert [v.key for v in objects.versions("a/")] == ["a/1", "a/2"]
        assert [v.key for v in objects.versions("a b/")] == ["a b/ü+%20"]
        assert list(objects.versions("c/")) == []

    def test_listing_goes_on_after_a_key(self, bucket: tuple[Objects, Put]) -> None:
        objects, put = bucket
        for key in ("n/1", "n/2", "n/3"):
            put(key, b"x")
        assert [v.key for v in objects.versions("n/", "n/1")] == ["n/2", "n/3"]

    def test_versions_of_a_key_are_listed_newest_first(self, bucket: tuple[Objects, Put]) -> None:
        objects, put = bucket
        first, second = put("v/1", b"one"), put("v/1", b"three")
        listed = list(objects.versions("v/"))
        assert [(v.version_id, v.size, v.latest) for v in listed] == [(second, 5, True), (first, 3, False)]

    def test_overwritten_version_is_still_downloaded(self, bucket: tuple[Objects, Put], tmp_path: Path) -> None:
        objects, put = bucket
        first, second = put("a b+ü.csv", b"one"), put("a b+ü.csv", b"two")
        for version, body in ((first, b"one"), (second, b"two")):
            objects.download("a b+ü.csv", version, tmp_path / version)
            assert (tmp_path / version).read_bytes() == body

    def test_version_that_is_gone_is_not_found(self, bucket: tuple[Objects, Put], tmp_path: Path) -> None:
        objects, _ = bucket
        with pytest.raises(NotFound):
            objects.download("never", "", tmp_path / "x")


class TestStepFunctions:
    @pytest.fixture
    def arn(self) -> str:
        definition = json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}})
        role = "arn:aws:iam::123456789012:role/any"
        made = client("stepfunctions").create_state_machine(name=f"load-{next(_numbers)}", definition=definition, roleArn=role)
        return str(made["stateMachineArn"])

    def test_starting_an_execution_again_is_success(self, arn: str) -> None:
        workflow = StepFunctions(client("stepfunctions"), arn)
        for _ in range(2):
            workflow.start("demo.events", 7)
        (execution,) = client("stepfunctions").list_executions(stateMachineArn=arn)["executions"]
        assert execution["name"] == "demo-events-000007"
        described = client("stepfunctions").describe_execution(executionArn=execution["executionArn"])
        assert json.loads(described["input"]) == {"dataset": "demo.events", "token": 7}

    def test_state_machine_that_is_gone_is_an_error_of_ours(self, arn: str) -> None:
        with pytest.raises(Exception, match="StateMachineDoesNotExist"):
            StepFunctions(client("stepfunctions"), arn + "x").start("demo.events", 1)


def letter(run_id: str, error: str = "BatchRefused") -> str:
    return json.dumps({"kind": "run-failed", "dataset": "demo.events", "run_id": run_id, "error": error})


class TestLetterbox:
    @pytest.fixture
    def url(self) -> str:
        return str(client("sqs").create_queue(QueueName=f"failures-{next(_numbers)}")["QueueUrl"])

    def fill(self, url: str, *bodies: str) -> list[str]:
        return [client("sqs").send_message(QueueUrl=url, MessageBody=body)["MessageId"] for body in bodies]

    def count(self, url: str) -> tuple[int, int]:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return int(found[names[0]]), int(found[names[1]])

    def test_letters_read_are_hidden_until_given_back(self, url: str) -> None:
        (message_id,) = self.fill(url, letter("r1"))
        box = Letterbox(client("sqs"), url)
        letters = box.read(5)
        assert [(x.message_id, x.envelope.run_id) for x in letters] == [(message_id, "r1")]
        assert abs(letters[0].sent / 1e6 - time.time()) < 60
        assert self.count(url) == (0, 1)
        box.give_back(letters)
        assert self.count(url) == (1, 0)

    def test_discarded_letters_are_gone(self, url: str) -> None:
        self.fill(url, "{}", "{}")
        box = Letterbox(client("sqs"), url)
        box.discard(box.read(2))
        assert self.count(url) == (0, 0)

    def test_no_more_letters_are_kept_than_were_asked_for(self, url: str) -> None:
        self.fill(url, *["{}"] * 12)
        assert len(Letterbox(client("sqs"), url).read(3)) == 3
        assert self.count(url) == (9, 3)

    def test_asking_for_none_reads_none(self, url: str) -> None:
        self.fill(url, "{}")
        assert Letterbox(client("sqs"), url).read(0) == []
        assert self.count(url) == (1, 0)

    @pytest.mark.parametrize(
        ("asked", "runs"),
        [
            ({"letters": 100}, {f"r{n}" for n in range(15)}),
            ({"letters": 100, "error": "Throttled"}, {f"r{n}" for n in range(0, 15, 5)}),
            ({"letters": 2, "error": "Throttled"}, 2),
            ({"letters": 100, "dataset": "health.claims"}, set()),
            ({"letters": 100, "since": "2100-01-01"}, set()),
            ({"letters": 100, "until": "2100-01-01"}, 15),
        ],
    )
    def test_letters_asked_for_are_found_among_others(self, url: str, asked: dict[str, object], runs: set[str] | int) -> None:
        self.fill(url, *[letter(f"r{n}", error="BatchRefused" if n % 5 else "Throttled") for n in range(15)])
        request = request_from(asked)
        found = {x.envelope.run_id for x in Letterbox(client("sqs"), url).read(request.most_letters, request.wants)}
        assert (len(found) if isinstance(runs, int) else found) == runs
        assert self.count(url) == (15 - len(found), len(found))

    def test_named_letter_is_found_among_others(self, url: str) -> None:
        ids = self.fill(url, *[letter(f"r{n}") for n in range(15)])
        request = request_from({"message_ids": [ids[12]]})
        assert [x.envelope.run_id for x in Letterbox(client("sqs"), url).read(request.most_letters, request.wants)] == ["r12"]
        assert self.count(url) == (14, 1)

    def test_letter_that_somebody_else_wrote_does_not_stop_the_others(self, url: str) -> None:
        self.fill(url, "not json", "[1]", letter("r1"))
        found = [(bool(x.envelope.problem), x.envelope.run_id) for x in Letterbox(client("sqs"), url).read(3)]
        assert found == [(True, ""), (True, ""), (False, "r1")]
