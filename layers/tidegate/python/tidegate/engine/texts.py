"""CSV files of one header as segments: small files joined, large ones cut.

A segment is cut, counted and located by its bytes, before the reader sees it; the reader has to find exactly as many records. Its text
has one kind of line ending, no blank lines and no open quote, so that nothing of one file leaks into the next.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tidegate.contracts.contract import CsvFormat
from tidegate.engine.newlines import only_newline
from tidegate.engine.records import Lines, Records, find_blocks, index_records, locate, record_pattern
from tidegate.engine.segments import Part, TextSegment
from tidegate.engine.sources import opened, utf8_chunks
from tidegate.engine.values import FilePlan
from tidegate.errors import FileRefused

MAX_HELD = 1 << 28
"""Bytes of one record that are held in memory before its file is refused."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """Whole records of one file."""

    body: bytes
    newline: bytes
    records: Records


class Cutter:
    """Cuts and joins files into segments of about `size` bytes."""

    def __init__(self, csv: CsvFormat, encoding: str, size: int) -> None:
        """Keep how files are cut and decoded."""
        self._csv, self._encoding, self._size = csv, encoding, size

    def segments(self, plans: Iterable[tuple[int, FilePlan]], refused: dict[int, FileRefused]) -> Iterator[TextSegment]:
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
        held = sum(len(p.body) for _, p in waiting)
        return waiting[0][1].newline == piece.newline and held + len(piece.body) <= self._size

    def _joined(self, header: tuple[str, ...], waiting: list[tuple[Part, _Piece]]) -> TextSegment:
        parts, newline = tuple(part for part, _ in waiting), waiting[0][1].newline
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
                    match = record_pattern(self._csv).match(held)
                    if match is None or (match.end() == len(held) and not final):
                        continue
                    held, headed = held[match.end() :], True
                piece, held = self._cut(held, width, records, final=final)
                waiting = [held]
                if piece is not None:
                    records += len(piece.records)
                    wanted = self._size
                    yield piece
                elif len(held) >= wanted:  # not one whole record yet
                    if len(held) > MAX_HELD:
                        message = f"record {records + 1} is longer than {MAX_HELD >> 20} MiB: is a quote never closed?"
                        raise FileRefused("UNREADABLE", message)
                    wanted = 2 * len(held)

    def _cut(self, data: bytes, width: int, before: int, *, final: bool) -> tuple[_Piece | None, bytes]:
        """Return the whole records of a text and what is left behind them."""
        text, tail = (data[:-1], b"\r") if data.endswith(b"\r") and not final else (data, b"")
        newline = only_newline(text)
        if newline is None or (width > 1 and (newline * 2 in text or text.startswith(newline))):
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

    def _cut_slowly(self, text: bytes, tail: bytes, width: int, before: int, *, final: bool) -> tuple[_Piece | None, bytes]:
        """Rewrite records with one kind of line ending and without blank lines between them."""
        index = index_records(text, self._csv, width)
        rest = tail
        if len(index) and not final and index.ends[-1] == len(text):
            rest = text[index.starts[-1] :] + tail
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


def _with_last(chunks: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Return each chunk and whether it is the last; an empty last one when there is none."""
    held = next(chunks, b"")
    for chunk in chunks:
        yield held, False
        held = chunk
    yield held, True
