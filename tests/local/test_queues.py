"""Dead letters go back as on AWS: to where they came from, each once, one task at a time, with the caller's permissions.

AWS's errors are those recorded in LocalStack's tests of its move tasks.
"""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from .conftest import Cloud, until

REDRIVE = ("sqs:StartMessageMoveTask", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
ATTRIBUTES = {"Kind": {"DataType": "String", "StringValue": "arrival"}, "Raw": {"DataType": "Binary", "BinaryValue": b"\0\1"}}


class Pipe:
    """A queue, its dead-letter queue, and bodies that went from one to the other as poison does."""

    def __init__(self, cloud: Cloud, *bodies: str, letters: tuple[str, str] | None = None) -> None:
        self.cloud, self.sqs = cloud, cloud.client("sqs")
        self.letters, self.letters_arn = letters or cloud.queue()
        policy = json.dumps({"deadLetterTargetArn": self.letters_arn, "maxReceiveCount": 1})
        self.queue, self.arn = cloud.queue(VisibilityTimeout="0", RedrivePolicy=policy)
        for body in bodies:
            self.sqs.send_message(QueueUrl=self.queue, MessageBody=body, MessageAttributes=ATTRIBUTES)
        while "Messages" in self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10):
            pass

    def start(self, **options: Any) -> str:
        return str(self.sqs.start_message_move_task(SourceArn=self.letters_arn, **options)["TaskHandle"])

    def tasks(self, **options: Any) -> list[dict[str, Any]]:
        return list(self.sqs.list_message_move_tasks(SourceArn=self.letters_arn, **options)["Results"])

    def ended(self) -> dict[str, Any]:
        return dict(until(lambda: next((task for task in self.tasks() if task["Status"] not in ("RUNNING", "CANCELLING")), None)))

    def drain(self, url: str) -> list[dict[str, Any]]:
        return self.cloud.drain(url, AttributeNames=["All"], MessageAttributeNames=["All"], VisibilityTimeout=30)


def bodies(messages: list[dict[str, Any]]) -> list[str]:
    return sorted(message["Body"] for message in messages)


def refused(call: Any, **arguments: Any) -> tuple[str, str, int]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response
    return error["Error"]["Code"], error["Error"]["Message"], error["ResponseMetadata"]["HTTPStatusCode"]


def test_letters_return_to_their_source_as_new_messages_with_body_and_attributes(cloud: Cloud) -> None:
    sent = [f"letter {number}" for number in range(25)]
    pipe = Pipe(cloud, *sent)
    before = pipe.sqs.receive_message(QueueUrl=pipe.letters, VisibilityTimeout=0)["Messages"][0]["MessageId"]
    pipe.start()
    task = pipe.ended()
    assert (task["Status"], task["ApproximateNumberOfMessagesMoved"], task["ApproximateNumberOfMessagesToMove"]) == (
        "COMPLETED",
        25,
        25,
    )
    assert not {"TaskHandle", "DestinationArn", "FailureReason", "MaxNumberOfMessagesPerSecond"} & task.keys()
    moved = pipe.drain(pipe.queue)
    assert bodies(moved) == sorted(sent)
    assert pipe.drain(pipe.letters) == []
    for message in moved:
        assert message["MessageAttributes"] == ATTRIBUTES
        assert message["Attributes"]["ApproximateReceiveCount"] == "1"
        assert "DeadLetterQueueSourceArn" not in message["Attributes"]
        assert message["MessageId"] != before


def test_letters_of_two_queues_each_return_to_their_own(cloud: Cloud) -> None:
    first = Pipe(cloud, "a", "b")
    second = Pipe(cloud, "c", letters=(first.letters, first.letters_arn))
    assert sorted(cloud.client("sqs").list_dead_letter_source_queues(QueueUrl=first.letters)["queueUrls"]) == sorted(
        [first.queue, second.queue],
    )  # fmt: skip
    first.start()
    assert first.ended()["ApproximateNumberOfMessagesMoved"] == 3
    assert bodies(first.drain(first.queue)) == ["a", "b"]
    assert bodies(second.drain(second.queue)) == ["c"]


