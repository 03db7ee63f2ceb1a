"""What becomes of a column's source before it is typed: expression, value map, default, constant, and how numbers are written."""

from dataclasses import dataclass

from tidegate.contracts.contract import JSON_KINDS, NUMBER_KINDS, Column, ColumnType, Kind
from tidegate.contracts.customs import Customs
from tidegate.contracts.document import Node
from tidegate.contracts.findings import Findings, one_of, suggest
from tidegate.contracts.odcs import below
from tidegate.contracts.readable import is_readable
from tidegate.contracts.syntax import LogicInvalid
from tidegate.contracts.terms import Sort, Term
from tidegate.contracts.transform import read_logic

_STAMPS = frozenset({Kind.TIMESTAMP, Kind.TIMESTAMPTZ})
#: Kinds of columns that an expression may fill, by what it gives; a text may fill every one.
_FILLS = {
    Sort.NUMBER: NUMBER_KINDS | {Kind.STRING},
    Sort.CONDITION: {Kind.BOOLEAN, Kind.STRING},
    Sort.DATE: {Kind.DATE, Kind.STRING},
    Sort.TIMESTAMP: _STAMPS | {Kind.STRING},
    Sort.TIME: {Kind.TIME, Kind.STRING},
}
_LITERALS = ("date", "timestamp", "time", "negative")  # how a value that is no text or number is written
_TYPED = {Sort.NUMBER: "integer or number", Sort.CONDITION: "boolean"}


@dataclass(frozen=True, slots=True)
class Mapping:
    """The fields of a Column of the same names."""

    expression: Term | None = None
    constant: str | None = None
    value_map: tuple[tuple[str, str], ...] = ()
    value_map_keeps: bool = False
    default: str | None = None
    decimal_comma: bool = False
    thousands: str = ""


def read_mapping(
    node: Node,
    type_: ColumnType,
    formats: tuple[str, ...],
    sources: tuple[str, ...],
    customs: Customs,
    path: str,
    findings: Findings,
) -> Mapping:
    """Return how a column is made; `sources` are the header names that its expression may use."""
    mapping = Mapping(
        expression=_expression(node, sources, path, findings),
        constant=customs.text("constant"),
        value_map=customs.pairs("valueMap"),
        value_map_keeps=customs.text("valueMapElse") == "keep",
        default=customs.text("default"),
        decimal_comma=customs.true("decimalComma"),
        thousands=customs.text("thousands") or "",
    )
    _check_together(node, customs, path, findings)
    _check_numbers(node, type_.kind, mapping, customs, path, findings)
    _check_result(node, type_, formats, mapping, path, findings)
    _check_texts(type_, formats, mapping, customs, path, findings)
    return mapping


def _expression(node: Node, sources: tuple[str, ...], path: str, findings: Findings) -> Term | None:
    written, line, where = node["transformLogic"], node.line_of("transformLogic"), below(path, "transformLogic")
    if written.kind != "text":  # what is written and no text is the standard's finding
        return None
    try:
        term = read_logic(written.text, sources)
    except LogicInvalid as invalid:
        findings.add(line, where, invalid.message, invalid.hint)
        return None
    if sources and not term.sources:
        findings.add(line, where, "uses no source column", "customProperties: [{property: constant, value: …}]")
        return None
    for part in term:
        if part.terms and not part.sources and part.op not in _LITERALS:
            message = f"has a part without a source column ({part.op}), which is always the same"
            findings.add(line, where, message, "write its value, or take it out")
    for source in sources:
        if source not in term.sources:
            hint = "use it, or take it out of transformSourceObjects"
            findings.add(line, where, f"does not use the source column {source}", hint)
    return term


def _check_together(node: Node, customs: Customs, path: str, findings: Findings) -> None:
    """Words that say different things about where the value is from, or leave each other without effect."""
    written = set(customs.values) | {n for n in ("transformLogic", "transformSourceObjects") if n in node}
    written |= {n for n in ("required", "primaryKey") if node.true(n)}
    exclusive = {
        "constant": ("fromKey", "transformLogic", "transformSourceObjects", "default", "valueMap", "nullValues"),
        "fromKey": ("transformLogic", "default", "valueMap"),
        "default": ("required", "primaryKey"),
    }
    hints = {"required": "a column with a default is never null", "primaryKey": "rows without a key would become one"}
    for word, others in exclusive.items():
        for other in others:
            if {word, other} <= written:
                line = customs.line(word, node.line_of(other))
                findings.add(line, path, f"{word} and {other} exclude each other", hints.get(other, "keep one of them"))
    if "valueMapElse" in written and "valueMap" not in written:
        findings.add(customs.line("valueMapElse", node.line), path, "valueMapElse has no effect without valueMap", "add valueMap")


