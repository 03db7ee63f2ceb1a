"""Segments: whole records of files of one header, none larger than memory likes.

A format reads files as segments (see `forms`). The records are counted and located before DuckDB sees them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from tidegate.contracts.contract import CsvFormat
from tidegate.engine.records import Records
from tidegate.engine.values import FilePlan


@dataclass(frozen=True, slots=True)
class Part:
    """A file's records in a segment: its number in the batch, how many of its records come before, and how many are here."""

    number: int
    first: int
    records: int


@dataclass(frozen=True, slots=True)
class TextSegment:
    """The records of its parts, in order: UTF-8 text without a header line, each record with its line ending."""

    header: tuple[str, ...]
    parts: tuple[Part, ...]
    records: Records
    csv: CsvFormat

    def raw(self, place: int) -> str:
        """Return a record's own text; bytes that are not UTF-8 as their hexadecimal escapes."""
        return bytes(self.records.text(place)).decode("utf-8", "backslashreplace")

    def odd(self, *, surely: bool) -> Mapping[int, str]:
        """Return the records that are not of the header's shape; see `Records.odd`."""
        return self.records.odd(self.csv, len(self.header), surely=surely)

    def undecodable(self) -> frozenset[int]:
        """Return the places of records that are not UTF-8."""
        if _is_text(self.records.body):
            return frozenset()
        return frozenset(place for place in range(len(self.records)) if not _is_text(self.records.text(place)))

    def alone(self) -> Iterator["TextSegment"]:
        """Return each part as a segment of its own."""
        place = 0
        for part in self.parts:
            yield TextSegment(self.header, (part,), self.records.some(place, part.records), self.csv)
            place += part.records


@dataclass(frozen=True, slots=True)
class FieldSegment:
    """Records whose fields are known already.

    `fields` has a text column `h<i>` for each name of the header that a column of the contract may take, and a row for each record but
    the `broken` ones, which break the rules given by place. Booleans `b<i>` beside it are true where a field is no text in the file but
    a typed value in canonical notation (see `canonical`). `raws` has the text of every record.
    """

    header: tuple[str, ...]
    parts: tuple[Part, ...]
    fields: pa.Table
    broken: Mapping[int, tuple[str, ...]]
    raws: Sequence[str]

    def raw(self, place: int) -> str:
        """Return a record's own text."""
        return self.raws[place]


Segment = TextSegment | FieldSegment


def _is_text(text: memoryview) -> bool:
    """Whether bytes are UTF-8; nothing is decoded for it."""
    offsets = pa.array([0, len(text)], pa.int64()).buffers()[1]
    try:
        pa.LargeStringArray.from_buffers(1, offsets, pa.py_buffer(text)).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def records_of(segment: Segment) -> int:
    """Count the records of a segment."""
    return sum(part.records for part in segment.parts)


def group_by_header(plans: Sequence[tuple[int, FilePlan]]) -> dict[tuple[str, ...], list[tuple[int, FilePlan]]]:
    """Numbered plans by header, groups in the order of their first file."""
    groups: dict[tuple[str, ...], list[tuple[int, FilePlan]]] = {}
    for number, plan in plans:
        groups.setdefault(plan.header, []).append((number, plan))
    return groups
