"""Quality rules: `invalidValues` on a column, `rowCount` on the dataset."""

from tidegate.contracts.contract import Kind, RowCount
from tidegate.contracts.document import Node
from tidegate.contracts.findings import Findings, suggest
from tidegate.contracts.support import refuse_unsupported

# Metrics of the standard that have a field of their own here.
_METRIC_HINTS = {
    "nullValues": "write required: true on the column",
    "missingValues": "write required: true on the column, and nullValues as a customProperty",
    "duplicateValues": "write primaryKey: true on the column and loadMode upsert",
}

_SEVERITIES = ("error", "warning")
_EXAMPLE = "{metric: invalidValues, arguments: {validValues: [M, F]}, mustBe: 0}"


def read_valid_values(column: Node, kind: Kind, path: str, findings: Findings) -> tuple[str, ...]:
    """Return the values that a column may have, empty when it may have any."""
    found: tuple[str, ...] = ()
    for number, rule in enumerate(column["quality"].items):
        where = f"{path}.quality[{rule.label(number)}]"
        if not _is_rule(rule, "invalidValues", "a column", where, findings):
            continue
        if _severity(rule, where, findings) == "warning":
            findings.add(
                rule.line_of("severity"), where, "a warning about rows is not supported", "error: the rows are quarantined"
            )
        if rule["mustBe"].value != 0 or rule["mustBe"].kind != "integer":
            findings.add(rule.line, where, "only mustBe: 0 is supported", "a row with another value is quarantined")
        if found:
            findings.add(rule.line, where, "a column has one list of valid values", "put all values into one rule")
        found = _texts(rule, kind, where, findings)
    return found


def _texts(rule: Node, kind: Kind, where: str, findings: Findings) -> tuple[str, ...]:
    arguments = rule["arguments"]
    for name in arguments.fields:
        if name != "validValues":
            hint = "use logicalTypeOptions: {pattern: …}" if name == "pattern" else suggest(name, ["validValues"])
            findings.add(arguments.line_of(name), where, f"the argument {name} is not supported", hint)
    values = arguments["validValues"]
    if values.kind != "list" or not values.items:
        findings.add(values.line, where, "needs a list of valid values", _EXAMPLE)
        return ()
    if kind is not Kind.STRING:
        findings.add(values.line, where, "valid values are for string columns", "use logicalTypeOptions: {minimum: …, maximum: …}")
    for item in values.items:
        if item.kind != "text":
            findings.add(item.line, where, f"the valid value {item.text} should be a text", f'quote it: "{item.text}"')
    return tuple(item.text for item in values.items)


def read_row_count(schema: Node, path: str, findings: Findings) -> RowCount | None:
    """Return the bounds on a batch's accepted rows, None when there are none."""
    counts: list[tuple[RowCount, Node, str]] = []
    for number, rule in enumerate(schema["quality"].items):
        where = f"{path}.quality[{rule.label(number)}]"
        if _is_rule(rule, "rowCount", "the dataset", where, findings):
            counts.append((_bounds(rule, where, findings), rule, where))
    if not counts:
        return None
    first = counts[0][0]
    for count, rule, where in counts[1:]:
        if count.severity != first.severity:
            findings.add(rule.line, where, "rules on rowCount have to have one severity", f"severity: {first.severity}")
    low = max((c.at_least for c, _, _ in counts if c.at_least is not None), default=None)
    high = min((c.at_most for c, _, _ in counts if c.at_most is not None), default=None)
    if low is not None and high is not None and low > high:
        findings.add(counts[-1][1].line, counts[-1][2], f"no count is at least {low} and at most {high}")
    return RowCount(low, high, first.severity)


def _bounds(rule: Node, where: str, findings: Findings) -> RowCount:
    severity = _severity(rule, where, findings)
    conditions = {name: node for name, node in rule.fields.items() if name.startswith("must")}
    for name, node in conditions.items():
        for value in (node.items if name == "mustBeBetween" else []) or [node]:
            if value.kind != "integer" or int(value.text) < 0:
                findings.add(value.line, where, f"{name} should be a whole number, 0 or more")
                return RowCount(severity=severity)

    def number(name: str) -> int | None:
        return int(conditions[name].text) if name in conditions else None

    above, under, exactly = number("mustBeGreaterThan"), number("mustBeLessThan"), number("mustBe")
    between = [int(n.text) for n in rule["mustBeBetween"].items]
    lows = [above + 1 if above is not None else None, number("mustBeGreaterOrEqualTo"), exactly, *between[:1]]
    highs = [under - 1 if under is not None else None, number("mustBeLessOrEqualTo"), exactly, *between[1:]]
    low, high = (next((n for n in numbers if n is not None), None) for numbers in (lows, highs))
    return RowCount(low, high, severity)


def _is_rule(rule: Node, metric: str, place: str, where: str, findings: Findings) -> bool:
    """Whether a rule is one of this metric; every other one but plain text is a finding."""
    refuse_unsupported("quality", rule, where, findings)
    kind = rule.string("type", "library")
    if kind == "text":
        return False
    written = rule.string("metric")
    if kind != "library" or (written and written != metric):
        what = f"the metric {written}" if kind == "library" else f"quality of type {kind}"
        findings.add(
            rule.line_of("metric"), where, f"{what} is not supported on {place}", _METRIC_HINTS.get(written, f"metric: {metric}")
        )
        return False
    return bool(written)


def _severity(rule: Node, where: str, findings: Findings) -> str:
    severity = rule.string("severity", "error")
    if severity not in _SEVERITIES:
        findings.add(rule.line_of("severity"), where, f"the severity {severity} is not known", "one of error, warning")
    return severity
