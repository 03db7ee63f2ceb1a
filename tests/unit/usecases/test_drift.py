"""Drift on its way out: into the run's record, the dataset's state and the SNS message, and no value of a person with it."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.unit.usecases.shop import DATASET, DELTA, Shop
from tidegate.model.drift import Drift, DriftKind
from tidegate.usecases.settle import settle

HINTS = "  - {property: driftTypes, value: {visits: integer}}\n"


def put(shop: Shop, key: str, body: str) -> None:
    arrival = shop.world.put(key)
    shop.world.bucket.erase(key, arrival.version_id)
    shop.world.bucket.put(key, body.encode(), arrival.version_id)
    shop.world.ingest(replace(arrival, size=len(body.encode())))


def run(shop: Shop) -> dict[str, Any]:
    """Load what waits; return the SNS message."""
    manifest = shop.world.claim_manifest(DATASET)
    shop.load(manifest)
    message, _ = settle(manifest, shop.world.desk)
    assert shop.world.claim(DATASET).manifest is None
    return message


def test_drift_is_in_the_run_and_in_the_message_once(tmp_path: Path) -> None:
    shop = Shop(tmp_path, HINTS)
    put(shop, f"{DELTA}1.csv", "id,at,op,name,visits\na,1,,Ann,3\n")
    message = run(shop)
    event = Drift(DriftKind.ADDED, "visits", "visits", "integer", 1, f"{DELTA}1.csv")
    assert json.loads(json.dumps(message))["drift"] == [
        {"kind": "added", "column": "visits", "source": "visits", "detail": "integer", "files": 1, "key": f"{DELTA}1.csv"}
    ]
    put(shop, f"{DELTA}2.csv", "id,at,op,name,visits\nb,1,,Bo,4\nc,1,,Cy,many\n")
    assert run(shop)["drift"] == []
    put(shop, f"{DELTA}3.csv", "at,id,name\n2,b,Bo\n")
    assert [(d["kind"], d["column"], d["source"]) for d in run(shop)["drift"]] == [
        ("missing", "op", "op"),
        ("missing", "", "visits"),
    ]
    recorded = [r.drift for r in shop.world.fake_ledger.list_runs(DATASET)]
    assert recorded[0] == (event,)
    assert [len(d) for d in recorded] == [1, 0, 2]
    assert shop.world.fake_ledger.state(DATASET).header.names == ("at", "id", "name")
