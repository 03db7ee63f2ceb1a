"""A file's bytes as plain UTF-8, or why the file is refused as a whole. The slow, obvious twin of the engine's way in."""

import bz2
import codecs
import io
import zipfile
import zlib
from collections.abc import Callable

import zstandard

MAGIC = (
    b"PK\x05\x06",
    b"PAR1\x15",
    b"\xfd7zXZ\x00",
    b"7z\xbc\xaf\x27\x1c",
    b"\x04\x22\x4d\x18",
    b"\xff\x06\x00\x00sNaPpY",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    b"Obj\x01",
    b"ORC\x08",
    b"ORC\x0a",
    b"%PDF-",
    b"SQLite format 3\x00",
)
GZIP, ZSTD, ZIP = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PK\x03\x04"
BZIP2 = tuple(b"BZh%d1AY&SY" % level for level in range(1, 10))
WITH_HEADER_OF_MEMBER = 31  # zlib's word for a gzip stream
ENCRYPTED = 1


class Refused(Exception):
    """The whole file cannot be loaded; `code` is the word in its receipt."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def plain(data: bytes, encoding: str) -> bytes:
    """Unpack, decode and check a file; the answer is UTF-8 without a byte order mark, but for bytes that mean nothing."""
    refuse_content(data)
    unpack = packing(data)
    if unpack is not None:
        data = unpack(data)
        refuse_content(data)
        if packing(data) is not None:
            raise Refused("UNSUPPORTED_CONTENT")
    text = decoded(data, encoding).removeprefix(codecs.BOM_UTF8)
    if b"\0" in text:
        raise Refused("UNDECODABLE")
    if not text:
        raise Refused("EMPTY_FILE")
    return text


def refuse_content(data: bytes) -> None:
    if not data:
        raise Refused("EMPTY_FILE")
    if data.startswith(MAGIC):
        raise Refused("UNSUPPORTED_CONTENT")


def packing(data: bytes) -> Callable[[bytes], bytes] | None:
    """How to unpack a file, by its first bytes."""
    known = {GZIP: gunzipped, ZSTD: unframed, ZIP: unzipped, **dict.fromkeys(BZIP2, bunzipped)}
    return next((unpack for magic, unpack in known.items() if data.startswith(magic)), None)


def unframed(data: bytes) -> bytes:
    """Every Zstandard frame."""
    out = b""
    while data:
        frame = zstandard.ZstdDecompressor().decompressobj()
        try:
            out += frame.decompress(data)
        except zstandard.ZstdError:
            raise Refused("UNREADABLE") from None
        if not frame.eof:
            raise Refused("UNREADABLE")
        data = frame.unused_data
    return out


def bunzipped(data: bytes) -> bytes:
    """Every bzip2 stream; what is behind the last one and is none is nobody's, as `bzip2 -d` has it."""
    try:
        return bz2.decompress(data)
    except (OSError, ValueError):
        raise Refused("UNREADABLE") from None


def unzipped(data: bytes) -> bytes:
    """The only file of an archive."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            if len(members) != 1 or members[0].flag_bits & ENCRYPTED or members[0].filename == "[Content_Types].xml":
                raise Refused("UNSUPPORTED_CONTENT")
            return archive.read(members[0])
    except NotImplementedError:
        raise Refused("UNSUPPORTED_CONTENT") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError):
        raise Refused("UNREADABLE") from None


def gunzipped(data: bytes) -> bytes:
    """Every member of a gzip file; zeros behind the last one are padding."""
    out = b""
    while data:
        member = zlib.decompressobj(WITH_HEADER_OF_MEMBER)
        try:
            out += member.decompress(data) + member.flush()
        except zlib.error:
            raise Refused("UNREADABLE") from None
        if not member.eof:
            raise Refused("UNREADABLE")
        data = member.unused_data.lstrip(b"\0")
    return out


def decoded(data: bytes, encoding: str) -> bytes:
    if encoding == "utf-8":
        if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise Refused("UNDECODABLE")
        return data
    if encoding == "utf-16":
        if not data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise Refused("UNDECODABLE")
        try:
            return data.decode("utf-16").encode()
        except UnicodeDecodeError:
            raise Refused("UNDECODABLE") from None
    return b"".join(one_byte(data[at : at + 1], encoding) for at in range(len(data)))


def one_byte(byte: bytes, encoding: str) -> bytes:
    """A byte that the encoding does not know stays as it is: it makes its record invalid, and that record alone."""
    try:
        return byte.decode(encoding).encode()
    except UnicodeDecodeError:
        return byte
