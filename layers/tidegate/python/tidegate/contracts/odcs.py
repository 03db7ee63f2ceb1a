"""The Open Data Contract Standard's own JSON schema, applied to a tree with lines.

The schema comes with the `open-data-contract-standard` package. Its pydantic model ignores unknown fields; the schema refuses them.
Of JSON Schema this reads what that file uses; a keyword it would not understand fails a test.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

from tidegate.contracts.document import Node
from tidegate.contracts.findings import Findings, one_of, suggest
from tidegate.contracts.vocabulary import COLUMN_WORDS, CONTRACT_WORDS, OPTIONS

Schema = dict[str, Any]
_KINDS = {"text": "string", "integer": "integer", "number": "number", "boolean": "boolean", "list": "array", "mapping": "object"}
_WORDS = {"string": "a text", "integer": "a whole number", "number": "a number", "boolean": "true or false"} | {
    "array": "a list",
    "object": "a mapping",
    "null": "null",
}


@cache
def standard() -> Schema:
    """Return the standard's schema."""
    text = files("open_data_contract_standard").joinpath("schema.json").read_text("utf-8")
    loaded: Schema = json.loads(text)
    return loaded


def check_standard(document: Node, findings: Findings) -> None:
    """Record everything in the document that the standard does not allow."""
    _Walk(findings).check(standard(), document, "")


class _Walk:
    """One pass; `known` names what the schemas that apply to a mapping name in it."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings

    def check(self, schema: Schema, node: Node, path: str) -> None:
        """Check a value and everything below it."""
        known: dict[str, None] = {}
        closed = self.apply(schema, node, path, known)
        if node.kind == "mapping" and closed:
            for name in node.fields:
                if name not in known:
                    hint = _elsewhere(name) or suggest(name, known)
                    self.findings.add(node.line_of(name), below(path, name), "unknown field", hint)

    def apply(self, schema: Schema, node: Node, path: str, known: dict[str, None]) -> bool:
        """Apply one schema to one value; return whether it closes the mapping to other fields."""
        if not self.right_type(schema, node, path):
            return False
        closed = schema.get("additionalProperties") is False or schema.get("unevaluatedProperties") is False
        self.values(schema, node, path)
        self.fields(schema, node, path, known)
        for part in _parts(schema, node):
            closed = self.apply(part, node, path, known) or closed
        for choice in ("oneOf", "anyOf"):
            if choice in schema:
                closed = self.choose(schema[choice], node, path, known) or closed
        return closed

    def right_type(self, schema: Schema, node: Node, path: str) -> bool:
        allowed = schema.get("type")
        if allowed is None:
            return True
        allowed = allowed if isinstance(allowed, list) else [allowed]
        actual = _KINDS.get(node.kind, "null")
        if actual in allowed or (actual == "integer" and "number" in allowed):
            return True
        wanted = " or ".join(_WORDS[a] for a in allowed)
        scalar = actual in {"integer", "number", "boolean", "null"} and "string" in allowed
        hint = f'quote it: "{node.text}"' if scalar and node.text else ""
        hint = hint or ("write true or false" if "boolean" in allowed else "")
        self.findings.add(node.line, path, f"should be {wanted}, not {_WORDS[actual]}", hint)
        return False

    def values(self, schema: Schema, node: Node, path: str) -> None:
        if "enum" in schema and node.value not in schema["enum"]:
            words = [str(w) for w in schema["enum"]]
            self.findings.add(node.line, path, f"{node.text!r} is not known here", suggest(node.text, words) or one_of(words))
        if "pattern" in schema and node.kind == "text" and not re.search(schema["pattern"], node.text):
            self.findings.add(node.line, path, f"{node.text!r} has characters that are not allowed here")
        number = node.value if isinstance(node.value, int | float) and not isinstance(node.value, bool) else None
        if number is not None and number < schema.get("minimum", number):
            self.findings.add(node.line, path, f"should be at least {schema['minimum']}")
        if number is not None and "exclusiveMinimum" in schema and number <= schema["exclusiveMinimum"]:
            self.findings.add(node.line, path, f"should be more than {schema['exclusiveMinimum']}")
        if node.kind == "list":
            self.items(schema, node, path)

    def items(self, schema: Schema, node: Node, path: str) -> None:
        least, most = schema.get("minItems", 0), schema.get("maxItems", len(node.items))
        if not least <= len(node.items) <= most:
            self.findings.add(node.line, path, f"should have {least if least == most else f'at least {least}'} entries")
        for number, item in enumerate(node.items):
            self.check(schema.get("items", {}), item, f"{path}[{item.label(number)}]")

    def fields(self, schema: Schema, node: Node, path: str, known: dict[str, None]) -> None:
        if node.kind != "mapping":
            return
        for name, below_schema in schema.get("properties", {}).items():
            if name in node:
                self.check(below_schema, node[name], below(path, name))
            known[name] = None
        for name in schema.get("required", ()):
            if name not in node:
                self.findings.add(node.line, path, f"{name} is missing", f"add {name}:")

    def choose(self, choices: list[Schema], node: Node, path: str, known: dict[str, None]) -> bool:
        """Apply the branch that fits, otherwise the one that is nearest."""
        names = [c["required"][0] if len(c.get("required", ())) == 1 else "" for c in choices]
        if all(names):  # every branch asks for one field: conditions of a quality rule
            present = [n for n in names if n in node]
            known.update(dict.fromkeys(names))
            if len(present) != 1:
                message = "has more than one condition" if present else "has no condition"
                self.findings.add(node.line, path, message, f"exactly {one_of(names)}")
            closed = [self.apply(c, node, path, known) for c, n in zip(choices, names, strict=True) if n in present]
            return any(closed)
        nearest = min(choices, key=lambda c: (len(_objections(c, node)), not _same_shape(c, node)))
        return self.apply(nearest, node, path, known)


def _elsewhere(name: str) -> str:
    """Return where an unknown field belongs, when it is a word of another place."""
    if any(word.name == name for word in (*CONTRACT_WORDS, *COLUMN_WORDS)):
        return f"it is a customProperty: {{property: {name}, value: …}}"
    return "it belongs in logicalTypeOptions" if name in OPTIONS else ""


def below(path: str, name: str) -> str:
    """Return the path of a field."""
    return f"{path}.{name}" if path else name


def _parts(schema: Schema, node: Node) -> Iterator[Schema]:
    if "$ref" in schema:
        yield _resolve(schema["$ref"])
    yield from schema.get("allOf", ())
    if "if" in schema and _applies(schema["if"], node):
        yield schema["then"]


def _resolve(reference: str) -> Schema:
    found: Any = standard()
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    resolved: Schema = found
    return resolved


def _applies(condition: Schema, node: Node) -> bool:
    """Whether an `if` holds. Where JSON Schema lets it hold for a field that is not written, this does not: less noise."""
    if "anyOf" in condition:
        return any(_applies(c, node) for c in condition["anyOf"])
    wanted = condition.get("properties", {}).items()
    return all(name in node and ("const" not in s or node[name].value == s["const"]) for name, s in wanted)


def _objections(schema: Schema, node: Node) -> Findings:
    """Return what a schema would object to."""
    findings = Findings("")
    _Walk(findings).check(schema, node, "")
    return findings


def _same_shape(schema: Schema, node: Node) -> bool:
    part = _resolve(schema["$ref"]) if "$ref" in schema else schema
    return part.get("type") == _KINDS.get(node.kind)
