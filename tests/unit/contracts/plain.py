"""An independent reading of values: csv, Decimal, datetime and regular expressions, nothing of the row engine."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from tidegate.contracts.contract import Column, Contract, Kind

# The patterns that the shipped contracts use, written out by hand: shape of the text, and how Python reads it.
FORMATS = {
    "yyyy-MM-dd": (r"\d{4}-\d\d-\d\d", "%Y-%m-%d"),
    "yyyyMMdd": (r"\d{8}", "%Y%m%d"),
    "MM-dd-yyyy": (r"\d\d-\d\d-\d{4}", "%m-%d-%Y"),
    "yyyy-MM-dd'T'HH:mm:ssX": (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "%Y-%m-%dT%H:%M:%SZ"),
    "yyyy-MM-dd'T'HH:mm:ss": (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", "%Y-%m-%dT%H:%M:%S"),
    "yyyy-MM-dd HH:mm:ss": (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "%Y-%m-%d %H:%M:%S"),
    "M/d/yy H:mm": (r"\d\d?/\d\d?/\d\d \d\d?:\d\d", "%m/%d/%y %H:%M"),
    "M/d/yyyy H:mm": (r"\d\d?/\d\d?/\d{4} \d\d?:\d\d", "%m/%d/%Y %H:%M"),
}
Row = dict[str, str | None]


def header_of(path: Path) -> tuple[str, ...]:
    """Return a file's column names."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return tuple(next(csv.reader(file, strict=True)))


def read(contract: Contract, path: Path) -> Iterator[Row]:
    """Read a file's rows as the contract maps them, by target column; None is null."""
    header = header_of(path)
    records = csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline=""), strict=True)
    next(records)
    places = {c.name: next((header.index(s) for s in c.sources if s in header), None) for c in contract.columns}
    from_key = dict(_from_key(contract, path))
    for record in records:
        assert len(record) == len(header), f"{path.name}: a ragged record"
        cells = {name: record[place] if place is not None else from_key.get(name, "") for name, place in places.items()}
        yield {c.name: _null(cells[c.name], c, contract) for c in contract.columns}


def _from_key(contract: Contract, path: Path) -> Iterator[tuple[str, str]]:
    for column in contract.columns:
        if column.from_key:
            match = re.search(column.from_key, f"{contract.domain}/{contract.name}/delta/{path.name}")
            assert match, f"{path.name} does not match {column.from_key}"
            yield column.name, match.group(1)


def _null(text: str, column: Column, contract: Contract) -> str | None:
    return None if text in {"", *contract.null_values, *column.null_values} else text


def fault(column: Column, text: str | None) -> str:
    """Return the rule that a value breaks, or nothing."""
    if text is None:
        return "required" if column.required or column.primary_key else ""
    if not _READERS[column.type.kind](column, text):
        return f"{column.type.kind}"
    if column.valid_values and text not in column.valid_values:
        return "valid_values"
    return ""


def _integer(_: Column, text: str) -> bool:
    return bool(re.fullmatch(r"[+-]?[0-9]+", text)) and -(2**63) <= int(text) < 2**63


def _decimal(column: Column, text: str) -> bool:
    if not re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?", text):
        return False
    whole, _, fraction = text.lstrip("+-").partition(".")
    fits = len(whole.lstrip("0")) <= column.type.precision - column.type.scale and len(fraction) <= column.type.scale
    return fits and Decimal(text).is_finite()


def _moment(column: Column, text: str) -> bool:
    for pattern in column.formats:
        shape, reading = FORMATS[pattern]
        if re.fullmatch(shape, text):
            datetime.strptime(text, reading)  # noqa: DTZ007 - raises for a day that does not exist
            return True
    return False


_READERS: dict[Kind, Callable[[Column, str], bool]] = {
    Kind.STRING: lambda _, __: True,
    Kind.INTEGER: _integer,
    Kind.DECIMAL: _decimal,
    Kind.DATE: _moment,
    Kind.TIMESTAMPTZ: _moment,
}
