"""Export: the rejected records of a file as a file that its sender can correct and send again, in the form of the original."""

import codecs
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Protocol

from tidegate.contracts.contract import Contract, CsvFormat, Format
from tidegate.errors import NotFound, Permanent
from tidegate.model.files import FileRecord
from tidegate.tables.rejects import Reject

_HEAD = 2_000_000  # bytes: no header is longer
_GZIP = b"\x1f\x8b"
_UNREADABLE = "encoding"  # the rule of records whose text stands for bytes that are none
_BYTE = re.compile(r"\\x([89a-f][0-9a-f])")
_LINE_ENDING = re.compile(r"\r\n|\r|\n")
_UTF16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


class Heads(Protocol):
    """The landing bucket, by the beginnings of its objects."""

    def first(self, key: str, version_id: str, size: int) -> bytes:
        """Read the first `size` bytes of an object version; raise NotFound when it is gone."""
        ...


@dataclass(frozen=True, slots=True)
class Form:
    """How a file was written: its header with the line ending, the line ending alone, and the codec behind a byte order mark.

    `on_one_line`: what is a line ending in a record is but a blank.
    """

    header: bytes
    newline: bytes
    codec: str
    on_one_line: bool = False


def lines_form(key: str, contract: Contract) -> Form:
    """Return the form of a file of JSON records, one on each line.

    Raises:
        Permanent: the contract does not read lines of records.
    """
    if contract.json.delimiter == "array" or "[*]" in contract.json.records:
        raise Permanent(f"{key}: its records cannot stand alone: correct the whole file, and drop it with --whole")
    codec, mark = codecs.lookup(contract.csv.encoding).name, b""
    if codec == "utf-16":
        codec, mark = "utf-16-le", codecs.BOM_UTF16_LE
    return Form(mark, _bytes("\n", codec), codec, on_one_line=True)


def check_format(contract: Contract) -> None:
    """Raise Permanent for a dataset whose records are no text that could be sent again."""
    if contract.format in {Format.PARQUET, Format.EXCEL}:
        raise Permanent(
            f"{contract.dataset} comes as {contract.format}, whose records cannot be exported as a file:"
            " `tidegate quarantine show FILE_ID --raw --json` has each as JSON; correct the whole file and send it again"
        )


def form_of(record: FileRecord, csv: CsvFormat, landing: Heads) -> Form:
    """Read the header that a file came with, byte for byte; packed files are unpacked.

    Raises:
        NotFound: this version is not in the landing bucket any more.
    """
    try:
        data = landing.first(record.key, record.version_id, _HEAD)
    except NotFound as error:
        raise NotFound(f"{record.key}: this version is gone from the landing bucket, and its header with it") from error
    if data.startswith(_GZIP):
        data = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(data, _HEAD)
    mark, codec = b"", codecs.lookup(csv.encoding).name
    if codec == "utf-16":
        codec = _UTF16.get(data[:2], "utf-16-le")
        mark = data[:2] if data[:2] in _UTF16 else b""
    text = codecs.getincrementaldecoder(codec)("surrogateescape").decode(data[len(mark) :])
    end = _header_end(text, csv)
    header = text[:end]
    newline = "\r\n" if header.endswith("\r\n") else header[-1:] if header.endswith(("\r", "\n")) else "\n"
    header = header if header.endswith(newline) else header + newline
    return Form(mark + _bytes(header, codec), _bytes(newline, codec), codec)


def _header_end(text: str, csv: CsvFormat) -> int:
    """Return where the first record ends, behind its line ending; a line ending between quotes belongs to a name."""
    quoted, place = False, 0
    while place < len(text):
        char = text[place]
        if quoted and csv.escape and csv.escape != csv.quote and char == csv.escape:
            place += 1
        elif csv.quote and char == csv.quote:
            quoted = not quoted
        elif not quoted and char in "\r\n":
            return place + (2 if text[place : place + 2] == "\r\n" else 1)
        place += 1
    return len(text)


def corrected_form(form: Form, rejects: Iterable[Reject]) -> Iterator[bytes]:
    """Yield the bytes of the file to correct: the header, then each record as it stands in the original."""
    yield form.header
    for reject in rejects:
        if reject.raw is None:
            raise Permanent(
                f"{reject.key}: quarantine keeps no text of record {reject.record} (quarantineRaw: none): correct the whole file, then"
                f" tidegate quarantine retry --file {reject.file_id} --corrected FILE --whole"
            )
        yield _record(reject, reject.raw, form) + form.newline


def _record(reject: Reject, raw: str, form: Form) -> bytes:
    if any(rule == _UNREADABLE for rule, _ in reject.reasons):  # quarantine writes such bytes as \xe9
        raw = _BYTE.sub(lambda found: chr(0xDC00 + int(found[1], 16)), raw)
    return _bytes(_LINE_ENDING.sub(" ", raw) if form.on_one_line else raw, form.codec)


def _bytes(text: str, codec: str) -> bytes:
    return text.encode(codec, "surrogateescape")


def reasons_of(rejects: Iterable[Reject]) -> Iterator[tuple[int, int, str, str]]:
    """Yield a line for every reason: row of the exported file and record of the original, both from 1, rule, column."""
    for row, reject in enumerate(rejects, start=1):
        for rule, column in reject.reasons:
            yield row, reject.record, rule, column


def names_of(record: FileRecord) -> tuple[str, str]:
    """Return the names of the exported file and of the one with its reasons: of the original's, unique to its version."""
    name = PurePosixPath(record.key).name
    name = name[:-3] if name.lower().endswith(".gz") else name
    path = PurePosixPath(name)
    stem = f"{path.stem}.{record.file_id[:8]}"
    return f"{stem}.rejected{path.suffix}", f"{stem}.reasons.csv"
