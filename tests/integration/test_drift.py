"""Columns that come, go, come again, get a name, a type or leave: on Iceberg tables in a Glue catalog."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.integration.catalogs import glue_lake
from tests.unit.usecases.shop import CONTRACT, DATASET, DELTA, Shop
from tidegate.aws.fitting import grow_columns
from tidegate.aws.iceberg import GlueLake
from tidegate.contracts.contract import Column, ColumnType, Kind
from tidegate.contracts.publish import load_current, publish
from tidegate.errors import ContractInvalid, StaleCommit
from tidegate.model.selection import Selection
from tidegate.tables.schema import row_schema
from tidegate.usecases.settle import settle

HINTS = '  - {property: driftTypes, value: {"*_on": date}}\n'
_numbers = itertools.count(1)


@pytest.fixture
def lake() -> Iterator[GlueLake]:
    number = next(_numbers)
    with glue_lake(f"drift{number}", f"drift{number}") as made:
        yield made


def shop_on(lake: GlueLake, place: Path, words: str = "", text: str = CONTRACT) -> Shop:
    shop = Shop(place, words, text)
    shop.lake = lake  # type: ignore[assignment]
    return shop


def load(shop: Shop, key: str, body: str) -> list[tuple[str, str]]:
    """Load a file in a run of its own; return its drift as pairs of what happened and the column."""
    arrival = shop.world.put(f"{DELTA}{key}")
    shop.world.bucket.erase(arrival.key, arrival.version_id)
    shop.world.bucket.put(arrival.key, body.encode(), arrival.version_id)
    shop.world.ingest(replace(arrival, size=len(body.encode())))
    return run(shop)


def run(shop: Shop) -> list[tuple[str, str]]:
    manifest = shop.world.claim_manifest(DATASET)
    shop.load(manifest)
    message, _ = settle(manifest, shop.world.desk)
    assert shop.world.claim(DATASET).manifest is None
    return [(d["kind"], d["column"] or d["source"]) for d in message["drift"]]


def publish_again(shop: Shop, text: str, version: str) -> None:
    publish(text.replace("version: 1.0.0", f"version: {version}"), "again", store=shop.world.lake_bucket, force=True)


def rows(lake: GlueLake, layer: str, *names: str) -> list[tuple[Any, ...]]:
    found = lake.load(layer, "shop_clients").scan().to_arrow().to_pylist()
    return sorted((tuple(r[n] for n in names) for r in found), key=repr)


def test_column_that_comes_goes_comes_again_and_is_named_is_one_column(lake: GlueLake, tmp_path: Path) -> None:
    shop = shop_on(lake, tmp_path, HINTS)
    assert load(shop, "1.csv", "id,at,op,name,Born On\na,1,,Ann,1980-02-03\n") == [("added", "born_on")]
    assert load(shop, "2.csv", "id,at,op,name\nb,1,,Bo\n") == [("missing", "Born On")]
    assert load(shop, "3.csv", "id,at,op,name,Born On\nc,1,,Cy,1990-01-01\nd,1,,Di,soon\n") == [("added", "born_on")]
    named = CONTRACT.replace(
        "      - {name: op", "      - {name: born_on, logicalType: date, transformSourceObjects: [Born On]}\n      - {name: op"
    )
    publish_again(shop, named, "1.1.0")
    assert load(shop, "4.csv", "id,at,op,name,Born On\ne,1,,Ed,2000-12-31\n") == []
    wanted = [("a", date(1980, 2, 3)), ("b", None), ("c", date(1990, 1, 1)), ("e", date(2000, 12, 31))]
    assert rows(lake, "bronze", "id", "born_on") == rows(lake, "silver", "id", "born_on") == wanted
    assert len(rows(lake, "quarantine", "raw")) == 1


def test_column_that_drift_brought_as_text_is_not_named_with_another_type_in_silence(lake: GlueLake, tmp_path: Path) -> None:
    shop = shop_on(lake, tmp_path)
    load(shop, "1.csv", "id,at,op,name,born_on\na,1,,Ann,1980-02-03\n")
    named = CONTRACT.replace("      - {name: op", "      - {name: born_on, logicalType: date}\n      - {name: op")
    publish_again(shop, named, "1.1.0")
    with pytest.raises(ContractInvalid, match="born_on: the table has string, the contract date"):
        load(shop, "2.csv", "id,at,op,name,born_on\nb,1,,Bo,1980-02-03\n")
    assert rows(lake, "silver", "id", "born_on") == [("a", "1980-02-03")]


def test_two_that_add_the_same_column_at_once_leave_one(lake: GlueLake, tmp_path: Path) -> None:
    shop = shop_on(lake, tmp_path)
    load(shop, "1.csv", "id,at,op,name\na,1,,Ann\n")
    grown = load_current(DATASET, shop.world.lake)[0].with_columns(Column("extra", ColumnType(Kind.STRING)))
    slow = lake.load("bronze", "shop_clients")
    lake.open(grown)
    with pytest.raises(StaleCommit):
        grow_columns(slow, row_schema(grown))
    again = lake.open(grown)
    assert [name for name in again.bronze.columns if name == "extra"] == ["extra"]
    assert again.bronze.field_ids["extra"] == lake.open(grown).bronze.field_ids["extra"]


def test_column_that_is_dropped_from_the_contracts_tables_is_null_when_its_files_were_replayed(
    lake: GlueLake, tmp_path: Path
) -> None:
    shop = shop_on(lake, tmp_path)
    load(shop, "1.csv", "id,at,op,name\na,1,,Ann\n")
    dropped = CONTRACT.replace(
        "{name: name, logicalType: string, required: true}",
        "{name: name, logicalType: string, required: true, customProperties: [{property: privacy, value: drop}]}",
    )
    publish_again(shop, dropped, "2.0.0")
    load(shop, "2.csv", "id,at,op,name\nb,1,,Bo\nc,1,,\n")
    assert rows(lake, "silver", "id", "name") == rows(lake, "bronze", "id", "name") == [("a", "Ann"), ("b", None)]
    shop.world.replay(Selection(dataset=DATASET))
    run(shop)
    assert rows(lake, "silver", "id", "name") == rows(lake, "bronze", "id", "name") == [("a", None), ("b", None)]
