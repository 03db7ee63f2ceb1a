"""Relationships: values that have to be in a column of another dataset, or of this one."""

from collections.abc import Iterator, Sequence

from tidegate.contracts.conditions import BUILT_IN
from tidegate.contracts.contract import Column, Privacy
from tidegate.contracts.document import Node
from tidegate.contracts.findings import Findings, suggest
from tidegate.contracts.rules import Reference, Severity

_RULE = "relationship"
_EXAMPLE = "to: healthcare_patients.patient_id"


def read_references(schema: Node, columns: Sequence[Column], table: str, path: str, findings: Findings) -> tuple[Reference, ...]:
    """Return the references of the columns and of the schema; `table` is the contract's own."""
    found: list[Reference] = []
    for owner, name, where in _owners(schema, columns, path):
        for number, node in enumerate(owner["relationships"].items):
            place = f"{where}.relationships[{node.label(number)}]"
            sources = [(table, name)] if name else list(_places(node, "from", place, findings))
            targets = list(_places(node, "to", place, findings))
            reference = _reference(node, sources, targets, place, findings)
            if reference is None:
                continue
            _check(reference, {t for t, _ in sources}, table, columns, node, place, findings)
            if any((r.rule, r.columns) == (reference.rule, reference.columns) for r in found):
                findings.add(node.line, place, f"there is a rule {reference.rule} on {reference.column} already", "give one an id")
            found.append(reference)
    return tuple(found)


def _owners(schema: Node, columns: Sequence[Column], path: str) -> Iterator[tuple[Node, str, str]]:
    for number, (node, column) in enumerate(zip(schema["properties"].items, columns, strict=False)):
        yield node, column.name, f"{path}.properties[{node.label(number)}]"
    yield schema, "", path


def _places(node: Node, side: str, where: str, findings: Findings) -> Iterator[tuple[str, str]]:
    """The table and column of each name on one side."""
    for item in node[side].items or [node[side]]:
        table, _, column = item.text.partition(".")
        if not column or "." in column or "/" in item.text:
            message = f"{side} should name a table and a column, not {item.text or 'nothing'}"
            findings.add(node.line_of(side), where, message, _EXAMPLE)
        else:
            yield table, column


def _reference(
    node: Node, sources: list[tuple[str, str]], targets: list[tuple[str, str]], where: str, findings: Findings
) -> Reference | None:
    severity = _severity(node, where, findings)
    name = node.string("id") or _RULE
    if name in BUILT_IN:
        findings.add(node.line_of("id"), where, f"{name} is the name of a rule that every contract has", "give it another id")
    if not sources or not targets:
        return None
    if len({t for t, _ in targets}) != 1 or len(sources) != len(targets):
        findings.add(node.line_of("to"), where, "from and to should have as many columns, those of to in one table", _EXAMPLE)
        return None
    return Reference(name, tuple(c for _, c in sources), targets[0][0], tuple(c for _, c in targets), severity)


def _severity(node: Node, where: str, findings: Findings) -> Severity:
    severity = Severity.WARNING
    for custom in node["customProperties"].items:
        word, value = custom.string("property"), custom.string("value")
        if word != "severity":
            findings.add(custom.line, where, f"{word} is not a word of Tidegate here", "a relationship may have a severity")
        elif value not in tuple(Severity):
            findings.add(custom.line, where, f"the severity {value} is not known", "one of error, warning")
        else:
            severity = Severity(value)
    return severity


def _check(
    reference: Reference, tables: set[str], own: str, columns: Sequence[Column], node: Node, where: str, findings: Findings
) -> None:
    known = {c.name: c for c in columns}
    if own and tables != {own}:
        findings.add(node.line_of("from"), where, "from names another table than the contract's", f"from: {own}.…")
    for name in reference.columns:
        column = known.get(name)
        if column is None:
            findings.add(node.line, where, f"from names {name}, which is no column", suggest(name, known))
        elif column.privacy not in {Privacy.KEEP, Privacy.TOKENISE} or column.privacy_when is not None:
            message = f"{name} cannot refer to anything: the table does not hold its values"
            findings.add(node.line, where, message, "tokenise it here and there: equal values give equal tokens")
    if reference.table == own:
        for name in reference.to:
            if name not in known:
                findings.add(node.line_of("to"), where, f"to names {name}, which is no column", suggest(name, known))
