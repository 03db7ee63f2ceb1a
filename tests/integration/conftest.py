from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws


@pytest.fixture(autouse=True, scope="session")
def _aws() -> Iterator[None]:
    """AWS inside this process, with credentials that open nothing."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        patch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        yield
    boto3.DEFAULT_SESSION = None
