"""How CSV text is written: the words of a contract beside the server's delimiter and encoding."""

from tidegate.contracts.contract import CsvFormat
from tidegate.contracts.customs import Customs
from tidegate.contracts.findings import Findings
from tidegate.contracts.vocabulary import DIALECT_WORDS

_NONE = "none"


def read_dialect(customs: Customs, delimiter: str, encoding: str, findings: Findings) -> CsvFormat:
    """Return how fields are cut; characters that cannot be told apart are findings."""
    quote = customs.text("quote") or '"'
    quote = "" if quote == _NONE else quote
    escape = customs.text("escape") or quote
    comment = customs.text("comment") or ""
    used = {delimiter: "delimiter"}
    for word, mark in (("quote", quote), ("escape", escape), ("comment", comment)):
        if word not in customs.values or not mark:
            continue
        if len(mark) != 1 or not mark.isascii() or mark.isalnum() or not mark.isprintable() or mark == " ":
            _wrong(word, f"{mark!r} is not one sign", "one ASCII character that is no letter, digit or blank", customs, findings)
        elif mark in used and (word, used[mark]) != ("escape", "quote"):
            _wrong(word, f"{mark!r} is the {used[mark]} already", "choose another", customs, findings)
        used.setdefault(mark, word)
    if "escape" in customs.values and not quote:
        _wrong("escape", "has no effect without quotes", "take it out", customs, findings)
    header = "header" not in customs.values or customs.values["header"].value is True
    return CsvFormat(delimiter, quote, escape, encoding, header, comment, customs.whole("skipLines") or 0)


def refuse_dialect(customs: Customs, format_: str, findings: Findings) -> None:
    """Record words of CSV in the contract of another format."""
    for word in DIALECT_WORDS:
        if word in customs.values:
            _wrong(word, f"is for CSV files, not for {format_}", "take it out", customs, findings)


def _wrong(word: str, message: str, hint: str, customs: Customs, findings: Findings) -> None:
    findings.add(customs.line(word, 0), f"customProperties[{word}]", f"{word} {message}", hint)
