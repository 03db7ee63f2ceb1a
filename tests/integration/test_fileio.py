"""Iceberg's metadata files on S3: what is written is there as a whole or not at all, and is read once."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import boto3
import pytest

from tidegate.aws.fileio import CLIENT, Kept, S3FileIO


class Counted:
    """A client that notes what it is asked."""

    def __init__(self) -> None:
        self._client = boto3.client("s3")
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> Any:
        self.asked.append(name)
        return getattr(self._client, name)


@pytest.fixture
def files() -> Iterator[S3FileIO]:
    client = boto3.client("s3")
    client.create_bucket(Bucket="metadata", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    yield S3FileIO({CLIENT: Counted()})
    for item in client.list_objects_v2(Bucket="metadata").get("Contents", ()):
        client.delete_object(Bucket="metadata", Key=item["Key"])
    client.delete_bucket(Bucket="metadata")


def write(files: S3FileIO, name: str, body: bytes) -> str:
    location = f"s3://metadata/table/{name}"
    with files.new_output(location).create() as stream:
        stream.write(body)
    return location


def test_file_that_was_written_costs_one_request_and_none_to_read(files: S3FileIO) -> None:
    location = write(files, "a.avro", b"abc")
    with files.new_input(location).open() as stream:
        assert stream.read() == b"abc"
    assert (len(files.new_input(location)), len(files.new_output(location)), files.new_input(location).exists()) == (3, 3, True)
    assert files.client.asked == ["put_object"]


def test_file_that_somebody_else_wrote_is_read_once(files: S3FileIO) -> None:
    boto3.client("s3").put_object(Bucket="metadata", Key="table/theirs.avro", Body=b"xyz")
    for _ in range(3):
        with files.new_input("s3://metadata/table/theirs.avro").open() as stream:
            assert stream.read() == b"xyz"
    assert files.client.asked == ["get_object"]


def test_file_that_is_not_there_is_said_to_be(files: S3FileIO) -> None:
    assert not files.new_input("s3://metadata/table/nobody").exists()
    with pytest.raises(FileNotFoundError):
        files.new_input("s3://metadata/table/nobody").open()


def test_writer_that_fails_halfway_leaves_no_file(files: S3FileIO) -> None:
    location = "s3://metadata/table/half.avro"
    with suppress(ZeroDivisionError), files.new_output(location).create() as stream:
        stream.write(b"half")
        raise ZeroDivisionError
    assert not files.new_input(location).exists()
    assert "put_object" not in files.client.asked


def test_file_that_is_deleted_is_forgotten(files: S3FileIO) -> None:
    location = write(files, "b.avro", b"abc")
    files.delete(location)
    assert not files.new_input(location).exists()
    files.delete(location)  # once more is no error


def test_file_that_could_not_be_put_is_not_kept(files: S3FileIO) -> None:
    location = "s3://no-such-bucket-of-ours/table/c.avro"
    with pytest.raises(Exception, match="NoSuchBucket"), files.new_output(location).create() as stream:
        stream.write(b"abc")
    with pytest.raises(Exception, match="NoSuchBucket"):
        files.new_input(location).open()


def test_least_recently_used_files_are_forgotten_when_the_room_is_full() -> None:
    kept = Kept(10)
    kept.put("a", b"1234")
    kept.put("b", b"1234")
    assert kept.get("a") == b"1234"
    kept.put("c", b"1234")
    assert [kept.get(name) for name in "abc"] == [b"1234", None, b"1234"]
    kept.put("large", b"12345678901")
    assert kept.get("large") is None
    kept.put("a", b"1234567890")
    assert [kept.get(name) for name in "ac"] == [b"1234567890", None]
