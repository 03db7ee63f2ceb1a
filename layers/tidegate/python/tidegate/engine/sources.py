"""A landing object made readable: content recognised by its first bytes, unpacked and transcoded to plain UTF-8 on local disk."""

import codecs
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tidegate.contracts.contract import Contract
from tidegate.engine.packing import Readable, packing_of, unpacked
from tidegate.engine.values import StagedFile
from tidegate.errors import ContractInvalid, FileRefused, Problem

CHUNK = 1 << 20
MAX_RECORD_BYTES = 2_000_000
"""Longest record that the reader takes (DuckDB's max_line_size); also the longest header."""


_BINARY = (
    (b"PK\x05\x06", "an empty zip archive"),
    (b"PAR1\x15", "a Parquet file"),
    (b"\xfd7zXZ\x00", "xz-compressed"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"\x04\x22\x4d\x18", "LZ4-compressed"),
    (b"\xff\x06\x00\x00sNaPpY", "Snappy-compressed"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel or Office file"),
    (b"Obj\x01", "an Avro file"),
    (b"ORC\x08", "an ORC file"),
    (b"ORC\x0a", "an ORC file"),
    (b"%PDF-", "a PDF document"),
    (b"SQLite format 3\x00", "a SQLite database"),
)
_FIRST = 32
SEND = "send CSV text, plain or packed by gzip, zstd, bzip2 or zip"
UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_UTF8_NAMES = {"utf-8", "utf-8-sig", "ascii"}


def encoding_of(contract: Contract) -> str:
    """Python's own name of the contract's encoding; `utf-8` for everything that is a part of it.

    Raises:
        ContractInvalid: nobody knows such an encoding.
    """
    try:
        found = codecs.lookup(contract.csv.encoding).name
    except LookupError:
        problem = Problem(
            0, "servers.encoding", f"{contract.csv.encoding} is not a known encoding", "utf-8, latin-1, cp1252, utf-16"
        )
        raise ContractInvalid(contract.dataset, (problem,)) from None
    return "utf-8" if found in _UTF8_NAMES else found


@contextmanager
def opened(file: StagedFile) -> Iterator[Readable]:
    """Open a file's bytes, unpacked.

    Raises:
        FileRefused: EMPTY_FILE or UNSUPPORTED_CONTENT, by the first bytes; UNREADABLE or TOO_LARGE, while reading, for a packed one.
    """
    with file.path.open("rb") as raw:
        first = raw.read(_FIRST)
        raw.seek(0)
        _refuse_content(first, "")
        packing = packing_of(first)
        if not packing:
            yield raw
            return
        with unpacked(raw, packing, file.path.stat().st_size) as stream:
            first = stream.peek(_FIRST)[:_FIRST]
            _refuse_content(first, f" inside {packing}")
            if again := packing_of(first):
                raise FileRefused("UNSUPPORTED_CONTENT", f"the file is packed twice, {again} inside {packing}: pack it once")
            yield stream


def _refuse_content(first: bytes, where: str) -> None:
    if not first:
        raise FileRefused(
            "EMPTY_FILE", f"the file has no bytes{where}: send it again, or a header line if there is nothing to send"
        )
    for magic, what in _BINARY:
        if first.startswith(magic):
            raise FileRefused("UNSUPPORTED_CONTENT", f"the file is {what}{where}: {SEND}")


def told(first: bytes) -> str:
    """Say what a file is by its first bytes, for one that is not what its contract says."""
    if packing := packing_of(first):
        return f"packed by {packing}"
    return next((what for magic, what in _BINARY if first.startswith(magic)), "text, or of an unknown format")


def utf8_chunks(stream: Readable, encoding: str) -> Iterator[bytes]:
    """The stream as UTF-8 in pieces of about a mebibyte, without a byte order mark.

    Bytes that mean nothing in a one-byte encoding are passed on as they are: they make their record invalid UTF-8, so that the
    reader rejects that record alone.

    Raises:
        FileRefused: UNDECODABLE for NUL characters, for UTF-16 where it was not declared, and for broken UTF-16.
    """
    decoder = (
        None
        if encoding == "utf-8"
        else codecs.getincrementaldecoder(encoding)("strict" if encoding.startswith("utf-16") else "surrogateescape")
    )
    first = True
    while True:
        chunk = stream.read(CHUNK)
        if first and decoder is None and chunk.startswith(UTF16):
            raise FileRefused("UNDECODABLE", "the file is UTF-16: send UTF-8, or declare encoding utf-16 in the contract")
        done = not chunk
        if decoder is not None:
            try:
                chunk = decoder.decode(chunk, done).encode("utf-8", "surrogateescape")
            except UnicodeError:
                raise FileRefused("UNDECODABLE", f"the file is not {encoding}: send it in the contract's encoding") from None
        if first:
            chunk = chunk.removeprefix(codecs.BOM_UTF8)
        if b"\0" in chunk:
            raise FileRefused("UNDECODABLE", "the file holds NUL characters: it is binary, or text in another encoding")
        if chunk:
            first = False
            yield chunk
        if done:
            return


def head(file: StagedFile, encoding: str, enough: Callable[[bytes], bool]) -> bytes:
    """The first bytes of a file as UTF-8: `enough` of them, or as much as the longest allowed header.

    Raises:
        FileRefused: as `opened` and `utf8_chunks`; EMPTY_FILE when nothing is behind the byte order mark.
    """
    found = b""
    with opened(file) as stream:
        for chunk in utf8_chunks(stream, encoding):
            found += chunk
            if len(found) > MAX_RECORD_BYTES or enough(found):
                break
    if not found:
        raise FileRefused("EMPTY_FILE", "the file has no text: send it again, or a header line if there is nothing to send")
    return found
