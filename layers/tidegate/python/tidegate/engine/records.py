r"""Find the records of a CSV file by their bytes, independently of DuckDB.

The scan serves three ends: the true raw bytes of a rejected record, the true record number behind it, and a second count that
catches a reader that loses rows silently (DuckDB 2.0 drops everything behind a quote that is never closed, without an error, when
that is longer than its buffer). It cuts as DuckDB's strict mode does, quirks included (fuzzed against it): a quote opens a field at
its start or behind spaces, text behind a closing quote belongs to the field, and a quote inside unquoted text is plain text.
Where the two still disagree the file is refused, so a wrong guess here can never lose or misattribute a row.
"""

import mmap
import re
from array import array
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from tidegate.contracts.contract import CsvFormat

NEWLINES = (b"\n", b"\r\n", b"\r")


@dataclass(slots=True)
class RecordIndex:
    """Where the records of one file are; the header is not a record.

    `starts` and `ends` are byte offsets (end exclusive, without the line ending) by record, `lines` the line number by record as
    DuckDB counts (header 1, blank lines counted). `newlines` are the line endings seen outside quotes. `open_quote` says that the
    last record's quote is never closed. `header_end` is the offset behind the header's line ending.
    """

    starts: "array[int]" = field(default_factory=lambda: array("q"))
    ends: "array[int]" = field(default_factory=lambda: array("q"))
    lines: "array[int]" = field(default_factory=lambda: array("q"))
    newlines: set[bytes] = field(default_factory=set)
    open_quote: bool = False
    blank_lines: int = 0
    header_end: int = 0

    def __len__(self) -> int:
        """Count the records."""
        return len(self.starts)


@lru_cache(maxsize=32)
def record_pattern(csv: CsvFormat) -> re.Pattern[bytes]:
    """Match one record with its line ending: group `nl`; groups `o1` and `o2` are set when a quote is never closed.

    Repeats of more than one character are atomic groups: possessive ones match wrongly in Python before 3.11.5.
    """
    d, q = re.escape(csv.delimiter.encode()), re.escape(csv.quote.encode())
    e = re.escape(csv.escape.encode())
    if not csv.quote:
        return re.compile(rb"[^\r\n]*+(?P<o1>(?!))?(?P<o2>(?!))?(?P<nl>\r\n|\n|\r|\Z)")
    body = rb"(?>(?:[^%b]++|%b%b)*)" % (q, q, q) if e == q or not csv.escape else rb"(?>(?:[^%b%b]++|%b.)*)" % (q, e, e)
    rest = rb"[^%b\r\n]*+" % d
    first, later = (rb" *+%b%b(?>(?:%b ++%b%b)*)(?:%b%b|(?P<o%d>\Z))" % (q, body, q, q, body, q, rest, n) for n in (1, 2))
    plain = rb"(?! *+%b)%b" % (q, rest)
    fields = rb"(?:%b|%b)(?>(?:%b(?:%b|%b))*)" % (first, plain, d, later, plain)
    return re.compile(rb"(?:[^%b\r\n]*+|%b)(?P<nl>\r\n|\n|\r|\Z)" % (q, fields), re.DOTALL)


def index_records(data: bytes | mmap.mmap, csv: CsvFormat, width: int) -> RecordIndex:
    """Scan a file of `width` columns; blank lines are records only when the file has a single column, as DuckDB reads them."""
    index, end = RecordIndex(), len(data)
    for line, match in enumerate(record_pattern(csv).finditer(data), start=1):
        start, stop = match.start(), match.start("nl")
        if start == end:
            break
        index.newlines.add(match["nl"])
        if line == 1:
            index.header_end = match.end()
        elif start == stop and width > 1:
            index.blank_lines += 1
        else:
            index.starts.append(start)
            index.ends.append(stop)
            index.lines.append(line)
        if match["o1"] is not None or match["o2"] is not None:
            index.open_quote = True
    index.newlines.discard(b"")
    return index


def index_file(path: Path, csv: CsvFormat, width: int) -> RecordIndex:
    """Scan a file on disk without reading it into memory."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return index_records(data, csv, width)
