"""Take whole row groups of Parquet files into another file as they are: nothing is decoded, only the footer is made anew.

Field numbers are those of parquet.thrift (https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from tidegate.tables.thrift import Several, Struct, read_struct, write_struct

_MAGIC = b"PAR1"
_TAIL = 8  # the footer's size and the magic word
_SCHEMA, _ROWS, _GROUPS = 2, 3, 4
_GROUP_COLUMNS, _GROUP_ROWS, _GROUP_OFFSET, _GROUP_ORDINAL = 1, 3, 5, 7
_CHUNK_OFFSET, _CHUNK_METADATA = 2, 3
_INDEXES = (4, 5, 6, 7)  # of pages, which are elsewhere in the file: a reader does without
_COMPRESSED, _DATA_PAGE, _INDEX_PAGE, _DICTIONARY_PAGE = 7, 9, 10, 11
_BLOOM_FILTER = (14, 15)
_PAGES = (_DATA_PAGE, _INDEX_PAGE, _DICTIONARY_PAGE)
_BUFFER = 1 << 20


@dataclass(frozen=True, slots=True)
class Footer:
    """What the end of a Parquet file says."""

    said: Struct = field(repr=False)

    @property
    def schema(self) -> bytes:
        """The columns as they are written: files of the same can share row groups."""
        return write_struct({_SCHEMA: self.said[_SCHEMA]})


@dataclass(frozen=True, slots=True)
class RowGroup:
    """A row group of a Parquet file: where its bytes are, how many rows, and what the footer says of it and of the file."""

    path: Path
    start: int
    end: int
    rows: int
    said: Struct = field(repr=False)
    footer: Footer = field(repr=False)


def read_row_groups(path: Path) -> tuple[RowGroup, ...]:
    """Return a Parquet file's row groups."""
    with path.open("rb") as file:
        file.seek(-_TAIL, 2)
        size = int.from_bytes(file.read(_TAIL)[:4], "little")
        file.seek(-_TAIL - size, 2)
        footer = Footer(read_struct(file.read(size)))
    return tuple(_group(path, each, footer) for each in footer.said[_GROUPS].value.values)


def _group(path: Path, said: Struct, footer: Footer) -> RowGroup:
    starts, ends = [], []
    for chunk in said[_GROUP_COLUMNS].value.values:
        column: Struct = chunk[_CHUNK_METADATA].value
        # Writers have put 0 where there is no dictionary.
        starts.append(min(column[place].value for place in _PAGES if place in column and column[place].value))
        ends.append(starts[-1] + column[_COMPRESSED].value)
    return RowGroup(path, min(starts), max(ends), said[_GROUP_ROWS].value, said, footer)


def write_row_groups(path: Path, groups: Sequence[RowGroup]) -> None:
    """Write a Parquet file of row groups, of files whose columns are written in one way."""
    like = groups[0].footer
    with path.open("wb") as out:
        out.write(_MAGIC)
        written = [_moved(group, _copied(out, group), ordinal) for ordinal, group in enumerate(groups)]
        said = {
            **like.said,
            _ROWS: like.said[_ROWS]._replace(value=sum(group.rows for group in groups)),
            _GROUPS: like.said[_GROUPS]._replace(value=Several(like.said[_GROUPS].value.type, written)),
        }
        footer = write_struct(said)
        out.write(footer + len(footer).to_bytes(4, "little") + _MAGIC)


def _copied(out: BinaryIO, group: RowGroup) -> int:
    """Copy a row group's bytes; return how far they moved."""
    start = out.tell()
    with group.path.open("rb") as file:
        file.seek(group.start)
        left = group.end - group.start
        while left and (piece := file.read(min(_BUFFER, left))):
            out.write(piece)
            left -= len(piece)
    return start - group.start


def _moved(group: RowGroup, by: int, ordinal: int) -> Struct:
    columns = group.said[_GROUP_COLUMNS]
    chunks = Several(columns.value.type, [_chunk(c, by) for c in columns.value.values])
    said = {**_shifted(group.said, (_GROUP_OFFSET,), by), _GROUP_COLUMNS: columns._replace(value=chunks)}
    if _GROUP_ORDINAL in said:
        said[_GROUP_ORDINAL] = said[_GROUP_ORDINAL]._replace(value=ordinal)
    return said


def _chunk(chunk: Struct, by: int) -> Struct:
    column = _shifted({k: v for k, v in chunk[_CHUNK_METADATA].value.items() if k not in _BLOOM_FILTER}, _PAGES, by)
    kept = {number: typed for number, typed in chunk.items() if number not in _INDEXES}
    return {**_shifted(kept, (_CHUNK_OFFSET,), by), _CHUNK_METADATA: chunk[_CHUNK_METADATA]._replace(value=column)}


def _shifted(fields: Struct, places: Iterable[int], by: int) -> Struct:
    """Offsets moved; 0 says that there is none."""
    moved = {
        place: fields[place]._replace(value=fields[place].value + by) for place in places if place in fields and fields[place].value
    }
    return {**fields, **moved}
