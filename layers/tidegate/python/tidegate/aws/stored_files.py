"""Parquet data files in the lake bucket that no version of a table refers to yet."""

import struct
import uuid
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tidegate.aws.errors import speaking_to_aws
from tidegate.aws.fileio import place_of
from tidegate.errors import BooksUnbalanced, ServiceUnavailable
from tidegate.ports import StoredFile

_TAIL = 256 * 1024  # bytes; the footer of most files is in them
_END = struct.Struct("<I4s")


def store(s3: Any, path: Path, location: str, run_id: str) -> StoredFile:  # noqa: ANN401 - boto3 client
    """Copy a Parquet file to a table's location, under a name of its own: two tries of a step must not share one."""
    uri = f"{location}/data/{run_id}-{uuid.uuid4().hex[:12]}.parquet"
    with speaking_to_aws():
        s3.upload_file(str(path), *place_of(uri))
    return StoredFile(uri, pq.read_metadata(path).num_rows, path.stat().st_size)


def fetch_stored(s3: Any, file: StoredFile, path: Path) -> Path:  # noqa: ANN401 - boto3 client
    """Copy a stored file to local disk, unless it is there; raise ServiceUnavailable when it has not as many bytes as its writer wrote."""
    if not path.exists():
        with speaking_to_aws():
            s3.download_file(*place_of(file.uri), str(path))
    if path.stat().st_size != file.bytes:
        raise ServiceUnavailable(f"{file.uri}: {path.stat().st_size} bytes came of {file.bytes}")
    return path


def read_footer(s3: Any, file: StoredFile) -> pq.FileMetaData:  # noqa: ANN401 - boto3 client
    """Read the footer of a stored file, and with it whether the file is what its writer said.

    Raises:
        ServiceUnavailable: it has another size, or not all of it is there.
        BooksUnbalanced: it has another number of rows.
    """
    tail = _tail(s3, file, _TAIL)
    length, magic = _END.unpack(tail[-_END.size :])
    if magic != b"PAR1":
        raise ServiceUnavailable(f"{file.uri} does not end as a Parquet file")
    if length + _END.size > len(tail):
        tail = _tail(s3, file, length + _END.size)
    metadata = pq.read_metadata(pa.BufferReader(b"PAR1" + tail[-length - _END.size :]))
    if metadata.num_rows != file.rows:
        raise BooksUnbalanced(f"{file.uri} has {metadata.num_rows} rows, {file.rows} were written")
    return metadata


def _tail(s3: Any, file: StoredFile, size: int) -> bytes:  # noqa: ANN401 - boto3 client
    bucket, key = place_of(file.uri)
    first = max(0, file.bytes - size)
    with speaking_to_aws():
        answer = s3.get_object(Bucket=bucket, Key=key, Range=f"bytes={first}-{file.bytes - 1}")
        body: bytes = answer["Body"].read()
    if len(body) != file.bytes - first or not answer["ContentRange"].endswith(f"/{file.bytes}"):
        raise ServiceUnavailable(f"{file.uri}: {len(body)} bytes of {answer['ContentRange']} came, its writer wrote {file.bytes}")
    return body