def _check_numbers(node: Node, kind: Kind, mapping: Mapping, customs: Customs, path: str, findings: Findings) -> None:
    calls = {part.op for part in mapping.expression or ()}
    if "transformLogic" in node and mapping.expression is None:
        return  # it has a finding of its own
    for word, marks in (("decimalComma", kind in NUMBER_KINDS - {Kind.INTEGER}), ("thousands", kind in NUMBER_KINDS)):
        if word in customs.values and not ("number" in calls if mapping.expression else marks):
            where = "an expression that calls number(…)" if mapping.expression else "a number"
            findings.add(customs.line(word, node.line), path, f"{word} has no effect here", f"it is for {where}")
    if mapping.thousands == ("," if mapping.decimal_comma else "."):
        hint = "decimalComma: true" if mapping.thousands == "." else 'thousands: "."'
        findings.add(customs.line("thousands", node.line), path, "thousands and decimals have one separator", hint)


def _check_result(node: Node, type_: ColumnType, formats: tuple[str, ...], mapping: Mapping, path: str, findings: Findings) -> None:
    """Whether what the expression gives can fill the column."""
    term, line, where = mapping.expression, node.line_of("transformLogic"), below(path, "transformLogic")
    if term is None or term.sort is Sort.TEXT:
        return
    if type_.kind not in _FILLS[term.sort] and not mapping.value_map:
        hint = f"logicalType: {_TYPED.get(term.sort, term.sort)}"
        findings.add(line, where, f"gives a {term.sort}, but the column is a {type_.kind}", hint)
    elif formats:
        findings.add(line, where, f"gives a {term.sort}, so that the column's formats have no effect", "take them out")
    elif term.sort is Sort.TIMESTAMP and type_.kind is Kind.TIMESTAMPTZ:
        if not node["logicalTypeOptions"].string("defaultTimezone"):
            hint = "logicalTypeOptions: {timezone: true, defaultTimezone: Europe/Berlin}"
            findings.add(line, where, "gives a local time, and the column has no defaultTimezone", hint)
    elif term.op == "/" and type_.kind in {Kind.INTEGER, Kind.DECIMAL}:
        hint = f"round(…, {type_.scale})"
        findings.add(line, where, "ends with a division, which seldom has so few digits", hint)


def _check_texts(
    type_: ColumnType, formats: tuple[str, ...], mapping: Mapping, customs: Customs, path: str, findings: Findings
) -> None:
    """Every text that the contract itself puts into the column has to be of its type."""
    written = [("constant", mapping.constant), ("default", mapping.default), *(("valueMap", v) for _, v in mapping.value_map)]
    spelled = type_.kind in NUMBER_KINDS and (mapping.decimal_comma or mapping.thousands) and mapping.expression is None
    for word, text in written:
        if text is not None and not formats and not spelled and not is_readable(type_, text):
            findings.add(customs.line(word, 0), path, f"{word} has {text}, which is no {type_.kind}", "write it as a file would")


def check_valid(node: Node, column: Column, path: str, findings: Findings) -> None:
    """Record texts of the contract that its own list of valid values would refuse."""
    written = [("constant", column.constant), ("default", column.default), *(("valueMap", v) for _, v in column.value_map)]
    for word, text in written:
        if column.valid_values and text is not None and text not in column.valid_values:
            hint = suggest(text, column.valid_values) or one_of(column.valid_values)
            line = next((e["value"].line for e in node["customProperties"].items if e.string("property") == word), node.line)
            findings.add(line, path, f"{word} has {text}, which is no valid value", hint)


def check_key(node: Node, kind: Kind, path: str, findings: Findings) -> None:
    """Record a key that has no text of its own to compare."""
    if kind in JSON_KINDS and node.true("primaryKey"):
        findings.add(node.line_of("primaryKey"), path, f"an {kind} cannot be a key", "the same value may be written in many ways")
