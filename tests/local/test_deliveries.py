"""S3 to SQS to Lambda, with the policies that the template has: TLS only, each under its own permissions."""

import json
import time
from typing import Any

import pytest

from .conftest import Cloud, until

TLS_ONLY = {"Effect": "Deny", "Principal": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
READS = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")


def landing(cloud: Cloud, url: str, arn: str) -> str:
    """A versioned, TLS-only bucket that tells the TLS-only queue."""
    s3, bucket = cloud.client("s3"), cloud.bucket()
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    own = f"arn:aws:s3:::{bucket}"
    refuse = {**TLS_ONLY, "Action": "s3:*", "Resource": [own, f"{own}/*"]}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Statement": [refuse]}))
    allow = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn,
             "Condition": {"ArnLike": {"aws:SourceArn": own}}}  # fmt: skip
    policy = {"Statement": [allow, {**TLS_ONLY, "Action": "sqs:*", "Resource": arn}]}
    cloud.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    notify = [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"QueueConfigurations": notify})
    return bucket


HANDLER = """
import json
def handle(event, context):
    bodies = {record["messageId"]: json.loads(record["body"]) for record in event["Records"]}
    seen = [r["s3"]["object"] for body in bodies.values() for r in body.get("Records", [])]
    for found in seen:
        print("SEEN", json.dumps(found))
    bad = [name for name, body in bodies.items() if any("bad" in r["s3"]["object"]["key"] for r in body.get("Records", []))]
    return {"batchItemFailures": [{"itemIdentifier": name} for name in bad]}
"""


def seen(cloud: Cloud, function: str) -> list[dict[str, Any]]:
    return [json.loads(line.removeprefix("SEEN ")) for line in cloud.printed(function, "SEEN")]


def listen(cloud: Cloud, arn: str, *actions: str) -> str:
    function = cloud.function(HANDLER, role=cloud.role(*((action, arn) for action in actions)), Timeout=1)
    cloud.client("lambda").create_event_source_mapping(
        FunctionName=function, EventSourceArn=arn, FunctionResponseTypes=["ReportBatchItemFailures"],
    )  # fmt: skip
    return function


def test_objects_reach_the_function_and_bad_ones_the_dead_letter_queue(cloud: Cloud) -> None:
    letters, letters_arn = cloud.queue()
    redrive = json.dumps({"deadLetterTargetArn": letters_arn, "maxReceiveCount": 2})
    url, arn = cloud.queue(VisibilityTimeout="1", RedrivePolicy=redrive)
    bucket, function = landing(cloud, url, arn), listen(cloud, arn, *READS)
    s3 = cloud.client("s3")
    versions = [s3.put_object(Bucket=bucket, Key="a b+é.csv", Body=body)["VersionId"] for body in (b"1", b"2")]
    s3.put_object(Bucket=bucket, Key="bad", Body=b"")
    letter = until(lambda: cloud.client("sqs").receive_message(QueueUrl=letters).get("Messages"))
    assert json.loads(letter[0]["Body"])["Records"][0]["s3"]["object"]["key"] == "bad"
    good = sorted((found for found in seen(cloud, function) if found["key"] != "bad"), key=lambda found: str(found["sequencer"]))
    assert [found["versionId"] for found in good] == versions
    assert {found["key"] for found in good} == {"a+b%2B%C3%A9.csv"}


@pytest.mark.parametrize("missing", READS)
def test_a_queue_is_not_read_without_the_roles_permission(cloud: Cloud, missing: str) -> None:
    url, arn = cloud.queue()
    bucket, function = landing(cloud, url, arn), listen(cloud, arn, *(action for action in READS if action != missing))
    cloud.client("s3").put_object(Bucket=bucket, Key="a", Body=b"")
    time.sleep(1)
    assert seen(cloud, function) == []
    mapping = cloud.client("lambda").list_event_source_mappings(FunctionName=function)["EventSourceMappings"][0]
    assert missing in mapping["LastProcessingResult"]


def test_a_function_may_use_a_bucket_that_wants_tls(cloud: Cloud) -> None:
    bucket = landing(cloud, *cloud.queue())
    source = f"import boto3\ndef handle(event, context): boto3.client('s3').put_object(Bucket='{bucket}', Key='a', Body=b'')"
    assert cloud.invoke(cloud.function(source, role=cloud.role(("s3:PutObject", f"arn:aws:s3:::{bucket}/*")))) == (None, None)
