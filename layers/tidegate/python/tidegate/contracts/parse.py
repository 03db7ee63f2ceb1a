"""Contract text in, frozen contract out, or every finding at once."""

import functools
import hashlib
import re
from collections.abc import Iterable
from dataclasses import replace

from tidegate.contracts.columns import MAX_NAME, SNAKE, read_columns
from tidegate.contracts.contract import JSON_KINDS, Column, Contract, Format, Kind, LoadMode, Privacy, SchemaDrift, When
from tidegate.contracts.customs import Customs, read_customs
from tidegate.contracts.document import Node, read_document
from tidegate.contracts.findings import Findings, suggest
from tidegate.contracts.landing import read_sheet
from tidegate.contracts.odcs import check_standard
from tidegate.contracts.quality import read_row_count, read_rules
from tidegate.contracts.relationships import read_references
from tidegate.contracts.rules import Rules
from tidegate.contracts.servers import check_paths, read_server
from tidegate.contracts.sla import read_service_levels
from tidegate.contracts.support import refuse_unsupported
from tidegate.contracts.vocabulary import CONTRACT_WORDS

_VERSION = re.compile(r"(?:0|[1-9][0-9]{0,8})(?:\.(?:0|[1-9][0-9]{0,8})){2}\Z")
_DRIFT_TYPES = {
    "string": Kind.STRING,
    "integer": Kind.INTEGER,
    "number": Kind.DOUBLE,
    "boolean": Kind.BOOLEAN,
    "date": Kind.DATE,
    "timestamp": Kind.TIMESTAMP,
    "time": Kind.TIME,
}
_STATUS = ("proposed", "draft", "active", "deprecated", "retired")


@functools.lru_cache(maxsize=64)  # a warm Lambda meets the same few contracts again and again
def parse_contract(text: str, source: str) -> Contract:
    """Read an ODCS contract; `source` names it in messages.

    Raises:
        ContractInvalid: with every finding, each with its line.
    """
    findings = Findings(source)
    document = read_document(text, findings)
    if document is None:
        findings.check()
        raise AssertionError(source)  # no document without a finding
    check_standard(document, findings)
    contract = _contract(document, hashlib.sha256(text.encode()).hexdigest(), findings)
    findings.check()
    return contract


def _contract(document: Node, digest: str, findings: Findings) -> Contract:
    domain, name = _identity(document, findings)
    customs = read_customs(document, CONTRACT_WORDS, "customProperties", findings)
    schema, path = _schema(document, f"{domain}_{name}" if domain else "", findings)
    columns = read_columns(schema, path, findings) if schema else ()
    mode = customs.text("loadMode")
    columns, rules = read_rules(schema, columns, mode, path, findings) if schema else (columns, Rules())
    if mode is None and not any(e.string("property") == "loadMode" for e in document["customProperties"].items):
        hint = "customProperties: [{property: loadMode, value: upsert}]"
        findings.add(document.line_of("customProperties"), "customProperties", "loadMode is missing", hint)
    own = f"{domain}_{name}" if domain else ""
    references = read_references(schema, columns, own, path, findings) if schema else ()
    freshness, every = read_service_levels(document, columns, customs.text("orderBy"), findings)
    server = read_server(document, f"s3://landing/{domain}/{name}/" if domain else "", customs, findings)
    if server.format is Format.JSON and schema:
        check_paths(schema, path, columns, server.json, findings)
    _check_key(document, mode, columns, findings)
    _check_order(document, customs, columns, findings)
    return Contract(
        domain=domain,
        name=name,
        version=_version(document, findings),
        sha256=digest,
        columns=columns,
        load_mode=LoadMode(mode or LoadMode.APPEND),
        order_by=customs.text("orderBy"),
        schema_drift=SchemaDrift(customs.text("schemaDrift") or SchemaDrift.EVOLVE),
        null_values=customs.texts("nullValues"),
        max_shrink=customs.number("maxShrink"),
        attempts=customs.whole("attempts") or 3,
        batch_window=customs.whole("batchWindow"),
        delete_when=_delete_when(document, customs, mode, columns, findings),
        drift_types=_drift_types(customs, findings),
        keeps_raw=customs.text("quarantineRaw") != "none",
        sort_by=_sort_by(document, customs, columns, findings),
        target_file_mb=customs.whole("targetFileMegabytes"),
        crawl=customs.true("crawl"),
        csv=server.csv,
        format=server.format,
        json=server.json,
        sheet=read_sheet(customs, server.format, findings),
        row_count=read_row_count(schema, path, findings) if schema else None,
        rules=replace(rules, references=references, freshness=freshness, every=every),
        description=_description(document),
    )


def _identity(document: Node, findings: Findings) -> tuple[str, str]:
    """Return domain and name; empty when the id does not say them, so that nothing is compared with them."""
    status = document.string("status", "active")
    if status not in _STATUS:
        findings.add(document.line_of("status"), "status", f"the status {status} is not known", suggest(status, _STATUS))
    if document.string("apiVersion").startswith("v2"):
        findings.add(document.line_of("apiVersion"), "apiVersion", "version 2 of the standard is not supported", "v3.2.0")
    written = document.string("id")
    domain, _, name = written.partition(".")
    if not all(SNAKE.match(word) and len(word) <= MAX_NAME for word in (domain, name)):
        if written:
            hint = "lower-case words joined by _, such as healthcare.patients"
            findings.add(document.line_of("id"), "id", f"the id {written} is not <domain>.<name>", hint)
        return "", ""
    for field, expected in (("domain", domain), ("name", name)):
        if field in document and document.string(field) != expected:
            findings.add(document.line_of(field), field, f"the {field} is not the one in the id", f"{field}: {expected}")
    return domain, name


