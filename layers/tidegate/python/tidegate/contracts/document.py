"""YAML text as a tree that knows its lines.

Built from parser events, so that nothing is expanded and depth is bounded. Only what JSON can say is read: mappings, sequences and
plain values. Aliases and tags are refused, so are keys written twice, and words that YAML tools read in different ways (`no`).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

from tidegate.contracts.findings import Findings

MAX_CHARACTERS = 1_000_000
MAX_DEPTH = 20
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})\Z")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,40})?\Z")
_NULLS = ("", "~", "null", "Null", "NULL")
_WORDS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_AMBIGUOUS = re.compile(r"(?:y|yes|n|no|on|off)\Z", re.IGNORECASE)


@dataclass(slots=True)
class Node:
    """One value: a scalar in `value` with its `text` as written, or `items`, or `fields` with the lines of their keys."""

    line: int
    kind: str  # text number integer boolean null list mapping
    text: str = ""
    value: str | int | float | bool | None = None
    items: list["Node"] = field(default_factory=list)
    fields: dict[str, "Node"] = field(default_factory=dict)
    key_lines: dict[str, int] = field(default_factory=dict)

    def __getitem__(self, name: str) -> "Node":
        """Return a field, or an absent node on this node's line."""
        return self.fields.get(name) or Node(self.line, "absent")

    def __contains__(self, name: str) -> bool:
        """Whether a field is written."""
        return name in self.fields

    def line_of(self, name: str) -> int:
        """Return the line of a field's key, or this node's own when it is not written."""
        return self.key_lines.get(name, self.line)

    def string(self, name: str, default: str = "") -> str:
        """Return a field that is a text; the default when it is anything else."""
        node = self[name]
        return node.text if node.kind == "text" else default

    def true(self, name: str) -> bool:
        """Whether a field is written as true."""
        return self[name].value is True

    def label(self, number: int) -> str:
        """Return how an item of a list is shown in a path: by its name if it has one, otherwise by its number."""
        for name in ("name", "property", "server"):
            if text := self.string(name):
                return text
        return str(number)


def read_document(text: str, findings: Findings) -> Node | None:
    """Parse one YAML document whose top is a mapping; None when there is none, with the reason in `findings`."""
    if len(text) > MAX_CHARACTERS:
        findings.add(0, "", f"the file has more than {MAX_CHARACTERS} characters", "a contract is one YAML file of one dataset")
        return None
    try:
        top = _Reader(findings).read(yaml.parse(text, Loader=yaml.SafeLoader))
    except _Refused:
        return None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        findings.add(line, "", f"not YAML: {error.problem or error.context}", "check indentation and quotes")
        return None
    except yaml.YAMLError:
        findings.add(0, "", "not YAML: it has characters that do not belong in text", "save the file as UTF-8 text")
        return None
    if top is None or top.kind != "mapping":
        findings.add(top.line if top else 1, "", "a contract is a mapping", "start with apiVersion: v3.2.0")
        return None
    return top


class _Refused(Exception):
    """Reading cannot go on."""


class _Reader:
    """Events in, nodes out. `open_` holds the mappings and lists that are not closed yet, with the key that waits for a value."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        self.open_: list[tuple[Node, list[tuple[str, int]]]] = []
        self.top: Node | None = None

    def read(self, events: Iterator[yaml.Event]) -> Node | None:
        documents = 0
        for event in events:
            line = event.start_mark.line + 1 if event.start_mark else 0
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self.stop(line, "a second document starts here", "one file holds one contract")
            elif isinstance(event, yaml.AliasEvent):
                self.stop(line, f"aliases (*{event.anchor}) are not supported", "write the value out")
            elif isinstance(event, yaml.ScalarEvent):
                self.scalar(event, line)
            elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
                self.start(event, line)
            elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
                node, _ = self.open_.pop()
                self.place(node)
        return self.top

    def stop(self, line: int, message: str, hint: str) -> None:
        self.findings.add(line, "", message, hint)
        raise _Refused

    def start(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent, line: int) -> None:
        self.refuse_tag(event.tag, line)
        if len(self.open_) >= MAX_DEPTH:
            self.stop(line, f"nested more than {MAX_DEPTH} levels deep", "a contract is flatter than this")
        if self.wants_key():
            self.stop(line, "a key has to be a plain word", "quote it")
        mapping = isinstance(event, yaml.MappingStartEvent)
        self.open_.append((Node(line, "mapping" if mapping else "list"), []))

    def scalar(self, event: yaml.ScalarEvent, line: int) -> None:
        self.refuse_tag(event.tag, line)
        if self.wants_key():
            node, waiting = self.open_[-1]
            if event.value in node.key_lines:
                first = node.key_lines[event.value]
                self.findings.add(line, event.value, f"the key is written twice, first on line {first}", "keep one of them")
            waiting.append((event.value, line))
            return
        plain = event.implicit[0]
        if plain and _AMBIGUOUS.match(event.value):
            self.findings.add(
                line,
                self.waiting_key(),
                f"{event.value} is a word that YAML tools read in different ways",
                "true, false, or in quotes",
            )
        self.place(_scalar(event.value, line, plain=plain))

    def refuse_tag(self, tag: str | None, line: int) -> None:
        if tag is not None:
            self.stop(line, f"tags ({tag}) are not supported", "write the plain value")

    def wants_key(self) -> bool:
        return bool(self.open_) and self.open_[-1][0].kind == "mapping" and not self.open_[-1][1]

    def waiting_key(self) -> str:
        return self.open_[-1][1][0][0] if self.open_ and self.open_[-1][1] else ""

    def place(self, node: Node) -> None:
        if not self.open_:
            self.top = node
            return
        parent, waiting = self.open_[-1]
        if parent.kind == "list":
            parent.items.append(node)
            return
        key, line = waiting.pop()
        parent.fields.setdefault(key, node)
        parent.key_lines.setdefault(key, line)


def _scalar(text: str, line: int, *, plain: bool) -> Node:
    if not plain:
        return Node(line, "text", text, text)
    if text in _NULLS:
        return Node(line, "null", text)
    if text in _WORDS:
        return Node(line, "boolean", text, _WORDS[text])
    if _INTEGER.match(text):
        return Node(line, "integer", text, int(text))
    if _NUMBER.match(text):
        return Node(line, "number", text, float(text))
    return Node(line, "text", text, text)
