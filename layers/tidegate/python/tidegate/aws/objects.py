"""S3 buckets."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from tidegate.aws.errors import speaking_to_aws
from tidegate.errors import NotFound
from tidegate.ports import ObjectVersion


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

    def versions(self, prefix: str, after: str = "") -> Iterator[ObjectVersion]:
        """List versions under a prefix in the order of their keys, of the keys after `after`."""
        start = {"KeyMarker": after} if after else {}
        with speaking_to_aws():
            pages = self._client.get_paginator("list_object_versions").paginate(Bucket=self.bucket, Prefix=prefix, **start)
            for page in pages:
                # The answer has delete markers apart: one that is the latest goes first, the others say nothing about what is there.
                markers = [_listed(entry, deleted=True) for entry in page.get("DeleteMarkers", ()) if entry["IsLatest"]]
                yield from sorted([*markers, *map(_listed, page.get("Versions", ()))], key=lambda version: version.key)

    def first(self, key: str, version_id: str, size: int) -> bytes:
        """Read the first `size` bytes of an object version, or all of a smaller one; raise NotFound when it is gone."""
        with self.ranged(key, version_id, 0, size) as stream:
            return stream.read()

    def size(self, key: str, version_id: str) -> int:
        """Return the bytes of an object version; raise NotFound when it is gone."""
        with speaking_to_aws():
            return int(self._client.head_object(Bucket=self.bucket, Key=key, **_version(version_id))["ContentLength"])

    @contextmanager
    def ranged(self, key: str, version_id: str, start: int, stop: int) -> Iterator[BinaryIO]:
        """Open the bytes from `start` to `stop` of an object version; raise NotFound when it is gone."""
        with speaking_to_aws():
            answer = self._client.get_object(Bucket=self.bucket, Key=key, Range=f"bytes={start}-{stop - 1}", **_version(version_id))
            with answer["Body"] as body:
                yield body

    def upload(self, key: str, path: Path) -> None:
        """Write an object from local disk."""
        with speaking_to_aws():
            self._client.upload_file(str(path), self.bucket, key)

    def download(self, key: str, version_id: str, path: Path) -> None:
        """Copy one object version to local disk; raise NotFound when it is gone."""
        with speaking_to_aws():
            self._client.download_file(self.bucket, key, str(path), ExtraArgs=_version(version_id))


def _version(version_id: str) -> dict[str, str]:
    return {"VersionId": version_id} if version_id else {}


def _listed(entry: Mapping[str, Any], deleted: bool = False) -> ObjectVersion:  # noqa: FBT001, FBT002 - mapped over entries
    version_id = "" if entry["VersionId"] == "null" else entry["VersionId"]
    return ObjectVersion(
        key=entry["Key"],
        version_id=version_id,
        size=int(entry.get("Size", 0)),
        latest=entry["IsLatest"],
        deleted=deleted,
        etag=entry.get("ETag", "").strip('"'),
    )
