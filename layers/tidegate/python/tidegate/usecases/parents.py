"""The tables that a contract's relationships name, at one version for all tries of a run."""

import json

from tidegate.contracts.contract import Contract
from tidegate.engine import Parent, Parents
from tidegate.model.runs import Manifest
from tidegate.ports import Lake, Objects, Workshop


def fetch_parents(contract: Contract, manifest: Manifest, lake: Lake, objects: Objects, workshop: Workshop) -> Parents:
    """Copy the silver of every dataset that the contract refers to.

    Their versions are written beside the manifest before they are used: a step that dies half way and is tried again reads the same
    rows, and so accepts and rejects the same.
    """
    tables = sorted({reference.table for reference in contract.rules.references})
    if not tables:
        return {}
    key = f"runs/{manifest.dataset}/{manifest.run_id}/parents.json"
    body = objects.get(key)
    pinned: dict[str, str | None] = json.loads(body) if body is not None else {}
    if body is None:
        for table in tables:
            seen = lake.silver(table)
            pinned[table] = seen.version if seen else None
        objects.put(key, json.dumps(pinned, sort_keys=True).encode())
    parents = {}
    for table in tables:
        version = pinned.get(table)
        snapshot = lake.silver(table, version) if version else None  # None, or empty: it had no rows
        if snapshot is not None:
            room = workshop.directory / "parents" / table
            room.mkdir(parents=True)
            parents[table] = Parent(dict(snapshot.columns), tuple(snapshot.fetch(snapshot.live(), room)))
    return parents
