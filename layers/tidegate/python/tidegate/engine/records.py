r"""Find the records of a CSV text by their bytes, independently of DuckDB.

The scan serves four ends: a large file is cut into segments where a record ends and nowhere else, the true raw bytes of a rejected
record, the true record number behind it, and a second count that catches a reader that loses rows silently (DuckDB 2.0 drops
everything behind a quote that is never closed, without an error, when that is longer than its buffer). It cuts as DuckDB's strict
mode does, quirks included (fuzzed against it): a quote opens a field at its start or behind spaces, text behind a closing quote
belongs to the field, and a quote inside unquoted text is plain text. Where the two still disagree the file is refused, so a wrong
guess here can never lose or misattribute a row.
"""

from array import array
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Protocol

from tidegate.contracts.contract import CsvFormat
from tidegate.engine.record_patterns import plain_records, record_pattern, regular_record, rule_of, whole_record
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

    def longer_than(self, size: int) -> list[int]:
        """Return the records of more than so many bytes."""
        ...

    def odd(self, *, surely: bool) -> Mapping[int, str]:
        """Return the records that have not the right number of regular fields, with the rule that each breaks.

        Without `surely` only when there is one that is longer than it should be, or none: then none is shorter, as the caller knows.
        """
        ...


class Lines:
    """Records of a text without quotes and blank lines: each line is one."""

    def __init__(self, body: bytes, newline: bytes, delimiter: str, width: int) -> None:
        """Count line endings by blocks, so that a single line is found without looking at all of them."""
        self._body, self._newline, self._delimiter, self._width = body, newline, delimiter.encode(), width
        self._before, self._at = array("q", [0]), (0, 0)
        mark = newline[-1:]
        for start in range(0, len(body), _BLOCK_BYTES):
            self._before.append(self._before[-1] + body.count(mark, start, start + _BLOCK_BYTES))

    def __len__(self) -> int:
        """Count the records."""
        return self._before[-1]

    def span(self, place: int) -> tuple[int, int]:
        """Return where a record starts and ends; the next ones after it are found at once."""
        at, start = self._at
        if not at <= place < at + _BLOCK_RECORDS:
            at, start = place, self._end_of(place - 1) + 1 if place else 0
        mark = self._newline[-1:]
        for _ in range(place - at):
            start = self._body.index(mark, start) + 1
        end = self._body.index(mark, start) + 1
        self._at = place + 1, end
        return start, end - len(self._newline)

    def longer_than(self, size: int) -> list[int]:
        """Return the lines of more than so many bytes: they have blocks in which no line ends."""
        blocks = max(1, size // _BLOCK_BYTES - 1)
        ends = {n for n, later in zip(self._before, self._before[blocks:], strict=False) if n == later}
        return [place for place in sorted(ends) if self.span(place)[1] - self.span(place)[0] > size]

    def odd(self, *, surely: bool) -> Mapping[int, str]:
        """Return the lines with too many or too few delimiters."""
        wanted = self._width - 1
        if not surely and self._body.count(self._delimiter) == wanted * len(self):
            return {}
        lines = self._body.split(self._newline)[:-1]
        return {place: "columns" for place, line in enumerate(lines) if line.count(self._delimiter) != wanted}

    def _end_of(self, place: int) -> int:
        """Return the offset of the last byte of a record's line ending."""
        block = bisect_right(self._before, place) - 1
        mark, position = self._newline[-1:], block * _BLOCK_BYTES - 1
        for _ in range(place - self._before[block] + 1):
            position = self._body.index(mark, position + 1)
        return position


class Blocks:
    """Records of a text whose quotes are all closed, without blank lines: known are the starts of every so many."""

    def __init__(self, body: bytes, form: CsvFormat, width: int) -> None:
        """Begin without a record."""
        self._body, self._form, self._width = body, form, width
        self._starts, self._count, self._at = array("q"), 0, (0, 0)
        self._plain = True

    def __len__(self) -> int:
        """Count the records."""
        return self._count

    def add(self, start: int, records: int, *, plain: bool) -> None:
        """Add records that follow each other, a block's worth or one; `plain`: their quotes are around whole fields."""
        if self._count % _BLOCK_RECORDS == 0:
            self._starts.append(start)
        self._plain = self._plain and plain
        self._count += records

    def at_block(self) -> bool:
        """Whether the next record starts a block."""
        return self._count % _BLOCK_RECORDS == 0

    def span(self, place: int) -> tuple[int, int]:
        """Return where a record starts and ends."""
        at, start = self._at
        if not at <= place < at + _BLOCK_RECORDS:
            at, start = place - place % _BLOCK_RECORDS, self._starts[place // _BLOCK_RECORDS]
        matches = record_pattern(self._form).finditer(self._body, start)
        match = next(islice(matches, place - at, None))
        self._at = place + 1, match.end()
        return match.start(), match.start("nl")

    def longer_than(self, size: int) -> list[int]:
        """Return the records of more than so many bytes."""
        ends = [*self._starts[1:], len(self._body)]
        blocks = [n for n, (start, end) in enumerate(zip(self._starts, ends, strict=True)) if end - start > size]
        places = (place for n in blocks for place in range(n * _BLOCK_RECORDS, min((n + 1) * _BLOCK_RECORDS, self._count)))
        return [place for place in places if self.span(place)[1] - self.span(place)[0] > size]

    def odd(self, *, surely: bool) -> Mapping[int, str]:
        """Return the records that are not of the header's shape: looked at one by one only where the sum of delimiters is not right."""
        delimiter, quote = self._form.delimiter.encode(), self._form.quote.encode()
        countable = self._form.escape in {quote.decode(), ""} or self._form.escape.encode() not in self._body
        if self._plain and countable and not surely:
            inside = b"".join(self._body.split(quote)[1::2])
            if self._body.count(delimiter) - inside.count(delimiter) == (self._width - 1) * self._count:
                return {}
        regular, found, position = regular_record(self._form, self._width), {}, 0
        for place, match in enumerate(islice(record_pattern(self._form).finditer(self._body), self._count)):
            whole = regular.match(self._body, position)
            if whole is None or whole.end() != match.end():
                found[place] = rule_of(self._body[match.start() : match.start("nl")], self._form, self._width)
            position = match.end()
        return found


@dataclass(slots=True)
class RecordIndex:
    """Every record of a text, whatever it holds.

    `starts` and `ends` are byte offsets (end exclusive, without the line ending) by record. `newlines` are the line endings seen outside
    quotes. `done` is where the last line that has an ending ends. `open_quote` says that a quote is never closed. `others` are the lines
    that are no records: blank ones and comments.
    """

    starts: "array[int]" = field(default_factory=lambda: array("q"))
    ends: "array[int]" = field(default_factory=lambda: array("q"))
    newlines: set[bytes] = field(default_factory=set)
    open_quote: bool = False
    others: int = 0
    done: int = 0

    def __len__(self) -> int:
        """Count the records."""
        return len(self.starts)


def find_blocks(body: bytes, csv: CsvFormat, width: int) -> tuple[Blocks, int]:
    """Find the whole records at the start of a text; also return where they end. Blank lines count as records here."""
    found, position = Blocks(body, csv, width), 0
    block, plain, any_ = plain_records(csv, _BLOCK_RECORDS), plain_records(csv, 1), whole_record(csv)
    while position < len(body):
        if found.at_block() and (match := block.match(body, position)):
            found.add(position, _BLOCK_RECORDS, plain=True)
        elif match := plain.match(body, position):
            found.add(position, 1, plain=True)
        elif match := any_.match(body, position):
            found.add(position, 1, plain=False)
        else:
            break
        position = match.end()
    return found, position


def index_records(data: bytes, csv: CsvFormat, width: int) -> RecordIndex:
    """Scan a text of `width` columns; blank lines are records only when it has a single column, as DuckDB reads them."""
    index, end = RecordIndex(), len(data)
    for match in record_pattern(csv).finditer(data):
        start, stop = match.start(), match.start("nl")
        if start == end:
            break
        index.newlines.add(match["nl"])
        index.done = match.end() if match["nl"] else index.done
        if match["comment"] is not None or (start == stop and width > 1):
            index.others += 1
        else:
            index.starts.append(start)
            index.ends.append(stop)
        if match["o1"] is not None or match["o2"] is not None:
            index.open_quote = True
    index.newlines.discard(b"")
    return index


def locate(body: bytes, newline: bytes, csv: CsvFormat, width: int, records: int) -> Records:
    """Locate the records of a text without blank lines, of which the number is known.

    Raises:
        FileRefused: UNREADABLE, the same bytes are cut in another way when they stand elsewhere.
    """
    found: Records = Lines(body, newline, csv.delimiter, width)
    end = len(body)
    if csv.quote and csv.quote.encode() in body:
        found, end = find_blocks(body, csv, width)
    if len(found) != records or end != len(body):
        raise FileRefused("UNREADABLE", f"{len(found)} records where {records} were counted: check the quoting")
    return found
