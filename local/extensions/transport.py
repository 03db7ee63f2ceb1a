"""Loopback counts as a secure transport: nobody can listen on it, and the laptop has no certificate.

On AWS the endpoints speak TLS and `aws:SecureTransport` is true. The emulator is spoken to over plain HTTP on 127.0.0.1, so every
policy that refuses other transports would refuse everything; services that deliver to each other inside it have no transport at all.
"""

from typing import Any

from ministack.core import iam_evaluator


def install() -> None:
    """Answer the condition key as AWS's own endpoints do."""
    resolve = iam_evaluator._resolve_condition_key

    def resolve_condition_key(key: str, context: Any) -> Any:  # noqa: ANN401 - the emulator's types
        return "true" if key.lower() == "aws:securetransport" else resolve(key, context)

    iam_evaluator._resolve_condition_key = resolve_condition_key
