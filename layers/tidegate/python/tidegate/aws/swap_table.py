"""One Iceberg table, through pyiceberg.

Commits are explicit swaps of data files on the version that was opened, with retries off: a table that moved refuses the commit
instead of having it rebased. Every snapshot carries `tidegate.run-id`, so a step that is run again finds its own commit.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.conversions import from_bytes
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.io.pyarrow import compute_statistics_plan, data_file_statistics_from_parquet_metadata, parquet_path_to_id_mapping
from pyiceberg.manifest import DataFile as IcebergFile
from pyiceberg.manifest import DataFileContent, FileFormat, ManifestContent
from pyiceberg.schema import Schema
from pyiceberg.table import Table as IcebergTable
from pyiceberg.table.snapshots import Snapshot
from pyiceberg.transforms import IdentityTransform
from pyiceberg.types import DecimalType, NestedField, PrimitiveType, StringType

from tidegate.aws.catalog import RUN_ID, UNDOES
from tidegate.aws.errors import speaking_to_aws
from tidegate.aws.fileio import place_of
from tidegate.aws.orphans import delete_objects, list_orphans
from tidegate.aws.stored_files import fetch_stored, read_footer, store
from tidegate.aws.swaps import ExpireVersions, MergeFiles, SwapFiles
from tidegate.errors import BooksUnbalanced, NotFound, StaleCommit
from tidegate.model.runs import Commit
from tidegate.ports import DataFile, LiveFile, Orphan, StoredFile, TableVersion
from tidegate.tables.schema import duckdb_type, field_ids

MERGED_BY = "tidegate.merged-by"
_COMMIT_WORDS = ("added", "removed", "before", "after")
_PARALLEL = 8


class SwapTable:
    """One table at the version it was opened at."""

    def __init__(self, name: str, table: IcebergTable, s3: Any, version: str = "") -> None:  # noqa: ANN401 - boto3 client
        """Read the schema; data files are listed when they are asked for. With a `version` it is for reading only."""
        self.name = name
        self._table, self._s3 = table, s3
        self.location = table.location()
        snapshot = table.current_snapshot()
        self.version = version or (str(snapshot.snapshot_id) if snapshot else "")
        self._pinned = int(version) if version else None
        self.author = _author(table)
        schema = table.schema()
        self.columns: Mapping[str, str] = {f.name: duckdb_type(f.field_type) for f in schema.fields}
        self.field_ids: Mapping[str, int] = field_ids(schema)
        self._entries: dict[str, IcebergFile] | None = None

    def committed(self, run_id: str) -> Mapping[str, str] | None:
        """Return the summary properties of the run's commit, None when the run has not committed."""
        snapshot = _snapshot_of(self._table, run_id)
        return None if snapshot is None else _properties(snapshot)

    @property
    def data_bytes(self) -> int:
        """Bytes of all data files."""
        snapshot = self._table.current_snapshot()
        return int(_properties(snapshot).get("total-files-size", 0)) if snapshot else 0

    def live(self) -> Sequence[LiveFile]:
        """List data files of the version that was opened."""
        number = self.field_ids["_object_key"]
        return [
            LiveFile(
                path,
                entry.record_count,
                _bound(entry.lower_bounds, number),
                _bound(entry.upper_bounds, number),
                entry.file_size_in_bytes,
            )
            for path, entry in self._data_files().items()
        ]

    def bounds(self, column: str) -> Mapping[str, tuple[str, str]]:
        """Return lower and upper bound of a column by data file, as text; files that do not know both are left out."""
        field = self._table.schema().find_field(column)
        found = {path: _bounds(entry, field) for path, entry in self._data_files().items()}
        return {path: both for path, both in found.items() if both is not None}

    def fetch(self, files: Sequence[LiveFile], directory: Path) -> Sequence[Path]:
        """Copy data files to local disk, in the order given; files that are there already are not copied again."""
        with ThreadPoolExecutor(_PARALLEL) as pool:
            return list(pool.map(lambda f: self._fetch(f.path, directory), files))

    def commit(self, run_id: str, *, remove: Sequence[LiveFile], add: Sequence[DataFile], summary: Mapping[str, str]) -> Commit:
        """Swap data files in one snapshot that carries the run id; raise StaleCommit when the table moved."""
        with ThreadPoolExecutor(_PARALLEL) as pool:
            added = list(pool.map(lambda file: self._entry(file, run_id), add))
        kept = sum(f.rows for f in remove) - int(summary["tidegate.removed"])
        leaving = [self._data_files()[f.path] for f in remove]
        self._swap({RUN_ID: run_id, **summary, "tidegate.kept": str(kept)}, leaving, added)
        return Commit(self.name, *(int(summary[f"tidegate.{word}"]) for word in _COMMIT_WORDS))

    def undo(self) -> None:
        """Take the newest commit back, by a commit that holds the data files from before it; raise StaleCommit when the table moved."""
        snapshot = self._table.current_snapshot()
        parent = snapshot.parent_snapshot_id if snapshot else None
        first = snapshot is None or snapshot.sequence_number == 1
        if not first and (
            parent is None or self._table.snapshot_by_id(parent) is None
        ):  # to take it for the first would empty the table
            raise NotFound(f"{self.name}: the version before that of {self.author} was expired by other hands; replay the dataset")
        now, before = self._data_files(), self._files_of(parent) if parent else {}
        gone = [entry for path, entry in now.items() if path not in before]
        back = [entry for path, entry in before.items() if path not in now]
        self._swap({UNDOES: self.author}, gone, back)

    # Maintenance

    @property
    def merges(self) -> bool:
        """Whether data files may be merged: not where other hands added files that delete rows of others."""
        snapshot = self._table.current_snapshot()
        return snapshot is not None and not any(
            m.content == ManifestContent.DELETES and (m.has_added_files() or m.has_existing_files())
            for m in snapshot.manifests(self._table.io)
        )

    def history(self) -> Sequence[TableVersion]:
        """List the versions that led to the one that was opened, newest first."""
        return [TableVersion(s.snapshot_id, s.timestamp_ms * 1000) for s in _history(self._table)]

    def merge(self, by: str, remove: Sequence[LiveFile], add: Path) -> None:
        """Put one data file with the same rows in the place of others, by a commit without author."""
        added = self._entry(add, by)
        if added.record_count != sum(f.rows for f in remove):
            raise BooksUnbalanced(
                f"{self.name}: {sum(f.rows for f in remove)} rows of {len(remove)} files became {added.record_count}"
            )
        self._swap({MERGED_BY: by}, [self._data_files()[f.path] for f in remove], [added], MergeFiles)

    def expire(self, versions: Sequence[TableVersion]) -> None:
        """Forget old versions; raise StaleCommit when the table moved since it was opened."""
        with self._committing(), self._table.transaction() as transaction, ExpireVersions(transaction) as change:
            change.by_ids([v.number for v in versions])

    def orphans(self, before: int) -> Iterator[Sequence[Orphan]]:
        """List orphans that were written before a time (microseconds since 1970, UTC), in batches."""
        return list_orphans(self._table, self._s3, before)

    def remove(self, orphans: Sequence[Orphan]) -> None:
        """Delete orphans; the lake bucket keeps them as old versions for a while."""
        delete_objects(self._s3, place_of(self._table.location())[0], [o.key for o in orphans])

    def _swap(
        self,
        properties: Mapping[str, str],
        remove: Sequence[IcebergFile],
        add: Sequence[IcebergFile],
        kind: type[SwapFiles] = SwapFiles,
    ) -> None:
        """Make one snapshot; raise StaleCommit when the table moved since it was opened."""
        with (
            self._committing(),
            self._table.transaction() as transaction,
            kind(transaction, self._table.io, dict(properties)) as swap,
        ):
            for entry in remove:
                swap.delete_data_file(entry)
            for entry in add:
                swap.append_data_file(entry)
        self._entries = None
        self.author = _author(self._table)

    @contextmanager
    def _committing(self) -> Iterator[None]:
        try:
            with speaking_to_aws():
                yield
        except CommitFailedException as error:
            raise StaleCommit(f"{self.name} moved since it was opened") from error

    def _data_files(self) -> dict[str, IcebergFile]:
        if self._entries is None:
            snapshot = self._table.current_snapshot()
            number = self._pinned or (snapshot.snapshot_id if snapshot else None)
            self._entries = self._files_of(number) if number else {}
        return self._entries

    def _files_of(self, snapshot_id: int) -> dict[str, IcebergFile]:
        with speaking_to_aws():
            return {task.file.file_path: task.file for task in self._table.scan(snapshot_id=snapshot_id).plan_files()}

    def _fetch(self, uri: str, directory: Path) -> Path:
        entry = self._data_files()[uri]
        file = StoredFile(uri, entry.record_count, entry.file_size_in_bytes)
        return fetch_stored(self._s3, file, directory / Path(place_of(uri)[1]).name)

    def _entry(self, file: DataFile, run_id: str) -> IcebergFile:
        """Describe a data file for a manifest; one on local disk is copied to the table's location first."""
        stored = file if isinstance(file, StoredFile) else store(self._s3, file, self.location, run_id)
        metadata = read_footer(self._s3, stored) if isinstance(file, StoredFile) else pq.read_metadata(file)
        schema = _as_written(self._table.schema(), metadata.schema.to_arrow_schema())
        statistics = data_file_statistics_from_parquet_metadata(
            metadata,
            compute_statistics_plan(schema, self._table.properties),
            parquet_path_to_id_mapping(schema),
        )
        return IcebergFile.from_args(
            content=DataFileContent.DATA,
            file_path=stored.uri,
            file_format=FileFormat.PARQUET,
            partition=statistics.partition(self._table.spec(), schema),
            file_size_in_bytes=stored.bytes,
            sort_order_id=None,
            spec_id=self._table.spec().spec_id,
            equality_ids=None,
            key_metadata=None,
            **statistics.to_serialized_dict(),
        )


