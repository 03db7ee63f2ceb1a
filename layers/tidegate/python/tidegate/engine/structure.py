"""Find where the records of a plain CSV text end, on bitmaps: a bit for each byte, the first byte the lowest.

A text is plain when every quote opens a field at its start, closes one at its end, or is doubled inside: everybody cuts such a text
alike. Most texts are, and the few operations that tell are on whole blocks, ten times cheaper than looking at record after record.
A text that is not plain is left to `records`, which does that.
"""

from dataclasses import dataclass
from functools import cache

import pyarrow as pa
import pyarrow.compute as pc

from tidegate.contracts.contract import CsvFormat
from tidegate.engine.numbers import numbers

BLOCK = 1 << 19  # bytes: the bitmaps of a block stay in the processor's cache


@dataclass(frozen=True, slots=True)
class Structure:
    """`stops` are the offsets (uint64) behind the line endings of records; `delimiters` is the number of those outside quotes."""

    stops: pa.Array
    delimiters: int

    @property
    def end(self) -> int:
        """The offset behind the last record."""
        return int(self.stops[-1].as_py()) if len(self.stops) else 0


def find_structure(text: bytes, newline: bytes, csv: CsvFormat) -> Structure | None:
    """Find the whole records at the start of a text with one kind of line ending; None when the text is not plain.

    Blank lines and comments count as records here. Behind the last record there may be the beginning of another.
    """
    delimiter, quote = csv.delimiter.encode(), csv.quote.encode()
    doubled = csv.doubles_quotes
    if len(delimiter) != 1 or len(quote) > 1 or not (doubled or csv.escape.encode() not in text):
        return None
    quoted, buffer = bool(quote) and quote in text, pa.py_buffer(text)
    stops, delimiters, begun = [], 0, 0  # delimiters of whole records, and those of the one that is begun
    inside, may_open, must_end = False, True, False  # between two blocks: in quotes; behind an edge; behind a closing quote
    for at in range(0, len(text), BLOCK):
        size = min(BLOCK, len(text) - at)
        block = pa.Array.from_buffers(pa.uint8(), size, [None, buffer.slice(at, size)])
        ends, borders = places(block, newline[-1:]), places(block, delimiter)
        if quoted:
            quotes, edges, every = places(block, quote), ends | borders, (1 << size) - 1
            if len(newline) > 1:
                edges |= places(block, newline[:1])
            within = parities(quotes, size) ^ (every if inside else 0)
            opening = quotes & within
            closing = quotes ^ opening
            opens_at = (edges | closing if doubled else edges) << 1 | may_open
            ends_at = edges | opening if doubled else edges
            if opening & ~opens_at or closing & (every >> 1) & ~(ends_at >> 1) or (must_end and not ends_at & 1):
                return None
            inside, may_open, must_end = bool(within >> size - 1), bool(opens_at >> size), bool(closing >> size - 1)
            ends, borders = ends & ~within, borders & ~within
        stops.append(pc.add(_listed(ends, size), pa.scalar(at + 1, pa.uint64())))
        behind = (borders >> ends.bit_length()).bit_count()  # those of the record that the block begins
        if ends:
            delimiters, begun = delimiters + begun + borders.bit_count() - behind, 0
        begun += behind
    return Structure(pa.concat_arrays(stops or [pa.array([], pa.uint64())]), delimiters)


def places(block: pa.Array, mark: bytes) -> int:
    """Return the bitmap of a byte's places in a block."""
    size = len(block)
    found = int.from_bytes(pc.equal(block, pa.scalar(mark[0], pa.uint8())).buffers()[1].slice(0, (size + 7) // 8), "little")
    return found & ((1 << size) - 1) if size % 8 else found


def parities(marks: int, size: int) -> int:
    """Return a bit for each place: whether the number of marks up to it is odd."""
    step = 1
    while step < size:
        marks ^= marks << step
        step *= 2
    return marks & ((1 << size) - 1)


def _listed(marks: int, size: int) -> pa.Array:
    bits = pa.py_buffer(marks.to_bytes((size + 7) // 8, "little"))
    marked = pa.Array.from_buffers(pa.bool_(), size, [None, bits])
    return _numbers(BLOCK).slice(0, size).filter(marked)  # which skips whole words without a mark, as `indices_nonzero` does not


@cache
def _numbers(count: int) -> pa.Array:
    return numbers(count, pa.uint64())
