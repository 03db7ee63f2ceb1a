"""What leaves a run beside the tables, whatever went wrong: messages, letters, ledger, receipts, errors and logs, and no value of a
person in them."""

import contextlib
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.usecases.shop import DATASET, DELTA, Shop
from tidegate.errors import TidegateError
from tidegate.usecases.settle import settle

PERSONAL = """\
apiVersion: v3.2.0
kind: DataContract
id: shop.clients
version: 1.0.0
servers:
  - {server: landing, type: s3, location: "s3://landing/shop/clients/", format: csv}
schema:
  - name: shop_clients
    properties:
      - {name: id, logicalType: string, primaryKey: true, classification: personal}
      - {name: name, logicalType: string, required: true, classification: sensitive,
         logicalTypeOptions: {maxLength: 20, pattern: "[A-Za-z -]+"}}
      - {name: born, logicalType: date, classification: personal,
         customProperties: [{property: privacy, value: date_shift}, {property: privacyBy, value: id}]}
      - {name: phone, logicalType: string, classification: personal, customProperties: [{property: privacy, value: drop}],
         quality: [{metric: invalidValues, arguments: {pattern: "[0-9]+"}, mustBeLessThan: 50, unit: percent, severity: warning}]}
customProperties:
  - {property: loadMode, value: upsert}
  - {property: schemaDrift, value: POLICY}
"""
PARTS = ("Quux", "Zoe", "4711471147", "1957-03-04", "Q4711")  # of a person
HEADER = "id,name,born,phone\n"
GOOD = "Q4711,Zoe Quux,1957-03-04,4711471147\n"
FILES = {
    "good": HEADER + GOOD,
    "values": HEADER
    + "Q4711,Zoe Quux,1957-13-04,Quux\nQ4711,Zoe 4711,4711,x\nQ4711,Zoe Quux Zoe Quux Zoe Quux,1957-03-04,\n,Zoe,1957-03-04,\n",
    "shape": HEADER + 'Q4711,Zoe "Quux",1957-03-04\nQ4711,"Zoe"Quux,1957-03-04,4711\nQ4711,Zoe,1957-03-04,4711,Quux,Quux\n' + GOOD,
    "quotes": HEADER + '"Q4711,Zoe Quux,1957-03-04,4711\n' * 3,
    "no header": GOOD * 3,
    "no header, one value": "Zoe Quux\n" * 3,
    "no header, values twice": "Zoe Quux,Zoe Quux,Zoe,Quux\n" * 2,
    "header and a record in one line": HEADER.strip() + "," + GOOD + GOOD,
    "columns of persons": "id,name,born,phone,Zoe Quux 4711\nQ4711,Zoe Quux,1957-03-04,4711,x\n",
    "names twice": "id,name,name,1957-03-04,1957-03-04\nQ4711,Zoe,Quux,1957,4711\n",
}
TABLES = ("bronze", "silver", "quarantine")


@pytest.mark.parametrize("policy", ["evolve", "ignore", "quarantine", "fail"])
@pytest.mark.parametrize("name", FILES)
def test_no_value_of_a_person_leaves_a_run(
    name: str, policy: str, tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    shop = Shop(tmp_path, text=PERSONAL.replace("POLICY", policy))
    world, body = shop.world, FILES[name].encode()
    arrival = world.put(f"{DELTA}a.csv", size=len(body))
    world.bucket.erase(arrival.key, arrival.version_id)
    world.bucket.put(arrival.key, body, arrival.version_id)
    world.ingest(replace(arrival, size=len(body)))
    manifest = world.claim_manifest(DATASET)
    said: list[object] = []
    try:
        shop.load(manifest)
        said.append(settle(manifest, world.desk)[0])
    except TidegateError as error:
        said.append(str(error))
        with contextlib.suppress(AssertionError):
            said.append(world.fake_ledger.run(manifest.run_id))
    kept = {key: versions for key, versions in world.lake_bucket.stored.items() if not key.startswith("contracts/")}
    out = (repr(said), repr(world.dynamo.partitions), repr(kept), repr(world.letters.sent), *capfd.readouterr(), caplog.text)
    told = "\n".join(out)
    assert not [part for part in PARTS if part in told], [line for line in told.split(",") if any(p in line for p in PARTS)]


def test_tables_hold_no_value_either(tmp_path: Path) -> None:
    shop = Shop(tmp_path, text=PERSONAL.replace("POLICY", "ignore") + "  - {property: quarantineRaw, value: none}\n")
    world, body = shop.world, (HEADER + GOOD + "Q4711,Zoe Quux,1957-13-04,Quux\n").encode()
    arrival = world.put(f"{DELTA}a.csv", size=len(body))
    world.bucket.erase(arrival.key, arrival.version_id)
    world.bucket.put(arrival.key, body, arrival.version_id)
    world.ingest(replace(arrival, size=len(body)))
    shop.run()
    rows = [row for layer in TABLES for row in shop.rows(layer)]
    assert len(rows) == 3
    assert "phone" not in rows[0]
    assert not [part for part in ("Quux", "Zoe", "4711471147", "1957-03-04") if part in repr(rows)]
