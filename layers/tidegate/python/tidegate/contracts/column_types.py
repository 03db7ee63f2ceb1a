"""Logical types, formats and bounds of one column."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from zoneinfo import available_timezones

from tidegate.contracts.contract import ColumnType, Kind
from tidegate.contracts.customs import Customs
from tidegate.contracts.document import Node
from tidegate.contracts.findings import Findings, one_of, suggest
from tidegate.contracts.formats import check_format
from tidegate.contracts.odcs import below, standard
from tidegate.contracts.patterns import check_pattern
from tidegate.contracts.vocabulary import LOGICAL_TYPES, PHYSICAL_TYPES

TEMPORAL = frozenset({Kind.DATE, Kind.TIME, Kind.TIMESTAMP, Kind.TIMESTAMPTZ})
MAX_DIGITS = 38
_DECIMAL = re.compile(r"(?:decimal|numeric) ?\( ?([0-9]{1,4}) ?(?:, ?([0-9]{1,4}) ?)?\)\Z", re.IGNORECASE)
_REFUSED_OPTIONS = {"multipleOf": "use minimum and maximum"} | dict.fromkeys(
    ("minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties", "required"),
    "of arrays and objects only the shape is checked",
)
_UTC = ("UTC", "Etc/UTC")


@dataclass(frozen=True, slots=True)
class Options:
    """What logicalTypeOptions says, in the fields of a Column."""

    formats: tuple[str, ...] = ()
    default_timezone: str | None = None
    pattern: str | None = None
    min_length: int | None = None
    max_length: int | None = None
    minimum: str | None = None
    maximum: str | None = None
    exclusive_minimum: str | None = None
    exclusive_maximum: str | None = None


def read_type(column: Node, path: str, findings: Findings) -> ColumnType | None:
    """Return the column's type; None when it cannot be told."""
    logical = column.string("logicalType")
    if logical not in LOGICAL_TYPES:
        message = f"the logical type {logical} is not supported" if logical else "logicalType is missing"
        if logical in standard()["$defs"]["SchemaBaseProperty"]["properties"]["logicalType"]["enum"] or "logicalType" not in column:
            findings.add(column.line_of("logicalType"), path, message, one_of(LOGICAL_TYPES))
        return None
    zoned = column["logicalTypeOptions"].true("timezone")
    physical = column.string("physicalType").strip()
    if logical == "number":
        return _number(column, physical, path, findings)
    kind = Kind.TIMESTAMPTZ if logical == "timestamp" and zoned else Kind(logical)
    if physical and physical.lower() not in PHYSICAL_TYPES[kind]:
        hint = f"take it out, or write {PHYSICAL_TYPES[kind][0]}"
        findings.add(column.line_of("physicalType"), below(path, "physicalType"), f"this column is not kept as {physical}", hint)
    return ColumnType(kind)


def _number(column: Node, physical: str, path: str, findings: Findings) -> ColumnType:
    match = _DECIMAL.match(physical)
    if match:
        precision, scale = int(match[1]), int(match[2] or 0)
        if 1 <= precision <= MAX_DIGITS and scale <= precision:
            return ColumnType(Kind.DECIMAL, precision, scale)
        hint = f"1 to {MAX_DIGITS} digits, of which the second number are behind the point"
        findings.add(column.line_of("physicalType"), below(path, "physicalType"), f"{physical} does not exist", hint)
    elif physical and physical.lower() not in PHYSICAL_TYPES[Kind.DOUBLE]:
        hint = "decimal(18,2) is exact; double, the default, is not"
        findings.add(column.line_of("physicalType"), below(path, "physicalType"), f"a number is not kept as {physical}", hint)
    return ColumnType(Kind.DOUBLE)


def read_options(column: Node, kind: Kind, customs: Customs, path: str, findings: Findings) -> Options:
    """Return the options of a column; `formats` come from customProperties and exclude the option `format`."""
    options, path = column["logicalTypeOptions"], below(path, "logicalTypeOptions")
    for name, hint in _REFUSED_OPTIONS.items():
        if name in options:
            findings.add(options.line_of(name), below(path, name), f"{name} is not supported", hint)
    zone = _zone(options, kind, path, findings)
    formats = _formats(options, kind, customs, path, findings)
    line = customs.line("formats", options.line_of("format"))
    for written in formats:
        for message, hint in check_format(written, kind, zone=zone is not None):
            findings.add(line, path, f"the format {written} {message}", hint)
    pattern = options.string("pattern") or None
    for message, hint in check_pattern(pattern) if pattern else ():
        findings.add(options.line_of("pattern"), below(path, "pattern"), message, hint)
    shortest, longest = (int(options[n].text) if options[n].kind == "integer" else None for n in ("minLength", "maxLength"))
    if shortest is not None and longest is not None and shortest > longest:
        findings.add(options.line_of("maxLength"), path, f"no text has at least {shortest} and at most {longest} characters")
    return Options(formats, zone, pattern, shortest, longest, *_bounds(options, kind, path, findings))


