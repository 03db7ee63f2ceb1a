"""Service levels that are looked after: `freshness` of what is loaded, and the `frequency` with which something comes."""

from collections.abc import Sequence

from tidegate.contracts.contract import Column, Kind
from tidegate.contracts.document import Node
from tidegate.contracts.findings import Findings, suggest
from tidegate.contracts.rules import Freshness, Severity

_UNITS = {
    **dict.fromkeys(("s", "second", "seconds"), 1),
    **dict.fromkeys(("min", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hour", "hours"), 3600),
    **dict.fromkeys(("d", "day", "days"), 86_400),
    **dict.fromkeys(("w", "week", "weeks"), 604_800),
}
_MOST = 100 * 366 * 86_400  # a hundred years
_MOMENTS = frozenset({Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMPTZ})
LOOKED_AFTER = ("freshness", "frequency")


def read_service_levels(
    document: Node, columns: Sequence[Column], order_by: str | None, findings: Findings
) -> tuple[Freshness | None, int | None]:
    """Return how fresh a batch has to be, and in how many seconds something new has to come; None where nobody says it."""
    found: dict[str, tuple[int, Severity]] = {}
    for number, entry in enumerate(document["slaProperties"].items):
        name, where = entry.string("property"), f"slaProperties[{entry.label(number)}]"
        if name not in LOOKED_AFTER:
            continue  # the others only describe
        if name in found:
            findings.add(entry.line, where, f"{name} is there twice", "keep one of them")
        for field in ("schedule", "scheduler", "valueExt"):
            if field in entry:
                findings.add(entry.line_of(field), where, f"{field} is not supported", f"{name} is looked at on every load")
        found[name] = _seconds(entry, where, findings), _severity(entry, name, where, findings)
        if name == "freshness":
            _check_order(entry, columns, order_by, where, findings)
        elif "element" in entry:
            findings.add(entry.line_of("element"), where, "frequency is of the dataset", "take element out")
    freshness = Freshness(*found["freshness"]) if "freshness" in found else None
    return freshness, found["frequency"][0] if "frequency" in found else None


def _seconds(entry: Node, where: str, findings: Findings) -> int:
    value, unit = entry["value"], entry.string("unit")
    if unit not in _UNITS:
        findings.add(entry.line_of("unit"), where, f"the unit {unit or '(none)'} is not known", suggest(unit, _UNITS) or "h or d")
        return 1
    seconds = float(value.text) * _UNITS[unit] if value.kind in {"integer", "number"} else 0
    if not 1 <= seconds <= _MOST:
        findings.add(value.line, where, "the value should be a number of at least a second", "{value: 24, unit: h}")
        return 1
    return int(seconds)


def _severity(entry: Node, name: str, where: str, findings: Findings) -> Severity:
    """A warning, unless a customProperty says otherwise: holding back what is late helps nobody by itself."""
    severity = Severity.WARNING
    for custom in entry["customProperties"].items:
        word, value = custom.string("property"), custom.string("value")
        if word != "severity" or name != "freshness":
            findings.add(custom.line, where, f"{word} is not a word of Tidegate here", "freshness may have a severity")
        elif value not in tuple(Severity):
            findings.add(custom.line, where, f"the severity {value} is not known", "one of error, warning")
        else:
            severity = Severity(value)
    return severity


def _check_order(entry: Node, columns: Sequence[Column], order_by: str | None, where: str, findings: Findings) -> None:
    column = next((c for c in columns if c.name == order_by), None)
    if column is None or column.type.kind not in _MOMENTS:
        hint = "customProperties: [{property: orderBy, value: …}]"
        findings.add(entry.line, where, "freshness is of the orderBy column, which has to be a date or a timestamp", hint)
    elif "element" in entry and entry.string("element").rpartition(".")[2] != column.name:
        findings.add(entry.line_of("element"), where, "freshness is of the orderBy column", f"element: …{column.name}")
