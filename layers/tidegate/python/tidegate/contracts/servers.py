"""The server of a contract: how the files are written, and what that means for the sources of columns."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from tidegate.contracts.contract import Column, CsvFormat, Format, JsonFormat
from tidegate.contracts.customs import Customs
from tidegate.contracts.dialects import read_dialect, refuse_dialect
from tidegate.contracts.document import Node
from tidegate.contracts.findings import Findings, one_of, suggest
from tidegate.contracts.json_paths import Origin, PathInvalid, parse_path, parse_records
from tidegate.contracts.landing import refuse_text_fields
from tidegate.contracts.support import refuse_unsupported
from tidegate.contracts.vocabulary import ENCODINGS, JSON_DELIMITERS

_NOT_DELIMITERS = frozenset('"\r\n\\ .-+') | frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
_HINT = "such as code.coding[0].code; a key with . [ ] ' = * $ or ^ in it as ['a.b']"


@dataclass(frozen=True, slots=True)
class Server:
    """How files are written."""

    format: Format = Format.CSV
    csv: CsvFormat = field(default_factory=CsvFormat)
    json: JsonFormat = field(default_factory=JsonFormat)


def read_server(document: Node, location: str, customs: Customs, findings: Findings) -> Server:
    """Return how the contract's files are written; `location` is where they have to be, empty when nobody knows."""
    servers = document["servers"].items
    if len(servers) != 1 or servers[0].kind != "mapping":
        hint = f'servers: [{{server: landing, type: s3, location: "{location}", format: csv}}]'
        findings.add(document.line_of("servers"), "servers", f"a contract has exactly one server, not {len(servers)}", hint)
        return Server()
    server, path = servers[0], f"servers[{servers[0].label(0)}]"
    refuse_unsupported("server", server, path, findings)
    for name, wanted in (("type", "s3"), ("location", location)):
        if wanted and server.string(name) != wanted:
            findings.add(server.line_of(name), path, f"the {name} has to be {wanted}", f"{name}: {wanted}")
    written = server.string("format")
    if written not in tuple(Format):
        findings.add(server.line_of("format"), path, f"the format has to be {one_of(Format)}", f"format: {Format.CSV}")
        return Server()
    if written != Format.CSV:
        refuse_dialect(customs, written, findings)
    if written in {Format.PARQUET, Format.EXCEL}:
        refuse_text_fields(server, Format(written), path, findings)
        return Server(Format(written))
    encoding = _encoding(server, path, findings)
    if written == Format.JSON:
        return Server(Format.JSON, CsvFormat(encoding=encoding), _json(server, path, customs, findings))
    if "records" in customs.values:
        line = customs.line("records", server.line)
        findings.add(line, "customProperties[records]", "records is for JSON files", "format: json, or take it out")
    delimiter = server.string("delimiter", ",")
    if len(delimiter) != 1 or delimiter in _NOT_DELIMITERS:
        hint = r'one of "," ";" "|" "\t"'
        findings.add(server.line_of("delimiter"), path, f"the delimiter {delimiter!r} cannot separate fields", hint)
    return Server(Format.CSV, read_dialect(customs, delimiter, encoding, findings))


def _encoding(server: Node, path: str, findings: Findings) -> str:
    written = server.string("encoding", "utf-8").lower()
    encoding = {"utf8": "utf-8", "iso-8859-1": "latin-1", "windows-1252": "cp1252"}.get(written, written)
    if encoding not in ENCODINGS:
        findings.add(server.line_of("encoding"), path, f"the encoding {encoding} is not supported", suggest(encoding, ENCODINGS))
    return encoding


def _json(server: Node, path: str, customs: Customs, findings: Findings) -> JsonFormat:
    delimiter, records = server.string("delimiter"), customs.text("records") or ""
    if "delimiter" in server and delimiter not in JSON_DELIMITERS:
        hint = f"{one_of(JSON_DELIMITERS)}; take it out where files show it themselves"
        findings.add(server.line_of("delimiter"), path, f"the delimiter {delimiter!r} does not separate JSON documents", hint)
    if records:
        try:
            parse_records(records)
        except PathInvalid as error:
            line = customs.line("records", server.line)
            hint = "such as entry[*].resource or data.items[*] or [type=order]"
            findings.add(line, "customProperties[records]", f"records {records} is no path: {error}", hint)
    return JsonFormat(delimiter, records)


def check_paths(schema: Node, path: str, columns: Iterable[Column], form: JsonFormat, findings: Findings) -> None:
    """Record every source of a column that is no path into a JSON record."""
    nodes = {node.string("name"): node for node in schema["properties"].items if node.kind == "mapping"}
    for column in columns:
        node = nodes[column.name]
        line, where = node.line_of("transformSourceObjects"), f"{path}.properties[{column.name}]"
        for source in column.sources:
            try:
                origin = parse_path(source).origin
            except PathInvalid as error:
                findings.add(line, where, f"the source {source} is no path: {error}", _HINT)
                continue
            if origin is not Origin.RECORD and not form.records:
                message = f"the source {source} leads out of the record, but the records are whole documents"
                findings.add(line, where, message, "say where the records are: records, or take out the prefix")
