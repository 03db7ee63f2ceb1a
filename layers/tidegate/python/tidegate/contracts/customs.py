"""customProperties read against the closed vocabulary."""

from collections.abc import Sequence
from dataclasses import dataclass

from tidegate.contracts.document import Node
from tidegate.contracts.findings import Findings, one_of, suggest
from tidegate.contracts.vocabulary import COLUMN_WORDS, CONTRACT_WORDS, Word

_SCALARS = frozenset({"text", "integer", "number", "boolean"})


@dataclass(frozen=True, slots=True)
class Customs:
    """The well-formed customProperties of one place, by name: the nodes of their values."""

    values: dict[str, Node]

    def text(self, name: str) -> str | None:
        """Return a text, None when it is not written."""
        return self.values[name].text if name in self.values else None

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of texts, empty when it is not written."""
        return tuple(item.text for item in self.values[name].items) if name in self.values else ()

    def pairs(self, name: str) -> tuple[tuple[str, str], ...]:
        """Return a map of texts, empty when it is not written."""
        return tuple((key, node.text) for key, node in self.values[name].fields.items()) if name in self.values else ()

    def true(self, name: str) -> bool:
        """Whether a flag is written as true."""
        return name in self.values and self.values[name].value is True

    def number(self, name: str) -> float | None:
        """Return a number, None when it is not written."""
        return float(self.values[name].text) if name in self.values else None

    def whole(self, name: str) -> int | None:
        """Return a whole number, None when it is not written."""
        return int(self.values[name].text) if name in self.values else None

    def line(self, name: str, default: int) -> int:
        """Return the line of a value."""
        return self.values[name].line if name in self.values else default


def read_customs(owner: Node, words: Sequence[Word], path: str, findings: Findings) -> Customs:
    """Read the customProperties of the contract or of a column; whatever is not in `words` is a finding."""
    known = {word.name: word for word in words}
    values: dict[str, Node] = {}
    for number, entry in enumerate(owner["customProperties"].items):
        name, where = entry.string("property"), f"{path}[{entry.label(number)}]"
        if name not in known:
            if name:
                findings.add(entry["property"].line, where, f"{name} is not a word of Tidegate", _hint(name, known))
        elif name in values:
            findings.add(entry.line, where, f"{name} is written twice", "keep one of them")
        elif "value" in entry and _fits(known[name], entry["value"], where, findings):
            values[name] = entry["value"]
        if "vendor" in entry:
            findings.add(entry.line_of("vendor"), where, "properties of other vendors are not supported", "take it out")
    return Customs(values)


def _hint(name: str, known: dict[str, Word]) -> str:
    elsewhere = {w.name: place for place, words in (("contract", CONTRACT_WORDS), ("column", COLUMN_WORDS)) for w in words}
    if name in elsewhere:
        return f"it belongs on a {elsewhere[name]}" if elsewhere[name] == "column" else "it belongs on the contract"
    return suggest(name, known) or one_of(known)


def _fits(word: Word, node: Node, where: str, findings: Findings) -> bool:
    wrong, hint = _wrong(word, node)
    if wrong:
        findings.add(node.line, where, f"{word.name} {wrong}", hint)
    return not wrong


def _wrong(word: Word, node: Node) -> tuple[str, str]:  # noqa: PLR0911 - one answer a kind
    """Return what is wrong with a value, and the hint; empty when nothing is."""
    match word.value:
        case "choice" if node.kind != "text" or node.text not in word.choices:
            return f"cannot be {node.text or 'this'}", suggest(node.text, word.choices) or one_of(word.choices)
        case "text" if node.kind != "text" or not node.text:
            return "should be a text", f"such as {word.example}"
        case "scalar" if node.kind not in _SCALARS or not node.text:
            return "should be a text or a number", f"such as {word.example}"
        case "flag" if node.kind != "boolean":
            return "should be true or false", "true"
        case "map":
            return _wrong_map(node, word)
        case "number" if node.kind not in {"integer", "number"} or not 0 <= float(node.text) <= 1:
            return "should be a number from 0 to 1", f"such as {word.example}"
        case "whole" if node.kind != "integer" or not word.bounds[0] <= int(node.text) <= word.bounds[1]:
            return f"should be a whole number from {word.bounds[0]} to {word.bounds[1]}", f"such as {word.example}"
        case "texts":
            return _wrong_texts(node, word.example)
        case "condition":
            right = node.kind == "mapping" and set(node.fields) == {"column", "values"} and bool(node.string("column"))
            return _wrong_texts(node["values"], word.example) if right else ("should name a column and values", word.example)
    return "", ""


def _wrong_map(node: Node, word: Word) -> tuple[str, str]:
    if node.kind != "mapping" or not node.fields:
        return "should map texts to texts", f"such as {word.example}"
    if len(node.fields) > word.bounds[1]:
        return f"has more than {word.bounds[1]} texts", "join a table of codes downstream"
    for key, value in node.fields.items():
        if not key or value.kind not in _SCALARS or not value.text:
            return f"has no text for {key}" if key else "has an empty text", "the empty text always means null"
    return "", ""


def _wrong_texts(node: Node, example: str) -> tuple[str, str]:
    if node.kind != "list" or not node.items:
        return "should be a list of texts", f"such as {example}"
    for item in node.items:
        if item.kind != "text":
            return f"has {item.text or 'something'} that is not a text", f'quote it: "{item.text}"'
        if not item.text:
            return "has an empty text", "the empty text always means null"
    texts = [item.text for item in node.items]
    return ("has the same text twice", "keep one of them") if len(set(texts)) < len(texts) else ("", "")
