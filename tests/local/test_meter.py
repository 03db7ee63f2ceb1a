"""The meter counts what functions ask for and what runs, not what the person at the keyboard looks at."""

import json
from typing import Any
from urllib.error import HTTPError

import pytest

from .conftest import Cloud, unique, until

METER = "/_tidegate/meter"


@pytest.fixture
def metered(disturbed: Cloud) -> Cloud:
    """Begun anew."""
    disturbed.ask(METER, b"")
    return disturbed


def counts(cloud: Cloud) -> dict[str, Any]:
    return dict(cloud.ask(METER))


def role(cloud: Cloud) -> dict[str, str]:
    return cloud.acting_as(cloud.role(("*", "*")))


def table(cloud: Cloud) -> str:
    name = unique("table")
    cloud.client("dynamodb").create_table(
        TableName=name, BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}], AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )  # fmt: skip
    return name


def item(name: str) -> dict[str, Any]:
    return {"id": {"S": name}}


def test_without_the_variable_nothing_is_counted(cloud: Cloud) -> None:
    with pytest.raises(HTTPError):
        cloud.ask(METER)


def test_requests_are_counted_by_service_and_operation(metered: Cloud) -> None:
    bucket, (url, _) = metered.bucket(), metered.queue()
    topic = metered.client("sns").create_topic(Name=unique("topic"))["TopicArn"]
    acting = role(metered)
    s3, sqs, sns = (metered.client(service, **acting) for service in ("s3", "sqs", "sns"))
    for key in ("a", "b"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    s3.get_object(Bucket=bucket, Key="a")
    s3.head_object(Bucket=bucket, Key="a")
    s3.list_objects_v2(Bucket=bucket)
    s3.delete_object(Bucket=bucket, Key="a")
    sqs.send_message(QueueUrl=url, MessageBody="x")
    sns.publish(TopicArn=topic, Message="x")
    assert counts(metered)["requests"] == {
        "s3.PUT": 2, "s3.GET": 1, "s3.HEAD": 1, "s3.LIST": 1, "s3.DELETE": 1, "sqs.SendMessage": 1, "sns.Publish": 1,
    }  # fmt: skip


def test_items_of_dynamodb_are_counted_one_by_one_and_transactions_apart(metered: Cloud) -> None:
    name = table(metered)
    dynamodb = metered.client("dynamodb", **role(metered))
    dynamodb.put_item(TableName=name, Item=item("a"))
    dynamodb.update_item(TableName=name, Key=item("a"))
    dynamodb.delete_item(TableName=name, Key=item("a"))
    dynamodb.batch_write_item(RequestItems={name: [{"PutRequest": {"Item": item(key)}} for key in "bc"]})
    dynamodb.transact_write_items(TransactItems=[{"Put": {"TableName": name, "Item": item(key)}} for key in "defg"])
    assert counts(metered)["writes"] == {"single": 5, "transactional": 4}
    assert "reads" not in counts(metered)
    dynamodb.describe_table(TableName=name)
    dynamodb.get_item(TableName=name, Key=item("b"))
    dynamodb.batch_get_item(RequestItems={name: {"Keys": [item("b"), item("c"), item("d")]}})
    dynamodb.scan(TableName=name)
    dynamodb.transact_get_items(TransactItems=[{"Get": {"TableName": name, "Key": item(key)}} for key in "bc"])
    assert counts(metered)["reads"] == {"items": 5, "transactional": 2}
    assert counts(metered)["writes"] == {"single": 5, "transactional": 4}


def test_the_root_user_is_not_counted(metered: Cloud) -> None:
    name, bucket = table(metered), metered.bucket()
    metered.client("dynamodb").put_item(TableName=name, Item=item("a"))
    metered.client("s3").put_object(Bucket=bucket, Key="a", Body=b"")
    assert counts(metered) == {"invocations": {}}


def test_invocations_states_and_notifications_are_counted(metered: Cloud) -> None:
    (_, arn), bucket = metered.queue(), metered.bucket()
    allow = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn}
    url = metered.client("sqs").get_queue_url(QueueName=arn.rsplit(":", 1)[-1])["QueueUrl"]
    metered.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Statement": [allow]})})
    metered.client("s3").put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]},
    )  # fmt: skip
    metered.drain(url)  # S3's test event
    metered.ask(METER, b"")
    metered.client("s3").put_object(Bucket=bucket, Key="a", Body=b"")
    until(lambda: metered.drain(url))
    well = metered.function("def handle(event, context): return 1", MemorySize=512)
    broken = metered.function("def handle(event, context): raise ValueError")
    metered.invoke(well)
    metered.invoke(well)
    metered.invoke(broken)
    definition = {"StartAt": "First", "States": {"First": {"Type": "Pass", "Next": "Last"}, "Last": {"Type": "Succeed"}}}
    metered.run_machine(definition, metered.role(trusted="states.amazonaws.com"))
    found = counts(metered)
    assert {name: (entry["count"], entry["memory"]) for name, entry in found["invocations"].items()} == {
        well: (2, 512), broken: (1, 128),
    }  # fmt: skip
    assert all(entry["milliseconds"] > 0 for entry in found["invocations"].values())
    assert found["transitions"] == {"First": 1, "Last": 1}
    assert found["notifications"] == {"sqs": 1}


def test_what_a_function_asks_for_is_counted(metered: Cloud) -> None:
    bucket = metered.bucket()
    source = f"import boto3\ndef handle(event, context): boto3.client('s3').put_object(Bucket='{bucket}', Key='a', Body=b'')"
    metered.invoke(metered.function(source, role=metered.role(("s3:PutObject", f"arn:aws:s3:::{bucket}/*"))))
    assert counts(metered)["requests"] == {"s3.PUT": 1}


def test_asking_by_post_answers_the_counts_and_begins_anew(metered: Cloud) -> None:
    metered.client("sts", **role(metered)).get_caller_identity()
    assert counts(metered)["requests"] == {"sts.GetCallerIdentity": 1}
    assert metered.ask(METER, b"")["requests"] == {"sts.GetCallerIdentity": 1}
    assert counts(metered) == {"invocations": {}}
