"""The columns of a contract."""

import re

from tidegate.contracts.column_types import read_options, read_type
from tidegate.contracts.contract import Column, ColumnType, Kind
from tidegate.contracts.customs import Customs, read_customs
from tidegate.contracts.document import Node
from tidegate.contracts.findings import Findings, suggest
from tidegate.contracts.mappings import check_key, read_mapping
from tidegate.contracts.odcs import below
from tidegate.contracts.partitions import read_partition
from tidegate.contracts.patterns import check_pattern
from tidegate.contracts.privacy import read_protection
from tidegate.contracts.support import refuse_unsupported
from tidegate.contracts.vocabulary import COLUMN_WORDS

SNAKE = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*\Z")
MAX_NAME = 120
_POSITIONS = (
    ("primaryKeyPosition", "primaryKey", "the key", "has"),
    ("partitionKeyPosition", "partitioned", "the partitions", "have"),
)


def read_columns(schema: Node, path: str, findings: Findings) -> tuple[Column, ...]:
    """Return the columns in the contract's order."""
    nodes = schema["properties"]
    if nodes.kind in {"list", "absent"} and not nodes.items:
        findings.add(schema.line_of("properties"), path, "the contract has no columns", "add properties:")
    places = [(node, f"{path}.properties[{node.label(number)}]") for number, node in enumerate(nodes.items)]
    columns = tuple(_column(node, where, findings) for node, where in places if node.kind == "mapping")
    if len(columns) == len(places):
        _check_names(columns, places, findings)
        _check_conditions(columns, places, findings)
        _check_positions(places, findings)
    return columns


def _column(node: Node, path: str, findings: Findings) -> Column:
    refuse_unsupported("column", node, path, findings)
    customs = read_customs(node, COLUMN_WORDS, below(path, "customProperties"), findings)
    kind_of = read_type(node, path, findings)
    if kind_of is None:  # nothing else about it can be judged
        return Column(node.string("name"), ColumnType(Kind.STRING), _sources(node, customs, path, findings))
    kind = kind_of.kind
    options = read_options(node, kind, customs, path, findings)
    protection = read_protection(node, kind, customs, path, findings)
    sources = _sources(node, customs, path, findings)
    mapping = read_mapping(node, kind_of, options.formats, sources, customs, path, findings)
    check_key(node, kind, path, findings)
    return Column(
        name=node.string("name"),
        type=kind_of,
        sources=sources,
        from_key=customs.text("fromKey"),
        expression=mapping.expression,
        constant=mapping.constant,
        value_map=mapping.value_map,
        value_map_keeps=mapping.value_map_keeps,
        default=mapping.default,
        decimal_comma=mapping.decimal_comma,
        thousands=mapping.thousands,
        formats=options.formats,
        default_timezone=options.default_timezone,
        null_values=customs.texts("nullValues"),
        required=node.true("required"),
        primary_key=node.true("primaryKey"),
        classification=protection.classification,
        privacy=protection.privacy,
        privacy_when=protection.when,
        privacy_by=protection.by,
        pattern=options.pattern,
        min_length=options.min_length,
        max_length=options.max_length,
        minimum=options.minimum,
        maximum=options.maximum,
        exclusive_minimum=options.exclusive_minimum,
        exclusive_maximum=options.exclusive_maximum,
        description=" ".join(node.string("description").split()),
        partition=read_partition(node, kind, protection.privacy, customs, path, findings),
    )


def _sources(node: Node, customs: Customs, path: str, findings: Findings) -> tuple[str, ...]:
    """Return the accepted header names: as written, or the column's own name; none for a column from the key or a constant."""
    written, line = node["transformSourceObjects"], node.line_of("transformSourceObjects")
    pattern = customs.text("fromKey")
    if pattern is not None:
        for message, hint in check_pattern(pattern, groups=1):
            findings.add(customs.line("fromKey", line), path, f"fromKey {message}", hint)
        if written.items:
            findings.add(line, path, "fromKey and transformSourceObjects exclude each other", "keep one of them")
        return ()
    if "constant" in customs.values:
        return ()
    if "transformSourceObjects" not in node:
        return (node.string("name"),)
    if written.kind == "list" and not written.items:
        findings.add(
            line, path, "transformSourceObjects is empty", "name the source column, or take the field out if it has this name"
        )
    if any(item.kind == "text" and (not item.text or item.text != item.text.strip()) for item in written.items):
        findings.add(line, path, "a source column has a blank name or blanks around it", "write the header's name without them")
    return tuple(item.text for item in written.items if item.kind == "text")


def _check_names(columns: tuple[Column, ...], places: list[tuple[Node, str]], findings: Findings) -> None:
    names: dict[str, int] = {}
    sources: dict[str, str] = {}
    for column, (node, path) in zip(columns, places, strict=True):
        line = node.line_of("name")
        if column.name and (not SNAKE.match(column.name) or len(column.name) > MAX_NAME):
            hint = f"lower-case words joined by _, at most {MAX_NAME} characters"
            findings.add(line, below(path, "name"), f"the column name {column.name} is not snake case", hint)
        if column.name in names:
            findings.add(line, path, f"the column {column.name} is there twice, first on line {names[column.name]}", "rename one")
        names.setdefault(column.name, line)
        for source in () if "transformLogic" in node else column.sources:
            if source in sources:
                message = f"the source column {source} is taken by {sources[source]} already"
                hint = f"a source column feeds one column, and any number of them by transformLogic: '\"{source}\"'"
                findings.add(node.line_of("transformSourceObjects"), path, message, hint)
            sources.setdefault(source, column.name)


def _check_conditions(columns: tuple[Column, ...], places: list[tuple[Node, str]], findings: Findings) -> None:
    texts = {c.name for c in columns if c.type.kind is Kind.STRING and c.from_key is None}
    for column, (node, path) in zip(columns, places, strict=True):
        if column.privacy_when and column.privacy_when.column not in texts - {column.name}:
            message = f"privacyWhen names {column.privacy_when.column}, which is no other text column of the file"
            findings.add(node.line_of("customProperties"), path, message, suggest(column.privacy_when.column, texts))
        if column.privacy_by and (column.privacy_by not in texts or column.from_key is not None):
            message = f"privacyBy names {column.privacy_by}, which is no text column that comes from the file as this one does"
            findings.add(node.line_of("customProperties"), path, message, suggest(column.privacy_by, texts))


def _check_positions(places: list[tuple[Node, str]], findings: Findings) -> None:
    """The key and the partitions have the order of the columns: a position may be written, but has to say the same."""
    for field, flag, whole, have in _POSITIONS:
        members = [path for node, path in places if node.true(flag)]
        for node, path in places:
            position = node[field]
            if position.kind != "integer" or position.value == -1:
                continue
            rank = members.index(path) + 1 if path in members else -1
            if position.value != rank:
                hint = f"{whole} {have} the order of the columns" if rank > 0 else f"{flag}: true"
                findings.add(node.line_of(field), path, f"the position in {whole} is {rank}, not {position.text}", hint)
