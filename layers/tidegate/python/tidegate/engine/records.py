r"""Find the records of a CSV text by their bytes, independently of DuckDB.

The scan serves four ends: a large file is cut into segments where a record ends and nowhere else, the true raw bytes of a rejected
record, the true record number behind it, and a second count that catches a reader that loses rows silently (DuckDB 2.0 drops
everything behind a quote that is never closed, without an error, when that is longer than its buffer). It cuts as DuckDB's strict
mode does, quirks included (fuzzed against it): a quote opens a field at its start or behind spaces, text behind a closing quote
belongs to the field, and a quote inside unquoted text is plain text. Where the two still disagree the file is refused, so a wrong
guess here can never lose or misattribute a row.
"""

import re
from array import array
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from typing import Protocol

from tidegate.contracts.contract import CsvFormat
from tidegate.errors import FileRefused

NEWLINES = (b"\n", b"\r\n", b"\r")
_BLOCK_RECORDS = 64
_BLOCK_BYTES = 1 << 16


class Records(Protocol):
    """Where the records of a text are, by place from 0."""

    def __len__(self) -> int:
        """Count the records."""
        ...

    def span(self, place: int) -> tuple[int, int]:
        """Return where a record starts and ends, without its line ending."""
        ...


class Lines:
    """Records of a text without quotes and blank lines: each line is one."""

    def __init__(self, body: bytes, newline: bytes) -> None:
        """Count line endings by blocks, so that a single line is found without looking at all of them."""
        self._body, self._newline = body, newline
        self._before = array("q", [0])
        mark = newline[-1:]
        for start in range(0, len(body), _BLOCK_BYTES):
            self._before.append(self._before[-1] + body.count(mark, start, start + _BLOCK_BYTES))

    def __len__(self) -> int:
        """Count the records."""
        return self._before[-1]

    def span(self, place: int) -> tuple[int, int]:
        """Return where a record starts and ends."""
        start = self._end_of(place - 1) + 1 if place else 0
        return start, self._end_of(place) + 1 - len(self._newline)

    def _end_of(self, place: int) -> int:
        """Return the offset of the last byte of a record's line ending."""
        low, high = 0, len(self._before) - 1
        while high - low > 1:  # the last block with at most `place` line endings before it
            middle = (low + high) // 2
            low, high = (middle, high) if self._before[middle] <= place else (low, middle)
        mark, position = self._newline[-1:], low * _BLOCK_BYTES - 1
        for _ in range(place - self._before[low] + 1):
            position = self._body.index(mark, position + 1)
        return position


class Blocks:
    """Records of a text whose quotes are all closed, without blank lines: known are the starts of every so many."""

    def __init__(self, body: bytes, form: CsvFormat, starts: "array[int]", count: int) -> None:
        """Keep the starts of blocks."""
        self._body, self._form, self._starts, self._count = body, form, starts, count

    def __len__(self) -> int:
        """Count the records."""
        return self._count

    def span(self, place: int) -> tuple[int, int]:
        """Return where a record starts and ends."""
        block, rest = divmod(place, _BLOCK_RECORDS)
        matches = record_pattern(self._form).finditer(self._body, self._starts[block])
        match = next(islice(matches, rest, None))
        return match.start(), match.start("nl")


@dataclass(slots=True)
class RecordIndex:
    """Every record of a text, whatever it holds.

    `starts` and `ends` are byte offsets (end exclusive, without the line ending) by record. `newlines` are the line endings seen outside
    quotes. `open_quote` says that the last record's quote is never closed.
    """

    starts: "array[int]" = field(default_factory=lambda: array("q"))
    ends: "array[int]" = field(default_factory=lambda: array("q"))
    newlines: set[bytes] = field(default_factory=set)
    open_quote: bool = False
    blank_lines: int = 0

    def __len__(self) -> int:
        """Count the records."""
        return len(self.starts)


