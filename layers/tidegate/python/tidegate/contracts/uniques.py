"""What a contract says to be unique: `unique: true`, and the metric `duplicateValues` of a column or of several together."""

from collections.abc import Iterator, Sequence

from tidegate.contracts.conditions import read_limit, read_rule_name, read_severity
from tidegate.contracts.contract import Column, LoadMode, Privacy
from tidegate.contracts.document import Node
from tidegate.contracts.findings import Findings, suggest
from tidegate.contracts.rules import Unique

_RULE = "unique"
_EXAMPLE = "{metric: duplicateValues, arguments: {properties: [state, day]}, mustBe: 0}"


def read_uniques(
    nodes: Sequence[tuple[Node, Column, str]], rules: Sequence[tuple[Node, tuple[str, ...], str]], findings: Findings
) -> tuple[Unique, ...]:
    """Return what is unique: `nodes` are the columns with their paths, `rules` the rules of duplicateValues with their columns."""
    found = [(Unique(_RULE, (c.name,)), n.line_of("unique"), w) for n, c, w in nodes if n.true("unique")]
    for rule, columns, where in rules:
        name, severity = read_rule_name(rule, _RULE, where, findings), read_severity(rule, where, findings)
        found.append((Unique(name, columns, severity, read_limit(rule, where, findings)), rule.line, where))
    known = {c.name: c for _, c, _ in nodes}
    seen: set[tuple[str, ...]] = set()
    for unique, line, where in found:
        for message, hint in _wrong(unique, known):
            findings.add(line, where, message, hint)
        if (unique.rule, *unique.columns) in seen:
            findings.add(line, where, f"there is a rule {unique.rule} on {unique.column} already", "give one of them another id")
        seen.add((unique.rule, *unique.columns))
    return tuple(unique for unique, _, _ in found)


def read_properties(rule: Node, where: str, findings: Findings) -> tuple[str, ...]:
    """Return the columns of a rule on the schema."""
    arguments = rule["arguments"]
    for name in arguments.fields:
        if name != "properties":
            hint = suggest(name, ["properties"])
            findings.add(arguments.line_of(name), where, f"the argument {name} is not supported", hint)
    listed = arguments["properties"]
    if listed.kind != "list" or not listed.items or any(item.kind != "text" for item in listed.items):
        findings.add(listed.line, where, "needs a list of columns", _EXAMPLE)
    names = tuple(item.text for item in listed.items if item.kind == "text")
    if len(set(names)) < len(names):
        findings.add(listed.line, where, "names a column twice", "keep one of them")
    return names


def _wrong(unique: Unique, known: dict[str, Column]) -> Iterator[tuple[str, str]]:
    for name in unique.columns:
        column = known.get(name)
        if column is None:
            yield f"duplicateValues names {name}, which is no column", suggest(name, known)
        elif column.privacy not in {Privacy.KEEP, Privacy.TOKENISE} or column.privacy_when is not None:
            what = "privacyWhen" if column.privacy_when else f"privacy {column.privacy}"
            yield f"{name} cannot be unique: {what} makes different values one in the table", "tokenise keeps values apart"


def without_keys(uniques: tuple[Unique, ...], columns: Sequence[Column], mode: str | None) -> tuple[Unique, ...]:
    """Leave out what holds anyway: where silver is folded by the primary key, that is unique, and so is whatever contains it."""
    key = {c.name for c in columns if c.primary_key}
    return tuple(u for u in uniques if mode == LoadMode.APPEND or not key or not key <= set(u.columns))
