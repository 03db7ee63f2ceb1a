"""Packed files: recognised by their bytes, read whole or refused, and never unpacked without end."""

import bz2
import errno
import gzip
import io
import lzma
import zipfile
from pathlib import Path

import pytest
import zstandard

from tests.unit.engine.rig import contract, load, text
from tidegate.engine import packing

AB = contract(text("a"), text("b"))
PLAIN = b"a,b\n" + b"".join(b"%d,x\n" % n for n in range(2000))


def zipped(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return an archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return out.getvalue()


def with_password(archive: bytes) -> bytes:
    """Say in both headers of a single member that it is encrypted."""
    data = bytearray(archive)
    for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(magic) + offset] |= 1
    return bytes(data)


PACKED = {
    "gzip": gzip.compress(PLAIN),
    "gzip in two members": gzip.compress(PLAIN[:999]) + gzip.compress(PLAIN[999:]),
    "zstd": zstandard.compress(PLAIN),
    "zstd in two frames": zstandard.compress(PLAIN[:999]) + zstandard.compress(PLAIN[999:]),
    "bzip2": bz2.compress(PLAIN),
    "bzip2 in two streams": bz2.compress(PLAIN[:999]) + bz2.compress(PLAIN[999:]),
    "zip": zipped(("any name.txt", PLAIN)),
    "zip, stored": zipped(("a.csv", PLAIN), method=zipfile.ZIP_STORED),
    "zip of a Mac": zipped(("a.csv", PLAIN), ("__MACOSX/._a.csv", b"\0")),
}


@pytest.mark.parametrize("packed", PACKED.values(), ids=PACKED.keys())
def test_packed_file_gives_the_rows_of_the_plain_one(tmp_path: Path, packed: bytes) -> None:
    outcome = load(tmp_path, AB, packed)
    assert outcome.codes == [None]
    assert [row[0] for row in outcome.accepted] == [str(n) for n in range(2000)]


@pytest.mark.parametrize("packed", PACKED.values(), ids=PACKED.keys())
@pytest.mark.parametrize("cut", [0.4, 0.97])
def test_file_that_is_cut_short_gives_no_row(tmp_path: Path, packed: bytes, cut: float) -> None:
    outcome = load(tmp_path, AB, packed[: int(len(packed) * cut)], b"a,b\n1,2\n")
    assert outcome.codes == ["UNREADABLE", None]
    assert [row[-2] for row in outcome.accepted] == ["f1"]


REFUSED = {
    "two files": (zipped(("a.csv", PLAIN), ("b.csv", PLAIN)), "UNSUPPORTED_CONTENT", "holds 2 files"),
    "no file": (b"PK\x05\x06" + bytes(18), "UNSUPPORTED_CONTENT", "empty zip"),
    "password": (with_password(zipped(("a.csv", PLAIN))), "UNSUPPORTED_CONTENT", "password"),
    "workbook": (zipped(("[Content_Types].xml", b"<x/>"), ("xl/workbook.xml", b"<x/>")), "UNSUPPORTED_CONTENT", "Excel"),
    "twice": (gzip.compress(zstandard.compress(PLAIN)), "UNSUPPORTED_CONTENT", "zstd inside gzip"),
    "Parquet inside": (zipped(("a.csv", b"PAR1\x15" + bytes(50))), "UNSUPPORTED_CONTENT", "Parquet file inside zip"),
    "nothing inside": (gzip.compress(b""), "EMPTY_FILE", "inside gzip"),
    "xz": (lzma.compress(PLAIN), "UNSUPPORTED_CONTENT", "xz"),
}


@pytest.mark.parametrize(("content", "code", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_not_read_is_refused_by_name(tmp_path: Path, content: bytes, code: str, message: str) -> None:
    outcome = load(tmp_path, AB, content, b"a,b\n1,2\n")
    assert outcome.codes == [code, None]
    refused = outcome.output.files[0].refused
    assert refused is not None
    assert message in refused.message


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress, bz2.compress, lambda data: zipped(("a.csv", data))])
def test_file_that_unpacks_to_absurdly_much_is_refused_before_it_fills_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pack: object
) -> None:
    monkeypatch.setattr(packing, "FREE_BYTES", 1 << 16)
    monkeypatch.setattr(packing, "MAX_RATIO", 50)
    bomb = pack(b"a,b\n" + b"1,1\n" * 3_000_000)  # type: ignore[operator]
    outcome = load(tmp_path, AB, bomb, b"a,b\n1,2\n")
    assert outcome.codes == ["TOO_LARGE", None]
    assert len(outcome.accepted) == 1


def test_disk_that_fails_is_not_taken_for_a_damaged_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> bytes:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(gzip.GzipFile, "read", fails)
    with pytest.raises(OSError, match="Input/output"):
        load(tmp_path, AB, gzip.compress(PLAIN))


def test_header_that_begins_like_bzip2_is_text(tmp_path: Path) -> None:
    outcome = load(tmp_path, contract(text("BZh9"), text("b")), b"BZh9,b\n1,2\n")
    assert outcome.codes == [None]
