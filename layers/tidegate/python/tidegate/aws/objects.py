"""S3 buckets."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tidegate.aws.errors import speaking_to_aws
from tidegate.errors import NotFound


class S3Objects:
    """One bucket, through a boto3 S3 client."""

    def __init__(self, client: Any, bucket: str) -> None:  # noqa: ANN401 - boto3 clients have no static type
        """Keep the client and the bucket's name."""
        self._client = client
        self.bucket = bucket

    def get(self, key: str) -> bytes | None:
        """Read a small object; None when there is none."""
        try:
            with speaking_to_aws():
                body: bytes = self._client.get_object(Bucket=self.bucket, Key=key)["Body"].read()
                return body
        except NotFound:
            return None

    def put(self, key: str, body: bytes) -> None:
        """Write a small object."""
        with speaking_to_aws():
            self._client.put_object(Bucket=self.bucket, Key=key, Body=body)

    def list(self, prefix: str) -> Iterator[str]:
        """List keys under a prefix."""
        with speaking_to_aws():
            for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix):
                yield from (entry["Key"] for entry in page.get("Contents", ()))

    def download(self, key: str, version_id: str, path: Path) -> None:
        """Copy one object version to local disk; raise NotFound when it is gone."""
        extra = {"VersionId": version_id} if version_id else None
        with speaking_to_aws():
            self._client.download_file(self.bucket, key, str(path), ExtraArgs=extra)
