"""Maintenance of real Iceberg tables over moto's Glue and S3: the same rows and field ids, a short history, no file too many or too few."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyiceberg.manifest import ManifestContent, ManifestFile, clear_manifest_cache
from pyiceberg.table.snapshots import Operation

from tests.fakes import SECOND
from tests.integration.catalogs import glue_lake
from tests.unit.tables.lake import LIMITS
from tests.unit.usecases.shop import DATASET, DELTA, Shop
from tidegate.aws import fileio
from tidegate.aws.catalog import RUN_ID, GlueMetadata
from tidegate.aws.fileio import place_of
from tidegate.aws.iceberg import GlueLake
from tidegate.aws.swap_table import MERGED_BY, SwapTable
from tidegate.errors import BooksUnbalanced, NotFound, StaleCommit
from tidegate.model.runs import Books
from tidegate.model.selection import Selection
from tidegate.model.upkeep import Policy, Tended
from tidegate.tables.compaction import LocalMerger
from tidegate.usecases.audit import audit
from tidegate.usecases.maintain_dataset import Keeping, tend
from tidegate.usecases.settle import settle

FILES = 4
DAY = 24 * 3600
POLICY = Policy(target_bytes=10**6, least_files=4, version_seconds=DAY, least_versions=2, sweep_seconds=0)
TABLE = "shop_clients"
LAYERS = ("bronze", "quarantine", "silver")


class Warehouse(Shop):
    """A shop whose tables are Iceberg's."""

    def __init__(self, place: Path, lake: GlueLake, bucket: str) -> None:
        super().__init__(place)
        self.world.clock.now = time.time_ns() // 1000  # S3 and Iceberg have their own clock
        self.lake, self.bucket = lake, bucket  # type: ignore[assignment]
        self.catalog = GlueMetadata(bucket, boto3.client("glue"), boto3.client("s3"))

    def run(self) -> Books:
        manifest = self.world.claim_manifest(DATASET)
        self.load(manifest)
        books = audit(manifest, objects=self.world.lake, catalog=self.catalog)
        settle(manifest, self.world.desk)
        return books

    def sell(self, number: int) -> Books:
        self.drop(f"{DELTA}f{number:02d}.csv", f"k{number},1,I,Ann", f"k{number},,I,bad", f"same,{number},I,Bob")
        return self.run()

    def sell_more(self) -> None:
        for number in range(FILES, 2 * FILES):
            self.sell(number)

    def tend(self, policy: Policy = POLICY) -> Tended:
        merger = LocalMerger(self.place, LIMITS)
        ends_at = self.world.clock() + 300 * SECOND
        keeping = Keeping(self.world.desk, self.lake, merger, policy, ends_at, self.world.clock.pass_seconds)  # type: ignore[arg-type]
        return tend(DATASET, keeping, urgent=False, dry_run=False)

    def table(self, layer: str) -> SwapTable:
        return next(t for t in self.lake.tables(TABLE) if t.name.startswith(layer))  # type: ignore[attr-defined]

    def iceberg(self, layer: str) -> Any:
        return self.lake.load(layer, TABLE)  # type: ignore[attr-defined]

    def content(self) -> dict[str, list[str]]:
        """Read every layer as any Iceberg reader does."""
        return {layer: sorted(map(str, self.iceberg(layer).scan().to_arrow().to_pylist())) for layer in LAYERS}

    def objects(self, layer: str) -> set[str]:
        pages = (
            boto3.client("s3").get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=f"warehouse/{layer}/{TABLE}/")
        )
        return {o["Key"] for page in pages for o in page.get("Contents", ())}

    def merge_by_hand(self, layer: str) -> None:
        table = self.table(layer)
        with LocalMerger(self.place, LIMITS).merged(table, table.live()) as path:
            table.merge("by hand", table.live(), path)


@pytest.fixture
def shop(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Warehouse]:
    name = "u" + "".join(c for c in request.node.name if c.isalnum())[-50:].lower()
    with glue_lake(name, name) as lake:
        made = Warehouse(tmp_path, lake, name)
        for number in range(FILES):
            made.sell(number)
        yield made


def test_merge_keeps_rows_field_ids_and_bounds_and_says_that_no_row_changed(shop: Warehouse) -> None:
    before = shop.content()
    assert [len(shop.table(layer).live()) for layer in LAYERS[:2]] == [FILES, FILES]
    shop.tend()
    assert shop.content() == before
    for layer in LAYERS[:2]:
        (merged,) = shop.table(layer).live()
        assert (merged.lower, merged.upper) == (f"{DELTA}f00.csv", f"{DELTA}f03.csv")
        path = shop.table(layer).fetch([merged], shop.place)[0]
        assert _ids(pq.read_schema(path)) == shop.table(layer).field_ids
        rows = pq.read_table(path, columns=["_arrival", "_file_id", "_record"]).to_pylist()
        assert rows == sorted(rows, key=lambda r: tuple(r.values()))
        snapshot = shop.iceberg(layer).current_snapshot()
        assert snapshot.summary.operation is Operation.REPLACE
        assert MERGED_BY in snapshot.summary.additional_properties
        assert RUN_ID not in snapshot.summary.additional_properties