def test_letters_go_to_another_queue_when_one_is_named(cloud: Cloud) -> None:
    pipe, (other, arn) = Pipe(cloud, "a", "b"), cloud.queue()
    pipe.start(DestinationArn=arn)
    assert pipe.ended()["DestinationArn"] == arn
    assert bodies(pipe.drain(other)) == ["a", "b"]
    assert pipe.drain(pipe.queue) == []


def test_a_letter_that_somebody_is_reading_stays(cloud: Cloud) -> None:
    pipe = Pipe(cloud, "a", "b")
    held = pipe.sqs.receive_message(QueueUrl=pipe.letters, VisibilityTimeout=60)["Messages"][0]
    pipe.start()
    assert pipe.ended()["ApproximateNumberOfMessagesMoved"] == 1
    assert bodies([held, *pipe.drain(pipe.queue)]) == ["a", "b"]


def test_letters_that_fail_again_while_the_task_runs_are_back_once_and_do_not_keep_it_running(cloud: Cloud) -> None:
    sent = [f"poison {number}" for number in range(12)]
    pipe = Pipe(cloud, *sent)
    function = cloud.function("def handle(event, context): raise ValueError", role=cloud.role(("sqs:*", pipe.arn)))
    mapping = cloud.client("lambda").create_event_source_mapping(FunctionName=function, EventSourceArn=pipe.arn)
    pipe.start(MaxNumberOfMessagesPerSecond=20)
    assert pipe.ended()["ApproximateNumberOfMessagesMoved"] == len(sent)
    returned: list[str] = []
    until(lambda: len(returned.extend(bodies(pipe.drain(pipe.letters))) or returned) >= len(sent))
    cloud.client("lambda").delete_event_source_mapping(UUID=mapping["UUID"])
    assert bodies(pipe.drain(pipe.queue)) == []
    assert sorted(returned) == sorted(sent)


def test_a_message_put_there_by_hand_has_no_source_and_stays(cloud: Cloud) -> None:
    pipe = Pipe(cloud)
    pipe.sqs.send_message(QueueUrl=pipe.letters, MessageBody="by hand")
    pipe.start()
    task = pipe.ended()
    assert (task["Status"], task["FailureReason"]) == ("FAILED", "CouldNotDetermineMessageSource")
    pipe.start(DestinationArn=pipe.arn)
    assert pipe.ended()["Status"] == "COMPLETED"
    assert bodies(pipe.drain(pipe.queue)) == ["by hand"]
    assert [task["Status"] for task in pipe.tasks(MaxResults=10)] == ["COMPLETED", "FAILED"], "the newest first"


def test_a_slow_task_runs_while_letters_remain_excludes_another_and_can_be_cancelled(cloud: Cloud) -> None:
    sent = [f"letter {number:02}" for number in range(40)]
    pipe = Pipe(cloud, *sent)
    handle = pipe.start(MaxNumberOfMessagesPerSecond=1)
    task = pipe.tasks()[0]
    assert (task["Status"], task["TaskHandle"], task["MaxNumberOfMessagesPerSecond"]) == ("RUNNING", handle, 1)
    assert task["ApproximateNumberOfMessagesMoved"] < task["ApproximateNumberOfMessagesToMove"] == 40
    running = "There is already a task running. Only one active task is allowed for a source queue arn at a given time."
    assert refused(pipe.start) == ("InvalidParameterValue", running, 400)
    pipe.sqs.cancel_message_move_task(TaskHandle=handle)
    task = pipe.ended()
    assert task["Status"] == "CANCELLED"
    returned, kept = pipe.drain(pipe.queue), pipe.drain(pipe.letters)
    assert len(returned) == task["ApproximateNumberOfMessagesMoved"] < 40
    assert bodies(returned + kept) == sent, "none lost, none doubled"
    assert refused(pipe.sqs.cancel_message_move_task, TaskHandle=handle) == (
        "ResourceNotFoundException",
        "Task does not exist.",
        404,
    )


