"""The failures DLQ, read the way replay needs it: look at letters, then discard them or give them back."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tidegate.aws.envelopes import open_envelope
from tidegate.aws.errors import speaking_to_aws
from tidegate.model.selection import DeadLetter

_RECEIVE = 10
HIDDEN_SECONDS = 330  # longer than replay may run, so that nobody else answers the same letter


class Letterbox:
    """The failures DLQ."""

    def __init__(self, client: Any, queue_url: str) -> None:  # noqa: ANN401 - boto3 clients have no static type
        """Keep the client and the queue."""
        self._client, self._url = client, queue_url

    def send(self, letter: Mapping[str, Any]) -> None:
        """Keep a failure for a person to look at and to replay."""
        with speaking_to_aws():
            self._client.send_message(QueueUrl=self._url, MessageBody=json.dumps(letter))

    def read(self, most: int, wanted: Callable[[DeadLetter], bool] = lambda _: True) -> list[DeadLetter]:
        """Receive up to `most` wanted letters; they stay hidden from others until they are discarded or given back."""
        taken: list[DeadLetter] = []
        others: list[DeadLetter] = []
        while len(taken) < most and (got := self._receive()):
            for letter in got:
                (taken if len(taken) < most and wanted(letter) else others).append(letter)
        self.give_back(others)
        return taken

    def discard(self, letters: Sequence[DeadLetter]) -> None:
        """Delete letters whose files are safe in the queue again."""
        for letter in letters:
            with speaking_to_aws():
                self._client.delete_message(QueueUrl=self._url, ReceiptHandle=letter.handle)

    def give_back(self, letters: Sequence[DeadLetter]) -> None:
        """Make letters visible again at once."""
        for letter in letters:
            with speaking_to_aws():
                self._client.change_message_visibility(QueueUrl=self._url, ReceiptHandle=letter.handle, VisibilityTimeout=0)

    def _receive(self) -> list[DeadLetter]:
        with speaking_to_aws():
            answer = self._client.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=_RECEIVE,
                VisibilityTimeout=HIDDEN_SECONDS,
                WaitTimeSeconds=1,
                MessageSystemAttributeNames=["SentTimestamp"],
            )
        return [
            DeadLetter(m["MessageId"], open_envelope(m["Body"]), int(m["Attributes"]["SentTimestamp"]) * 1000, m["ReceiptHandle"])
            for m in answer.get("Messages", ())
        ]
