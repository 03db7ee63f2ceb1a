"""Parquet files: names from the schema, values as canonical text, row groups read in pieces whatever their size."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tidegate.contracts.contract import Contract
from tidegate.engine.canonical import is_text, plain_array, plain_type
from tidegate.engine.nested import is_readable, text_of
from tidegate.engine.rows import Joiner, Piece, Taken
from tidegate.engine.segments import Part, Segment
from tidegate.engine.sources import told
from tidegate.engine.values import FilePlan, StagedFile
from tidegate.errors import FileRefused

_MAGIC, _ENCRYPTED = b"PAR1", b"PARE"
_SMALLEST_FILE = 12  # bytes: both magics and the length of the footer
_DECODED_ROWS = 1 << 9  # at a time: a dictionary makes a long value short however often it comes, until it is decoded
_MOST_ROWS = 1 << 14  # of a piece
_MOST_COLUMNS = 10_000


@dataclass(frozen=True, slots=True)
class _Field:
    """A field of the header: the column of the file that it is in, and which member of which struct in it."""

    name: str
    column: str
    members: tuple[int, ...]
    type: pa.DataType


class ParquetForm:
    """Typed columns; what the contract does not take is not read."""

    def __init__(self, contract: Contract) -> None:
        """Keep which names the contract takes."""
        self._taken = Taken(contract)

    def header(self, file: StagedFile) -> tuple[str, ...]:
        """Return the names of the columns, and of the members of structs that the contract reaches into.

        Raises:
            FileRefused: EMPTY_FILE, UNSUPPORTED_CONTENT, UNREADABLE, WRONG_HEADER or TOO_LARGE, and UNSUPPORTED_TYPE for a column that
                is taken and has no text.
        """
        with _opened(file) as parquet:
            fields = self._fields(parquet)
        if not fields:
            raise FileRefused("WRONG_HEADER", "the Parquet file has no columns: send the data set's columns")
        for field in fields:
            if field.name in self._taken and not is_readable(field.type):
                raise _unsupported(field, f"has the Parquet type {type_name(field.type)}")
        return tuple(field.name for field in fields)

    def segments(self, plans: Sequence[tuple[int, FilePlan]], size: int, refused: dict[int, FileRefused]) -> Iterator[Segment]:
        """Read row groups a piece at a time, and join small files."""
        if not plans:
            return
        joiner = Joiner(plans[0][1].header, size)
        for number, plan in plans:
            try:
                for piece in self._pieces(number, plan.file, size):
                    yield from joiner.add(piece)
            except FileRefused as error:
                refused[number] = error
                joiner.forget(number)
        yield from joiner.rest()

    def _fields(self, parquet: pq.ParquetFile) -> list[_Field]:
        return [f for column in parquet.schema_arrow for f in self._below(column.name.strip(), column.name, (), column.type)]

    def _below(self, name: str, column: str, members: tuple[int, ...], type_: pa.DataType) -> Iterator[_Field]:
        """Return a struct as a whole, unless the contract names something in it; then its members, and itself if it is named too."""
        inside = pa.types.is_struct(type_) and any(source.startswith(f"{name}.") for source in self._taken.sources)
        if not inside or name in self._taken.sources:
            yield _Field(name, column, members, type_)
        if inside:
            for place, member in enumerate(type_):
                yield from self._below(f"{name}.{member.name.strip()}", column, (*members, place), member.type)

    def _pieces(self, number: int, file: StagedFile, size: int) -> Iterator[Piece]:
        with _opened(file) as parquet:
            fields = dict(enumerate(self._fields(parquet)))
            places = {place: field for place, field in fields.items() if field.name in self._taken}
            names = list(dict.fromkeys(field.column for field in (places or fields).values()))
            first = 0
            for batch in _gathered(parquet.iter_batches(_DECODED_ROWS, columns=names, use_threads=False), size):
                yield _piece(number, first, batch, places)
                first += batch.num_rows
            if first != parquet.metadata.num_rows:
                message = (
                    f"the Parquet file has {first} rows where its footer says {parquet.metadata.num_rows}: send the file again"
                )
                raise FileRefused("UNREADABLE", message)


@contextmanager
def _opened(file: StagedFile) -> Iterator[pq.ParquetFile]:
    _check_magic(file)
    try:
        # int96 in nanoseconds would wrap around beyond 2262
        with pq.ParquetFile(
            file.path, pre_buffer=False, buffer_size=1 << 20, coerce_int96_timestamp_unit="us", page_checksum_verification=True
        ) as parquet:
            if parquet.metadata.num_columns > _MOST_COLUMNS:
                raise FileRefused("TOO_LARGE", f"the Parquet file has more than {_MOST_COLUMNS} columns: send fewer")
            yield parquet
    except pa.ArrowMemoryError:
        raise
    except pa.ArrowNotImplementedError:
        message = "the Parquet file uses a compression, an encoding or a type that is not supported: write it without"
        raise FileRefused("UNSUPPORTED_CONTENT", message) from None
    except (pa.ArrowException, UnicodeDecodeError):  # their messages may quote the file
        raise _damaged() from None
    except OSError as error:
        if error.errno is not None:
            raise
        raise _damaged() from None


def _damaged() -> FileRefused:
    return FileRefused("UNREADABLE", "the Parquet file is damaged, cut short or encrypted: send it again, unencrypted")


def _check_magic(file: StagedFile) -> None:
    with file.path.open("rb") as raw:
        first = raw.read(32)
        length = raw.seek(0, 2)
        raw.seek(max(length - 4, 0))
        last = raw.read(4)
    if not first:
        raise FileRefused(
            "EMPTY_FILE", "the file has no bytes: send it again, or a Parquet file without rows if there is nothing to send"
        )
    if _ENCRYPTED in {first[:4], last}:
        raise FileRefused("UNSUPPORTED_CONTENT", "the Parquet file is encrypted: send it unencrypted")
    if first[:4] != _MAGIC:
        raise FileRefused("UNSUPPORTED_CONTENT", f"the file is {told(first)}: the contract says Parquet")
    if last != _MAGIC or length < _SMALLEST_FILE:
        raise FileRefused("UNREADABLE", "the Parquet file is cut short: send it again")


def _gathered(batches: Iterator[pa.RecordBatch], size: int) -> Iterator[pa.RecordBatch]:
    """Join batches to about `size` bytes, as many as make the work on a column worth its start."""
    waiting: list[pa.RecordBatch] = []
    held = 0
    for batch in batches:
        plain = pa.record_batch([plain_array(column) for column in batch.columns], names=batch.schema.names)
        waiting.append(plain)
        held += plain.nbytes
        if held >= size or len(waiting) * _DECODED_ROWS >= _MOST_ROWS:
            yield pa.concat_batches(waiting)
            waiting, held = [], 0
    if waiting:
        yield pa.concat_batches(waiting)


def _piece(number: int, first: int, batch: pa.RecordBatch, places: dict[int, _Field]) -> Piece:
    texts: dict[str, pa.Array] = {}
    marks: dict[str, pa.Array] = {}
    broken: dict[int, tuple[str, ...]] = {}
    for place, field in places.items():
        array = _member(batch.column(batch.schema.get_field_index(field.column)), field.members)
        try:
            texts[f"h{place}"], undecodable = text_of(array)
        except ValueError as error:
            if isinstance(error, pa.ArrowException):
                raise
            raise _unsupported(field, "holds bytes that are not UTF-8 text") from None
        broken |= dict.fromkeys(undecodable, ("encoding",))
        typed = not is_text(plain_type(field.type))
        marks[f"b{place}"] = pa.repeat(pa.scalar(typed), batch.num_rows)
    if not texts:  # every column comes from the key
        texts["h0"] = pa.nulls(batch.num_rows, pa.large_string())
        marks["b0"] = pa.nulls(batch.num_rows, pa.bool_())
    return Piece(Part(number, first, batch.num_rows), pa.table(texts), pa.table(marks), broken)


def _member(array: pa.Array, members: tuple[int, ...]) -> pa.Array:
    for place in members:
        array = pc.struct_field(plain_array(array), [place])
    return array


def _unsupported(field: _Field, what: str) -> FileRefused:
    message = (
        f"column {field.name[:60]} {what}, which cannot be read: write it as text, or set schemaDrift to ignore if nobody needs it"
    )
    return FileRefused("UNSUPPORTED_TYPE", message)


def type_name(type_: pa.DataType) -> str:
    """Return a type's name for people, without what it is made of."""
    return str(type_).split("<", 1)[0].split("[", 1)[0]
