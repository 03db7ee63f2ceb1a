"""Wake-up calls by way of the arrivals queue: SQS holds a message back for as long as asked."""

import json
from typing import Any

from tidegate.aws.errors import speaking_to_aws


class QueueTimer:
    """Delayed messages to the arrivals queue, which `events` reads."""

    def __init__(self, client: Any, queue_url: str) -> None:  # noqa: ANN401 - boto3 clients have no static type
        """Keep the client and the queue."""
        self._client, self._url = client, queue_url

    def ring(self, dataset: str, seconds: int) -> None:
        """Have the dataset woken in so many seconds, at most 900."""
        with speaking_to_aws():
            self._client.send_message(QueueUrl=self._url, MessageBody=json.dumps({"wake": dataset}), DelaySeconds=min(seconds, 900))
