"""The SNS topic that tells people what ended."""

import json
from collections.abc import Mapping
from typing import Any

from tidegate.aws.errors import speaking_to_aws


class Topic:
    """One topic."""

    def __init__(self, client: Any, arn: str) -> None:  # noqa: ANN401 - boto3 clients have no static type
        """Keep the client and the topic."""
        self._client, self._arn = client, arn

    def tell(self, subject: str, message: Mapping[str, Any], about: str) -> None:
        """Publish a message with the attributes that subscriptions filter on: its status, and the dataset that it is about."""
        attributes = {
            name: {"DataType": "String", "StringValue": value}
            for name, value in (("status", message["status"]), ("dataset", about))
        }
        with speaking_to_aws():
            self._client.publish(TopicArn=self._arn, Subject=subject, Message=json.dumps(message), MessageAttributes=attributes)
