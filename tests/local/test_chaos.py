"""Chaos does what it says and no more: before an effect, after it, for a while, twice or late; never to the person at the keyboard."""

import json
import random
from collections.abc import Iterator
from itertools import count
from typing import Any
from urllib.error import HTTPError

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from .conftest import Cloud, unique, until

CHAOS = "/_tidegate/chaos"
ONCE = Config(retries={"total_max_attempts": 1})
NEARLY_NEVER = 1e-12  # a service with no rate at all has no outages


@pytest.fixture
def calm(disturbed: Cloud) -> Iterator[Cloud]:
    """Nothing goes wrong before the test says so, nor after it."""
    disturbed.ask(CHAOS, b"{}")
    yield disturbed
    disturbed.ask(CHAOS, b"{}")


def disturb(cloud: Cloud, **rates: Any) -> None:
    assert cloud.ask(CHAOS, json.dumps(rates).encode())["rates"] == rates


def injected(cloud: Cloud) -> dict[str, int]:
    return dict(cloud.ask(CHAOS)["injected"])


def acting(cloud: Cloud, service: str) -> Any:
    return cloud.client(service, config=ONCE, **cloud.acting_as(cloud.role(("*", "*"))))


def error_of(call: Any, **arguments: Any) -> str:
    """The error's code, or nothing."""
    try:
        call(**arguments)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


def test_without_the_variable_nothing_can_be_set(cloud: Cloud) -> None:
    with pytest.raises(HTTPError):
        cloud.ask(CHAOS, b'{"errors": {"s3": 1}}')
    bucket = cloud.bucket()
    assert error_of(acting(cloud, "s3").put_object, Bucket=bucket, Key="a", Body=b"") == ""


def test_with_no_rates_nothing_fails(calm: Cloud) -> None:
    bucket, s3, before = calm.bucket(), acting(calm, "s3"), injected(calm)
    assert {error_of(s3.put_object, Bucket=bucket, Key=str(number), Body=b"") for number in range(20)} == {""}
    assert injected(calm) == before


def test_a_call_that_fails_before_had_no_effect_and_one_that_fails_after_had_it(calm: Cloud) -> None:
    bucket, s3 = calm.bucket(), acting(calm, "s3")
    disturb(calm, seed=1, errors={"s3": 1})
    seen = set()
    for number in range(20):
        before = injected(calm).get("s3 after", 0)
        assert error_of(s3.put_object, Bucket=bucket, Key=str(number), Body=b"") == "SlowDown"
        came_after = injected(calm).get("s3 after", 0) - before
        there = calm.client("s3").list_objects_v2(Bucket=bucket, Prefix=str(number)).get("Contents", [])
        assert (str(number) in [found["Key"] for found in there]) == bool(came_after)
        seen.add(came_after)
    assert seen == {0, 1}


def test_only_the_services_that_have_a_rate_fail_each_in_its_own_words(calm: Cloud) -> None:
    bucket, (url, _) = calm.bucket(), calm.queue()
    topic = calm.client("sns").create_topic(Name=unique("topic"))["TopicArn"]
    s3, sqs, sns, dynamodb = (acting(calm, service) for service in ("s3", "sqs", "sns", "dynamodb"))
    disturb(calm, errors={"sns": 1, "dynamodb": 1})
    assert error_of(sns.publish, TopicArn=topic, Message="x") == "Throttling"
    assert error_of(dynamodb.list_tables) == "ThrottlingException"
    assert error_of(s3.put_object, Bucket=bucket, Key="a", Body=b"") == ""
    assert error_of(sqs.send_message, QueueUrl=url, MessageBody="x") == ""


def test_the_root_user_never_fails(calm: Cloud) -> None:
    bucket = calm.bucket()
    disturb(calm, errors={"s3": 1}, outage=1)
    root = calm.client("s3", config=ONCE)
    assert {error_of(root.put_object, Bucket=bucket, Key="a", Body=b"") for _ in range(10)} == {""}


def test_a_function_fails_as_its_calls_do(calm: Cloud) -> None:
    source = """
        import boto3
        from botocore.config import Config
        def handle(event, context):
            boto3.client("dynamodb", config=Config(retries={"total_max_attempts": 1})).list_tables()
    """
    name = calm.function(source, role=calm.role(("dynamodb:*", "*")))
    assert calm.invoke(name) == (None, None)
    disturb(calm, errors={"dynamodb": 1})
    answer, _ = calm.invoke(name)
    assert "ThrottlingException" in answer["errorMessage"]


