"""The arrivals queue and its timer that the simulator plays beside SQS as moto plays it: one contract for both."""

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

from simulator.choices import Choices
from simulator.cloud import Cloud
from simulator.processes import Scheduler
from simulator.queue import LONGEST_DELAY, RECEIVES, Message
from tidegate.aws.events import read
from tidegate.aws.timer import QueueTimer
from tidegate.ports import Timer
from tidegate.usecases.batch import Limits

_numbers = itertools.count()


def cloud() -> Cloud:
    return Cloud(Scheduler(Choices(given=()), 0, 1), Limits(files=3, bytes=1000))


def queue_url(**attributes: str) -> str:
    return str(boto3.client("sqs").create_queue(QueueName=f"arrivals-{next(_numbers)}", Attributes=attributes)["QueueUrl"])


@dataclass(frozen=True)
class Post:
    """A queue with a dead-letter queue: its timer, and what can be seen and done. `refuse` receives everything and answers for nothing."""

    timer: Timer
    send: Callable[[str], object]
    visible: Callable[[], int]
    delayed: Callable[[], int]
    receive: Callable[[], list[str]]
    refuse: Callable[[], object]
    dead: Callable[[], list[str]]


def _simulated_post() -> Post:
    made = cloud()
    queue = made.arrivals

    def take() -> list[Message]:
        taken = list(queue.waiting)
        queue.receive(taken)
        return taken

    return Post(
        made,
        queue.send,
        lambda: len(queue.waiting),
        lambda: len(queue.later),
        lambda: [m.body for m in take()],
        lambda: queue.give_back(take()),
        lambda: [m.body for m in queue.dead],
    )


def _real_post() -> Post:
    sqs, dlq = boto3.client("sqs"), queue_url()
    arn = sqs.get_queue_attributes(QueueUrl=dlq, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    url = queue_url(RedrivePolicy=json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": RECEIVES}))

    def count(name: str) -> int:
        return int(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name])

    def take(place: str = url) -> list[dict[str, Any]]:
        return list(sqs.receive_message(QueueUrl=place, MaxNumberOfMessages=10).get("Messages", ()))

    def refuse() -> None:
        for m in take():
            sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=m["ReceiptHandle"], VisibilityTimeout=0)

    def dead() -> list[str]:
        take()  # SQS moves a message when it is to be received once too often
        return [m["Body"] for m in take(dlq)]

    return Post(
        QueueTimer(sqs, url),
        lambda body: sqs.send_message(QueueUrl=url, MessageBody=body),
        lambda: count("ApproximateNumberOfMessages"),
        lambda: count("ApproximateNumberOfMessagesDelayed"),
        lambda: [m["Body"] for m in take()],
        refuse,
        dead,
    )


@pytest.fixture(params=[_simulated_post, _real_post], ids=["simulated", "sqs"])
def post(request: pytest.FixtureRequest) -> Post:
    made: Post = request.param()
    return made


class TestTimer:
    @pytest.mark.parametrize("seconds", [1, LONGEST_DELAY, LONGEST_DELAY + 1])
    def test_call_is_held_back(self, post: Post, seconds: int) -> None:
        post.timer.ring("demo.events", seconds)
        assert (post.visible(), post.delayed(), post.receive()) == (0, 1, [])

    def test_call_without_delay_names_the_dataset_in_a_form_that_ingest_reads(self, post: Post) -> None:
        post.timer.ring("demo.events", 0)
        (body,) = post.receive()
        assert read(json.loads(body)).wake == "demo.events"

    def test_every_call_rings(self, post: Post) -> None:
        for _ in range(2):
            post.timer.ring("demo.events", 0)
        assert len(post.receive()) == 2


class TestDeadLetters:
    def test_message_that_nobody_answers_for_comes_again_until_it_is_dead(self, post: Post) -> None:
        post.send("poison")
        for _ in range(RECEIVES - 1):
            post.refuse()
            assert post.visible() == 1
        post.refuse()
        assert post.dead() == ["poison"]
        assert post.receive() == []

    def test_template_gives_messages_as_many_chances(self) -> None:
        text = (Path(__file__).parents[2] / "template.yaml").read_text(encoding="utf-8")
        policy = yaml.load(text, Loader=_Tags)["Resources"]["ArrivalsQueue"]["Properties"]["RedrivePolicy"]  # noqa: S506
        assert policy["maxReceiveCount"] == RECEIVES

    def test_redriven_message_has_all_its_chances_again(self) -> None:
        made = cloud()
        made.arrivals.send("poison")
        for _ in range(2):
            for _ in range(RECEIVES):
                (message,) = made.arrivals.waiting
                made.arrivals.receive([message])
                made.arrivals.give_back([message])
            assert [m.body for m in made.arrivals.dead] == ["poison"]
            made.arrivals.redrive()
        assert [m.receives for m in made.arrivals.waiting] == [0]


class _Tags(yaml.SafeLoader):
    """Reads a template whatever its tags."""


_Tags.add_multi_constructor("!", lambda loader, tag, node: str((tag, node.value)) if loader else "")