def _formats(options: Node, kind: Kind, customs: Customs, path: str, findings: Findings) -> tuple[str, ...]:
    written, several = options.string("format"), customs.texts("formats")
    if written and several:
        findings.add(
            options.line_of("format"), below(path, "format"), "format and formats exclude each other", "put all into formats"
        )
    if several and kind not in TEMPORAL:
        findings.add(
            customs.line("formats", options.line), path, f"formats are for dates and times, not for {kind}", "take formats out"
        )
    if kind in TEMPORAL:
        return several or ((written,) if written else ())
    if written and (kind, written) not in {(Kind.INTEGER, "i64"), (Kind.DOUBLE, "f64")}:
        hint = "use pattern" if kind is Kind.STRING else "use minimum and maximum"
        findings.add(options.line_of("format"), below(path, "format"), f"the format {written} of a {kind} is not supported", hint)
    return ()


def _zone(options: Node, kind: Kind, path: str, findings: Findings) -> str | None:
    if kind is Kind.TIME and options.true("timezone"):
        findings.add(options.line_of("timezone"), path, "a time of day with a zone is not supported", "use a timestamp")
    zone = options.string("defaultTimezone")
    if not zone:
        return None
    line = options.line_of("defaultTimezone")
    if kind is not Kind.TIMESTAMPTZ:
        findings.add(line, path, "defaultTimezone has no effect on a column without zone", "timezone: true")
    if zone not in _UTC:
        known = available_timezones()  # empty where no zone data is installed: then the publisher's machine has checked it
        if known and zone not in known:
            findings.add(line, path, f"the time zone {zone} is not known", suggest(zone, known) or "a name such as Europe/Berlin")
    return zone


def _bounds(options: Node, kind: Kind, path: str, findings: Findings) -> tuple[str | None, ...]:
    names = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
    values: dict[str, object] = {}
    for name in names:
        if name not in options or kind not in READERS:
            continue
        try:
            values[name] = READERS[kind](options[name].text)
        except (ValueError, InvalidOperation):
            hint = f"such as {_EXAMPLES[kind]}"
            findings.add(options.line_of(name), below(path, name), f"{options[name].text} is no {kind}", hint)
    for low in ("minimum", "exclusiveMinimum"):
        for high in ("maximum", "exclusiveMaximum"):
            if low in values and high in values and values[low] > values[high]:  # type: ignore[operator]
                findings.add(options.line_of(high), below(path, high), f"is less than {low}")
    return tuple(options[n].text if n in values else None for n in names)


def _whole(text: str) -> int:
    if not re.fullmatch(r"-?[0-9]+", text):
        raise ValueError(text)
    return int(text)


def _timestamp(text: str, *, zone: bool) -> datetime:
    value = datetime.fromisoformat(text)
    if (value.tzinfo is not None) is not zone or not re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]", text):
        raise ValueError(text)
    return value


def _date(text: str) -> date:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise ValueError(text)
    return date.fromisoformat(text)


READERS: dict[Kind, Callable[[str], object]] = {
    Kind.INTEGER: _whole,
    Kind.DECIMAL: Decimal,
    Kind.DOUBLE: Decimal,
    Kind.DATE: _date,
    Kind.TIME: time.fromisoformat,
    Kind.TIMESTAMP: lambda text: _timestamp(text, zone=False),
    Kind.TIMESTAMPTZ: lambda text: _timestamp(text, zone=True),
}
_EXAMPLES = {
    Kind.INTEGER: "0",
    Kind.DECIMAL: "0.5",
    Kind.DOUBLE: "0.5",
    Kind.DATE: '"1900-01-31"',
    Kind.TIME: '"08:00:00"',
    Kind.TIMESTAMP: '"1900-01-31T00:00:00"',
    Kind.TIMESTAMPTZ: '"1900-01-31T00:00:00Z"',
}