def _as_written(schema: Schema, written: pa.Schema) -> Schema:
    """Return the table's schema with decimals as a file has them: a narrower one lies in Parquet as another physical type."""
    decimals = {f.name: DecimalType(f.type.precision, f.type.scale) for f in written if pa.types.is_decimal(f.type)}
    fields = (f.model_copy(update={"field_type": decimals.get(f.name, f.field_type)}) for f in schema.fields)
    return Schema(*fields, schema_id=schema.schema_id)


def _history(table: IcebergTable) -> Iterator[Snapshot]:
    known = {snapshot.snapshot_id: snapshot for snapshot in table.metadata.snapshots}
    snapshot = table.current_snapshot()
    while snapshot is not None:
        yield snapshot
        snapshot = known.get(snapshot.parent_snapshot_id) if snapshot.parent_snapshot_id else None


def _properties(snapshot: Snapshot) -> Mapping[str, str]:
    return snapshot.summary.additional_properties if snapshot.summary else {}


def _snapshot_of(table: IcebergTable, run_id: str) -> Snapshot | None:
    return next((s for s in _history(table) if _properties(s).get(RUN_ID) == run_id), None)


def _author(table: IcebergTable) -> str:
    snapshot = table.current_snapshot()
    return _properties(snapshot).get(RUN_ID, "") if snapshot else ""


def _bound(bounds: Mapping[int, bytes] | None, number: int) -> str | None:
    raw = (bounds or {}).get(number)
    return None if raw is None else str(from_bytes(StringType(), raw))


def _bounds(entry: IcebergFile, field: NestedField) -> tuple[str, str] | None:
    kind = field.field_type
    low, high = ((bounds or {}).get(field.field_id) for bounds in (entry.lower_bounds, entry.upper_bounds))
    if low is None or high is None or not isinstance(kind, PrimitiveType):
        return None
    texts: Any = IdentityTransform()
    return texts.to_human_string(kind, from_bytes(kind, low)), texts.to_human_string(kind, from_bytes(kind, high))
