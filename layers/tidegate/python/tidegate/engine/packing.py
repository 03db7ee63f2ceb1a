"""Compressed files, recognised by their first bytes and unpacked while they are read."""

import bz2
import errno
import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, Protocol

import zstandard

from tidegate.errors import FileRefused

GZIP, ZSTD, ZIP = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PK\x03\x04"
_BZIP2_STREAM = re.compile(rb"BZh[1-9](?:1AY&SY|\x17\x72\x45\x38\x50\x90)")
MAX_RATIO, FREE_BYTES = 500, 1 << 28
"""A file may unpack to so many times its size; smaller results are not looked at. Text that people write stays far below."""
_DAMAGED = (EOFError, gzip.BadGzipFile, zlib.error, OSError, zipfile.BadZipFile, zstandard.ZstdError)
_OF_THE_FILE = (None, errno.EINVAL)  # a damaged archive may ask for an offset below 0; another number is the disk's
_READ = 1 << 20
_FED = 1 << 10  # bytes that are unpacked in one call: a Zstandard block makes 32,768 of each, and nothing bounds the call
_WINDOW = 1 << 27  # bytes that a Zstandard frame may make the reader keep
_ENCRYPTED = 0x1
_NOT_DATA = ("__MACOSX/", ".DS_Store")


class Readable(Protocol):
    """Anything that gives bytes."""

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes, none at the end."""
        ...


def packing_of(first: bytes) -> str:
    """Name the packing that a file's first bytes say; empty for none."""
    names = {GZIP: "gzip", ZSTD: "zstd", ZIP: "zip"}
    if _BZIP2_STREAM.match(first):  # a header line may well begin with BZh
        return "bzip2"
    return next((name for magic, name in names.items() if first.startswith(magic)), "")


@contextmanager
def unpacked(raw: BinaryIO, packing: str, size: int) -> Iterator[io.BufferedReader]:
    """Open a packed file of `size` bytes for reading.

    Raises:
        FileRefused: UNREADABLE while reading, when it is damaged or cut short; TOO_LARGE when it unpacks to absurdly much;
            UNSUPPORTED_CONTENT for a zip archive of several files or with a password.
    """
    try:
        with _STREAMS[packing](raw) as stream:
            yield io.BufferedReader(_Bounded(stream, size), _READ)
    except _DAMAGED as error:
        if isinstance(error, FileRefused) or getattr(error, "errno", None) not in _OF_THE_FILE:
            raise
        raise FileRefused("UNREADABLE", f"the {packing} stream is damaged or cut short: send the file again") from None


class _Bounded(io.RawIOBase):
    """Gives what a stream gives, until that is too much for where it comes from."""

    def __init__(self, stream: Readable, size: int) -> None:
        self._stream, self._most, self._given = stream, max(FREE_BYTES, size * MAX_RATIO), 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]
        data = self._stream.read(len(buffer))
        self._given += len(data)
        if self._given > self._most:
            raise FileRefused("TOO_LARGE", f"the file unpacks to more than {MAX_RATIO} times its size: send it plain, or in parts")
        buffer[: len(data)] = data
        return len(data)


@contextmanager
def _gzip(raw: BinaryIO) -> Iterator[Readable]:
    with gzip.GzipFile(fileobj=raw, mode="rb") as stream:
        yield stream


@contextmanager
def _bzip2(raw: BinaryIO) -> Iterator[Readable]:
    with bz2.BZ2File(raw) as stream:
        yield stream


@contextmanager
def _zstd(raw: BinaryIO) -> Iterator[Readable]:
    yield _Frames(raw)


class _Frames:
    """Zstandard frames one behind the other. The library's own stream reader takes a frame that is cut short for a whole one."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw, self._frame = raw, zstandard.ZstdDecompressor(max_window_size=_WINDOW).decompressobj()
        self._ready, self._rest = b"", b""

    def read(self, size: int, /) -> bytes:
        while not self._ready:
            data = self._rest or self._raw.read(_FED)
            self._rest = b""
            if not data:
                if not self._frame.eof:
                    raise EOFError
                break
            if self._frame.eof:
                self._frame = zstandard.ZstdDecompressor(max_window_size=_WINDOW).decompressobj()
            self._ready = self._frame.decompress(data)
            self._rest = self._frame.unused_data if self._frame.eof else b""
        given, self._ready = self._ready[:size], self._ready[size:]
        return given


def is_office(archive: zipfile.ZipFile) -> bool:
    """Whether an archive is a workbook or another Office file."""
    return "[Content_Types].xml" in archive.namelist()


@contextmanager
def _zip(raw: BinaryIO) -> Iterator[Readable]:
    with zipfile.ZipFile(raw) as archive:
        members = [m for m in archive.infolist() if not m.is_dir() and not m.filename.startswith(_NOT_DATA)]
        if is_office(archive):
            raise FileRefused("UNSUPPORTED_CONTENT", "the file is an Excel workbook or another Office file: save it as CSV")
        if len(members) != 1:
            raise FileRefused("UNSUPPORTED_CONTENT", f"the zip archive holds {len(members)} files: send each one by itself")
        if members[0].flag_bits & _ENCRYPTED:
            raise FileRefused("UNSUPPORTED_CONTENT", "the zip archive has a password: send it without")
        try:
            with archive.open(members[0]) as stream:
                yield stream
        except NotImplementedError:
            message = "the zip archive is packed in a way that is not read: use deflate, or gzip instead"
            raise FileRefused("UNSUPPORTED_CONTENT", message) from None


_STREAMS = {"gzip": _gzip, "zstd": _zstd, "bzip2": _bzip2, "zip": _zip}
