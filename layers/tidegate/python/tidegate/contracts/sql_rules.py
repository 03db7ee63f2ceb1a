"""Quality rules of type sql: a condition on each row, or one number asked of the batch."""

from collections.abc import Sequence

from tidegate.contracts.conditions import read_limit, read_rule_name, read_severity
from tidegate.contracts.contract import Column
from tidegate.contracts.document import Node
from tidegate.contracts.findings import Findings
from tidegate.contracts.rules import Check, Limit, Metric, Query

_SHOWN = frozenset({"public", "internal"})


def read_sql(rule: Node, columns: Sequence[Column], property_: str, where: str, findings: Findings) -> Check | Query | None:
    """Return the rule; None when its query is not allowed. `property_` is the column that it is written on, or empty.

    `SELECT count(*) FROM {object} WHERE …` counts rows that break a condition: it is a question about each row, like those of the
    library.
    """
    from tidegate.contracts.queries import NotAllowed, parse_query

    try:
        parsed = parse_query(rule.string("query"), columns, property_)
    except NotAllowed as error:
        message, hint = error.args
        findings.add(rule.line_of("query"), where, message, hint)
        return None
    severity = read_severity(rule, where, findings)
    if parsed.row:
        name, limit = read_rule_name(rule, Metric.EXPRESSION, where, findings), read_limit(rule, where, findings)
        column = property_ if property_ in parsed.row[1::2] else parsed.row[1]
        return Check(name, column, Metric.EXPRESSION, severity, limit=limit, expression=parsed.row)
    name, limit = read_rule_name(rule, "sql", where, findings), read_limit(rule, where, findings, counts=False)
    shown = all(c.classification in _SHOWN for c in columns if c.name in parsed.columns)
    return Query(name, parsed.sql, parsed.columns, parsed.silver, limit or Limit("mustBe", (0,)), severity, property_, shown)
