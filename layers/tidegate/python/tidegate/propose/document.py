"""The proposal as YAML text, each decision with its evidence as a comment."""

import re
import textwrap
from collections.abc import Iterable, Sequence

WIDTH = 128
_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./-]*(?: [A-Za-z0-9_./()-]+)*\Z")
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "none", "nan", "inf"})
_FLOW = re.compile(r"[\[\]{},#:&*!|>'\"%@`]")


def scalar(value: str) -> str:
    """A text as YAML reads it back: plain where every tool agrees, quoted otherwise."""
    if _PLAIN.match(value) and value.lower() not in _WORDS and not _FLOW.search(value):
        return value
    return quoted(value)


def quoted(value: str) -> str:
    """A text in double quotes."""
    return '"' + "".join(_escaped(c) for c in value) + '"'


def _escaped(c: str) -> str:
    if c in '"\\':
        return f"\\{c}"
    if c.isprintable():
        return c
    code = ord(c)
    return {"\t": "\\t", "\n": "\\n", "\r": "\\r"}.get(c) or (
        f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004 - by width
    )


def shown(name: str) -> str:
    """A header name as a comment may hold it: one line, printable."""
    longest = 60
    text = name if name.isprintable() and name == name.strip() else quoted(name)
    return text if len(text) <= longest else f"{text[:longest]}…"


def comment(text: str, indent: int = 0) -> str:
    """A comment, wrapped."""
    safe = "".join(c if c.isprintable() else " " for c in text)
    lead = " " * indent + "# "
    return "\n".join(
        textwrap.wrap(safe, WIDTH, initial_indent=lead, subsequent_indent=lead, break_on_hyphens=False, break_long_words=False)
    )


def item(parts: Sequence[str], indent: int) -> str:
    """A flow mapping as an item of a list, wrapped between its fields."""
    lines, line = [], " " * indent + "- {"
    for number, part in enumerate(parts):
        piece = part + ("}" if number == len(parts) - 1 else ",")
        if len(line) + len(piece) + 1 > WIDTH and not line.endswith("{"):
            lines.append(line.rstrip())
            line = " " * (indent + 3)
        line += piece if line.endswith("{") or not line.strip() else f" {piece}"
    return "\n".join([*lines, line.rstrip()])


def listed(values: Iterable[str]) -> str:
    """A flow list of texts, all of them quoted: none may turn into a number or a date."""
    return "[" + ", ".join(quoted(v) for v in values) + "]"


def names(values: Iterable[str]) -> str:
    """A flow list of names."""
    return "[" + ", ".join(scalar(v) for v in values) + "]"
