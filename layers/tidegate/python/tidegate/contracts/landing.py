"""The format of a dataset's files, and what a contract may say about it."""

from tidegate.contracts.contract import Format
from tidegate.contracts.customs import Customs
from tidegate.contracts.document import Node
from tidegate.contracts.findings import Findings, suggest

_ONLY_TEXT = ("delimiter", "encoding")


def read_format(server: Node, path: str, findings: Findings) -> Format:
    """Return the server's format; fields that only a text file has are findings beside another one."""
    written = server.string("format")
    if written not in tuple(Format):
        findings.add(server.line_of("format"), path, f"the format {written} is not supported", suggest(written, tuple(Format)))
        return Format.CSV
    format_ = Format(written)
    for field in _ONLY_TEXT:
        if format_ is not Format.CSV and field in server:
            findings.add(server.line_of(field), path, f"a {format_} file has no {field}", f"leave {field} out")
    return format_


def read_sheet(customs: Customs, format_: Format, findings: Findings) -> str:
    """Return the worksheet to read; empty for the first."""
    sheet = customs.text("sheet")
    if sheet is not None and format_ is not Format.EXCEL:
        where = "customProperties[sheet]"
        findings.add(customs.line("sheet", 0), where, f"a {format_} file has no worksheets", "leave sheet out, or format: xlsx")
    return sheet or ""
