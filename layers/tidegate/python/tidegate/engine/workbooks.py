"""What makes a file a workbook that may be opened: its container, its size when unpacked, the order of its rows."""

import errno
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from tidegate.engine.sources import told
from tidegate.errors import FileRefused

MAX_UNPACKED, MAX_SHARED = 1 << 30, 1 << 28  # bytes: of all parts, and of the texts that cells share, which are held in memory
MAX_ROWS, MAX_COLUMNS = 1 << 20, 1 << 14  # Excel's own
_MAX_TAG = 1 << 22  # bytes from one tag to the next
FAULTS = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    NotImplementedError,
    ParseError,
    RuntimeError,
    TypeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What openpyxl raises for a workbook that is not one inside, beside OSError."""
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_ROW = re.compile(rb'<(?:\w+:)?row\s(?:[^>]*?\s)?r="([0-9]{1,18})"')
_FAR_COLUMN = re.compile(rb'<(?:\w+:)?c\s(?:[^>]*?\s)?r="[A-Z]{4}')
_SHARED = "xl/sharedStrings.xml"


def damaged() -> FileRefused:
    """Return the refusal of a workbook that cannot be read; what a library says of it may quote it."""
    return FileRefused("UNREADABLE", "the workbook is damaged or cut short: open and save it in Excel, then send it again")


def is_fault(error: OSError) -> bool:
    """Whether an OSError is of the file and not of the disk: libraries raise it without a number, or seek where a damaged offset says."""
    return error.errno in {None, errno.EINVAL}


def check_container(path: Path) -> None:
    """Look at a file before it is unpacked.

    Raises:
        FileRefused: EMPTY_FILE, UNSUPPORTED_CONTENT when it is no xlsx, UNREADABLE when its directory is damaged, TOO_LARGE.
    """
    with path.open("rb") as raw:
        first = raw.read(32)
    if not first:
        raise FileRefused("EMPTY_FILE", "the file has no bytes: send it again, or the names alone if there is nothing to send")
    if first.startswith(_OLE):
        locked = _ENCRYPTED in path.read_bytes()
        what = "protected by a password: send it without" if locked else "an old Excel file (.xls): save it as .xlsx"
        raise FileRefused("UNSUPPORTED_CONTENT", f"the workbook is {what}")
    if not first.startswith(b"PK\x03\x04"):
        raise FileRefused("UNSUPPORTED_CONTENT", f"the file is {told(first)}: the contract says xlsx")
    try:
        with zipfile.ZipFile(path) as archive:
            parts = {part.filename: part.file_size for part in archive.infolist()}
            _check_size(parts)
            for name in parts:
                if name.startswith("xl/worksheets/") and name.endswith(".xml"):
                    _check_order(archive, name)
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, RuntimeError):
        raise damaged() from None
    except OSError as error:
        if not is_fault(error):
            raise
        raise damaged() from None


def _check_size(parts: Mapping[str, int]) -> None:
    if "xl/workbook.xml" not in parts:
        what = "an Excel binary workbook (.xlsb)" if "xl/workbook.bin" in parts else "a zip archive, but no Excel workbook"
        raise FileRefused("UNSUPPORTED_CONTENT", f"the file is {what}: the contract says xlsx")
    if sum(parts.values()) > MAX_UNPACKED or parts.get(_SHARED, 0) > MAX_SHARED:
        limits = f"{MAX_UNPACKED >> 20} MiB, or {MAX_SHARED >> 20} MiB of shared texts"
        raise FileRefused("TOO_LARGE", f"the workbook unpacks to more than {limits}: split it, or send CSV or Parquet")


def _check_order(archive: zipfile.ZipFile, name: str) -> None:
    """Refuse a worksheet whose rows do not ascend: openpyxl leaves those that come late out, and gives all that are skipped as blank."""
    before, held = 0, b""
    with archive.open(name) as xml:
        while chunk := xml.read(1 << 20):
            text = held + chunk
            end = text.rfind(b"<")
            text, held = text[:end], text[end:]
            for found in _ROW.finditer(text):
                row = int(found[1])
                if not before < row <= MAX_ROWS:
                    raise damaged()
                before = row
            if _FAR_COLUMN.search(text) or len(held) > _MAX_TAG:
                raise damaged()


def check_rows(rows: Iterator[Sequence[Any]]) -> Iterator[Sequence[Any]]:
    """Pass rows on; raise FileRefused, TOO_LARGE, where there are more, or wider ones, than a worksheet can have."""
    for number, row in enumerate(rows, 1):
        if number > MAX_ROWS or len(row) > MAX_COLUMNS:
            raise FileRefused(
                "TOO_LARGE", f"the worksheet has more than {MAX_ROWS} rows or {MAX_COLUMNS} columns: send CSV or Parquet"
            )
        yield row
