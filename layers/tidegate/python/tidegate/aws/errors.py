"""One place that turns what botocore raises into Tidegate's own errors."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError

from tidegate.errors import AccessDenied, NotFound, ServiceUnavailable, Throttled, TidegateError

_THROTTLED = {
    "ThrottlingException",
    "Throttling",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "TooManyRequestsException",
    "SlowDown",
    "TransactionInProgressException",
    "TransactionConflictException",
    "LimitExceededException",
    "ExecutionLimitExceeded",
}
_DENIED = {
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "403",
    "Forbidden",
    "InvalidClientTokenId",
    "ExpiredToken",
}
_MISSING = {"NoSuchKey", "NoSuchVersion", "404", "NotFound", "NoSuchBucket", "ResourceNotFoundException", "EntityNotFoundException"}
_SERVER_FAULT = 500
_IN_ARROW = re.compile(r"AWS Error ([A-Z_]+)")
_ARROW_DENIED = {"ACCESS_DENIED", "INVALID_ACCESS_KEY_ID", "SIGNATURE_DOES_NOT_MATCH"}
_ARROW_THROTTLED = {"SLOW_DOWN", "THROTTLING", "REQUEST_LIMIT_EXCEEDED"}


def code_of(error: ClientError) -> str:
    """Return the service's error code."""
    return str(error.response.get("Error", {}).get("Code", ""))


def translate(error: ClientError | BotoCoreError) -> TidegateError | None:
    """Return the error of our tree for one of botocore's; None when it is a bug of ours that must surface as it is."""
    if isinstance(error, NoCredentialsError | NoRegionError):
        return AccessDenied("no AWS credentials or region: set AWS_PROFILE and AWS_REGION, or use --local for the laptop's AWS")
    if isinstance(error, BotoCoreError):
        return ServiceUnavailable(str(error))
    code, operation = code_of(error), error.operation_name
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code in _DENIED:
        return AccessDenied(f"{operation} was refused by IAM: grant the role that action, then replay")
    kinds = ((Throttled, code in _THROTTLED), (NotFound, code in _MISSING), (ServiceUnavailable, status >= _SERVER_FAULT))
    return next((kind(f"{operation}: {code or status}") for kind, applies in kinds if applies), None)


def translate_arrow(error: OSError) -> TidegateError | None:
    """Return the error of our tree for one of Arrow's S3 file system, which names the service's error in its text."""
    found = _IN_ARROW.search(str(error))
    if found is None:
        return None
    code = found.group(1)
    if code in _ARROW_DENIED:
        return AccessDenied("Arrow's access to the lake bucket was refused by IAM: grant the role its S3 actions, then replay")
    return Throttled(f"Arrow: {code}") if code in _ARROW_THROTTLED else ServiceUnavailable(f"Arrow: {code}")


@contextmanager
def speaking_to_aws() -> Iterator[None]:
    """Raise Tidegate's errors instead of botocore's inside the block."""
    try:
        yield
    except (ClientError, BotoCoreError, Boto3Error, OSError) as error:
        known = _known(error)
        if known is None:
            raise
        raise known from error


def _known(error: Exception) -> TidegateError | None:
    if isinstance(error, OSError):
        return translate_arrow(error)
    if isinstance(error, Boto3Error) and isinstance(error.__context__, ClientError):
        error = error.__context__  # a managed transfer hides the service's answer
    return translate(error) if isinstance(error, ClientError | BotoCoreError) else None
