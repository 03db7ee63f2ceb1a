"""Reading parts of object versions."""

from tests.local.conftest import Cloud


def test_a_transfer_in_parts_of_an_object_version_gives_its_bytes_once(cloud: Cloud) -> None:
    s3, bucket = cloud.client("s3"), "ranges-of-versions"
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    old = s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")["VersionId"]
    s3.put_object(Bucket=bucket, Key="k", Body=b"another")
    answer = s3.get_object(Bucket=bucket, Key="k", VersionId=old, Range="bytes=2-4")
    assert (answer["Body"].read(), answer["ContentRange"]) == (b"234", "bytes 2-4/10")
