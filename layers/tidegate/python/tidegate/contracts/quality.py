"""Quality rules: what a contract asks of its columns and of the dataset."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from tidegate.contracts.column_rules import METRICS, is_list, read_check, tell_apart
from tidegate.contracts.conditions import read_severity
from tidegate.contracts.contract import Column, RowCount
from tidegate.contracts.document import Node
from tidegate.contracts.findings import Findings, one_of
from tidegate.contracts.mappings import check_valid
from tidegate.contracts.rules import Check, Query, Rules, Volume
from tidegate.contracts.sql_rules import read_sql
from tidegate.contracts.support import refuse_unsupported
from tidegate.contracts.uniques import read_properties, read_uniques, without_keys
from tidegate.contracts.volumes import is_volume, read_volume

_REPEATS, _SQL = "duplicateValues", "sql"
ON_A_COLUMN = (*METRICS, _REPEATS)
ON_THE_DATASET = ("rowCount", _REPEATS)


def read_rules(
    schema: Node, columns: tuple[Column, ...], mode: str | None, path: str, findings: Findings
) -> tuple[tuple[Column, ...], Rules]:
    """Return the columns with their valid values, and the contract's other rules."""
    found = _Found(columns, findings)
    places: list[tuple[Node, Column, str]] = []
    for number, (node, column) in enumerate(zip(schema["properties"].items, columns, strict=False)):
        places.append((node, column, f"{path}.properties[{node.label(number)}]"))
        for rule, metric, where in rules_of(node, places[-1][2], ON_A_COLUMN, "a column", findings):
            found.take(rule, metric, column, where)
    for rule, metric, where in rules_of(schema, path, ON_THE_DATASET, "the dataset", findings):
        found.take(rule, metric, None, where)
    tell_apart(found.checks, findings)
    lists = {c.column: c.values for c, rule, _ in found.checks if is_list(c, rule)}
    columns = tuple(replace(c, valid_values=lists.get(c.name, ())) for c in columns)
    for column, (node, _, where) in zip(columns, places, strict=False):
        check_valid(node, column, where, findings)
    return columns, Rules(
        checks=tuple(c for c, rule, _ in found.checks if not is_list(c, rule)),
        uniques=without_keys(read_uniques(places, found.repeats, findings), columns, mode),
        queries=tuple(found.queries),
        volumes=tuple(found.volumes),
    )


@dataclass
class _Found:
    """The rules read so far, with their nodes and paths where something is still asked of them together."""

    columns: Sequence[Column]
    findings: Findings
    checks: list[tuple[Check, Node, str]] = field(default_factory=list)
    repeats: list[tuple[Node, tuple[str, ...], str]] = field(default_factory=list)
    queries: list[Query] = field(default_factory=list)
    volumes: list[Volume] = field(default_factory=list)

    def take(self, rule: Node, metric: str, column: Column | None, where: str) -> None:
        """Read one rule of a column, or, without one, of the dataset."""
        if metric == _SQL:
            match read_sql(rule, self.columns, column.name if column else "", where, self.findings):
                case Check() as check:
                    self.checks.append((check, rule, where))
                case Query() as query:
                    self.queries.append(query)
        elif metric == _REPEATS:
            names = (column.name,) if column else read_properties(rule, where, self.findings)
            self.repeats.append((rule, names, where))
        elif column:
            self.checks.append((read_check(rule, metric, column, where, self.findings), rule, where))
        elif is_volume(rule):
            self.volumes.append(read_volume(rule, where, self.findings))


def rules_of(owner: Node, path: str, metrics: Iterable[str], place: str, findings: Findings) -> Iterator[tuple[Node, str, str]]:
    """Rules with their metric, or `sql`, and path; other kinds of rules, and other metrics, are findings."""
    for number, rule in enumerate(owner["quality"].items):
        where = f"{path}.quality[{rule.label(number)}]"
        refuse_unsupported("quality", rule, where, findings)
        kind, metric = rule.string("type", "library"), rule.string("metric")
        if kind == "text":
            continue
        if kind == _SQL:
            yield rule, _SQL, where
        elif kind == "library" and metric in metrics:
            yield rule, metric, where
        elif metric or kind != "library":
            what = f"the metric {metric}" if kind == "library" else f"quality of type {kind}"
            findings.add(rule.line_of("metric"), where, f"{what} is not supported on {place}", f"metric: {one_of(metrics)}")


def read_row_count(schema: Node, path: str, findings: Findings) -> RowCount | None:
    """Return the bounds on a batch's accepted rows, None when there are none."""
    all_ = rules_of(schema, path, ON_THE_DATASET, "the dataset", findings)
    rules = [(rule, where) for rule, metric, where in all_ if metric == "rowCount" and not is_volume(rule)]
    counts = [(_bounds(rule, where, findings), rule, where) for rule, where in rules]
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
