"""Data: the two files of this package, read."""

import json
from importlib import resources
from typing import Any

from tidegate.cost.measured import Measured, Shape, Shapes
from tidegate.cost.prices import Prices
from tidegate.cost.usage import Usage
from tidegate.model.runs import Compute


def prices() -> Prices:
    """Read prices.json; a name that is missing or not known there is a TypeError."""
    return Prices(**_read("prices.json"))


def measured() -> Measured:
    """Read measured.json."""
    return measured_of(_read("measured.json"))


def measured_of(document: dict[str, Any]) -> Measured:
    """Return the measurements of a document of measured.json's form, which is `dataclasses.asdict` of them."""
    routes = {Compute(name): Shapes(**{k: _shape(v) for k, v in shapes.items()}) for name, shapes in document["routes"].items()}
    calls = {name: Usage(**document[name]) for name in ("reconcile", "reconciled", "maintain", "maintained", "merged")}
    return Measured(document["as_of"], document["machine"], _shape(document["at_once"]), routes, **calls)


def _shape(fields: dict[str, Any]) -> Shape:
    return Shape(**{**fields, "usage": Usage(**fields["usage"])})


def _read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(resources.files("tidegate.cost").joinpath(name).read_text(encoding="utf-8"))
    return found
