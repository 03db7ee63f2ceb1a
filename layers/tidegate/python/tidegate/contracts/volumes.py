"""rowCount compared with what usually comes."""

from tidegate.contracts.conditions import read_limit, read_rule_name, read_severity
from tidegate.contracts.document import Node
from tidegate.contracts.findings import Findings, suggest
from tidegate.contracts.rules import Limit, Volume

#: Loads of each kind whose rows the ledger remembers.
REMEMBERED = 30
_WORDS = ("comparedTo", "runs")
_RULE = "volume"


def is_volume(rule: Node) -> bool:
    """Whether a rule on rowCount is about history, and not about a number."""
    return "arguments" in rule or rule.string("unit") == "percent"


def read_volume(rule: Node, where: str, findings: Findings) -> Volume:
    """Return a bound in percent of the median of earlier loads."""
    arguments = rule["arguments"]
    for name in arguments.fields:
        if name not in _WORDS:
            findings.add(arguments.line_of(name), where, f"the argument {name} is not supported", suggest(name, _WORDS))
    if arguments.string("comparedTo") != "median":
        message = "rowCount is compared with the median of earlier loads"
        findings.add(arguments.line, where, message, "arguments: {comparedTo: median, runs: 7}")
    runs = arguments["runs"]
    if "runs" in arguments and (runs.kind != "integer" or not 1 <= int(runs.text) <= REMEMBERED):
        findings.add(runs.line, where, f"runs should be a whole number from 1 to {REMEMBERED}", "runs: 7")
    if rule.string("unit") != "percent":
        findings.add(rule.line_of("unit"), where, "what is compared with the median is in percent of it", "unit: percent")
    number = int(runs.text) if runs.kind == "integer" else 7
    limit = read_limit(rule, where, findings, most=None) or Limit("mustBe", (0,), percent=True)
    return Volume(read_rule_name(rule, _RULE, where, findings), limit, read_severity(rule, where, findings), number)