def test_a_destination_that_vanishes_fails_the_task_and_keeps_the_letters(cloud: Cloud) -> None:
    pipe, (other, arn) = Pipe(cloud, *"abcdefgh"), cloud.queue()
    pipe.start(DestinationArn=arn, MaxNumberOfMessagesPerSecond=2)
    pipe.sqs.delete_queue(QueueUrl=other)
    task = pipe.ended()
    assert (task["Status"], task["FailureReason"]) == ("FAILED", "AWS.SimpleQueueService.NonExistentQueue")
    assert len(pipe.drain(pipe.letters)) == 8 - task["ApproximateNumberOfMessagesMoved"] > 0


def test_what_is_no_dead_letter_queue_is_refused_in_the_words_of_aws(cloud: Cloud) -> None:
    sqs, (_, plain), pipe = cloud.client("sqs"), cloud.queue(), Pipe(cloud)
    missing = "The resource that you specified for the {} parameter doesn't exist."
    assert refused(sqs.start_message_move_task, SourceArn=plain) == (
        "InvalidParameterValue", "Source queue must be configured as a Dead Letter Queue.", 400,
    )  # fmt: skip
    assert refused(sqs.start_message_move_task, SourceArn=f"{plain}x") == (
        "ResourceNotFoundException", missing.format("SourceArn"), 404,
    )  # fmt: skip
    assert refused(pipe.start, DestinationArn=f"{plain}x") == ("ResourceNotFoundException", missing.format("DestinationArn"), 404)
    assert refused(pipe.start, MaxNumberOfMessagesPerSecond=501)[0] == "InvalidParameterValue"
    assert refused(sqs.cancel_message_move_task, TaskHandle="foobared")[1] == "Value for parameter TaskHandle is invalid."
    assert pipe.tasks() == []


@pytest.mark.parametrize("missing", [*REDRIVE, "sqs:SendMessage"])
def test_redrive_needs_every_permission_on_both_queues(cloud: Cloud, missing: str) -> None:
    pipe, (other, arn) = Pipe(cloud, "a"), cloud.queue()
    wanted = [*((action, pipe.letters_arn) for action in REDRIVE), ("sqs:SendMessage", arn)]
    role = cloud.role(*((action, resource) for action, resource in wanted if action != missing))
    acting = cloud.client("sqs", **cloud.acting_as(role))
    code, _, status = refused(acting.start_message_move_task, SourceArn=pipe.letters_arn, DestinationArn=arn)
    assert (code, status) == ("AccessDenied", 403)
    assert bodies(pipe.drain(pipe.letters)) == ["a"]
    assert pipe.drain(other) == []


def test_with_every_permission_a_role_may_redrive_but_not_to_a_queue_it_may_not_send_to(cloud: Cloud) -> None:
    pipe, (_, arn) = Pipe(cloud, "a"), cloud.queue()
    role = cloud.role(*((action, pipe.letters_arn) for action in REDRIVE), ("sqs:SendMessage", arn))
    acting = cloud.client("sqs", **cloud.acting_as(role))
    acting.start_message_move_task(SourceArn=pipe.letters_arn)
    task = pipe.ended()
    assert (task["Status"], task["FailureReason"]) == ("FAILED", "AccessDenied")
    acting.start_message_move_task(SourceArn=pipe.letters_arn, DestinationArn=arn)
    assert pipe.ended()["Status"] == "COMPLETED"


def test_a_delayed_message_reaches_the_function_after_its_delay(cloud: Cloud) -> None:
    source = """
        def handle(event, context):
            for record in event["Records"]:
                times = record["attributes"]
                late = int(times["ApproximateFirstReceiveTimestamp"]) - int(times["SentTimestamp"])
                print("SEEN", record["body"], late)
    """
    (url, arn), sqs = cloud.queue(), cloud.client("sqs")
    reads = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
    function = cloud.function(source, role=cloud.role(*((action, arn) for action in reads)))
    cloud.client("lambda").create_event_source_mapping(FunctionName=function, EventSourceArn=arn)
    sqs.send_message(QueueUrl=url, MessageBody="delayed", DelaySeconds=2)
    sqs.send_message(QueueUrl=url, MessageBody="prompt")
    lines = until(lambda: len(found := cloud.printed(function, "SEEN")) == 2 and found)
    assert [line.split()[1] for line in lines] == ["prompt", "delayed"]
    assert int(lines[1].split()[2]) >= 2000
