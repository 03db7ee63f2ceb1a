"""Small files joined to one physical file, so that a thousand of them cost one read.

A file may join only when its text cannot leak into its neighbour: every quote closed, one kind of line ending, no blank lines. Its
records are counted here, before the reader sees them; the reader has to find exactly as many.
"""

import mmap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tidegate.contracts.contract import CsvFormat
from tidegate.engine.headers import FilePlan
from tidegate.engine.newlines import LineCounts, only_newline
from tidegate.engine.records import RecordIndex, index_file, index_records
from tidegate.engine.sources import opened, utf8_chunks
from tidegate.errors import FileRefused

SMALL = 1 << 20
BUNDLE = 1 << 26


@dataclass(frozen=True, slots=True)
class Part:
    """One file's records in a bundle; `number` is the file's place in the batch."""

    number: int
    plan: FilePlan
    records: int


@dataclass(frozen=True, slots=True)
class Bundle:
    """One physical CSV file with a header line and the records of its parts, in order.

    `exact` says that the count of records is certain; otherwise it is the number of lines, an upper bound.
    """

    path: Path
    width: int
    parts: tuple[Part, ...]
    exact: bool

    @property
    def records(self) -> int:
        """Records of all parts."""
        return sum(part.records for part in self.parts)


@dataclass(frozen=True, slots=True)
class _Small:
    part: Part
    body: bytes
    newline: bytes


class Bundler:
    """Turns planned files into bundles under `folder`."""

    def __init__(self, csv: CsvFormat, encoding: str, folder: Path) -> None:
        """Keep how files are cut and decoded."""
        self._csv, self._encoding, self._folder = csv, encoding, folder
        self._count = 0

    def bundle(self, plans: Iterable[tuple[int, FilePlan]], refused: dict[int, FileRefused]) -> Iterator[Bundle]:
        """Bundle files of one header in their order; files that turn out unreadable are added to `refused` by number."""
        pending: list[_Small] = []
        for number, plan in plans:
            try:
                prepared = self._prepare(number, plan)
            except FileRefused as error:
                refused[number] = error
                continue
            if isinstance(prepared, Bundle):
                yield from self._flush(pending)
                yield prepared
                continue
            if pending and (pending[0].newline != prepared.newline or sum(len(p.body) for p in pending) > BUNDLE):
                yield from self._flush(pending)
            pending.append(prepared)
        yield from self._flush(pending)

    def _flush(self, pending: list[_Small]) -> Iterator[Bundle]:
        if any(small.part.records for small in pending):
            path, width = self._next_path(), len(pending[0].part.plan.header)
            with path.open("wb") as out:
                out.write(b"h" + pending[0].newline)
                out.writelines(small.body for small in pending)
            yield Bundle(path, width, tuple(small.part for small in pending), exact=True)
        pending.clear()

    def _next_path(self) -> Path:
        self._count += 1
        return self._folder / f"text-{self._count}.csv"

    def _prepare(self, number: int, plan: FilePlan) -> _Small | Bundle:
        with opened(plan.file) as (stream, packed):
            chunks = utf8_chunks(stream, self._encoding)
            first = b"".join(_take(chunks, SMALL))
            if len(first) <= SMALL:
                return self._small(number, plan, first)
            keep = packed or self._encoding != "utf-8"
            return self._large(number, plan, _chain(first, chunks), keep=keep)

    def _small(self, number: int, plan: FilePlan, data: bytes) -> _Small:
        newline, width = only_newline(data), len(plan.header)
        simple = newline is not None and (not self._csv.quote or self._csv.quote.encode() not in data)
        if simple and newline is not None and newline * 2 not in data:
            _, _, body = data.partition(newline)
            body += b"" if body.endswith(newline) or not body else newline
            return _Small(Part(number, plan, body.count(newline)), body, newline)
        index = _closed(index_records(data, self._csv, width))
        if len(index.newlines) <= 1 and not index.blank_lines:
            newline = next(iter(index.newlines), b"\n")
            body = data[index.header_end :]
            body += b"" if (index.ends and index.ends[-1] < len(data)) or not body else newline
        else:
            newline = b"\n"
            body = b"".join(data[a:b] + newline for a, b in zip(index.starts, index.ends, strict=True))
        return _Small(Part(number, plan, len(index)), body, newline)

    def _large(self, number: int, plan: FilePlan, chunks: Iterator[bytes], *, keep: bool) -> Bundle:
        """One file on its own; `keep`: its text is not on disk yet."""
        path = self._next_path() if keep else plan.file.path
        counts = LineCounts()
        if keep:
            with path.open("wb") as out:
                out.writelines(counts.watch(chunks))
        else:
            for _ in counts.watch(chunks):
                pass
        width = len(plan.header)
        if counts.mixed:
            index = _closed(index_file(path, self._csv, width))
            if len(index.newlines) > 1:
                path = self._rewrite(path, index)
            return Bundle(path, width, (Part(number, plan, len(index)),), exact=True)
        return Bundle(path, width, (Part(number, plan, counts.lines - 1),), exact=False)

    def _rewrite(self, path: Path, index: RecordIndex) -> Path:
        target = self._next_path()
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data, target.open("wb") as out:
            out.write(b"h\n")
            out.writelines(data[a:b] + b"\n" for a, b in zip(index.starts, index.ends, strict=True))
        return target

    def single(self, part: Part) -> Bundle | None:
        """A bundle of one small or large file on its own, to find the one that fails; None when it holds no record."""
        prepared = self._prepare(part.number, part.plan)
        return prepared if isinstance(prepared, Bundle) else next(self._flush([prepared]), None)

    def exact(self, bundle: Bundle) -> tuple[Bundle, RecordIndex]:
        """Count a bundle's records by its bytes.

        Raises:
            FileRefused: UNREADABLE, a quote is never closed.
        """
        index = _closed(index_file(bundle.path, self._csv, bundle.width))
        if bundle.exact:
            return bundle, index
        part = bundle.parts[0]
        return Bundle(bundle.path, bundle.width, (Part(part.number, part.plan, len(index)),), exact=True), index


def _closed(index: RecordIndex) -> RecordIndex:
    if index.open_quote:
        message = f"record {len(index)} opens a quote that is never closed: close it or double it"
        raise FileRefused("UNREADABLE", message)
    return index


def _take(chunks: Iterator[bytes], size: int) -> Iterator[bytes]:
    for chunk in chunks:
        yield chunk
        size -= len(chunk)
        if size < 0:
            return


def _chain(first: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from chunks


def group_by_header(plans: Sequence[tuple[int, FilePlan]]) -> dict[tuple[str, ...], list[tuple[int, FilePlan]]]:
    """Numbered plans by header, groups in the order of their first file."""
    groups: dict[tuple[str, ...], list[tuple[int, FilePlan]]] = {}
    for number, plan in plans:
        groups.setdefault(plan.header, []).append((number, plan))
    return groups
