"""JSON texts as values that keep what was written: the digits of every number, and whatever makes a record unfit for a table.

A value is a str, a Number (its own text), True, False, None, a list or a dict.
"""

import json
import re
from collections.abc import Callable, Iterator
from json.encoder import encode_basestring
from typing import TypeAlias

from tidegate.engine.sources import MAX_RECORD_BYTES

Value: TypeAlias = "str | bool | list[Value] | dict[str, Value] | None"
MAX_DEPTH = 100
"""Levels of arrays and objects in a record, the record itself included."""


class Number(str):
    """A number as it is written."""

    __slots__ = ()


class Scanner:
    """Reads JSON values with Python's C scanner; not for several threads."""

    def __init__(self) -> None:
        """Hook into what the scanner would take silently."""
        self._faults: set[str] = set()
        decoder = json.JSONDecoder(
            object_pairs_hook=self._object, parse_float=Number, parse_int=Number, parse_constant=self._constant
        )
        self._scan: Callable[[str, int], tuple[Value, int]] = decoder.scan_once  # type: ignore[attr-defined]  # typeshed lacks it

    def scan(self, text: str, at: int) -> tuple[Value, int, tuple[str, ...]]:
        """Return the value that starts at a place, where it ends, and the rules that it breaks in itself; end -1: there is none."""
        try:
            value, end = self._scan(text, at)
        except (ValueError, StopIteration, RecursionError):
            self._faults.clear()
            return None, -1, ()
        if not self._faults:
            return value, end, ()
        faults = tuple(self._faults)
        self._faults.clear()
        return value, end, faults

    def _object(self, pairs: list[tuple[str, Value]]) -> dict[str, Value]:
        found = dict(pairs)
        if len(found) < len(pairs):
            self._faults.add("duplicate_key")
        return found

    def _constant(self, _: str) -> None:  # NaN, Infinity: Python's, not JSON's
        self._faults.add("json")


def rules_of(raw: str, value: Value) -> tuple[str, ...]:
    """Return the rules that a text and its value break, beside those that the scanner finds."""
    brackets = raw.count("[") + raw.count("{")
    if raw.isascii() and "\\u" not in raw and brackets <= MAX_DEPTH and len(raw) * 4 <= MAX_RECORD_BYTES:
        return ()
    rules = []
    if not _is_text(raw) or ("\\u" in raw and not all(map(_is_text, _texts(value)))):
        rules.append("encoding")
    if brackets > MAX_DEPTH and _too_deep(value):
        rules.append("nesting")
    if too_long(raw):
        rules.append("line_length")
    return tuple(rules)


def too_long(raw: str) -> bool:
    """Whether a record has more bytes than a row may come from."""
    return len(raw) * 4 > MAX_RECORD_BYTES and len(raw.encode("utf-8", "surrogateescape")) > MAX_RECORD_BYTES


def nests_too_deep(raw: str) -> bool:
    """Whether a text that the scanner gave up on could be one that it cannot descend into."""
    depth = deepest = 0
    for mark in re.finditer(r'"(?>(?:[^"\\]++|\\.)*)"|[\[\]{}]', raw, re.DOTALL):
        if mark[0] in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif mark[0] in "]}":
            depth -= 1
    return deepest > MAX_DEPTH


def shown(raw: str) -> str:
    """Return a record's own text; bytes that are not UTF-8 as their hexadecimal escapes."""
    return raw if _is_text(raw) else raw.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def text_of(value: Value) -> str | None:
    """Return a value as the text that a column reads."""
    if value is None or isinstance(value, str):
        return value
    if value is True:
        return "true"
    return "false" if value is False else compact(value)


def compact(value: Value) -> str:
    """Return a value as JSON without blanks, its numbers as they were written."""
    return "".join(_pieces(value))


def _pieces(value: Value) -> Iterator[str]:
    if isinstance(value, dict):
        for number, (key, inner) in enumerate(value.items()):
            yield "," if number else "{"
            yield encode_basestring(key) + ":"
            yield from _pieces(inner)
        yield "}" if value else "{}"
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield "," if number else "["
            yield from _pieces(inner)
        yield "]" if value else "[]"
    elif isinstance(value, str) and not isinstance(value, Number):
        yield encode_basestring(value)
    else:
        yield "null" if value is None else text_of(value) or ""


def _is_text(text: str) -> bool:
    """Whether a table can hold a text: no lone surrogate, no NUL."""
    if "\0" in text:
        return False
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _inner(value: Value) -> list[Value]:
    return list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []


def _texts(value: Value) -> Iterator[str]:
    """Every key and text of a value."""
    waiting = [value]
    while waiting:
        found = waiting.pop()
        if isinstance(found, str):
            yield found
        elif isinstance(found, dict):
            yield from found
        waiting += _inner(found)


def _too_deep(value: Value) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [inner for outer in level for inner in _inner(outer) if isinstance(inner, dict | list)]
        if not level:
            return False
    return True
