"""What a crawler writes into the catalog of the files of one table."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from local.extensions.classifiers import Columns, merged

if TYPE_CHECKING:
    from local.extensions.crawlers import Crawler, File

BATCH = 100  # partitions that one call takes


def write(crawler: "Crawler", place: str, files: "Sequence[File]", client: Any) -> str:  # noqa: ANN401 - a boto3 client
    """Create or update the table at a location, and its partitions; what the crawler's log says of it."""
    database = crawler["DatabaseName"]
    known = _tables(database, client)
    existing = next((table for table in known.values() if table["StorageDescriptor"].get("Location") == place), None)
    below = [_folders(file.bucket, file.key, place) for file in files]
    keys = _kept(_keys(below), existing)
    table = {
        "Name": existing["Name"] if existing else _name(crawler, place, known),
        "Owner": "owner",
        "TableType": "EXTERNAL_TABLE",
        "StorageDescriptor": _storage(place, files, existing),
        "PartitionKeys": [{"Name": name, "Type": "string"} for name in keys],
        "Parameters": _parameters(crawler, files),
    }
    if existing:
        client.update_table(DatabaseName=database, TableInput=table)
    else:
        client.create_table(DatabaseName=database, TableInput=table)
    _add_partitions(database, table, {tuple(folders[: len(keys)]) for folders in below} - {()}, client)
    return f"INFO : {'Updated' if existing else 'Created'} table {table['Name']} in database {database}"


def _tables(database: str, client: Any) -> dict[str, dict[str, Any]]:  # noqa: ANN401 - a boto3 client
    pages = client.get_paginator("get_tables").paginate(DatabaseName=database)
    return {table["Name"]: table for page in pages for table in page["TableList"]}


def _name(crawler: "Crawler", place: str, known: Mapping[str, Any]) -> str:
    """The folder's name; with a digest of its place where another table has it."""
    folder = place.rstrip("/").rpartition("/")[2].lower()
    name = re.sub(r"[^a-z0-9_]", "_", f"{crawler.get('TablePrefix') or ''}{folder}")
    return f"{name}_{hashlib.md5(place.encode(), usedforsecurity=False).hexdigest()}" if name in known else name


def _folders(bucket: str, key: str, place: str) -> list[str]:
    return f"s3://{bucket}/{key}".removeprefix(place).split("/")[:-1]


def _keys(below: Sequence[Sequence[str]]) -> list[str]:
    """Names of the partition keys: of the upper levels at which every folder is `name=value` with one name, else of the first."""
    names: list[str] = []
    for level in zip(*below, strict=False):
        said = {folder.partition("=")[0].lower() if "=" in folder else "" for folder in level}
        if len(said) > 1 or said == {""}:
            break
        names += said
    return names or ["partition_0"] * min(1, *map(len, below))


def _kept(keys: list[str], existing: Mapping[str, Any] | None) -> list[str]:
    """The keys that a table has stay, because its partitions have values of them."""
    before = [key["Name"] for key in (existing or {}).get("PartitionKeys", ())]
    if existing and keys[: len(before)] != before:
        raise ValueError(f"the table {existing['Name']} is partitioned by {before}, its folders are by {keys}")
    return before if existing else keys


def _columns(files: "Sequence[File]", existing: Mapping[str, Any] | None) -> Columns:
    """The columns found, behind those that the table has: MergeNewColumns takes none away and changes none."""
    before = {c["Name"]: c["Type"] for c in (existing or {}).get("StorageDescriptor", {}).get("Columns", ())}
    found = merged(file.found.columns for file in files)
    return before | {name: kind for name, kind in found.items() if name not in before}


def _storage(place: str, files: "Sequence[File]", existing: Mapping[str, Any] | None) -> dict[str, Any]:
    columns = [{"Name": name, "Type": kind} for name, kind in _columns(files, existing).items()]
    return {**files[0].found.storage(), "Columns": columns, "Location": place}


def _parameters(crawler: "Crawler", files: "Sequence[File]") -> dict[str, str]:
    size, records = sum(file.size for file in files), sum(file.found.records for file in files)
    return {
        "classification": files[0].found.classification, "compressionType": files[0].found.packed, "typeOfData": "file",
        "UPDATED_BY_CRAWLER": crawler["Name"], "objectCount": str(len(files)), "sizeKey": str(size), "recordCount": str(records),
        "averageRecordSize": str(size // max(records, 1)), **files[0].found.reader,
    }  # fmt: skip


def _add_partitions(database: str, table: Mapping[str, Any], found: set[tuple[str, ...]], client: Any) -> None:  # noqa: ANN401 - a boto3 client
    """Add the partitions that the table has not; they are read as the table is."""
    pages = client.get_paginator("get_partitions").paginate(DatabaseName=database, TableName=table["Name"])
    known = {partition["StorageDescriptor"]["Location"] for page in pages for partition in page["Partitions"]}
    storage = table["StorageDescriptor"]
    places = {f"{storage['Location']}{'/'.join(folders)}/": folders for folders in sorted(found)}
    new = [
        {"Values": [folder.rpartition("=")[2] for folder in folders], "StorageDescriptor": {**storage, "Location": place}}
        for place, folders in places.items()
        if place not in known
    ]
    for start in range(0, len(new), BATCH):
        client.batch_create_partition(DatabaseName=database, TableName=table["Name"], PartitionInputList=new[start : start + BATCH])
