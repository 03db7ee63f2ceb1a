"""A JSON text read piece by piece: a few values at a time are held, never the file.

A value's end is certain when Python's scanner finds it, or, for a value that is no JSON, when its quotes and brackets close. Where it
is not certain the file is refused, so that no record swallows its neighbours.
"""

import codecs
import re
from collections.abc import Iterator

from tidegate.engine.json_values import Scanner, Value, nests_too_deep
from tidegate.errors import FileRefused

MAX_HELD = 1 << 25
"""Characters of one value that are held in memory before its file is refused."""
_SPACE = re.compile(r"[ \t\r\n]*")
#: The next bracket (or comma) outside of texts; a quote where a text is not closed; nothing at the end.
_BRACKET = re.compile(r'(?>(?:[^"\[\]{}]++|"(?>(?:[^"\\]++|\\.)*)")*)([\[\]{}"]|\Z)', re.DOTALL)
_BRACKET_OR_COMMA = re.compile(r'(?>(?:[^"\[\]{},]++|"(?>(?:[^"\\]++|\\.)*)")*)([\[\]{},"]|\Z)', re.DOTALL)
_PAIRS = {"]": "[", "}": "{"}


def decoded(chunks: Iterator[bytes]) -> Iterator[str]:
    """UTF-8 as text; what is none of it as lone surrogates, which `json_values` finds again."""
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    for chunk in chunks:
        yield decoder.decode(chunk)
    yield decoder.decode(b"", final=True)


class Window:
    """The part of a text from `at` on; the text before `at` may be gone after any reading."""

    def __init__(self, chunks: Iterator[str], scanner: Scanner) -> None:
        """Start with the first piece."""
        self._chunks, self._scanner = chunks, scanner
        self.text, self.at, self._done = "", 0, False

    def fill(self) -> bool:
        """Read about as much again as is held; False at the end of the text.

        Raises:
            FileRefused: UNREADABLE, too much is held already.
        """
        if self._done:
            return False
        kept = [self.text[self.at :]]
        held, size = len(kept[0]), 0
        if held > MAX_HELD:
            message = f"a value does not end within {MAX_HELD >> 20} MiB: is a quote or bracket never closed?"
            raise FileRefused("UNREADABLE", message)
        while size <= held:
            chunk = next(self._chunks, None)
            if chunk is None:
                self._done = True
                break
            kept.append(chunk)
            size += len(chunk)
        self.text, self.at = "".join(kept), 0
        return size > 0

    def peek(self) -> str:
        """Go to the next character that is no space and return it; empty at the end of the text."""
        while True:
            self.at = _behind_space(self.text, self.at)
            if self.at < len(self.text):
                return self.text[self.at]
            if not self.fill():
                return ""

    def line(self) -> str | None:
        """Return the next line without its ending; None at the end of the text."""
        while (end := self.text.find("\n", self.at)) < 0:
            if not self.fill():
                rest, self.at = self.text[self.at :], len(self.text)
                return rest or None
        found, self.at = self.text[self.at : end], end + 1
        return found

    def take(self, *, inside: bool) -> tuple[str, Value, tuple[str, ...]]:
        """Read the value at `at`, which `peek` has found, and stand behind it.

        `inside` an array or object it ends before a comma or bracket. Return its text, the value, and the rules that it breaks; the rule
        `json` (or `nesting`) alone means that it is no JSON, but its end is certain.

        Raises:
            FileRefused: UNREADABLE, its end is not certain.
        """
        while True:
            value, end, rules = self._scanner.scan(self.text, self.at)
            behind = _behind_space(self.text, end) if end >= 0 else -1
            if behind == len(self.text) and self.fill():
                continue  # a number may go on
            if end >= 0 and (not inside or self.text[behind : behind + 1] in {",", "]", "}"}):
                raw, self.at = self.text[self.at : end], end
                return raw, value, rules
            border = _border(self.text, self.at) if inside else closing(self.text, self.at)
            if border == self.at:
                raise FileRefused("UNREADABLE", "a comma or bracket stands where a value should be")
            if border > 0:
                raw, self.at = self.text[self.at : border].rstrip(" \t\r\n"), border
                return raw, None, ("nesting" if nests_too_deep(raw) else "json",)
            if not self.fill():
                raise FileRefused(
                    "UNREADABLE", "the text ends inside a value: it was cut short, or a quote or bracket is not closed"
                )

    def elements(self) -> Iterator[None]:
        """Stand at each element of the array that `peek` has found; the caller takes it."""
        self.at += 1
        if self.peek() == "]":
            self.at += 1
            return
        while True:
            yield
            if self._next("]"):
                return

    def members(self) -> Iterator[str]:
        """Give each key of the object that `peek` has found and stand at its value; the caller takes it."""
        self.at += 1
        if self.peek() == "}":
            self.at += 1
            return
        while True:
            key = self._key()
            if self.peek() != ":":
                raise _broken()
            self.at += 1
            self.peek()
            yield key
            if self._next("}"):
                return

    def _next(self, end: str) -> bool:
        """Go behind the comma or the closing bracket; whether it is the bracket."""
        mark = self.peek()
        if mark not in {end, ","}:
            raise _broken()
        self.at += 1
        if mark == ",":
            self.peek()
        return mark == end

    def _key(self) -> str:
        while self.text[self.at : self.at + 1] == '"':
            key, end, _ = self._scanner.scan(self.text, self.at)
            if end >= 0:
                self.at = end
                return str(key)
            if not self.fill():
                break
        raise _broken()


def _broken() -> FileRefused:
    return FileRefused("UNREADABLE", "the text around the records is no JSON: send it as its writer made it")


def _behind_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def closing(text: str, at: int) -> int:
    """Return where the brackets close that a text opens at a place; -1 when they do not.

    Raises:
        FileRefused: UNREADABLE, a bracket is closed by one of another kind.
    """
    return _end(text, at, whole=True)


def _border(text: str, at: int) -> int:
    """Return where the comma or bracket is that ends an element, whatever is in it; -1 when it is not in this text."""
    return _end(text, at, whole=False)


def _end(text: str, at: int, *, whole: bool) -> int:
    opened: list[str] = []
    for match in (_BRACKET if whole else _BRACKET_OR_COMMA).finditer(text, at):
        mark = match[1]
        if not mark or mark == '"':
            return -1
        if mark in "[{":
            opened.append(mark)
        elif not opened and not whole:
            return match.start(1)
        elif mark != ",":
            if not opened or opened.pop() != _PAIRS[mark]:
                raise FileRefused(
                    "UNREADABLE", "a bracket is closed by one of another kind: the borders of records are not certain"
                )
            if whole and not opened:
                return match.end()
    return -1
