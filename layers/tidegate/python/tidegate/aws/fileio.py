"""Iceberg's metadata files by plain S3 requests: one PUT to write, one GET to read, none to read again.

pyiceberg's own file access writes every small file as a multipart upload and asks for its size before each reading: some 140
requests for a run, which would be a third of what a small file costs. Names of metadata files hold an id and are never written twice,
so what was read or written here once is kept, also for the next run in the same process.
"""

import io
from collections import OrderedDict
from threading import Lock
from types import TracebackType
from typing import Any
from urllib.parse import urlparse

from botocore.exceptions import ClientError
from pyiceberg.io import FileIO, InputFile, InputStream, OutputFile, OutputStream
from pyiceberg.typedef import EMPTY_DICT, Properties

from tidegate.aws.errors import code_of

CLIENT = "tidegate.s3-client"
_MOST_BYTES = 64 * 1024 * 1024


class Kept:
    """Contents of files that never change, the least recently used of them forgotten first."""

    def __init__(self, most_bytes: int) -> None:
        """Keep at most so many bytes."""
        self._most, self._bytes, self._lock = most_bytes, 0, Lock()
        self._files: OrderedDict[str, bytes] = OrderedDict()

    def get(self, location: str) -> bytes | None:
        """Return what is kept of a file."""
        with self._lock:
            if location in self._files:
                self._files.move_to_end(location)
            return self._files.get(location)

    def put(self, location: str, body: bytes) -> None:
        """Keep a file, unless it is larger than all of the room."""
        with self._lock:
            self._drop(location)
            if len(body) <= self._most:
                self._files[location] = body
                self._bytes += len(body)
            while self._bytes > self._most:
                self._drop(next(iter(self._files)))

    def drop(self, location: str) -> None:
        """Forget a file."""
        with self._lock:
            self._drop(location)

    def _drop(self, location: str) -> None:
        self._bytes -= len(self._files.pop(location, b""))


_kept = Kept(_MOST_BYTES)


class S3FileIO(FileIO):
    """Files of s3:// locations; the boto3 client is in the property `CLIENT`."""

    def __init__(self, properties: Properties = EMPTY_DICT) -> None:
        """Take the client out of the properties."""
        super().__init__(properties)
        self.client: Any = properties[CLIENT]

    def new_input(self, location: str) -> "S3File":
        """Return a file to read."""
        return S3File(location, self.client)

    def new_output(self, location: str) -> "S3File":
        """Return a file to write."""
        return S3File(location, self.client)

    def delete(self, location: str | InputFile | OutputFile) -> None:
        """Delete a file; one that is not there is no error."""
        name = location if isinstance(location, str) else location.location
        bucket, key = place_of(name)
        self.client.delete_object(Bucket=bucket, Key=key)
        _kept.drop(name)


class S3File(InputFile, OutputFile):
    """One file, whole in memory."""

    def __init__(self, location: str, client: Any) -> None:  # noqa: ANN401 - boto3 client
        """Name the file; nothing is read."""
        super().__init__(location)
        self._client = client

    def __len__(self) -> int:
        """Return the size in bytes."""
        return len(self.read())

    def exists(self) -> bool:
        """Whether the file is there."""
        try:
            self.read()
        except FileNotFoundError:
            return False
        return True

    def read(self) -> bytes:
        """Return the contents; raise FileNotFoundError when there is no such file."""
        body = _kept.get(self.location)
        if body is None:
            bucket, key = place_of(self.location)
            try:
                body = bytes(self._client.get_object(Bucket=bucket, Key=key)["Body"].read())
            except ClientError as error:
                if code_of(error) in ("NoSuchKey", "404"):
                    raise FileNotFoundError(self.location) from error
                raise
            _kept.put(self.location, body)
        return body

    def open(self, seekable: bool = True) -> InputStream:  # noqa: ARG002, FBT001, FBT002 - pyiceberg's signature
        """Return the contents as a stream."""
        return io.BytesIO(self.read())

    def to_input_file(self) -> "S3File":
        """Return the same file, to be read."""
        return self

    def create(self, overwrite: bool = False) -> OutputStream:  # noqa: ARG002, FBT001, FBT002 - pyiceberg's signature
        """Return a stream whose contents are written when it is closed. No name is given twice, so nothing is looked up first."""
        return _Upload(self.location, self._client)


class _Upload(io.BytesIO):
    """Collects a file and puts it when it is closed without an error."""

    def __init__(self, location: str, client: Any) -> None:  # noqa: ANN401 - boto3 client
        super().__init__()
        self._location, self._client = location, client

    def close(self) -> None:
        if self.closed:
            return
        body = self.getvalue()
        super().close()  # first: whoever collects this stream after an error must not put the file once more
        bucket, key = place_of(self._location)
        self._client.put_object(Bucket=bucket, Key=key, Body=body)
        _kept.put(self._location, body)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is not None:
            super().close()  # half a file is no file
        self.close()


def place_of(location: str) -> tuple[str, str]:
    """Return bucket and key of an s3:// location."""
    parts = urlparse(location)
    return parts.netloc, parts.path.lstrip("/")
