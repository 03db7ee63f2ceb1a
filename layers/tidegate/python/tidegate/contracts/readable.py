"""Whether a text that a contract itself puts into a column is of the column's type."""

import json
import re
from decimal import Decimal
from typing import NoReturn

from tidegate.contracts.column_types import READERS
from tidegate.contracts.contract import JSON_KINDS, ColumnType, Kind

_BOOLEANS = ("true", "t", "yes", "y", "1", "false", "f", "no", "n", "0")
_PLAIN = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)"
_NUMBERS = {
    Kind.INTEGER: re.compile(r"[+-]?[0-9]+"),
    Kind.DECIMAL: re.compile(_PLAIN),
    Kind.DOUBLE: re.compile(rf"{_PLAIN}(?:[eE][+-]?[0-9]+)?"),
}


def is_readable(type_: ColumnType, text: str) -> bool:
    """Whether a column of this type, without formats and with plain numbers, accepts a text."""
    kind = type_.kind
    if kind is Kind.STRING:
        return True
    if kind is Kind.BOOLEAN:
        return text.lower() in _BOOLEANS
    if kind in _NUMBERS:
        return bool(_NUMBERS[kind].fullmatch(text)) and _fits(type_, Decimal(text))
    try:
        if kind in JSON_KINDS:
            return isinstance(json.loads(text, parse_constant=_refuse), list if kind is Kind.ARRAY else dict)
        READERS[kind](text)
    except (ValueError, RecursionError):
        return False
    return True


def _fits(type_: ColumnType, number: Decimal) -> bool:
    if type_.kind is Kind.INTEGER:
        return -(2**63) <= number < 2**63
    if type_.kind is Kind.DOUBLE:
        return float(number) not in {float("inf"), float("-inf")}
    _, digits, exponent = number.as_tuple()
    written = "".join(map(str, digits)).lstrip("0")
    places = int(exponent)
    while places < -type_.scale and written.endswith("0"):
        written, places = written[:-1], places + 1
    return not written or (places >= -type_.scale and len(written) + places <= type_.precision - type_.scale)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)
