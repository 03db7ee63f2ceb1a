"""Checks, reasons and masks of one row."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from decimal import Decimal

from tests.reference.casts import own_number, value_of
from tests.reference.classes import class_of
from tests.reference.times import own_value, year_of
from tidegate.contracts.contract import Column, Contract, Kind, Privacy, When
from tidegate.contracts.rules import Check, Metric

TEMPORAL = (Kind.DATE, Kind.TIME, Kind.TIMESTAMP, Kind.TIMESTAMPTZ)
Reason = tuple[str, str, str]  # rule, column, class of the value
Clear = tuple[str | None, str | None]  # see mapping.clear_text


def reasons_of(contract: Contract, values: Mapping[str, Clear], from_key: bool) -> list[Reason]:  # noqa: FBT001 - two kinds of rows
    """Every broken rule, columns in the contract's order, rules in the order of the documentation."""
    texts = {name: clear[0] for name, clear in values.items()}
    return [
        (rule, column.name, class_of(text))
        for column in contract.columns
        if (column.from_key is not None) is from_key and checked(contract, column, texts)
        for rule, text in broken_rules(contract, column, *values[column.name])
    ]


def checked(contract: Contract, column: Column, texts: Mapping[str, str | None]) -> bool:
    """In a tombstone only the key, the order and the marker are checked (and what comes from the key)."""
    when = contract.delete_when
    if when is None or column.from_key is not None or column.primary_key:
        return True
    return column.name in {when.column, contract.order_by} or not tombstone(contract, texts)


def tombstone(contract: Contract, texts: Mapping[str, str | None]) -> bool:
    return contract.delete_when is not None and texts[contract.delete_when.column] in contract.delete_when.values


def broken_rules(contract: Contract, column: Column, text: str | None, unmapped: str | None) -> list[tuple[str, str | None]]:
    """Broken rules with the text that breaks each. A text that the value map does not have is not also missing."""
    if unmapped is not None:
        return [("value_map", unmapped)]
    found = of_null(column) if text is None else of_text(column, text)
    return [(rule, text) for rule in [*found, *(c.rule for c in rejecting(contract, column) if breaks(c, text))]]


def of_null(column: Column) -> list[str]:
    return ["primary_key"] if column.primary_key else ["required"] if column.required else []


def of_text(column: Column, text: str) -> list[str]:
    """What a text breaks of what its column says."""
    value = value_of(column, text)
    found = ["type"] if value is None else []
    if column.valid_values and text not in column.valid_values:
        found.append("valid_values")
    if column.pattern is not None and not re.fullmatch(column.pattern, text, re.ASCII):
        found.append("pattern")
    if column.min_length is not None and len(text) < column.min_length:
        found.append("min_length")
    if column.max_length is not None and len(text) > column.max_length:
        found.append("max_length")
    return found if value is None else found + broken_bounds(column, value)


def rejecting(contract: Contract, column: Column) -> list[Check]:
    return [check for check in contract.rules.checks if check.column == column.name and check.rejects]


def breaks(check: Check, text: str | None) -> bool:
    """Whether a text breaks a rule of `quality`."""
    if check.metric is Metric.NULL_VALUES:
        return text is None
    if check.metric is Metric.MISSING_VALUES:
        return (text or "") in check.values
    if text is None:
        return False
    if check.metric is Metric.VALID_VALUES:
        return text not in check.values
    assert check.metric is Metric.PATTERN
    assert check.pattern is not None
    return not re.fullmatch(check.pattern, text, re.ASCII)


def counted(contract: Contract, texts: Mapping[str, str | None]) -> tuple[bool, ...]:
    """For each rule that only counts, whether an accepted row breaks it."""
    columns = {column.name: column for column in contract.columns}
    return tuple(
        checked(contract, columns[check.column], texts) and breaks(check, texts[check.column])
        for check in contract.rules.checks
        if not check.rejects
    )


def broken_bounds(column: Column, value: object) -> list[str]:
    return [
        rule
        for rule, broken in (
            ("minimum", lambda v, bound: v < bound),
            ("maximum", lambda v, bound: v > bound),
            ("exclusive_minimum", lambda v, bound: v <= bound),
            ("exclusive_maximum", lambda v, bound: v >= bound),
        )
        if getattr(column, rule) is not None and broken(value, bound_of(column, getattr(column, rule)))
    ]


def bound_of(column: Column, written: str) -> object:
    """A value that the contract writes: dates and times in the kind's own notation."""
    value = own_value(column, written) if column.type.kind in TEMPORAL else own_number(column.type, written)
    assert value is not None, (column.name, written)
    return value


def row_of(contract: Contract, texts: Mapping[str, str | None], key: bytes) -> tuple[object, ...]:
    """The row as the table has it: cast, then masked; what cannot be cast is None (in a tombstone)."""
    return tuple(cell(column, texts, key) for column in contract.columns)


def cell(column: Column, texts: Mapping[str, str | None], key: bytes) -> object:
    text = texts[column.name]
    value = None if text is None else value_of(column, text)
    return value if value is None or shown(column.privacy_when, texts) else masked(column, value, key)


def shown(when: When | None, texts: Mapping[str, str | None]) -> bool:
    """Whether the other column says that the value is harmless; where it is null nobody knows."""
    return when is not None and texts[when.column] is not None and texts[when.column] not in when.values


def masked(column: Column, value: object, key: bytes) -> object:
    if column.privacy is Privacy.REDACT:
        return None
    if column.privacy is Privacy.TOKENISE:
        assert isinstance(value, str)
        return hmac.new(key, value.encode(), hashlib.sha256).hexdigest()[:32]
    if column.privacy is Privacy.ZIP3:
        assert isinstance(value, str)
        return value[:3]
    return year_of(column.type.kind, value) if column.privacy is Privacy.YEAR else value


def same(left: object, right: object) -> bool:
    """Equal in value and type, and zero has its sign."""
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        return left == right and left.as_tuple().exponent == right.as_tuple().exponent
    if isinstance(left, float) and isinstance(right, float):
        return left.hex() == right.hex()
    return type(left) is type(right) and left == right
