"""Messages as S3 and SQS make them, for tests that say by themselves what was announced, when and how often."""

import json
from typing import Any
from urllib.parse import quote_plus

from tidegate.model.arrivals import Arrival


def notification(*arrivals: Arrival, name: str = "ObjectCreated:Put", time: str = "2024-01-01T00:00:00.000Z") -> dict[str, Any]:
    """Return what S3 says of arrivals; what an arrival does not have is left out, as S3 leaves it out."""
    return {"Records": [_record(a, name, time) for a in arrivals]}


def _record(arrival: Arrival, name: str, time: str) -> dict[str, Any]:
    found = {"key": quote_plus(arrival.key, safe="/"), "size": arrival.size}
    found |= {"versionId": arrival.version_id} if arrival.version_id else {}
    found |= {"sequencer": arrival.sequencer} if arrival.sequencer else {}
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventName": name,
        "eventTime": time,
        "s3": {"bucket": {"name": arrival.bucket}, "object": found},
    }


def batch(*bodies: object) -> dict[str, Any]:
    """Return what Lambda gets of a queue: messages m0, m1 …"""
    texts = [body if isinstance(body, str) else json.dumps(body) for body in bodies]
    return {"Records": [{"eventSource": "aws:sqs", "messageId": f"m{n}", "body": text} for n, text in enumerate(texts)]}