def test_reconcile_sees_no_news_after_a_merge(shop: Warehouse) -> None:
    shop.tend()
    shop.world.catalog = shop.catalog  # type: ignore[assignment]
    found = shop.world.reconcile()
    assert (found.astray, found.errors, found.woken) == ({}, {}, [])


def test_loads_a_replacement_a_replay_and_an_undo_are_right_after_everything(shop: Warehouse) -> None:
    shop.sell_more()
    shop.world.clock.pass_seconds(POLICY.orphan_seconds + 60)
    done = shop.tend()
    assert (done.files_made, done.versions_expired > 0, done.orphans > 0, done.later) == (2, True, True, "")
    assert shop.sell(50).rows_inserted == 1
    shop.drop(f"{DELTA}f03.csv", "other,1,I,Eve")
    assert shop.run().rows_inserted == 1
    before = shop.content()
    shop.world.replay(Selection(dataset=DATASET))
    shop.run()
    assert {layer: len(rows) for layer, rows in shop.content().items()} == {layer: len(rows) for layer, rows in before.items()}
    settled = shop.content()
    shop.drop(f"{DELTA}lost.csv", "lost,1,I,Zoe")
    shop.load(shop.world.claim_manifest(DATASET))
    for layer in ("bronze", "silver"):
        shop.table(layer).undo()
    assert shop.content() == settled


def test_undo_of_a_run_on_top_of_a_merge_brings_the_merged_file_back(shop: Warehouse) -> None:
    shop.tend()
    (merged,) = shop.table("bronze").live()
    shop.drop(f"{DELTA}f00.csv", "other,1,I,Ann")
    shop.load(shop.world.claim_manifest(DATASET))
    shop.table("bronze").undo()
    assert shop.table("bronze").live() == [merged]


def test_every_version_is_known_by_the_last_run_whose_rows_it_has(shop: Warehouse) -> None:
    """Through a merge, which changes no row, and an undo, after which the rows of the run before are there."""
    runs = shop.catalog.history(f"bronze.{TABLE}")
    assert [run.rpartition("-")[0] for _, run in runs] == [f"{DATASET}-{number:06d}" for number in range(FILES, 0, -1)]
    shop.tend()
    shop.drop(f"{DELTA}f00.csv", "other,1,I,Ann")
    manifest = shop.world.claim_manifest(DATASET)
    shop.load(manifest)
    shop.table("bronze").undo()
    newest, last, merge, *before = shop.catalog.history(f"bronze.{TABLE}")
    assert ([newest[1], last[1], merge[1]], before) == ([runs[0][1], manifest.run_id, runs[0][1]], list(runs))
    assert newest[0] == str(shop.iceberg("bronze").current_snapshot().snapshot_id)
    assert shop.catalog.history("bronze.shop_nobody") == ()


def test_expired_versions_leave_the_metadata_and_the_newest_stay(shop: Warehouse) -> None:
    shop.sell_more()
    kept = [v.number for v in shop.table("bronze").history()[:2]]
    size = len(_metadata(shop, "bronze"))
    shop.world.clock.pass_seconds(2 * DAY)
    shop.tend(replace(POLICY, least_files=99))
    assert [s.snapshot_id for s in reversed(shop.iceberg("bronze").snapshots())] == kept
    assert len(_metadata(shop, "bronze")) < size


def test_undo_takes_nothing_for_the_first_commit_that_is_not(shop: Warehouse) -> None:
    """A parent that was expired by other hands leaves no trace: the table would be emptied."""
    table = shop.table("bronze")
    table.expire(table.history()[1:])
    with pytest.raises(NotFound, match="expired by other hands"):
        shop.table("bronze").undo()
    assert len(shop.content()["bronze"]) == 2 * FILES


class TestFence:
    """What was opened before the table moved changes nothing after."""

    def test_merge_on_a_version_that_moved_is_refused(self, shop: Warehouse) -> None:
        zombie = shop.table("bronze")
        shop.sell(60)
        with LocalMerger(shop.place, LIMITS).merged(zombie, zombie.live()) as path, pytest.raises(StaleCommit):
            zombie.merge("zombie", zombie.live(), path)
        assert len(shop.content()["bronze"]) == 2 * FILES + 2

    def test_expiry_on_a_version_that_moved_is_refused(self, shop: Warehouse) -> None:
        """Left to itself pyiceberg would expire on whatever the table is by then, also the version that is current."""
        zombie = shop.table("bronze")
        shop.sell(60)
        with pytest.raises(StaleCommit):
            zombie.expire(zombie.history()[2:])
        assert len(shop.table("bronze").history()) == FILES + 1

    def test_load_that_opened_the_tables_before_a_merge_is_refused(self, shop: Warehouse) -> None:
        opened = shop.table("bronze")
        shop.merge_by_hand("bronze")
        words = dict.fromkeys(("tidegate.added", "tidegate.removed", "tidegate.before", "tidegate.after"), "0")
        with pytest.raises(StaleCommit):
            opened.commit("run", remove=[], add=[], summary=words)

    def test_merge_that_lost_a_row_is_refused(self, shop: Warehouse) -> None:
        table = shop.table("bronze")
        with LocalMerger(shop.place, LIMITS).merged(table, table.live()[1:]) as path, pytest.raises(BooksUnbalanced):
            table.merge("careless", table.live(), path)
        assert len(shop.content()["bronze"]) == 2 * FILES


