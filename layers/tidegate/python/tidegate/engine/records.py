r"""The records of a CSV text, found by their bytes, independently of DuckDB.

This serves four ends: a large file is cut into segments where a record ends and nowhere else, the true raw bytes of a rejected
record, the true record number behind it, and a second count that catches a reader that loses rows silently (DuckDB 2.0 drops
everything behind a quote that is never closed, without an error, when that is longer than its buffer). It cuts as DuckDB's strict
mode does, quirks included (fuzzed against it): a quote opens a field at its start or behind spaces, text behind a closing quote
belongs to the field, and a quote inside unquoted text is plain text. Where the two still disagree the file is refused, so a wrong
guess here can never lose or misattribute a row.
"""

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from tidegate.contracts.contract import CsvFormat
from tidegate.engine.record_patterns import record_pattern, regular_record, rule_of
from tidegate.errors import FileRefused


@dataclass(frozen=True, slots=True)
class Records:
    """Records that follow each other in a text of bytes, each with the same line ending; by place from 0.

    `stops` are the offsets (uint64) behind them. `delimiters` is the number of those outside quotes when every field is plain (see
    `structure`), otherwise None.
    """

    body: memoryview
    newline: bytes
    stops: pa.Array
    delimiters: int | None = None
    _stops: memoryview = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Look at the stops without a copy."""
        buffer = memoryview(self.stops.buffers()[1]).cast("B").cast("Q")
        object.__setattr__(self, "_stops", buffer[self.stops.offset : self.stops.offset + len(self.stops)])

    def __len__(self) -> int:
        """Count the records."""
        return len(self._stops)

    def span(self, place: int) -> tuple[int, int]:
        """Return where a record starts and ends, without its line ending."""
        return self._stops[place - 1] if place else 0, self._stops[place] - len(self.newline)

    def text(self, place: int) -> memoryview:
        """Return a record's bytes, without its line ending."""
        return self.body[slice(*self.span(place))]

    def has_blank(self) -> bool:
        """Whether a record has no byte."""
        return bool(len(self)) and pc.min(self._lengths()).as_py() == len(self.newline)

    def longer_than(self, size: int) -> list[int]:
        """Return the records of more than so many bytes."""
        if len(self.body) <= size:
            return []
        return [int(place) for place in pc.indices_nonzero(pc.greater(self._lengths(), size + len(self.newline))).to_pylist()]

    def some(self, first: int, count: int) -> "Records":
        """Return some of them."""
        start, stop = self.span(first)[0], self._stops[first + count - 1]
        stops = pc.subtract(self.stops.slice(first, count), pa.scalar(start, pa.uint64()))
        return Records(self.body[start:stop], self.newline, stops)

    def odd(self, csv: CsvFormat, width: int, *, surely: bool) -> Mapping[int, str]:
        """Return the records that have not `width` regular fields, with the rule that each breaks.

        Without `surely` only when there is one that is longer than it should be, or none: then none is shorter, as the caller knows.
        """
        if not surely and self.delimiters == (width - 1) * len(self):
            return {}
        regular, found, start = regular_record(csv, width), {}, 0
        for place, stop in enumerate(self._stops):
            whole = regular.match(self.body, start, stop)
            if whole is None or whole.end() != stop:
                found[place] = rule_of(bytes(self.body[start : stop - len(self.newline)]), csv, width)
            start = stop
        return found

    def _lengths(self) -> pa.Array:
        return pc.subtract(self.stops, pa.concat_arrays([pa.array([0], pa.uint64()), self.stops.slice(0, len(self) - 1)]))


def joined(records: Sequence[Records]) -> Records:
    """Return the records of several texts as those of one."""
    if len(records) == 1:
        return records[0]
    stops, before = [], 0
    for each in records:
        stops.append(pc.add(each.stops, pa.scalar(before, pa.uint64())))
        before += len(each.body)
    counts = [each.delimiters for each in records if each.delimiters is not None]
    delimiters = sum(counts) if len(counts) == len(records) else None
    return Records(memoryview(b"".join(each.body for each in records)), records[0].newline, pa.concat_arrays(stops), delimiters)


@dataclass(slots=True)
class RecordIndex:
    """Every record of a text, whatever it holds.

    `starts` and `ends` are byte offsets (end exclusive, without the line ending) by record. `newlines` are the line endings seen outside
    quotes. `done` is where the last line that has an ending ends. `open_quote` says that a quote is never closed.
    """

    starts: "array[int]" = field(default_factory=lambda: array("q"))
    ends: "array[int]" = field(default_factory=lambda: array("q"))
    newlines: set[bytes] = field(default_factory=set)
    open_quote: bool = False
    done: int = 0

    def __len__(self) -> int:
        """Count the records."""
        return len(self.starts)


def index_records(data: bytes, csv: CsvFormat, width: int) -> RecordIndex:
    """Scan a text of `width` columns; blank lines are records only when it has a single column, as DuckDB reads them.

    Raises:
        FileRefused: UNREADABLE, bytes between two records belong to neither.
    """
    index, end, behind = RecordIndex(), len(data), 0
    for match in record_pattern(csv).finditer(data):
        start, stop = match.start(), match.start("nl")
        if start != behind:
            raise FileRefused("UNREADABLE", f"record {len(index) + 1} cannot be told from the next one: check the quoting")
        behind = match.end()
        if start == end:
            break
        index.newlines.add(match["nl"])
        index.done = match.end() if match["nl"] else index.done
        if match["comment"] is None and (start < stop or width == 1):
            index.starts.append(start)
            index.ends.append(stop)
        if match["o1"] is not None or match["o2"] is not None:
            index.open_quote = True
    index.newlines.discard(b"")
    return index
