import pytest

from scripts.metered import usage_of
from tidegate.cost.usage import Usage

COUNTS = {
    "invocations": {
        "tidegate-IngestFunction-1AB": {"count": 3, "milliseconds": 30.04, "memory": 512},
        "tidegate-LoadFunction-2CD": {"count": 1, "milliseconds": 500.0, "memory": 3008},
    },
    "transitions": {"Claim": 1, "Load": 1, "Notify": 1},
    "writes": {"transactional": 5, "single": 2},
    "reads": {"transactional": 1, "items": 7},
    "requests": {
        "s3.PUT": 4, "s3.LIST": 1, "s3.POST": 1, "s3.GET": 5, "s3.HEAD": 2, "s3.DELETE": 9, "glue.GetTable": 3, "glue.UpdateTable": 3,
        "sqs.SendMessage": 1, "secretsmanager.GetSecretValue": 1, "dynamodb.GetItem": 7,
    },
    "notifications": {"sqs": 2},
}  # fmt: skip


def test_what_the_meter_counts_becomes_what_aws_bills() -> None:
    assert usage_of(COUNTS, files=2, runs=1) == Usage(
        invocations={"ingest": 3, "load": 1},
        milliseconds={"ingest": 30.0, "load": 500.0},
        transitions=3,
        writes=2 * 5 + 2 + 2 + 1,  # transactions cost twice; the index lists two files and a run
        reads=2 * 1 + 7,
        puts=6,
        gets=7,
        catalog=6,
        messages=2 + 2 * 3 + 1,
        notices=1,
        secrets=1,
    )


def test_nothing_counted_is_nothing_used() -> None:
    assert usage_of({"invocations": {}}, 0, 0) == Usage()


def test_function_of_nobody_is_not_passed_over() -> None:
    with pytest.raises(ValueError, match="unpack"):
        usage_of({"invocations": {"tidegate-OtherFunction-1": {"count": 1, "milliseconds": 1, "memory": 128}}}, 0, 0)