class TestOrphans:
    def orphans(self, shop: Warehouse, layer: str, seconds: int) -> set[str]:
        found = shop.table(layer).orphans(shop.world.clock() + seconds * SECOND)
        return {o.key for batch in found for o in batch}

    def test_nothing_that_a_version_refers_to_is_an_orphan(self, shop: Warehouse) -> None:
        shop.merge_by_hand("bronze")
        assert {layer: self.orphans(shop, layer, 60) for layer in LAYERS} == {layer: set() for layer in LAYERS}

    def test_what_dead_tries_and_refused_commits_left_is_found_when_it_is_old(self, shop: Warehouse) -> None:
        before = shop.objects("bronze")
        zombie = shop.table("bronze")
        shop.merge_by_hand("bronze")
        known = shop.objects("bronze")
        words = dict.fromkeys(("tidegate.added", "tidegate.removed", "tidegate.before", "tidegate.after"), "0")
        with LocalMerger(shop.place, LIMITS).merged(zombie, zombie.live()) as path, pytest.raises(StaleCommit):
            zombie.commit("zombie", remove=[], add=[path], summary=words)
        left = shop.objects("bronze") - known
        assert left
        assert before < known
        assert self.orphans(shop, "bronze", 60) == left
        assert self.orphans(shop, "bronze", -60) == set()

    def test_sweep_removes_files_of_expired_versions_and_every_version_left_can_be_read(self, shop: Warehouse) -> None:
        shop.merge_by_hand("bronze")
        merged = _data(shop.objects("bronze"))
        shop.sell_more()
        content = shop.content()
        shop.world.clock.pass_seconds(POLICY.orphan_seconds + 60)
        done = shop.tend(replace(POLICY, worth_expiring=1, least_files=99))
        assert (done.later, done.orphans > 0) == ("", True)
        assert len(merged & _data(shop.objects("bronze"))) == 1
        table = shop.iceberg("bronze")
        assert len([len(table.scan(snapshot_id=s.snapshot_id).to_arrow()) for s in table.snapshots()]) == POLICY.least_versions
        assert shop.content() == content

    def test_another_table_whose_name_begins_the_same_is_left_alone(self, shop: Warehouse) -> None:
        key = f"warehouse/bronze/{TABLE}_2/data/x.parquet"
        boto3.client("s3").put_object(Bucket=shop.bucket, Key=key, Body=b"x")
        boto3.client("s3").put_object(Bucket=shop.bucket, Key=f"warehouse/bronze/{TABLE}/notes.txt", Body=b"x")
        assert self.orphans(shop, "bronze", 60) == set()

    def test_manifest_that_is_missing_stops_the_sweep(self, shop: Warehouse) -> None:
        """What it names would be taken for orphans."""
        snapshot = shop.iceberg("bronze").snapshots()[0]
        bucket, key = place_of(snapshot.manifest_list)
        boto3.client("s3").delete_object(Bucket=bucket, Key=key)
        _forget_what_was_read()
        with pytest.raises(NotFound, match="refers to it"):
            self.orphans(shop, "bronze", 60)


def test_table_from_which_others_deleted_rows_by_delete_files_is_not_merged(
    shop: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Athena deletes rows by files that name them: merged without a look at these the rows would be back."""
    assert shop.table("bronze").merges
    monkeypatch.setattr(ManifestFile, "content", ManifestContent.DELETES)
    assert not shop.table("bronze").merges


def _data(keys: set[str]) -> set[str]:
    return {key for key in keys if "/data/" in key}


def _ids(schema: pa.Schema) -> dict[str, int]:
    found: dict[str, int] = {}

    def walk(field: pa.Field, place: str) -> None:
        found[place] = int(field.metadata[b"PARQUET:field_id"])
        if pa.types.is_list(field.type):
            walk(field.type.value_field, f"{place}.element")
        elif pa.types.is_struct(field.type):
            for inner in field.type:
                walk(inner, f"{place}.{inner.name}")

    for field in schema:
        walk(field, field.name)
    return found


def _metadata(shop: Warehouse, layer: str) -> bytes:
    bucket, key = place_of(shop.iceberg(layer).metadata_location)
    body: bytes = boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    return body


def _forget_what_was_read() -> None:
    """Manifests and metadata files are kept in memory: they never change."""
    clear_manifest_cache()
    fileio._kept = fileio.Kept(2**20)
