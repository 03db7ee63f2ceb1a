"""The records of a JSON file, in order: lines, elements of an array, or what the contract's `records` chooses in each document."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tidegate.contracts.json_paths import Each, Key, RecordsPath, keys_of
from tidegate.engine.json_values import Scanner, Value, nests_too_deep, rules_of, text_of
from tidegate.engine.json_window import MAX_HELD, Window, closing
from tidegate.errors import FileRefused

Scope = dict[str, Value]
_NO_JSON = ("json",)


@dataclass(slots=True)
class Found:
    """One record: its text, its value unless it breaks `rules`, and what it is in, the document first.

    A scope has the keys of an enclosing value that were read before the record was given, but nothing of the array that it is in.
    """

    raw: str
    value: Scope | None
    rules: tuple[str, ...] = ()
    scopes: tuple[Scope, ...] = ()


class Records:
    """Reads the records of one file. `ready` says of a record whether every key is there that its columns take from its scopes."""

    def __init__(self, chunks: Iterator[str], path: RecordsPath, delimiter: str, ready: Callable[[Found], bool] | None) -> None:
        """`ready` None: nothing is taken from scopes, and so nothing is kept of them."""
        self._scanner = Scanner()
        self._window = Window(chunks, self._scanner)
        self._path, self._delimiter, self._ready = path, delimiter, ready
        self._inner = keys_of(path.inner)
        self.met = not path.down
        """Whether any document has the array in which the records are."""
        self.documents = 0
        """Documents in which it was looked for."""
        self.left_out = 0
        """Records that do not have the texts that the contract chooses by."""

    def __iter__(self) -> Iterator[Found]:
        """Give every record that the contract chooses, and what cannot be one.

        Raises:
            FileRefused: EMPTY_FILE; UNREADABLE, the borders of records are not certain.
        """
        first = self._window.peek()
        if not first:
            raise FileRefused("EMPTY_FILE", "the file has no text: send it again, or [] if there is nothing to send")
        for found in self._all(first):
            if found.rules or not self._path.where or self._chosen(found.value):
                yield found
            else:
                self.left_out += 1

    def _chosen(self, value: Scope | None) -> bool:
        return value is not None and all(text_of(value.get(where.key)) == where.text for where in self._path.where)

    def _all(self, first: str) -> Iterator[Found]:
        window = self._window
        if self._delimiter == "new_line" or (first == "{" and not self._delimiter and self._line_is_whole()):
            yield from self._lines()
            return
        if self._delimiter == "array" and first != "[":
            raise FileRefused("UNREADABLE", "the file is no array, which delimiter: array promises: it has to start with [")
        if first == "[":
            for _ in window.elements():
                if self._path.down:
                    yield from self._document(window, inside=True)
                else:
                    yield self._judged(*window.take(inside=True), ())
        elif first == "{":
            yield from self._document(window, inside=False)
        else:
            raise FileRefused("UNREADABLE", "the file has no JSON objects: it has to start with { or [")
        if window.peek():
            message = "something stands behind the document: send one document on each line, or one array, or one document alone"
            raise FileRefused("UNREADABLE", message)

    def _line_is_whole(self) -> bool:
        """Whether the first line closes what it opens, or cannot be closed; one too long to be held is read as a document."""
        window = self._window
        while (end := window.text.find("\n", window.at)) < 0:
            if len(window.text) - window.at > MAX_HELD:
                return False
            if not window.fill():
                end = len(window.text)
                break
        length = end - window.at
        if length > MAX_HELD or (self._path.down and not window.text[end:].strip(" \t\r\n") and not window.fill()):
            return False  # the only document: its records need not be held together
        try:
            return closing(window.text[window.at : window.at + length], 0) > 0
        except FileRefused:  # as a document it is not readable, as a line it is one bad record
            return True

    def _lines(self) -> Iterator[Found]:
        while (line := self._window.line()) is not None:
            line = line.strip(" \t\r")
            if not line:
                continue
            if not self._path.down:
                value, end, rules = self._scanner.scan(line, 0)
                if end != len(line):
                    rules = ("nesting",) if nests_too_deep(line) else _NO_JSON
                yield self._judged(line, value, rules, ())
                continue
            try:
                found = list(self._only_document(line))
            except FileRefused:  # the line ends too early: its neighbours are not touched
                found = [Found(line, None, _NO_JSON)]
            yield from found

    def _only_document(self, line: str) -> Iterator[Found]:
        window = Window(iter((line,)), self._scanner)
        window.peek()
        yield from self._document(window, inside=False)
        if window.peek():
            raise FileRefused("UNREADABLE", "something stands behind the document")

    def _document(self, window: Window, *, inside: bool) -> Iterator[Found]:
        """The records of one document; while a key that they need is still to come they are held."""
        if not self._path.down:
            yield self._judged(*window.take(inside=inside), ())
            return
        if window.peek() != "{":
            raw, _, rules = window.take(inside=inside)
            yield Found(raw, None, rules or _NO_JSON)
            return
        self.documents += 1
        held: list[Found] = []
        size, scope = 0, Scope()
        for found in self._down(window, self._path.down, scope, (scope,)):
            if self._ready is None or (not held and found.rules):
                yield found
                continue
            held.append(found)
            size += len(found.raw)
            if not found.rules and self._ready(found):
                yield from held
                held, size = [], 0
            elif size > MAX_HELD:
                message = f"a document has over {MAX_HELD >> 20} MiB of records before the keys that columns take from it by $ or ^"
                raise FileRefused("UNREADABLE", message)
        yield from held

    def _down(self, window: Window, steps: Sequence[Key | Each], scope: Scope, scopes: tuple[Scope, ...]) -> Iterator[Found]:
        """Go down to the records. `scope` takes what the present object has beside the way, `scopes` are its enclosing ones and it."""
        mark = window.peek()
        if isinstance(steps[0], Each) and mark == "[":
            self.met = True
            for _ in window.elements():
                if steps[1:]:
                    inner = Scope()
                    yield from self._down(window, steps[1:], inner, (*scopes, inner))
                else:
                    yield self._judged(*window.take(inside=True), scopes)
        elif isinstance(steps[0], Key) and mark == "{":
            yield from self._member(window, steps, scope, scopes)
        else:
            raw, value, rules = window.take(inside=True)
            if rules or value is not None:
                yield Found(raw, None, rules or ("records",))
            self.met = True

    def _member(self, window: Window, steps: Sequence[Key | Each], scope: Scope, scopes: tuple[Scope, ...]) -> Iterator[Found]:
        way, seen = steps[0], set()
        for key in window.members():
            if key in seen:
                raise FileRefused("UNREADABLE", "a document has a key twice around its records")
            seen.add(key)
            if isinstance(way, Key) and key == way.name:
                inner = Scope() if isinstance(steps[1], Key) else scope
                if inner is not scope:
                    scope[key] = inner
                yield from self._down(window, steps[1:], inner, scopes)
                continue
            raw, value, rules = window.take(inside=True)
            if rules or rules_of(raw, value):
                raise FileRefused("UNREADABLE", "a value beside the records is no JSON that a table can hold")
            if self._ready is not None:
                scope[key] = value

    def _judged(self, raw: str, value: Value, rules: tuple[str, ...], scopes: tuple[Scope, ...]) -> Found:
        """Make a record of a value: the value itself, or what `records` leads to inside it."""
        if rules in {_NO_JSON, ("nesting",)} and value is None:
            return Found(raw, None, rules)
        broken = {*rules, *rules_of(raw, value)}
        if broken or not isinstance(value, dict):
            return Found(raw, None, tuple(sorted(broken if isinstance(value, dict) else {*broken, "json"})))
        for key in self._inner:
            scopes, inner = (*scopes, value), value.get(key)
            if not isinstance(inner, dict):
                return Found(raw, None, ("records",))
            value = inner
        return Found(raw, value, (), scopes)
