"""Numbers as their file writes them, and JSON."""

import json

from tests.reference.numbers import digits_only, unsigned
from tidegate.contracts.contract import Column, Kind

GROUP = 3


def plain_notation(column: Column, text: str) -> str | None:
    """A number with the column's decimal comma and thousands separators as a number with a point; None when they stand elsewhere."""
    if not column.decimal_comma and not column.thousands:
        return text
    rest = unsigned(text)
    sign = text[: len(text) - len(rest)]
    exponent = ""
    if column.type.kind is Kind.DOUBLE and "e" in rest.lower():
        at = rest.lower().index("e")
        rest, exponent = rest[:at], rest[at:]
    whole, point, fraction = rest.partition("," if column.decimal_comma else ".")
    if column.thousands and column.thousands in whole:
        first, *others = whole.split(column.thousands)
        if not 1 <= len(first) <= GROUP or any(len(group) != GROUP for group in others):
            return None
        whole = "".join([first, *others])
    if not digits_only(whole) or not digits_only(fraction):
        return None
    return f"{sign}{whole}{'.' if point else ''}{fraction}{exponent}"


def json_text(text: str, opening: str) -> str | None:
    """A JSON array or object without blanks between its parts."""
    try:
        value = json.loads(text, parse_constant=refuse, object_pairs_hook=list)
        json.dumps(value, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except (ValueError, RecursionError):
        return None
    compact = without_blanks(text)
    return compact if compact[0] == opening else None


def refuse(word: str) -> None:
    raise ValueError(word)


def without_blanks(text: str) -> str:
    kept, at = "", 0
    while at < len(text):
        end = at + 1
        if text[at] == '"':
            while text[end] != '"':
                end += 2 if text[end] == "\\" else 1
            end += 1
        kept += text[at:end] if text[at] not in " \t\r\n" else ""
        at = end
    return kept
