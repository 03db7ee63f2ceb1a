import pytest
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, NoCredentialsError

from tidegate.aws.errors import speaking_to_aws, translate
from tidegate.errors import AccessDenied, NotFound, ServiceUnavailable, Throttled, TidegateError


def refused(code: str, status: int = 400) -> ClientError:
    answer = {"Error": {"Code": code, "Message": "secret"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "PutItem")


@pytest.mark.parametrize(
    ("error", "wanted"),
    [
        (refused("ThrottlingException"), Throttled),
        (refused("ProvisionedThroughputExceededException"), Throttled),
        (refused("SlowDown", 503), Throttled),
        (refused("TransactionConflictException"), Throttled),
        (refused("AccessDeniedException"), AccessDenied),
        (refused("403", 403), AccessDenied),
        (refused("NoSuchKey", 404), NotFound),
        (refused("404", 404), NotFound),
        (refused("InternalServerError", 500), ServiceUnavailable),
        (refused("", 503), ServiceUnavailable),
        (EndpointConnectionError(endpoint_url="x"), ServiceUnavailable),
        (NoCredentialsError(), AccessDenied),
    ],
    ids=str,
)
def test_aws_error_becomes_one_of_ours(error: ClientError | BotoCoreError, wanted: type[TidegateError]) -> None:
    with pytest.raises(wanted) as caught, speaking_to_aws():
        raise error
    assert "secret" not in str(caught.value)


def test_error_of_our_own_making_surfaces_as_it_is() -> None:
    bug = refused("ValidationException")
    assert translate(bug) is None
    with pytest.raises(ClientError), speaking_to_aws():
        raise bug
