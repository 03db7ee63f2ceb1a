"""The header line of a CSV text."""

import csv

from tidegate.contracts.contract import Contract
from tidegate.engine.records import record_pattern
from tidegate.engine.sources import MAX_RECORD_BYTES
from tidegate.errors import FileRefused


def parse_header(data: bytes, contract: Contract) -> tuple[str, ...]:
    """Return the names in the first record of a text, without blanks around them.

    Raises:
        FileRefused: WRONG_HEADER, EMPTY_FILE or UNDECODABLE: there is no header line.
    """
    match = record_pattern(contract.csv).match(data)
    end = match.start("nl") if match else len(data)
    if end > MAX_RECORD_BYTES or (match and (match["o1"] is not None or match["o2"] is not None)):
        raise FileRefused(
            "WRONG_HEADER", f"the first record does not end within {MAX_RECORD_BYTES} bytes: {expected_header(contract)}"
        )
    try:
        text = data[:end].decode()
    except UnicodeDecodeError:
        raise FileRefused(
            "UNDECODABLE", "the header is not valid text: send UTF-8, or declare the encoding in the contract"
        ) from None
    if not text.strip():
        raise FileRefused("WRONG_HEADER" if data.strip() else "EMPTY_FILE", f"the first line is blank: {expected_header(contract)}")
    form = contract.csv
    doubled = form.escape in {form.quote, ""}
    csv.field_size_limit(MAX_RECORD_BYTES)
    reader = csv.reader(
        [text],
        delimiter=form.delimiter,
        quotechar=form.quote or None,
        quoting=csv.QUOTE_MINIMAL if form.quote else csv.QUOTE_NONE,
        doublequote=doubled,
        escapechar=None if doubled else form.escape,
    )
    return tuple(name.strip() for row in reader for name in row)


def expected_header(contract: Contract) -> str:
    """Say which header a file should have."""
    names = (name for c in contract.columns for name in (c.sources if c.expression is not None else c.sources[:1]))
    return f"expected a header line like {contract.csv.delimiter.join(dict.fromkeys(names))}"
