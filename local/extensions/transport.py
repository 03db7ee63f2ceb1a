"""Plain HTTP to 127.0.0.1 counts as TLS.

The template's buckets and queues refuse what does not come over TLS (`aws:SecureTransport`), as they should on AWS. The emulator
speaks plain HTTP and would refuse everything. Nothing leaves the machine, so the loopback stands for TLS.
"""

from contextvars import ContextVar

from ministack import app
from ministack.core import iam_evaluator


def install() -> None:
    """Every request, and every delivery between services, is secure."""
    iam_evaluator._request_origin = ContextVar("request_origin", default=("127.0.0.1", True))
    app.pin_request_origin = lambda source_ip, _secure: iam_evaluator.pin_request_origin(source_ip, True)  # noqa: FBT003
