"""What stands before the records of a CSV text: lines to skip, comments, and the header line."""

import re

from tidegate.contracts.contract import Contract, CsvFormat
from tidegate.engine.record_patterns import fields_of, is_regular, record_pattern
from tidegate.engine.sources import MAX_RECORD_BYTES
from tidegate.errors import FileRefused

MAX_COLUMNS = 2000
"""Names that a header may have: what is wider costs more memory to read than a function has, and no table should be so wide."""
_LINE = re.compile(rb"[^\r\n]*+(?:\r\n|\n|\r)")


def start_of(data: bytes, form: CsvFormat) -> int | None:
    """Where the header, or the first record, starts; None when the text ends before."""
    position = 0
    for _ in range(form.skip):
        match = _LINE.match(data, position)
        if match is None:
            return None
        position = match.end()
    while form.comment and data.startswith(form.comment.encode(), position):
        match = _LINE.match(data, position)
        if match is None:
            return None
        position = match.end()
    return position


def end_of_header(data: bytes, form: CsvFormat) -> int | None:
    """Where the first record starts; None when the text ends before the header line does."""
    start = start_of(data, form)
    if start is None or not form.header:
        return start
    match = record_pattern(form).match(data, start)
    whole = match is not None and match["nl"] and (match["nl"] != b"\r" or match.end() < len(data))
    return match.end() if match is not None and whole else None


def parse_header(data: bytes, contract: Contract) -> tuple[str, ...]:
    """Return the names in the first record of a text, without blanks around them.

    Raises:
        FileRefused: WRONG_HEADER, EMPTY_FILE or UNDECODABLE: there is no header line.
    """
    form = contract.csv
    if not form.header:
        return _names(contract)
    start = start_of(data, form)
    if start is None:
        raise FileRefused("WRONG_HEADER", f"the file ends before its header line: {expected_header(contract)}")
    match = record_pattern(form).match(data, start)
    end = match.start("nl") if match else len(data)
    if end - start > MAX_RECORD_BYTES or (match and (match["o1"] is not None or match["o2"] is not None)):
        raise FileRefused(
            "WRONG_HEADER", f"the first record does not end within {MAX_RECORD_BYTES} bytes: {expected_header(contract)}"
        )
    try:
        text = data[start:end].decode()
    except UnicodeDecodeError:
        raise FileRefused(
            "UNDECODABLE", "the header is not valid text: send UTF-8, or declare the encoding in the contract"
        ) from None
    if not text.strip():
        raise FileRefused("WRONG_HEADER" if data.strip() else "EMPTY_FILE", f"the first line is blank: {expected_header(contract)}")
    if not is_regular(data[start:end], form):
        raise FileRefused("WRONG_HEADER", f"the header has text beside a quoted name: {expected_header(contract)}")
    header = tuple(field.decode().strip() for field in fields_of(data[start:end], form))
    if len(header) > MAX_COLUMNS:
        raise FileRefused(
            "TOO_WIDE", f"the header has {len(header)} names, at most {MAX_COLUMNS} are read: is the delimiter right?"
        )
    return header


def expected_header(contract: Contract) -> str:
    """Say which header a file should have."""
    return f"expected a header line like {contract.csv.delimiter.join(_names(contract))}"


def _names(contract: Contract) -> tuple[str, ...]:
    names = (name for c in contract.columns for name in (c.sources if c.expression is not None else c.sources[:1]))
    return tuple(dict.fromkeys(names))