def _fields(csv: CsvFormat, open_marks: tuple[bytes, bytes]) -> bytes:
    """The fields of one record; `open_marks` is what may stand for a closing quote in the first and in later fields.

    Repeats of more than one character are atomic groups: possessive ones match wrongly in Python before 3.11.5.
    """
    d, q, e = (re.escape(text.encode()) for text in (csv.delimiter, csv.quote, csv.escape))
    body = rb"(?>(?:[^%b]++|%b%b)*)" % (q, q, q) if e == q or not csv.escape else rb"(?>(?:[^%b%b]++|%b.)*)" % (q, e, e)
    rest = rb"[^%b\r\n]*+" % d
    first, later = (rb" *+%b%b(?>(?:%b ++%b%b)*)(?:%b%b%b)" % (q, body, q, q, body, q, rest, mark) for mark in open_marks)
    plain = rb"(?! *+%b)%b" % (q, rest)
    fields = rb"(?:%b|%b)(?>(?:%b(?:%b|%b))*)" % (first, plain, d, later, plain)
    return rb"(?:[^%b\r\n]*+|%b)" % (q, fields)


@lru_cache(maxsize=32)
def record_pattern(csv: CsvFormat) -> re.Pattern[bytes]:
    """Match one record with its line ending: group `nl`; groups `o1` and `o2` are set when a quote is never closed."""
    if not csv.quote:
        return re.compile(rb"[^\r\n]*+(?P<o1>(?!))?(?P<o2>(?!))?(?P<nl>\r\n|\n|\r|\Z)")
    return re.compile(rb"%b(?P<nl>\r\n|\n|\r|\Z)" % _fields(csv, (rb"|(?P<o1>\Z)", rb"|(?P<o2>\Z)")), re.DOTALL)


@lru_cache(maxsize=32)
def _block_pattern(csv: CsvFormat, records: int) -> re.Pattern[bytes]:
    """Match so many whole records, each with its line ending and every quote closed."""
    return re.compile(rb"(?>(?:(?>%b(?:\r\n|\n|\r))){%d})" % (_fields(csv, (b"", b"")), records), re.DOTALL)


def find_blocks(body: bytes, csv: CsvFormat) -> tuple[Blocks, int]:
    """Find the whole records at the start of a text; also return where they end. Blank lines count as records here."""
    starts, count, position = array("q"), 0, 0
    for records in (_BLOCK_RECORDS, 1):
        pattern = _block_pattern(csv, records)
        while position < len(body) and (match := pattern.match(body, position)):
            if count % _BLOCK_RECORDS == 0:
                starts.append(position)
            count, position = count + records, match.end()
    return Blocks(body, csv, starts, count), position


def index_records(data: bytes, csv: CsvFormat, width: int) -> RecordIndex:
    """Scan a text of `width` columns; blank lines are records only when it has a single column, as DuckDB reads them."""
    index, end = RecordIndex(), len(data)
    for match in record_pattern(csv).finditer(data):
        start, stop = match.start(), match.start("nl")
        if start == end:
            break
        index.newlines.add(match["nl"])
        if start == stop and width > 1:
            index.blank_lines += 1
        else:
            index.starts.append(start)
            index.ends.append(stop)
        if match["o1"] is not None or match["o2"] is not None:
            index.open_quote = True
    index.newlines.discard(b"")
    return index


def locate(body: bytes, newline: bytes, csv: CsvFormat, records: int) -> Records:
    """Locate the records of a text without blank lines, of which the number is known.

    Raises:
        FileRefused: UNREADABLE, the same bytes are cut in another way when they stand elsewhere.
    """
    if not csv.quote or csv.quote.encode() not in body:
        found: Records = Lines(body, newline)
        end = len(body)
    else:
        found, end = find_blocks(body, csv)
    if len(found) != records or end != len(body):
        raise FileRefused("UNREADABLE", f"{len(found)} records where {records} were counted: check the quoting")
    return found
