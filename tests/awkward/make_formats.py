"""Awkward files that are no plain CSV: other compressions, archives, JSON."""

import bz2
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable

import pyarrow as pa

GOOD = b"a,b,c\nx,y,1\nz,w,2\n"
MEBIBYTE = 1 << 20
LONG_AGO = (1980, 1, 1, 0, 0, 0)
ENCRYPTED = 1  # bit 0 of a member's flags


def zstd(data: bytes) -> bytes:
    return pa.compress(data, codec="zstd", asbytes=True)


def zipped(*members: tuple[str, bytes], flags: int = 0) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name, LONG_AGO), data, zipfile.ZIP_DEFLATED)
    data = out.getvalue()
    if flags:  # in the local header and in the directory: readers then want a password
        local, central = data.find(b"PK\x03\x04"), data.find(b"PK\x01\x02")
        for place in (local + 6, central + 8):
            data = data[:place] + bytes([data[place] | flags]) + data[place + 1 :]
    return data


def deflated(start: bytes, block: bytes, times: int) -> tuple[bytes, int, int]:
    """A deflate stream of `start` and `times` blocks, its checksum and unpacked size; the block is compressed once."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    first = deflate.compress(start) + deflate.flush(zlib.Z_FULL_FLUSH)
    repeated = deflate.compress(block) + deflate.flush(zlib.Z_FULL_FLUSH)
    crc = zlib.crc32(start)
    for _ in range(times):
        crc = zlib.crc32(block, crc)
    return first + repeated * times + deflate.flush(zlib.Z_FINISH), crc, len(start) + times * len(block)


def zip_bomb() -> bytes:
    data, crc, size = deflated(b"a,b,c\n", b"x,y,1\n" * (16 * MEBIBYTE // 6), 64)
    about = struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 33, crc, len(data), size, 8, 0)
    member = b"PK\x03\x04" + about + b"data.csv" + data
    entry = b"PK\x01\x02" + struct.pack("<H", 20) + about + struct.pack("<HHHII", 0, 0, 0, 0, 0) + b"data.csv"
    return member + entry + b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(entry), len(member), 0)


def utf8(text: str) -> bytes:
    return text.encode()


def lines(*records: str) -> bytes:
    return "".join(f"{record}\n" for record in records).encode()


ONE, TWO = '{"a": "x", "b": "y", "c": 1}', '{"a": "z", "b": "w", "c": 2}'
FORMAT_FILES: dict[str, Callable[[], bytes]] = {
    # compressions and archives of CSV
    "zstd": lambda: zstd(GOOD),
    "zstd cut short": lambda: zstd(GOOD * 50)[:-5],
    "zstd of several frames": lambda: zstd(GOOD) + zstd(b"x,y,1\n"),
    "zstd bomb": lambda: zstd(b"a,b,c\n") + zstd(b"x,y,1\n" * (16 * MEBIBYTE // 6)) * 64,
    "bz2": lambda: bz2.compress(GOOD),
    "bz2 cut short": lambda: bz2.compress(GOOD * 50)[:-12],
    "bz2 of several streams": lambda: bz2.compress(GOOD) + bz2.compress(b"x,y,1\n"),
    "zip of one file": lambda: zipped(("data.csv", GOOD)),
    "zip of one file in a folder": lambda: zipped(("export/", b""), ("export/data.csv", GOOD)),
    "zip of several files": lambda: zipped(("1.csv", GOOD), ("2.csv", GOOD)),
    "zip with a password": lambda: zipped(("data.csv", GOOD), flags=ENCRYPTED),
    "zip of nothing": zipped,
    "zip of an empty file": lambda: zipped(("data.csv", b"")),
    "zip cut short": lambda: zipped(("data.csv", GOOD * 50))[:-30],
    "zip with a damaged member": lambda: zipped(("data.csv", GOOD * 50)).replace(b"data.csv", b"data.csv\xff", 1),
    "zip of a zip": lambda: zipped(("data.zip", zipped(("data.csv", GOOD)))),
    "zip bomb": zip_bomb,
    # JSON
    "json lines": lambda: lines(ONE, TWO),
    "json array": lambda: utf8(f"[{ONE},\n  {TWO}]"),
    "json array on one line": lambda: utf8(f"[{ONE},{TWO}]"),
    "json with a byte order mark": lambda: b"\xef\xbb\xbf" + lines(ONE, TWO),
    "json lines with blank lines": lambda: lines(ONE, "", "  ", TWO),
    "json lines without a last line end": lambda: lines(ONE, TWO)[:-1],
    "json nested": lambda: lines('{"a": {"k": [1, 2.50]}, "b": ["p", null], "c": 1}', '{"a": {"k" : 1},"b": "y", "c": {"n": 1}}'),
    "json nested 2,000 levels": lambda: lines(ONE, '{"a": ' + "[" * 2000 + "]" * 2000 + ', "b": "y", "c": 1}', TWO),
    "json nested 100,000 levels": lambda: lines(ONE, "[" * 100_000, TWO),
    "json with a key twice": lambda: lines(ONE, '{"a": "x", "b": "y", "c": 1, "a": "other"}', TWO),
    "json with a key twice inside": lambda: lines('{"a": {"k": 1, "k": 2}, "b": "y", "c": 1}', TWO),
    "json with a key twice by escape": lambda: lines('{"a": "x", "b": "y", "c": 1, "\\u0061": "other"}', TWO),
    "json with NaN": lambda: lines(ONE, '{"a": "x", "b": "y", "c": NaN}', '{"a": "x", "b": "y", "c": Infinity}', TWO),
    "json with 30 digits": lambda: lines('{"a": 123456789012345678901234567890, "b": 0.1000000000000000055511151231257827, "c": 1}'),
    "json with a big integer": lambda: lines('{"a": "x", "b": "y", "c": 9223372036854775808}', TWO),
    "json number as text": lambda: lines('{"a": 1.50, "b": true, "c": "7"}', '{"a": 1e2, "b": null, "c": 1.0}'),
    "json array with garbage behind it": lambda: utf8(f"[{ONE},{TWO}] x"),
    "json array cut short": lambda: utf8(f"[{ONE},{TWO}"),
    "json array with a comma too many": lambda: utf8(f"[{ONE},{TWO},]"),
    "json lines cut short": lambda: lines(ONE, TWO)[:-12],
    "json lines with a bad one": lambda: lines(ONE, '{"a": "x", "b": ', TWO),
    "json lines with text behind a record": lambda: lines(ONE, TWO + " x"),
    "json lines with two records on one": lambda: lines(ONE + TWO, TWO),
    "json lines that are no objects": lambda: lines(ONE, "17", '"x"', "null", "[1]", TWO),
    "json scalar": lambda: b"17\n",
    "json empty array": lambda: b"[]\n",
    "json array of scalars": lambda: b"[1, 2]\n",
    "json array then lines": lambda: utf8(f"[{ONE}]\n{TWO}\n"),
    "json lines then array": lambda: lines(ONE, f"[{TWO}]"),
    "json with half a surrogate pair": lambda: lines('{"a": "\\ud800", "b": "y", "c": 1}', TWO),
    "json with an escaped nul": lambda: lines('{"a": "x\\u0000y", "b": "y", "c": 1}', TWO),
    "json with a raw control character": lambda: lines('{"a": "x\ty", "b": "y", "c": 1}', TWO),
    "json with invalid utf-8": lambda: lines(ONE) + b'{"a": "\xff", "b": "y", "c": 1}\n' + lines(TWO),
    "json in single quotes": lambda: lines("{'a': 'x', 'b': 'y', 'c': 1}", TWO),
    "json with a missing key": lambda: lines('{"a": "x", "c": 1}', TWO),
    "json with a key more": lambda: lines('{"a": "x", "b": "y", "c": 1, "d": [1]}', TWO),
    "json of other keys": lambda: lines(json.dumps({"p": 1}), json.dumps({"q": 2})),
    "json of nothing": lambda: b"",
    "csv named json": lambda: GOOD,
}  # fmt: skip
