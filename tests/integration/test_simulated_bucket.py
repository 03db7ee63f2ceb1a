"""The bucket that the simulator plays beside S3 as moto plays it: one contract for both (`test_adapters` has more of it)."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest

from simulator.choices import Choices
from simulator.cloud import Bucket
from simulator.processes import Scheduler
from tidegate.aws.objects import S3Objects
from tidegate.errors import NotFound
from tidegate.ports import Objects

_numbers = itertools.count()


@dataclass(frozen=True)
class Place:
    """A bucket and what people do to it; `put` returns the version."""

    objects: Objects
    put: Callable[[str, bytes], str]
    delete: Callable[[str], object]
    erase: Callable[[str, str], object]


def _simulated_bucket() -> Place:
    bucket = Bucket(Scheduler(Choices(given=()), 0, 1))

    def put(key: str, body: bytes) -> str:
        version = f"v{next(_numbers)}"
        bucket.put(key, body, version)
        return version

    return Place(bucket, put, bucket.delete, bucket.erase)


def _real_bucket() -> Place:
    s3, name = boto3.client("s3"), f"ports-{next(_numbers)}"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return Place(
        S3Objects(s3, name),
        lambda key, body: str(s3.put_object(Bucket=name, Key=key, Body=body)["VersionId"]),
        lambda key: s3.delete_object(Bucket=name, Key=key),
        lambda key, version: s3.delete_object(Bucket=name, Key=key, VersionId=version),
    )


@pytest.fixture(params=[_simulated_bucket, _real_bucket], ids=["simulated", "s3"])
def place(request: pytest.FixtureRequest) -> Place:
    made: Place = request.param()
    return made


class TestBucket:
    def test_deleted_object_reads_as_none_and_keeps_its_versions(self, place: Place, tmp_path: Path) -> None:
        version = place.put("d/a", b"one")
        place.delete("d/a")
        assert place.objects.get("d/a") is None
        place.objects.download("d/a", version, tmp_path / "a")
        assert (tmp_path / "a").read_bytes() == b"one"

    def test_delete_marker_is_listed_first_and_as_the_latest(self, place: Place) -> None:
        version = place.put("d/a", b"one")
        place.delete("d/a")
        listed = [(v.deleted, v.latest, v.size) for v in place.objects.versions("d/")]
        assert listed == [(True, True, 0), (False, False, 3)]
        assert [v.version_id for v in place.objects.versions("d/")][1] == version

    def test_marker_under_a_newer_version_is_not_listed(self, place: Place) -> None:
        first = place.put("d/a", b"one")
        place.delete("d/a")
        second = place.put("d/a", b"three")
        assert place.objects.get("d/a") == b"three"
        listed = [(v.version_id, v.deleted, v.latest) for v in place.objects.versions("d/")]
        assert listed == [(second, False, True), (first, False, False)]

    def test_erased_version_is_not_found_and_the_one_before_is_current_again(self, place: Place, tmp_path: Path) -> None:
        first, second = place.put("d/a", b"one"), place.put("d/a", b"two")
        place.erase("d/a", second)
        with pytest.raises(NotFound):
            place.objects.download("d/a", second, tmp_path / "a")
        assert place.objects.get("d/a") == b"one"
        assert [(v.version_id, v.latest) for v in place.objects.versions("d/")] == [(first, True)]

    def test_equal_contents_have_equal_etags(self, place: Place) -> None:
        for key, body in (("e/1", b"same"), ("e/2", b"same"), ("e/3", b"other")):
            place.put(key, body)
        same, again, other = (v.etag for v in place.objects.versions("e/"))
        assert same == again != other != ""

    def test_keys_with_every_kind_of_character_are_listed_in_the_order_of_their_bytes(self, place: Place) -> None:
        keys = ["k/Z", "k/a", "k/a b", "k/a+b", "k/a/b", "k/ä", "k/~"]
        for key in keys:
            place.put(key, b"x")
        assert [v.key for v in place.objects.versions("k/")] == sorted(keys, key=str.encode)
