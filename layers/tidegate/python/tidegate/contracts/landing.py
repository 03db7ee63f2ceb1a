"""What a contract may say about files that are no text."""

from tidegate.contracts.contract import Format
from tidegate.contracts.customs import Customs
from tidegate.contracts.document import Node
from tidegate.contracts.findings import Findings

_ONLY_TEXT = ("delimiter", "encoding")


def refuse_text_fields(server: Node, format_: Format, path: str, findings: Findings) -> None:
    """Record fields of the server that only text files have."""
    for field in _ONLY_TEXT:
        if field in server:
            findings.add(server.line_of(field), path, f"a {format_} file has no {field}", f"leave {field} out")


def read_sheet(customs: Customs, format_: Format, findings: Findings) -> str:
    """Return the worksheet to read; empty for the first."""
    sheet = customs.text("sheet")
    if sheet is not None and format_ is not Format.EXCEL:
        where = "customProperties[sheet]"
        findings.add(customs.line("sheet", 0), where, f"a {format_} file has no worksheets", "leave sheet out, or format: xlsx")
    return sheet or ""
