"""CSV files of one header as segments: small files joined, large ones cut.

A segment is cut, counted and located by its bytes, before the reader sees it; the reader has to find exactly as many records. Its text
has one kind of line ending, no blank lines and no open quote, so that nothing of one file leaks into the next.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pyarrow as pa

from tidegate.contracts.contract import CsvFormat
from tidegate.engine.csv_header import end_of_header
from tidegate.engine.newlines import only_newline
from tidegate.engine.records import Lines, Records, find_blocks, index_records, locate
from tidegate.engine.segments import FieldSegment, Part, Segment, TextSegment
from tidegate.engine.sources import MAX_RECORD_BYTES, opened, utf8_chunks
from tidegate.engine.values import FilePlan
from tidegate.errors import FileRefused

MAX_HELD = 1 << 26
"""Bytes of one record that are held in memory before its file is refused."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """Whole records of one file; `too_long`: a single one that the reader does not take."""

    body: bytes
    newline: bytes
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
            first, header = 0, plan.header
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
        held = sum(len(p.body) for _, p in waiting)
        return waiting[0][1].newline == piece.newline and held + len(piece.body) <= self._size

    def _joined(self, header: tuple[str, ...], waiting: list[tuple[Part, _Piece]]) -> Segment:
        parts, newline = tuple(part for part, _ in waiting), waiting[0][1].newline
        if waiting[0][1].too_long:
            raw = waiting[0][1].body.removesuffix(newline).decode("utf-8", "backslashreplace")
            return FieldSegment(header, parts, _no_fields(len(header)), {0: ("line_length",)}, [raw])
        if len(waiting) == 1:
            return TextSegment(header, parts, waiting[0][1].body, newline, waiting[0][1].records, self._csv)
        body = b"".join(piece.body for _, piece in waiting)
        records = locate(body, newline, self._csv, len(header), sum(p.records for p in parts))
        return TextSegment(header, parts, body, newline, records, self._csv)

    def _pieces(self, plan: FilePlan) -> Iterator[_Piece]:
        """Read a file and give its records, a segment's worth at a time."""
        width, records, headed, wanted = len(plan.header), 0, False, self._size
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
                piece, held = self._cut(held, width, records, final=final)
                waiting = [held]
                if piece is not None:
                    records += len(piece.records)
                    wanted = self._size
                    yield from self._apart(piece, width)
                elif len(held) >= wanted:  # not one whole record yet
                    if len(held) > MAX_HELD:
                        message = f"record {records + 1} is longer than {MAX_HELD >> 20} MiB: is a quote never closed?"
                        raise FileRefused("UNREADABLE", message)
                    wanted = 2 * len(held)

    def _apart(self, piece: _Piece, width: int) -> Iterator[_Piece]:
        """Give records that are too long for the reader as pieces of their own: at its buffers' ends it would cut them in two."""
        first = start = 0
        long = piece.records.longer_than(MAX_RECORD_BYTES)
        for place in [*long, len(piece.records)] if long else ():
            begin, end = piece.records.span(place) if place in long else (len(piece.body),) * 2
            if place > first:
                body = piece.body[start:begin]
                yield _Piece(body, piece.newline, locate(body, piece.newline, self._csv, width, place - first))
            if place in long:
                start, first = end + len(piece.newline), place + 1
                body = piece.body[begin:start]
                yield _Piece(body, piece.newline, locate(body, piece.newline, self._csv, width, 1), too_long=True)
        if not long:
            yield piece

    def _cut(self, data: bytes, width: int, before: int, *, final: bool) -> tuple[_Piece | None, bytes]:
        """Return the whole records of a text and what is left behind them."""
        text, tail = (data[:-1], b"\r") if data.endswith(b"\r") and not final else (data, b"")
        newline = only_newline(text)
        if newline is None or self._has_others(text, newline, width):
            return self._cut_slowly(text, tail, width, before, final=final)
        if final and text and not text.endswith(newline):
            text += newline
        if not self._csv.quote or self._csv.quote.encode() not in text:
            end = text.rfind(newline) + len(newline) if newline in text else 0
            body = text[:end]
            return (_Piece(body, newline, Lines(body, newline, self._csv.delimiter, width)) if body else None), text[end:] + tail
        blocks, end = find_blocks(text, self._csv, width)
        if final and end < len(text):
            return self._cut_slowly(data, b"", width, before, final=True)
        return (_Piece(text[:end], newline, blocks) if end else None), text[end:] + tail

    def _has_others(self, text: bytes, newline: bytes, width: int) -> bool:
        """Whether there may be lines that are no records."""
        comment = self._csv.comment.encode()
        blank = width > 1 and (newline * 2 in text or text.startswith(newline))
        return blank or bool(comment and (text.startswith(comment) or newline + comment in text))

    def _cut_slowly(self, text: bytes, tail: bytes, width: int, before: int, *, final: bool) -> tuple[_Piece | None, bytes]:
        """Rewrite records with one kind of line ending and without blank lines between them."""
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
        return _Piece(body, newline, locate(body, newline, self._csv, width, len(index))), rest


def _no_fields(width: int) -> pa.Table:
    return pa.table({f"h{number}": pa.array([], pa.large_string()) for number in range(width)})


def _with_last(chunks: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Return each chunk and whether it is the last; an empty last one when there is none."""
    held = next(chunks, b"")
    for chunk in chunks:
        yield held, False
        held = chunk
    yield held, True
