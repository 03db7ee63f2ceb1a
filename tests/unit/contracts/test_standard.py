"""The standard's schema: all of it is understood, and every field has a place in Tidegate's vocabulary."""

import json
from typing import Any

import pytest

from tidegate.contracts.odcs import standard
from tidegate.contracts.support import DESCRIPTIVE, READ, REFUSED
from tidegate.contracts.vocabulary import CONTRACT_WORDS, LOGICAL_TYPES, OPTIONS

UNDERSTOOD = {
    "type",
    "properties",
    "required",
    "items",
    "enum",
    "const",
    "if",
    "then",
    "allOf",
    "anyOf",
    "oneOf",
    "$ref",
    "pattern",
}
UNDERSTOOD |= {"additionalProperties", "unevaluatedProperties", "minItems", "maxItems", "minimum", "exclusiveMinimum"}
WITHOUT_EFFECT = {"$schema", "$defs", "title", "description", "examples", "default", "deprecated", "format"}
LEFT_OUT = {"uniqueItems", "not"}  # only in parts that Tidegate refuses (relationships, enum) or checks itself (mustBeBetween)


def _keywords(schema: Any, *, names: bool = False) -> set[str]:
    if isinstance(schema, list):
        return {k for s in schema for k in _keywords(s)}
    if not isinstance(schema, dict):
        return set()
    found = set() if names else set(schema)
    for key, value in schema.items():
        found |= _keywords(value, names=not names and key in {"properties", "$defs", "ServerSource"})
    return found


def test_no_keyword_of_the_schema_is_unknown() -> None:
    schema = standard()
    sources = schema["$defs"].pop("ServerSource")  # a second level of definitions
    try:
        found = _keywords(schema) | {k for s in sources.values() for k in _keywords(s)}
    finally:
        schema["$defs"]["ServerSource"] = sources
    assert found - UNDERSTOOD - WITHOUT_EFFECT - LEFT_OUT == set()


def _fields(definition: str) -> set[str]:
    """Return the fields of a definition, with those of the definitions it refers to and of every branch."""
    found: set[str] = set()
    todo: list[Any] = [standard()["$defs"][definition] if definition else standard()]
    while todo:
        part = todo.pop()
        found |= set(part.get("properties", ()))
        todo += (
            [standard()["$defs"][part["$ref"].rpartition("/")[2]]] if "$ref" in part and "ServerSource" not in part["$ref"] else []
        )
        todo += [*part.get("allOf", ()), *part.get("oneOf", ()), *([part["then"]] if "then" in part else [])]
    return found


@pytest.mark.parametrize(
    ("place", "definition"),
    [("contract", ""), ("schema", "SchemaObject"), ("column", "SchemaProperty"), ("quality", "DataQuality"), ("server", "Server")],
)
def test_every_field_of_the_standard_is_read_descriptive_or_refused(place: str, definition: str) -> None:
    known = {*READ[place], *DESCRIPTIVE[place], *REFUSED.get(place, {})}
    standards = _fields(definition) | (
        set(standard()["$defs"]["ServerSource"]["S3Server"]["properties"]) if place == "server" else set()
    )
    assert known == standards | ({"properties", "items"} if place == "column" else set())
    assert not set(REFUSED.get(place, {})) & {*READ[place], *DESCRIPTIVE[place]}


def test_logical_types_and_options_are_the_standards() -> None:
    base = standard()["$defs"]["SchemaBaseProperty"]
    assert set(LOGICAL_TYPES) < set(base["properties"]["logicalType"]["enum"])
    assert all(f'"{name}"' in json.dumps(base) for name in OPTIONS)


def test_words_do_not_hide_a_field_of_the_standard() -> None:
    assert not {w.name for w in CONTRACT_WORDS} & _fields("")
