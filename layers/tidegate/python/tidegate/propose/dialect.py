"""How sample files are written: encoding and delimiter, told from their bytes."""

import codecs
import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tidegate.contracts.contract import CsvFormat
from tidegate.engine.sources import opened
from tidegate.engine.values import StagedFile
from tidegate.errors import FileRefused

_LOOKED_AT = 1 << 18
_CHUNK = 1 << 20
_LINES = 200
_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe", "^": "caret", "~": "tilde"}
_JSON = re.compile(r'\s*(?:\{\s*"|\[\s*[{\["0-9])')
_NEVER_IN_CP1252 = b"\x81\x8d\x8f\x90\x9d"


@dataclass(frozen=True, slots=True)
class Dialect:
    """How the files are cut into fields, and what was seen of it, as sentences for a person."""

    csv: CsvFormat
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Seen:
    encoding: str
    bom: bool
    head: str
    delimiter: str
    crlf: bool


def detect(paths: Sequence[Path], limit: int) -> Dialect:
    """Tell encoding and delimiter of files that share one contract; at most `limit` bytes of each are read.

    Raises:
        FileRefused: a file is empty or no text, or the files are written in different ways.
    """
    seen = {path: _look(path, limit) for path in paths}
    encodings = {look.encoding for look in seen.values()}
    if "utf-16" in encodings and len(encodings) > 1:
        raise FileRefused("MIXED_ENCODINGS", "some files are UTF-16 and some are not: one contract has one encoding")
    one_byte = sorted(encodings & {"cp1252", "latin-1"})
    if one_byte and len(encodings) > 1 and any(_beyond_ascii(look) for look in seen.values() if look.encoding == "utf-8"):
        raise FileRefused("MIXED_ENCODINGS", f"some files are UTF-8 and some {one_byte[0]}: one contract has one encoding")
    encoding = one_byte[-1] if one_byte else next(iter(encodings))  # latin-1 when one of them is
    delimiters = Counter(look.delimiter for look in seen.values() if look.delimiter)
    if len(delimiters) > 1:
        names = " and ".join(sorted(_DELIMITERS[d] for d in delimiters))
        raise FileRefused("MIXED_DELIMITERS", f"the files are separated by {names}: one contract has one delimiter")
    delimiter = next(iter(delimiters), ",")
    return Dialect(CsvFormat(delimiter=delimiter, encoding=encoding), tuple(_evidence(list(seen.values()), encoding, delimiter)))


def _evidence(seen: Sequence[_Seen], encoding: str, delimiter: str) -> list[str]:
    marks, returns = sum(look.bom for look in seen), sum(look.crlf for look in seen)
    said = [
        f"encoding {encoding}: " + ("decodes without error" if encoding != "latin-1" else "bytes that neither UTF-8 nor cp1252 has")
    ]
    if marks:
        said.append(f"{marks} of {len(seen)} files begin with a byte order mark, which is not part of the first name")
    separated = any(look.delimiter for look in seen)
    said.append(f"fields are separated by {_DELIMITERS[delimiter]}" if separated else "one column, so no delimiter was seen")
    if returns:
        said.append(f"{returns} of {len(seen)} files have lines that end with CR LF; every ending is read")
    return said


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
    if _JSON.match(text):  # its texts would be taken for names of columns
        raise FileRefused(
            "UNSUPPORTED_CONTENT", f"{path.name} looks like JSON: propose reads text with delimiters and a header line"
        )
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