def _version(document: Node, findings: Findings) -> str:
    version = document.string("version")
    if version and not _VERSION.match(version):
        findings.add(document.line_of("version"), "version", f"the version {version} is not three numbers", "such as 1.0.0")
    return version


def _schema(document: Node, table: str, findings: Findings) -> tuple[Node | None, str]:
    objects = document["schema"].items
    if len(objects) != 1:
        hint = f"schema: [{{name: {table or '<domain>_<name>'}, logicalType: object, properties: […]}}]"
        findings.add(document.line_of("schema"), "schema", f"a contract has exactly one table, not {len(objects)}", hint)
        return None, "schema"
    schema, path = objects[0], f"schema[{objects[0].label(0)}]"
    if schema.kind != "mapping":
        return None, path
    refuse_unsupported("schema", schema, path, findings)
    if "name" in schema and table and schema.string("name") != table:
        findings.add(schema.line_of("name"), path, "the table is named after the id", f"name: {table}")
    return schema, path


def _check_key(document: Node, mode: str | None, columns: Iterable[Column], findings: Findings) -> None:
    keys = [c for c in columns if c.primary_key]
    line = document.line_of("schema")
    if mode == LoadMode.UPSERT and columns and not keys:
        findings.add(line, "schema", "loadMode upsert needs a primary key", "primaryKey: true on its columns, or loadMode append")
    if mode == LoadMode.APPEND and keys:
        message = f"loadMode append keeps every row, so the primary key ({keys[0].name}) cannot hold"
        findings.add(line, "schema", message, "loadMode upsert, or required: true instead of primaryKey")


def _check_order(document: Node, customs: Customs, columns: tuple[Column, ...], findings: Findings) -> None:
    order = customs.text("orderBy")
    if order is None:
        return
    line, named = customs.line("orderBy", document.line), {c.name: c for c in columns}
    if order not in named:
        findings.add(line, "customProperties[orderBy]", f"orderBy names {order}, which is no column", suggest(order, named))
    elif named[order].privacy is not Privacy.KEEP:
        message = f"orderBy names {order}, whose order is lost by privacy {named[order].privacy}"
        findings.add(line, "customProperties[orderBy]", message, "use a column that is kept")
    elif named[order].type.kind in {Kind.BOOLEAN, *JSON_KINDS}:
        kind = named[order].type.kind
        findings.add(line, "customProperties[orderBy]", f"orderBy names {order}, a {kind}", "use a timestamp or a number")


def _sort_by(document: Node, customs: Customs, columns: tuple[Column, ...], findings: Findings) -> tuple[str, ...]:
    written, named = customs.texts("sortBy"), {c.name: c for c in columns}
    line, where = customs.line("sortBy", document.line), "customProperties[sortBy]"
    for name in written:
        if name not in named:
            findings.add(line, where, f"sortBy names {name}, which is no column", suggest(name, named))
        elif not named[name].stored:
            findings.add(line, where, f"sortBy names {name}, which no table has by privacy drop", "use a column that is kept")
    return written


def _drift_types(customs: Customs, findings: Findings) -> tuple[tuple[str, Kind], ...]:
    where, line = "customProperties[driftTypes]", customs.line("driftTypes", 0)
    written = customs.pairs("driftTypes")
    if written and (customs.text("schemaDrift") or SchemaDrift.EVOLVE) != SchemaDrift.EVOLVE:
        findings.add(line, where, f"schemaDrift {customs.text('schemaDrift')} brings no columns", "schemaDrift evolve")
    for pattern, logical in written:
        if logical not in _DRIFT_TYPES:
            findings.add(line, where, f"{logical}, the type of {pattern}, is not supported here", suggest(logical, _DRIFT_TYPES))
    return tuple((pattern, _DRIFT_TYPES[logical]) for pattern, logical in written if logical in _DRIFT_TYPES)


def _delete_when(
    document: Node, customs: Customs, mode: str | None, columns: tuple[Column, ...], findings: Findings
) -> When | None:
    node = customs.values.get("deleteWhen")
    if node is None:
        return None
    where, named = "customProperties[deleteWhen]", {c.name: c for c in columns}
    column, line = node.string("column"), customs.line("deleteWhen", document.line)
    if mode not in {None, LoadMode.UPSERT}:  # none at all is a finding of its own
        findings.add(line, where, f"loadMode {mode} has no keys that a row could delete", "loadMode upsert")
    if column not in named:
        findings.add(line, where, f"deleteWhen names {column}, which is no column", suggest(column, named))
    elif named[column].type.kind is not Kind.STRING or named[column].from_key is not None:
        findings.add(line, where, f"deleteWhen names {column}, which is no text column of the file", "logicalType: string")
    elif named[column].primary_key or named[column].privacy is not Privacy.KEEP:
        findings.add(line, where, f"deleteWhen names {column}, which is part of the key or masked", "use a column that is kept")
    when = When(column, tuple(item.text for item in node["values"].items))
    if column in named:
        _check_reachable(when, named[column], customs.texts("nullValues"), line, findings)
    return when


def _check_reachable(when: When, column: Column, nulls: tuple[str, ...], line: int, findings: Findings) -> None:
    """A value that the column cannot have would delete nothing, and nobody would notice."""
    where = "customProperties[deleteWhen]"
    for value in when.values:
        if value in {*nulls, *column.null_values}:
            findings.add(line, where, f"deleteWhen has {value}, which means null in {column.name}", "take it out of nullValues")
        elif column.valid_values and value not in column.valid_values:
            hint = suggest(value, column.valid_values)
            findings.add(line, where, f"deleteWhen has {value}, which is no valid value of {column.name}", hint)


def _description(document: Node) -> str:
    described = document["description"]
    return " ".join(described.string("purpose").split())