def seed_of_one_outage(rate: float) -> int:
    """The seed of a series whose first draw is an outage and whose next hundred are not."""

    def fits(seed: int) -> bool:
        draw = random.Random(seed).random  # noqa: S311 - the same series as the server's
        return draw() < rate and all(draw() >= rate for _ in range(100))

    return next(seed for seed in count() if fits(seed))


def test_an_outage_refuses_everything_of_one_service_for_a_while_and_then_ends(calm: Cloud) -> None:
    bucket, s3, dynamodb = calm.bucket(), acting(calm, "s3"), acting(calm, "dynamodb")
    before = injected(calm).get("dynamodb outage", 0)
    disturb(calm, seed=seed_of_one_outage(0.01), errors={"dynamodb": NEARLY_NEVER}, outage=0.01)
    assert [error_of(dynamodb.list_tables) for _ in range(5)] == ["ThrottlingException"] * 5
    assert error_of(s3.put_object, Bucket=bucket, Key="a", Body=b"") == ""
    until(lambda: not error_of(dynamodb.list_tables))
    assert injected(calm)["dynamodb outage"] - before >= 5
    assert error_of(dynamodb.list_tables) == ""


def test_new_rates_end_an_outage(calm: Cloud) -> None:
    dynamodb = acting(calm, "dynamodb")
    disturb(calm, errors={"dynamodb": NEARLY_NEVER}, outage=1)
    assert error_of(dynamodb.list_tables) == "ThrottlingException"
    disturb(calm)
    assert error_of(dynamodb.list_tables) == ""


def announced(cloud: Cloud) -> tuple[str, str]:
    """A bucket and the queue that hears of its objects."""
    (url, arn), bucket = cloud.queue(), cloud.bucket()
    allow = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn}
    cloud.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Statement": [allow]})})
    cloud.client("s3").put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]},
    )  # fmt: skip
    cloud.drain(url)  # S3's test event
    return bucket, url


@pytest.mark.parametrize(("rates", "times"), [({"duplicate": 1}, 2), ({"shuffle": 0.5}, 1), ({"duplicate": 1, "shuffle": 0.5}, 2)])
def test_every_notification_comes_at_least_once(calm: Cloud, rates: dict[str, Any], times: int) -> None:
    (bucket, url), keys = announced(calm), [f"{number:02}" for number in range(20)]
    disturb(calm, seed=7, **rates)
    for key in keys:
        calm.client("s3").put_object(Bucket=bucket, Key=key, Body=b"")
    heard: list[str] = []

    def complete() -> bool:
        heard.extend(json.loads(message["Body"])["Records"][0]["s3"]["object"]["key"] for message in calm.drain(url))
        return len(heard) >= times * len(keys)

    until(complete)
    assert sorted(heard) == sorted(keys * times)
    assert heard != sorted(heard), "in another order than the objects came"


def test_what_was_held_back_still_comes_after_the_end(calm: Cloud) -> None:
    bucket, url = announced(calm)
    disturb(calm, shuffle=3)
    calm.client("s3").put_object(Bucket=bucket, Key="late", Body=b"")
    disturb(calm)
    calm.client("s3").put_object(Bucket=bucket, Key="prompt", Body=b"")
    heard: list[str] = []
    until(lambda: len(heard.extend(message["Body"] for message in calm.drain(url)) or heard) == 2)
    assert "prompt" in heard[0]
    assert "late" in heard[1]


def test_a_message_that_a_function_is_given_again_is_counted(calm: Cloud) -> None:
    (url, arn), before = calm.queue(VisibilityTimeout="1"), injected(calm).get("message again", 0)
    reads = [(action, arn) for action in ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")]
    source = """
        def handle(event, context):
            if event["Records"][0]["attributes"]["ApproximateReceiveCount"] == "1": raise ValueError
    """
    name = calm.function(source, role=calm.role(*reads), Timeout=1)
    calm.client("lambda").create_event_source_mapping(FunctionName=name, EventSourceArn=arn)
    calm.client("sqs").send_message(QueueUrl=url, MessageBody="x")
    until(lambda: injected(calm).get("message again", 0) == before + 1)
