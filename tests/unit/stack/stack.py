"""The template and the state machine as data."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[3]


class CloudFormationLoader(yaml.SafeLoader):
    """YAML with CloudFormation's short tags: `!Ref X` reads as `{"Ref": "X"}`, `!Sub X` as `{"Fn::Sub": "X"}`."""


def _tag(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        return {name: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    assert isinstance(node, yaml.MappingNode)
    return {name: loader.construct_mapping(node, deep=True)}


CloudFormationLoader.add_multi_constructor("!", _tag)

TEMPLATE: dict[str, Any] = yaml.load((ROOT / "template.yaml").read_text(encoding="utf-8"), CloudFormationLoader)  # noqa: S506
RESOURCES: dict[str, dict[str, Any]] = TEMPLATE["Resources"]
MACHINE: dict[str, Any] = json.loads((ROOT / "statemachine" / "load.asl.json").read_text(encoding="utf-8"))
STATES: dict[str, dict[str, Any]] = MACHINE["States"]
LAMBDA = "arn:aws:states:::lambda:invoke"


def of_type(kind: str) -> dict[str, dict[str, Any]]:
    """Return the properties of all resources of a type, by logical id."""
    return {name: r["Properties"] for name, r in RESOURCES.items() if r["Type"] == kind}


def verbs() -> set[str]:
    """Return the folders of functions/."""
    return {path.parent.name for path in (ROOT / "functions").glob("*/handler.py")}


def statements() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every statement of every policy with the resource that it stands in; roles' trust policies are left out."""
    for name, resource in RESOURCES.items():
        properties = resource["Properties"]
        documents = [properties.get("PolicyDocument"), properties.get("KeyPolicy")]
        documents += [policy["PolicyDocument"] for policy in properties.get("Policies", ())]
        for document in filter(None, documents):
            for statement in document["Statement"]:
                yield name, statement


def as_list(value: Any) -> list[Any]:
    """Return what policies write as one value or as several."""
    return value if isinstance(value, list) else [value]
