"""The failures DLQ, read the way replay needs it: look at letters, then discard them or give them back."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tidegate.aws.errors import speaking_to_aws

_RECEIVE = 10
_HIDDEN_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Letter:
    """One message of the failures DLQ; `handle` is SQS's receipt handle."""

    message_id: str
    body: dict[str, Any]
    handle: str


class Letterbox:
    """The failures DLQ."""

    def __init__(self, client: Any, queue_url: str) -> None:  # noqa: ANN401 - boto3 clients have no static type
        """Keep the client and the queue."""
        self._client, self._url = client, queue_url

    def send(self, letter: Mapping[str, Any]) -> None:
        """Keep a failure for a person to look at and to replay."""
        with speaking_to_aws():
            self._client.send_message(QueueUrl=self._url, MessageBody=json.dumps(letter))

    def read(self, most: int, message_ids: frozenset[str] = frozenset()) -> list[Letter]:
        """Receive up to `most` letters, or exactly the ones named; they stay hidden from others for two minutes."""
        wanted: list[Letter] = []
        others: list[Letter] = []
        while len(wanted) < (len(message_ids) or most):
            got = self._receive()
            if not got:
                break
            for letter in got:
                take = letter.message_id in message_ids if message_ids else len(wanted) < most
                (wanted if take else others).append(letter)
        self.give_back(others)
        return wanted

    def discard(self, letters: Sequence[Letter]) -> None:
        """Delete letters whose files are safe in the queue again."""
        for letter in letters:
            with speaking_to_aws():
                self._client.delete_message(QueueUrl=self._url, ReceiptHandle=letter.handle)

    def give_back(self, letters: Sequence[Letter]) -> None:
        """Make letters visible again at once."""
        for letter in letters:
            with speaking_to_aws():
                self._client.change_message_visibility(QueueUrl=self._url, ReceiptHandle=letter.handle, VisibilityTimeout=0)

    def _receive(self) -> list[Letter]:
        with speaking_to_aws():
            answer = self._client.receive_message(
                QueueUrl=self._url, MaxNumberOfMessages=_RECEIVE, VisibilityTimeout=_HIDDEN_SECONDS, WaitTimeSeconds=1
            )
        return [Letter(m["MessageId"], _body(m["Body"]), m["ReceiptHandle"]) for m in answer.get("Messages", ())]


def _body(text: str) -> dict[str, Any]:
    try:
        fields = json.loads(text)
    except ValueError:
        return {}
    return fields if isinstance(fields, dict) else {}
