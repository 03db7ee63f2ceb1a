"""Objects at a table's place that no version of it refers to: left by tries that died, commits that were refused, versions that expired.

Everything that the table's metadata names is read first. When one of these files cannot be read nothing is listed, because what it
names would be taken for orphans.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from pyiceberg.io import FileIO
from pyiceberg.manifest import ManifestFile
from pyiceberg.table import Table
from pyiceberg.table.snapshots import Snapshot

from tidegate.aws.errors import speaking_to_aws
from tidegate.aws.fileio import place_of
from tidegate.errors import NotFound, ServiceUnavailable
from tidegate.ports import Orphan

_FOLDERS = ("data", "metadata")  # what else is there was not written by an Iceberg library
_PARALLEL = 8
_MOST_KEYS = 1000  # of one DeleteObjects


def list_orphans(table: Table, s3: Any, before: int) -> Iterator[Sequence[Orphan]]:  # noqa: ANN401 - boto3 client
    """List objects that were written before a time (microseconds since 1970, UTC) and that nothing refers to, in batches."""
    referred = set(_referred(table))
    bucket, place = place_of(table.location())
    limit = datetime.fromtimestamp(before / 1e6, UTC)
    with speaking_to_aws():
        for folder in _FOLDERS:
            for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{place.rstrip('/')}/{folder}/"):
                found = [o for o in page.get("Contents", ()) if o["LastModified"] < limit and (bucket, o["Key"]) not in referred]
                if found:
                    yield [Orphan(o["Key"], int(o["Size"])) for o in found]


def delete_objects(s3: Any, bucket: str, keys: Sequence[str]) -> None:  # noqa: ANN401 - boto3 client
    """Delete objects; raise ServiceUnavailable, with the service's word for it, when one of them stays."""
    for start in range(0, len(keys), _MOST_KEYS):
        batch = {"Objects": [{"Key": key} for key in keys[start : start + _MOST_KEYS]], "Quiet": True}
        with speaking_to_aws():
            refused = s3.delete_objects(Bucket=bucket, Delete=batch).get("Errors", ())
        if refused:
            raise ServiceUnavailable(
                f"DeleteObjects: {refused[0].get('Code')}: {refused[0].get('Key')} and {len(refused) - 1} more"
            )


def _referred(table: Table) -> Iterator[tuple[str, str]]:
    """Yield bucket and key of every file that the table's metadata leads to."""
    metadata = table.metadata
    yield place_of(table.metadata_location)
    yield from (place_of(entry.metadata_file) for entry in metadata.metadata_log)
    yield from (place_of(s.statistics_path) for s in (*metadata.statistics, *metadata.partition_statistics))
    yield from (place_of(s.manifest_list) for s in metadata.snapshots if s.manifest_list)
    with speaking_to_aws(), ThreadPoolExecutor(_PARALLEL) as pool:
        manifests: dict[str, ManifestFile] = {}
        try:
            for listed in pool.map(lambda s: _manifests(s, table.io), metadata.snapshots):
                manifests |= {m.manifest_path: m for m in listed}
            for paths in pool.map(lambda m: _data_files(m, table.io), manifests.values()):
                yield from map(place_of, paths)
        except FileNotFoundError as missing:
            raise NotFound(
                f"{'.'.join(table.name())}: {missing} is not there, and a version of the table refers to it"
            ) from missing
    yield from map(place_of, manifests)


def _manifests(snapshot: Snapshot, io: FileIO) -> Sequence[ManifestFile]:
    return snapshot.manifests(io)


def _data_files(manifest: ManifestFile, io: FileIO) -> Sequence[str]:
    return [entry.data_file.file_path for entry in manifest.fetch_manifest_entry(io, discard_deleted=True)]
