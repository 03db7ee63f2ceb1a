"""Writing log events is authorised on the log stream, as on AWS. The emulator takes the log group for it."""

import json
from typing import Any

from ministack.core import iam_actions

STREAM_ACTIONS = frozenset({"PutLogEvents", "GetLogEvents", "DeleteLogStream"})


def install() -> None:
    """Name the stream of such calls."""
    resource_of = iam_actions.extract_resource_arn

    def extract_resource_arn(service: str, method: str, path: str, headers: dict[str, str], body: bytes, *rest: Any) -> str:  # noqa: ANN401
        found = str(resource_of(service, method, path, headers, body, *rest))
        named = service == "logs" and headers.get("x-amz-target", "").rpartition(".")[2] in STREAM_ACTIONS and found != "*"
        return f"{found}:log-stream:{_stream(body)}" if named else found

    iam_actions.extract_resource_arn = extract_resource_arn


def _stream(body: bytes) -> str:
    try:
        return str(json.loads(body or b"{}").get("logStreamName", ""))
    except ValueError:
        return ""
