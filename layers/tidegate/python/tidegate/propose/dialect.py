"""How sample files are written: format, encoding and delimiter, told from their bytes."""

import codecs
import csv
import re
import zipfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tidegate.contracts.contract import CsvFormat, Format
from tidegate.engine.packing import is_office
from tidegate.engine.sources import opened
from tidegate.engine.values import StagedFile
from tidegate.errors import FileRefused

_LOOKED_AT = 1 << 18
_CHUNK = 1 << 20
_LINES = 200
_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe", "^": "caret", "~": "tilde"}
_JSON = re.compile(r'\s*(?:\{\s*"|\[\s*[{\["0-9])')
_WORDS = {Format.CSV: "CSV", Format.JSON: "JSON", Format.PARQUET: "Parquet", Format.EXCEL: "Excel workbooks"}
_NEVER_IN_CP1252 = b"\x81\x8d\x8f\x90\x9d"


@dataclass(frozen=True, slots=True)
class Dialect:
    """How the files are read, and what was seen of it, as sentences for a person. `csv` has the encoding of JSON too."""

    csv: CsvFormat
    evidence: tuple[str, ...]
    format: Format = Format.CSV


@dataclass(frozen=True, slots=True)
class _Seen:
    encoding: str
    bom: bool
    head: str
    delimiter: str
    crlf: bool


def detect(paths: Sequence[Path], limit: int) -> Dialect:
    """Tell how files that share one contract are written; of texts at most `limit` bytes each are read.

    Raises:
        FileRefused: a file is empty or of no format that is read, or the files are written in different ways.
    """
    binary = {path: form for path in paths if (form := _binary_format(path))}
    seen = {path: _look(path, limit) for path in paths if path not in binary}
    formats = {*binary.values(), *(Format.JSON if _JSON.match(look.head) else Format.CSV for look in seen.values())}
    if len(formats) > 1:
        names = " and ".join(sorted(_WORDS[f] for f in formats))
        raise FileRefused("MIXED_FORMATS", f"the files are {names}: one contract has one format")
    (form,) = formats
    if form in {Format.PARQUET, Format.EXCEL}:
        return Dialect(CsvFormat(), (f"{_WORDS[form]}, told by the first bytes",), form)
    encodings = {look.encoding for look in seen.values()}
    if "utf-16" in encodings and len(encodings) > 1:
        raise FileRefused("MIXED_ENCODINGS", "some files are UTF-16 and some are not: one contract has one encoding")
    one_byte = sorted(encodings & {"cp1252", "latin-1"})
    if one_byte and len(encodings) > 1 and any(_beyond_ascii(look) for look in seen.values() if look.encoding == "utf-8"):
        raise FileRefused("MIXED_ENCODINGS", f"some files are UTF-8 and some {one_byte[0]}: one contract has one encoding")
    encoding = one_byte[-1] if one_byte else next(iter(encodings))  # latin-1 when one of them is
    if form is Format.JSON:
        said = ("JSON, told by how it begins", _encoding_evidence(encoding))
        return Dialect(CsvFormat(encoding=encoding), said, form)
    delimiters = Counter(look.delimiter for look in seen.values() if look.delimiter)
    if len(delimiters) > 1:
        names = " and ".join(sorted(_DELIMITERS[d] for d in delimiters))
        raise FileRefused("MIXED_DELIMITERS", f"the files are separated by {names}: one contract has one delimiter")
    delimiter = next(iter(delimiters), ",")
    return Dialect(CsvFormat(delimiter=delimiter, encoding=encoding), tuple(_evidence(list(seen.values()), encoding, delimiter)))


def _evidence(seen: Sequence[_Seen], encoding: str, delimiter: str) -> list[str]:
    marks, returns = sum(look.bom for look in seen), sum(look.crlf for look in seen)
    said = [_encoding_evidence(encoding)]
    if marks:
        said.append(f"{marks} of {len(seen)} files begin with a byte order mark, which is not part of the first name")
    separated = any(look.delimiter for look in seen)
    said.append(f"fields are separated by {_DELIMITERS[delimiter]}" if separated else "one column, so no delimiter was seen")
    if returns:
        said.append(f"{returns} of {len(seen)} files have lines that end with CR LF; every ending is read")
    return said


def _encoding_evidence(encoding: str) -> str:
    return f"encoding {encoding}: " + (
        "decodes without error" if encoding != "latin-1" else "bytes that neither UTF-8 nor cp1252 has"
    )


def _binary_format(path: Path) -> Format | None:
    """The format of a file that is no text, by its first bytes; None for texts, packed or not."""
    with path.open("rb") as file:
        first = file.read(4)
    if first == b"PAR1":
        return Format.PARQUET
    if first == b"PK\x03\x04":
        try:
            with zipfile.ZipFile(path) as archive:
                return Format.EXCEL if is_office(archive) else None
        except zipfile.BadZipFile:
            return None  # which says so when it is opened
    return None


def _look(path: Path, limit: int) -> _Seen:
    with opened(StagedFile("sample", path.name, "", "", path)) as stream:
        head, read = stream.read(_LOOKED_AT), 0
        encoding = _marked(head) or _utf16_without_mark(head)
        decoder = codecs.getincrementaldecoder("utf-8")()
        chunk, found = head, encoding or "utf-8"
        while not encoding and chunk and read < limit:
            if found == "utf-8":
                try:
                    decoder.decode(chunk)
                except UnicodeDecodeError:
                    found = "cp1252"
            if found == "cp1252" and any(byte in chunk for byte in _NEVER_IN_CP1252):
                found = "latin-1"
            read += len(chunk)
            chunk = stream.read(_CHUNK)
    text = head.decode("utf-8-sig" if found == "utf-8" else found, errors="replace")
    marked = head.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return _Seen(found, marked, text, _delimiter(text), "\r\n" in text)


def _marked(head: bytes) -> str:
    return "utf-16" if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else ""


def _utf16_without_mark(head: bytes) -> str:
    """Latin text in UTF-16 has a zero in every second byte; only the little-endian one is read without a mark."""
    half = len(head) // 2 or 1
    if head[1::2].count(0) > half // 2 and not head[::2].count(0):
        return "utf-16"
    if b"\0" in head:
        raise FileRefused("UNDECODABLE", "the file holds NUL characters: it is binary, or text in an encoding that no contract has")
    return ""


def _beyond_ascii(look: _Seen) -> bool:
    return not look.head.isascii()


def _delimiter(text: str) -> str:
    """The separator that cuts most lines into as many fields as the first; empty when none cuts at all."""
    lines = text.splitlines()
    whole = lines[:-1] if len(lines) > 1 else lines  # the last one may be cut off
    best, best_score = "", (0.0, 0)
    for delimiter in _DELIMITERS:
        widths = [len(row) for row in csv.reader(whole[:_LINES], delimiter=delimiter) if row]
        if not widths or widths[0] < 2:  # noqa: PLR2004 - one field is not cut
            continue
        score = (round(sum(width == widths[0] for width in widths) / len(widths), 1), widths[0])
        if score > best_score:
            best, best_score = delimiter, score
    return best
