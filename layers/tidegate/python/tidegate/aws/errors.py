"""One place that turns what botocore raises into Tidegate's own errors."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

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


def code_of(error: ClientError) -> str:
    """Return the service's error code."""
    return str(error.response.get("Error", {}).get("Code", ""))


def translate(error: ClientError | BotoCoreError) -> TidegateError | None:
    """Return the error of our tree for one of botocore's; None when it is a bug of ours that must surface as it is."""
    if isinstance(error, NoCredentialsError):
        return AccessDenied("no AWS credentials: set AWS_PROFILE, or use --local for the laptop's AWS")
    if isinstance(error, BotoCoreError):
        return ServiceUnavailable(str(error))
    code, operation = code_of(error), error.operation_name
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code in _THROTTLED:
        return Throttled(f"{operation}: {code}")
    if code in _DENIED:
        return AccessDenied(f"{operation} was refused by IAM: grant the role that action, then replay")
    if code in _MISSING:
        return NotFound(f"{operation}: {code}")
    if status >= _SERVER_FAULT:
        return ServiceUnavailable(f"{operation}: {code or status}")
    return None


@contextmanager
def speaking_to_aws() -> Iterator[None]:
    """Raise Tidegate's errors instead of botocore's inside the block."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        known = translate(error)
        if known is None:
            raise
        raise known from error
