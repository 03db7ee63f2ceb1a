"""A world with a lake on local disk: what is dropped there is loaded by ingest, claim, load, audit and settle as they are."""

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.unit.tables.lake import KEYRING, LIMITS, LocalLake, rows_of
from tests.unit.usecases.world import LEASE, World
from tidegate.contracts.publish import load_version, publish
from tidegate.model.arrivals import Arrival
from tidegate.model.keys import Keys
from tidegate.model.runs import Account, Books, Manifest
from tidegate.tables.workshop import LocalWorkshop
from tidegate.usecases.audit import audit
from tidegate.usecases.keys import pin_key
from tidegate.usecases.load import load
from tidegate.usecases.settle import settle

DATASET = "shop.clients"
DELTA = "shop/clients/delta/"
FULL = "shop/clients/full/"
CONTRACT = """\
apiVersion: v3.2.0
kind: DataContract
id: shop.clients
version: 1.0.0
servers:
  - {server: landing, type: s3, location: "s3://landing/shop/clients/", format: csv}
schema:
  - name: shop_clients
    properties:
      - {name: id, logicalType: string, primaryKey: true}
      - {name: at, logicalType: integer, required: true}
      - {name: op, logicalType: string}
      - {name: name, logicalType: string, required: true}
customProperties:
  - {property: loadMode, value: upsert}
  - {property: orderBy, value: at}
  - {property: deleteWhen, value: {column: op, values: [D]}}
"""


class Shop:
    """A world with a lake: what is dropped is loaded by the real use cases."""

    def __init__(self, place: Path, words: str = "", text: str = CONTRACT) -> None:
        self.world, self.place = World(), place
        (place / "warehouse").mkdir()
        self.lake = LocalLake(place / "warehouse", self.world.clock)
        self._numbers = itertools.count(1)
        self.keys: Keys | None = None
        publish(text + words, "clients.odcs.yaml", store=self.world.lake_bucket)

    def drop(self, key: str, *records: str) -> Arrival:
        body = "\n".join(["id,at,op,name", *records, ""]).encode()
        arrival = self.world.put(key)
        self.world.bucket.erase(key, arrival.version_id)
        self.world.bucket.put(key, body, arrival.version_id)
        arrival = replace(arrival, size=len(body))
        self.world.ingest(arrival)
        return arrival

    def load(self, manifest: Manifest) -> Account:
        room = self.place / f"room-{next(self._numbers)}"
        room.mkdir()
        keyring = pin_key(manifest, self.keys, self.world.lake) if self.keys else KEYRING
        return load(
            manifest,
            ledger=self.world.ledger,
            landing=self.world.landing,
            objects=self.world.lake,
            lake=self.lake,
            clock=self.world.clock,
            lease_us=LEASE,
            workshop=LocalWorkshop(room, LIMITS, keyring),
        )

    def run(self) -> Books:
        """Load what waits in one run, to its end; return the books that the ledger keeps."""
        manifest = self.world.claim_manifest(DATASET)
        self.load(manifest)
        audit(manifest, objects=self.world.lake, catalog=self.lake)
        settle(manifest, self.world.desk)
        run = self.world.fake_ledger.run(manifest.run_id)
        assert run is not None
        assert self.world.claim(DATASET).manifest is None
        return run.books

    def rows(self, layer: str) -> list[dict[str, Any]]:
        contract = load_version("contracts/shop/clients/1.0.0.odcs.yaml", self.world.lake)
        return rows_of(getattr(self.lake.open(contract), layer), self.place)

    @property
    def silver(self) -> list[tuple[str, int]]:
        return sorted((r["id"], r["at"]) for r in self.rows("silver"))
