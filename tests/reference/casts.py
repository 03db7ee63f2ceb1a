"""One text as a typed value, or None when it is not exactly one. Nothing is trimmed."""

from decimal import Context, Decimal

from tests.reference.notations import json_text, plain_notation
from tests.reference.numbers import digits_only, unsigned
from tests.reference.times import temporal
from tidegate.contracts.contract import Column, ColumnType, Kind

LEAST, MOST = -(2**63), 2**63 - 1
WORDS = {
    **dict.fromkeys(("true", "t", "yes", "y", "1"), True),
    **dict.fromkeys(("false", "f", "no", "n", "0"), False),
}
OPENINGS = {Kind.ARRAY: "[", Kind.OBJECT: "{"}
NUMBERS = (Kind.INTEGER, Kind.DOUBLE, Kind.DECIMAL)
WIDE = Context(prec=100)


def value_of(column: Column, text: str) -> object | None:
    kind = column.type.kind
    if kind is Kind.STRING:
        return text
    if kind is Kind.BOOLEAN:
        return WORDS.get(text.lower()) if text.isascii() else None
    if kind in OPENINGS:
        return json_text(text, OPENINGS[kind])
    if kind in NUMBERS:
        plain = plain_notation(column, text)
        return None if plain is None else own_number(column.type, plain)
    return temporal(column, text)


def own_number(type_: ColumnType, text: str) -> object | None:
    """A number in the notation in which contracts write it too."""
    if type_.kind is Kind.INTEGER:
        return integer(text)
    return double(text) if type_.kind is Kind.DOUBLE else decimal(text, type_)


def integer(text: str) -> int | None:
    digits = unsigned(text)
    if not digits or not digits_only(digits):
        return None
    significant = digits.lstrip("0") or "0"
    if len(significant) > len(str(MOST)):
        return None
    value = int(significant) * (-1 if text[0] == "-" else 1)
    return value if LEAST <= value <= MOST else None


def plain_number(text: str) -> tuple[str, str] | None:
    """Digits before and behind the point of a text without sign; at least one digit is there."""
    whole, _, fraction = text.partition(".")
    return (whole, fraction) if digits_only(whole) and digits_only(fraction) and whole + fraction else None


def decimal(text: str, type_: ColumnType) -> Decimal | None:
    parts = plain_number(unsigned(text))
    if parts is None:
        return None
    whole, fraction = parts[0].lstrip("0"), parts[1]
    if len(whole) > type_.precision - type_.scale or fraction[type_.scale :].strip("0"):
        return None
    digits = whole + fraction[: type_.scale].ljust(type_.scale, "0")
    sign = int(text[0] == "-" and bool(digits.strip("0")))
    return Decimal((sign, tuple(map(int, digits or "0")), -type_.scale))


def double(text: str) -> float | None:
    mantissa, mark, exponent = text.replace("E", "e").partition("e")
    if plain_number(unsigned(mantissa)) is None:
        return None
    if mark and (not unsigned(exponent) or not digits_only(unsigned(exponent))):
        return None
    value = float(text)
    return value if abs(value) != float("inf") else None
