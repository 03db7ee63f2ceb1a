"""CSV files of one header as segments: small files joined, large ones cut.

A segment is cut, counted and located by its bytes, before the reader sees it; the reader has to find exactly as many records. Its text
has one kind of line ending, no blank lines and no open quote, so that nothing of one file leaks into the next.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate

import pyarrow as pa

from tidegate.contracts.contract import CsvFormat
from tidegate.engine.csv_header import end_of_header
from tidegate.engine.newlines import only_newline
from tidegate.engine.records import Records, index_records, joined
from tidegate.engine.segments import FieldSegment, Part, Segment, TextSegment
from tidegate.engine.sources import MAX_RECORD_BYTES, opened, utf8_chunks
from tidegate.engine.structure import find_structure
from tidegate.engine.values import FilePlan
from tidegate.errors import FileRefused

NOT_PLAIN = "NOT_PLAIN"
"""The refusal of a split: its file has to be read as a whole."""
MAX_HELD = 1 << 26
"""Bytes of one record that are held in memory before its file is refused."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """Whole records of one file; `too_long`: a single one that the reader does not take."""

    records: Records
    too_long: bool = False


class Cutter:
    """Cuts and joins files into segments of about `size` bytes."""

    def __init__(self, csv: CsvFormat, encoding: str, size: int) -> None:
        """Keep how files are cut and decoded."""
        self._csv, self._encoding, self._size = csv, encoding, size

    def segments(self, plans: Iterable[tuple[int, FilePlan]], refused: dict[int, FileRefused]) -> Iterator[Segment]:
        """Cut files of one header in their order.

        A file that turns out unreadable is added to `refused` by number; segments with its earlier records may have been given already.
        """
        waiting: list[tuple[Part, _Piece]] = []
        header: tuple[str, ...] = ()
        for number, plan in plans:
            first, header = plan.file.before, plan.header
            try:
                for piece in self._pieces(plan):
                    if waiting and not self._fits(waiting, piece):
                        yield self._joined(header, waiting)
                        waiting = []
                    waiting.append((Part(number, first, len(piece.records)), piece))
                    first += len(piece.records)
            except FileRefused as error:
                refused[number] = error
                waiting = [(part, piece) for part, piece in waiting if part.number != number]
        if waiting:
            yield self._joined(header, waiting)

    def _fits(self, waiting: list[tuple[Part, _Piece]], piece: _Piece) -> bool:
        if piece.too_long or waiting[0][1].too_long:
            return False
        held = sum(len(p.records.body) for _, p in waiting)
        return waiting[0][1].records.newline == piece.records.newline and held + len(piece.records.body) <= self._size

    def _joined(self, header: tuple[str, ...], waiting: list[tuple[Part, _Piece]]) -> Segment:
        parts, first = tuple(part for part, _ in waiting), waiting[0][1]
        if first.too_long:
            raw = bytes(first.records.body).removesuffix(first.records.newline).decode("utf-8", "backslashreplace")
            return FieldSegment(header, parts, _no_fields(len(header)), {0: ("line_length",)}, [raw])
        return TextSegment(header, parts, joined([piece.records for _, piece in waiting]), self._csv)

    def _pieces(self, plan: FilePlan) -> Iterator[_Piece]:
        """Read a file and give its records, a segment's worth at a time."""
        records, headed, wanted = plan.file.before, False, self._size
        waiting: list[bytes] = []
        with opened(plan.file) as stream:
            for chunk, final in _with_last(utf8_chunks(stream, self._encoding)):
                waiting.append(chunk)
                if sum(map(len, waiting)) < wanted and not final:
                    continue
                held = b"".join(waiting)
                if not headed:
                    start = end_of_header(held, self._csv)
                    if start is None and not final:
                        continue
                    held, headed = b"" if start is None else held[start:], True
                found, held = self._cut(held, plan, records, final=final)
                waiting = [held]
                if found is not None:
                    records += len(found)
                    wanted = self._size
                    yield from _apart(found)
                elif len(held) >= wanted:  # not one whole record yet
                    if len(held) > MAX_HELD:
                        message = f"record {records + 1} is longer than {MAX_HELD >> 20} MiB: is a quote never closed?"
                        raise FileRefused("UNREADABLE", message)
                    wanted = 2 * len(held)

    def _cut(self, data: bytes, plan: FilePlan, before: int, *, final: bool) -> tuple[Records | None, bytes]:
        """Return the whole records of a text and what is left behind them."""
        width = len(plan.header)
        text, tail = (data[:-1], b"\r") if data.endswith(b"\r") and not final else (data, b"")
        newline = only_newline(text)
        if newline is not None and not self._has_comments(text, newline):
            whole = text + newline if final and text and not text.endswith(newline) else text
            found = find_structure(whole, newline, self._csv)
            if found is not None and (not final or found.end == len(whole)):
                records = Records(memoryview(whole)[: found.end], newline, found.stops, found.delimiters)
                if width == 1 or not records.has_blank():
                    return (records if found.end else None), whole[found.end :] + tail
        if plan.file.split is not None and text:
            raise FileRefused(NOT_PLAIN, "the file cannot be read in splits: records in it are not told apart by their bytes alone")
        return self._cut_slowly(text, tail, width, before, final=final)

    def _has_comments(self, text: bytes, newline: bytes) -> bool:
        comment = self._csv.comment.encode()
        return bool(comment and (text.startswith(comment) or newline + comment in text))

    def _cut_slowly(self, text: bytes, tail: bytes, width: int, before: int, *, final: bool) -> tuple[Records | None, bytes]:
        """Look at every record; those between which there is anything else are written anew, with one kind of line ending."""
        index = index_records(text, self._csv, width)
        rest = tail
        if not final:
            rest = text[index.done :] + tail
            if len(index) and index.ends[-1] > index.done:
                index.starts.pop()
                index.ends.pop()
        elif index.open_quote:
            message = f"record {before + len(index)} opens a quote that is never closed: close it or double it"
            raise FileRefused("UNREADABLE", message)
        if not len(index):
            return None, rest
        newline = next(iter(index.newlines)) if len(index.newlines) == 1 else b"\n"
        body = b"".join(text[a:b] + newline for a, b in zip(index.starts, index.ends, strict=True))
        if body != text[: len(body)] and len(index_records(body, self._csv, width)) != len(index):
            raise FileRefused(
                "UNREADABLE", f"{len(index)} records are cut in another way when they stand elsewhere: check the quoting"
            )
        stops = accumulate(b - a + len(newline) for a, b in zip(index.starts, index.ends, strict=True))
        return Records(memoryview(body), newline, pa.array(stops, pa.uint64())), rest


def _apart(records: Records) -> Iterator[_Piece]:
    """Give records that are too long for the reader as pieces of their own: at its buffers' ends it would cut them in two."""
    long, first = records.longer_than(MAX_RECORD_BYTES), 0
    if not long:
        yield _Piece(records)
        return
    for place in long:
        if place > first:
            yield _Piece(records.some(first, place - first))
        yield _Piece(records.some(place, 1), too_long=True)
        first = place + 1
    if first < len(records):
        yield _Piece(records.some(first, len(records) - first))


def _no_fields(width: int) -> pa.Table:
    return pa.table({f"h{number}": pa.array([], pa.large_string()) for number in range(width)})


def _with_last(chunks: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Return each chunk and whether it is the last; an empty last one when there is none."""
    held = next(chunks, b"")
    for chunk in chunks:
        yield held, False
        held = chunk
    yield held, True
