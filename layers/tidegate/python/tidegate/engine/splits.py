"""Cutting one large CSV file where records end, so that several machines read it at the same time.

Where a record ends can only be said from the beginning of the file: a line break may stand in quotes. So the file is looked at twice.
First each range of its bytes is surveyed by itself, for both cases, that it begins within quotes and that it does not; the surveys
in order then say which case it was, where the first record behind each border begins, and how many come before it. Then each
split is read with the file's head before it, as a file of its own that numbers its records from there.

This holds for a plain text (see `structure`). Whoever reads a split of one that is not plain refuses it as NOT_PLAIN: the first odd quote
of a file is always in a split that begins where it should. The file is then read as a whole.
"""

import codecs
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import BinaryIO

import pyarrow as pa

from tidegate.contracts.contract import Contract, Format
from tidegate.engine.csv_header import end_of_header
from tidegate.engine.packing import packing_of
from tidegate.engine.sources import MAX_RECORD_BYTES, UTF16, encoding_of
from tidegate.engine.structure import BLOCK, parities, places
from tidegate.engine.uniques import rejecting
from tidegate.engine.values import Split

_ASCII_AND_MORE = {"utf-8", "iso8859-1", "cp1252"}  # encodings in which a byte below 128 is that character


@dataclass(frozen=True, slots=True)
class Survey:
    """What the bytes from `start` to `stop` of a file have.

    `odd`: their number of quotes. `records` end in them and `first` is the offset in the file behind the first end, -1 without one: each
    first for the case that the range begins outside of quotes, then for the other.
    """

    start: int
    stop: int
    odd: bool
    records: tuple[int, int]
    first: tuple[int, int]


def head_of(first: bytes, contract: Contract) -> int | None:
    """Return how many bytes stand before the records of a file that begins so, or None when it has to be read as a whole.

    `first` is all of the file or at least what the longest header may have.
    """
    csv = contract.csv
    if contract.format is not Format.CSV or encoding_of(contract) not in _ASCII_AND_MORE or csv.comment or rejecting(contract):
        return None
    if packing_of(first) or first.startswith(UTF16) or not (csv.quote + csv.delimiter).isascii() or len(csv.quote) > 1:
        return None
    text = first.removeprefix(codecs.BOM_UTF8)
    end = end_of_header(text[:MAX_RECORD_BYTES], csv)
    return None if end is None else len(first) - len(text) + end


def ranges_of(head: int, size: int, wanted: int) -> list[tuple[int, int]]:
    """Return ranges of about so many bytes that cover what is behind a file's head."""
    count = max(1, -(-(size - head) // wanted))
    borders = [head + (size - head) * number // count for number in range(count + 1)]
    return list(pairwise(borders))


def survey(stream: BinaryIO, start: int, stop: int, contract: Contract) -> Survey:
    """Look at a range of a file; the stream is at its first byte and need not end at its last."""
    quote = contract.csv.quote.encode()
    inside, records, first, at = False, [0, 0], [-1, -1], start
    while at < stop:
        text = stream.read(min(BLOCK, stop - at))
        if not text:
            message = f"a range of {stop - start} bytes ends after {at - start}"
            raise EOFError(message)
        size = len(text)
        block = pa.Array.from_buffers(pa.uint8(), size, [None, pa.py_buffer(text)])
        every, ends = (1 << size) - 1, places(block, b"\n")
        within = parities(places(block, quote), size) ^ (every if inside else 0) if quote else 0
        for case, counted in enumerate((ends & ~within, ends & within)):
            if counted and first[case] < 0:
                first[case] = at + (counted & -counted).bit_length()
            records[case] += counted.bit_count()
        inside, at = bool(within >> size - 1), at + size
    return Survey(start, stop, inside, (records[0], records[1]), (first[0], first[1]))


def splits_of(surveys: Sequence[Survey]) -> list[Split]:
    """Return the splits that the surveys of a file's ranges, in order, give; a range in which no record ends belongs to the one before."""
    begins = [(surveys[0].start, 0)]  # of each split: where, and how many records before
    inside, ended = surveys[0].odd, surveys[0].records[0]
    for each in surveys[1:]:
        if each.first[inside] >= 0:
            begins.append((each.first[inside], ended + 1))
        ended += each.records[inside]
        inside ^= each.odd
    stops = [start for start, _ in begins[1:]] + [surveys[-1].stop]
    return [Split(start, stop, before) for (start, before), stop in zip(begins, stops, strict=True) if start < stop]
