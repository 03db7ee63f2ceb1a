"""Quality rules: what a contract asks of the values of a column, and of the dataset."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from tidegate.contracts.conditions import read_limit, read_rule_name, read_severity
from tidegate.contracts.contract import Column, Kind, RowCount
from tidegate.contracts.document import Node
from tidegate.contracts.findings import Findings, one_of, suggest
from tidegate.contracts.patterns import check_pattern
from tidegate.contracts.rules import Check, Metric, Rules
from tidegate.contracts.support import refuse_unsupported

_ON_A_COLUMN = {"nullValues": "", "missingValues": "missingValues", "invalidValues": "validValues"}
_EXAMPLES = {
    "validValues": "{metric: invalidValues, arguments: {validValues: [M, F]}, mustBe: 0}",
    "missingValues": "{metric: missingValues, arguments: {missingValues: [null, n/a]}, mustBe: 0}",
}


def read_rules(schema: Node, columns: tuple[Column, ...], path: str, findings: Findings) -> tuple[tuple[Column, ...], Rules]:
    """Return the columns with their valid values, and the contract's other rules."""
    checks: list[tuple[Check, Node, str]] = []
    for number, (node, column) in enumerate(zip(schema["properties"].items, columns, strict=False)):
        where = f"{path}.properties[{node.label(number)}]"
        checks.extend(
            (_check(r, m, column, w, findings), r, w) for r, m, w in _rules(node, where, _ON_A_COLUMN, "a column", findings)
        )
    _tell_apart(checks, findings)
    lists = {c.column: c.values for c, rule, _ in checks if _is_list(c, rule)}
    columns = tuple(replace(c, valid_values=lists.get(c.name, ())) for c in columns)
    return columns, Rules(tuple(c for c, rule, _ in checks if not _is_list(c, rule)))


def _is_list(check: Check, rule: Node) -> bool:
    """Whether a check is the column's one list of valid values, which other words of the contract refer to."""
    return check.metric is Metric.VALID_VALUES and check.rejects and "id" not in rule


def _rules(owner: Node, path: str, metrics: Iterable[str], place: str, findings: Findings) -> Iterator[tuple[Node, str, str]]:
    """Rules of the library with their metric and path; other kinds of rules, and other metrics, are findings."""
    for number, rule in enumerate(owner["quality"].items):
        where = f"{path}.quality[{rule.label(number)}]"
        refuse_unsupported("quality", rule, where, findings)
        kind, metric = rule.string("type", "library"), rule.string("metric")
        if kind == "text":
            continue
        if kind == "library" and metric in metrics:
            yield rule, metric, where
        elif metric or kind != "library":
            what = f"the metric {metric}" if kind == "library" else f"quality of type {kind}"
            findings.add(rule.line_of("metric"), where, f"{what} is not supported on {place}", f"metric: {one_of(metrics)}")


def _check(rule: Node, metric: str, column: Column, where: str, findings: Findings) -> Check:
    words = {"nullValues": Metric.NULL_VALUES, "missingValues": Metric.MISSING_VALUES, "invalidValues": Metric.VALID_VALUES}
    named, arguments = words[metric], rule["arguments"]
    wanted = _ON_A_COLUMN[metric]
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


def _tell_apart(checks: Sequence[tuple[Check, Node, str]], findings: Findings) -> None:
    """Two rules that have one name on one column could not be told apart in reasons and warnings."""
    seen: Counter[tuple[str, str]] = Counter()
    for check, rule, where in checks:
        seen[check.rule, check.column] += 1
        if seen[check.rule, check.column] == 1:
            continue
        if check.metric is Metric.VALID_VALUES and check.rejects and "id" not in rule:
            findings.add(rule.line, where, "a column has one list of valid values", "put all values into one rule")
        else:
            findings.add(rule.line, where, f"the column has a rule {check.rule} already", "give one of them another id")


def read_row_count(schema: Node, path: str, findings: Findings) -> RowCount | None:
    """Return the bounds on a batch's accepted rows, None when there are none."""
    counts = [(_bounds(rule, w, findings), rule, w) for rule, _, w in _rules(schema, path, ("rowCount",), "the dataset", findings)]
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
    severity = read_severity(rule, where, findings)
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
