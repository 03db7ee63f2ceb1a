"""Tombstones from the landing bucket to the tables: ingest, claim, load, audit and settle as they are, over a lake on local disk."""

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.unit.tables.lake import KEYRING, LIMITS, LocalLake, rows_of
from tests.unit.usecases.world import LEASE, World
from tidegate.contracts.publish import load_version, publish
from tidegate.model.arrivals import Arrival
from tidegate.model.runs import Account, Books, Manifest
from tidegate.tables.workshop import LocalWorkshop
from tidegate.usecases.audit import audit
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

    def __init__(self, place: Path) -> None:
        self.world, self.place = World(), place
        (place / "warehouse").mkdir()
        self.lake = LocalLake(place / "warehouse")
        self._numbers = itertools.count(1)
        publish(CONTRACT, "clients.odcs.yaml", store=self.world.lake_bucket)

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
        return load(
            manifest,
            ledger=self.world.ledger,
            landing=self.world.landing,
            objects=self.world.lake,
            lake=self.lake,
            clock=self.world.clock,
            lease_us=LEASE,
            workshop=LocalWorkshop(room, LIMITS, KEYRING),
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


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    made = Shop(tmp_path)
    made.drop(DELTA + "1.csv", "a,1,I,Ann", "b,1,I,Bob")
    made.run()
    return made


def test_tombstone_ends_in_bronze_and_takes_its_key_out_of_silver(shop: Shop) -> None:
    shop.drop(DELTA + "2.csv", "a,2,D,", "c,1,I,Cy")
    assert shop.run() == Books(rows_read=2, rows_accepted=2, rows_inserted=1, rows_deleted=1, rows_removed=1)
    assert shop.silver == [("b", 1), ("c", 1)]
    assert sorted((r["id"], r["op"], r["name"]) for r in shop.rows("bronze"))[:2] == [("a", "D", None), ("a", "I", "Ann")]


def test_tombstone_without_key_ends_in_quarantine_and_deletes_nothing(shop: Shop) -> None:
    arrival = shop.drop(DELTA + "2.csv", ",2,D,", "a,soon,D,")
    assert shop.run() == Books(rows_read=2, rows_quarantined=2)
    assert shop.silver == [("a", 1), ("b", 1)]
    assert sorted((r["raw"], r["reasons"][0]["rule"]) for r in shop.rows("quarantine")) == [
        (",2,D,", "primary_key"),
        ("a,soon,D,", "type"),
    ]
    assert shop.world.record(arrival).rows_quarantined == 2


def test_overwritten_file_without_its_tombstone_gives_the_row_back_and_the_books_say_so(shop: Shop) -> None:
    shop.drop(DELTA + "2.csv", "a,2,D,")
    shop.run()
    shop.drop(DELTA + "2.csv", "b,2,U,Bo")
    assert shop.run() == Books(rows_read=1, rows_accepted=1, rows_updated=1, rows_restored=1)
    assert shop.silver == [("a", 1), ("b", 2)]


def test_late_row_that_is_older_than_its_tombstone_stays_away(shop: Shop) -> None:
    shop.drop(DELTA + "2.csv", "a,5,D,")
    shop.run()
    shop.drop(DELTA + "3.csv", "a,4,U,Anna")
    assert shop.run() == Books(rows_read=1, rows_accepted=1, rows_superseded=1)
    assert shop.silver == [("b", 1)]


def test_full_load_with_tombstones_ends_with_the_rows_that_live(shop: Shop) -> None:
    shop.drop(FULL + "all.csv", "a,1,I,Ann", "b,1,D,", "z,1,D,")
    assert shop.run() == Books(rows_read=3, rows_accepted=3, rows_unchanged=1, rows_deleted=2, rows_removed=1)
    assert shop.silver == [("a", 1)]


def test_load_of_tombstones_that_is_run_again_says_the_same(shop: Shop) -> None:
    shop.drop(DELTA + "2.csv", "a,2,D,", "x,1,D,")
    manifest = shop.world.claim_manifest(DATASET)
    first = shop.load(manifest)
    assert shop.load(manifest) == first
    assert (first.books.rows_deleted, first.books.rows_removed, first.watermark) == (2, 1, "2")
    assert audit(manifest, objects=shop.world.lake, catalog=shop.lake) == first.books
    assert shop.silver == [("b", 1)]
