"""What every quality rule has: its name, its severity, and the bound on what is measured."""

from tidegate.contracts.document import Node
from tidegate.contracts.findings import Findings
from tidegate.contracts.rules import Limit, Severity
from tidegate.contracts.support import OPERATORS

_SEVERITIES = tuple(Severity)
_UNITS = ("rows", "percent")
#: Names that reasons give to what is no quality rule.
BUILT_IN = (
    *(
        "primary_key",
        "required",
        "type",
        "min_length",
        "max_length",
        "minimum",
        "maximum",
        "exclusive_minimum",
        "exclusive_maximum",
    ),
    *("columns", "quoting", "encoding", "line_length", "row_count"),
)


def read_severity(rule: Node, where: str, findings: Findings) -> Severity:
    """Return a rule's severity, error when it is not said."""
    severity = rule.string("severity", "error")
    if severity not in _SEVERITIES:
        findings.add(rule.line_of("severity"), where, f"the severity {severity} is not known", "one of error, warning")
        return Severity.ERROR
    return Severity(severity)


def read_rule_name(rule: Node, default: str, where: str, findings: Findings) -> str:
    """Return the name of a rule in reasons and warnings: its id, or what it asks."""
    name = rule.string("id")
    if name in BUILT_IN:
        findings.add(rule.line_of("id"), where, f"{name} is the name of a rule that every contract has", "give it another id")
    return name or default


def read_limit(rule: Node, where: str, findings: Findings, *, most: float | None = 100, counts: bool = True) -> Limit | None:
    """Return the bound of a rule; None for `mustBe: 0`, which is about each row.

    `most` percent can be measured. What is no count may be bound by any number, and has no unit.
    """
    unit = rule.string("unit", "rows")
    if unit not in _UNITS:
        findings.add(rule.line_of("unit"), where, f"the unit {unit} is not known", "rows or percent")
    operator = next((name for name in OPERATORS if name in rule), "")
    if not operator:
        return None  # a finding of the standard, or of what is not supported
    nodes = rule[operator].items or [rule[operator]]
    numbers = tuple(float(n.text) for n in nodes if n.kind in {"integer", "number"})
    if len(numbers) < len(nodes):
        findings.add(rule.line_of(operator), where, f"{operator} should be a number", "such as mustBeLessThan: 5")
        return None
    if not counts and "unit" in rule:
        findings.add(rule.line_of("unit"), where, "the number of a query has no unit", "take unit out")
    elif counts and (numbers[0] < 0 or (unit == "percent" and most is not None and numbers[-1] > most)):
        findings.add(rule.line_of(operator), where, f"{operator} cannot be of {unit}", "0 or more")
    if operator == "mustBeBetween" and numbers[0] > numbers[1]:
        findings.add(rule.line_of(operator), where, f"no count is at least {numbers[0]:g} and at most {numbers[1]:g}")
    return None if operator == "mustBe" and numbers == (0,) else Limit(operator, numbers, unit == "percent")
