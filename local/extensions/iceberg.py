"""Iceberg tables, read and written by pyiceberg straight from and to the emulator's bucket store."""

import contextvars
import io
from http import HTTPStatus
from typing import Any
from urllib.parse import urlparse

import pyarrow as pa
from ministack.services import s3
from pyiceberg.io import FileIO, InputFile, InputStream, OutputFile, OutputStream
from pyiceberg.schema import Schema
from pyiceberg.table import StaticTable

from local.extensions.loops import on_loop


class UnknownVersion(ValueError):
    """The table has no such snapshot, or none any more."""


def live_rows(metadata_location: str, words: set[str] | None, version: int | None = None, *, empty: bool = False) -> pa.Table:
    """The rows of the current snapshot under the current schema: columns by field id, missing ones null, deletes applied.

    With a `version` those of that snapshot, under the schema that it was made with; UnknownVersion where there is none. Only columns
    named among `words` (lower case) are read; None reads all. Where a list of structs is null, pyiceberg 0.12 gives an empty one. `empty`
    leaves the rows out.
    """
    table = StaticTable.from_metadata(metadata_location, properties={"py-io-impl": f"{__name__}.StoreIO"})
    if version is not None and table.snapshot_by_id(version) is None:
        raise UnknownVersion(f"Iceberg snapshot ID does not exists: {version}")
    schema = table.scan(snapshot_id=version).projection()
    names = _wanted(schema, words)
    if empty:
        whole = schema.as_arrow().empty_table()
        return whole.select(list(names)) if "*" not in names else whole
    rows: pa.Table = table.scan(selected_fields=names, snapshot_id=version).to_arrow()
    return rows.select(list(names)) if "*" not in names else rows


def _wanted(schema: Schema, words: set[str] | None) -> tuple[str, ...]:
    if words is None:
        return ("*",)
    names = [field.name for field in schema.fields]
    return tuple(name for name in names if name.lower() in words) or tuple(names[:1])


class StoredFile(InputFile):
    """One object."""

    def __init__(self, location: str, context: contextvars.Context) -> None:
        """At an s3 URL, in the account of the context."""
        super().__init__(location)
        self._context = context

    def _body(self) -> bytes:
        place = urlparse(self.location)
        # pyiceberg reads in threads of its own, which do not know the account of the request
        body: bytes | None = self._context.copy().run(s3._get_object_data, place.netloc, place.path.lstrip("/"))
        if body is None:
            raise FileNotFoundError(self.location)
        return body

    def __len__(self) -> int:
        """Bytes."""
        return len(self._body())

    def exists(self) -> bool:
        """Whether the object is there."""
        try:
            self._body()
        except FileNotFoundError:
            return False
        return True

    def open(self, seekable: bool = True) -> InputStream:  # noqa: ARG002, FBT001, FBT002 - the interface's
        """The object's bytes."""
        return io.BytesIO(self._body())  # type: ignore[return-value]


class NewFile(OutputFile):
    """One object that will be."""

    def __init__(self, location: str, context: contextvars.Context) -> None:
        """At an s3 URL, in the account of the context."""
        super().__init__(location)
        self._context = context

    def __len__(self) -> int:
        """Bytes."""
        return len(self.to_input_file())

    def exists(self) -> bool:
        """Whether the object is there."""
        return self.to_input_file().exists()

    def to_input_file(self) -> StoredFile:
        """The object as it is."""
        return StoredFile(self.location, self._context)

    def create(self, overwrite: bool = False) -> OutputStream:  # noqa: FBT001, FBT002 - the interface's
        """A file whose bytes become the object when it is closed."""
        if not overwrite and self.exists():
            raise FileExistsError(self.location)
        return _Upload(self.location, self._context)


class _Upload(io.BytesIO):
    def __init__(self, location: str, context: contextvars.Context) -> None:
        super().__init__()
        self._place, self._context = urlparse(location), context

    def close(self) -> None:
        if not self.closed:
            body = self.getvalue()
            headers = {"content-type": "application/octet-stream", "content-length": str(len(body))}
            place = self._place.netloc, self._place.path.lstrip("/")
            status, _, answered = self._context.copy().run(on_loop, s3._put_object, *place, body, headers)
            if status >= HTTPStatus.MULTIPLE_CHOICES:
                raise OSError(f"{self._place.geturl()} could not be written: {answered!r}")
        super().close()


class StoreIO(FileIO):
    """Reads and writes objects."""

    def __init__(self, properties: dict[str, Any] | None = None) -> None:
        """In the account of the current request."""
        super().__init__(properties or {})
        self._context = contextvars.copy_context()

    def new_input(self, location: str) -> StoredFile:
        """The object at an s3 URL."""
        return StoredFile(location, self._context)

    def new_output(self, location: str) -> NewFile:
        """A new object at an s3 URL."""
        return NewFile(location, self._context)

    def delete(self, location: str | InputFile | OutputFile) -> None:
        """Remove an object."""
        place = urlparse(location if isinstance(location, str) else location.location)
        self._context.copy().run(on_loop, s3._delete_object, place.netloc, place.path.lstrip("/"))
