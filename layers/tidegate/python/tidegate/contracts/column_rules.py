"""Quality rules about the values of one column."""

from collections import Counter
from collections.abc import Sequence

from tidegate.contracts.conditions import read_limit, read_rule_name, read_severity
from tidegate.contracts.contract import Column, Kind
from tidegate.contracts.document import Node
from tidegate.contracts.findings import Findings, suggest
from tidegate.contracts.patterns import check_pattern
from tidegate.contracts.rules import Check, Metric

#: Metrics about values, with the argument that lists them.
METRICS = {"nullValues": "", "missingValues": "missingValues", "invalidValues": "validValues"}
_EXAMPLES = {
    "validValues": "{metric: invalidValues, arguments: {validValues: [M, F]}, mustBe: 0}",
    "missingValues": "{metric: missingValues, arguments: {missingValues: [null, n/a]}, mustBe: 0}",
}


def is_list(check: Check, rule: Node) -> bool:
    """Whether a check is the column's one list of valid values, which other words of the contract refer to."""
    return check.metric is Metric.VALID_VALUES and check.rejects and "id" not in rule


def read_check(rule: Node, metric: str, column: Column, where: str, findings: Findings) -> Check:
    """Return a rule of one of the metrics."""
    words = {"nullValues": Metric.NULL_VALUES, "missingValues": Metric.MISSING_VALUES, "invalidValues": Metric.VALID_VALUES}
    named, arguments = words[metric], rule["arguments"]
    wanted = METRICS[metric]
    allowed = {"validValues", "pattern"} if metric == "invalidValues" else {wanted} - {""}
    for name in arguments.fields:
        if name not in allowed:
            hint = suggest(name, allowed) if allowed else "it has none"
            findings.add(arguments.line_of(name), where, f"the argument {name} is not supported", hint)
    pattern = None
    values: tuple[str, ...] = ()
    if metric == "invalidValues" and "pattern" in arguments:
        named, pattern = Metric.PATTERN, _pattern(arguments, column, where, findings)
    elif wanted and not (metric == "missingValues" and wanted not in arguments):
        values = _texts(arguments[wanted], wanted, where, findings)
    else:
        values = ("",)
    if wanted and column.type.kind is not Kind.STRING and values != ("",):
        hint = "use logicalTypeOptions: {minimum: …, maximum: …}"
        findings.add(arguments.line_of(wanted), where, f"{_one(wanted)}s are for string columns", hint)
    return Check(
        rule=read_rule_name(rule, named, where, findings),
        column=column.name,
        metric=named,
        severity=read_severity(rule, where, findings),
        values=values,
        pattern=pattern,
        limit=read_limit(rule, where, findings),
    )


def _pattern(arguments: Node, column: Column, where: str, findings: Findings) -> str:
    pattern, line = arguments.string("pattern"), arguments.line_of("pattern")
    if "validValues" in arguments:
        findings.add(line, where, "pattern and validValues exclude each other", "write two rules")
    if not pattern:
        findings.add(line, where, "the pattern should be a text", 'arguments: {pattern: "[0-9]{5}"}')
    if column.type.kind is not Kind.STRING:
        findings.add(line, where, "a pattern is for string columns", "the logicalType already says what the text is like")
    for message, hint in check_pattern(pattern) if pattern else ():
        findings.add(line, where, f"the pattern {message}", hint)
    return pattern


def _texts(node: Node, wanted: str, where: str, findings: Findings) -> tuple[str, ...]:
    """The texts of a list; a null among missing values is the empty text, which always means null."""
    if node.kind != "list" or not node.items:
        findings.add(node.line, where, f"needs a list of {_one(wanted)}s", _EXAMPLES[wanted])
        return ()
    nulls = wanted == "missingValues"
    for item in node.items:
        if item.kind != "text" and not (nulls and item.kind == "null"):
            findings.add(item.line, where, f"the {_one(wanted)} {item.text} should be a text", f'quote it: "{item.text}"')
    return tuple("" if item.kind == "null" else item.text for item in node.items)


def _one(wanted: str) -> str:
    return "valid value" if wanted == "validValues" else "missing value"


def tell_apart(checks: Sequence[tuple[Check, Node, str]], findings: Findings) -> None:
    """Two rules that have one name on one column could not be told apart in reasons and warnings."""
    seen: Counter[tuple[str, str]] = Counter()
    for check, rule, where in checks:
        seen[check.rule, check.column] += 1
        if seen[check.rule, check.column] == 1:
            continue
        if is_list(check, rule):
            findings.add(rule.line, where, "a column has one list of valid values", "put all values into one rule")
        else:
            findings.add(rule.line, where, f"the column has a rule {check.rule} already", "give one of them another id")
