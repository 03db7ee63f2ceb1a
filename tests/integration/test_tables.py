"""The Iceberg tables over moto's Glue and S3, on loopback: commits, replacement, and silver as the fold of bronze."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyiceberg.schema import Schema
from pyiceberg.transforms import MonthTransform
from pyiceberg.types import DateType, ListType, NestedField, StructType

from tests.integration.catalogs import glue_lake
from tidegate.aws.catalog import GlueMetadata
from tidegate.aws.iceberg import GlueLake
from tidegate.contracts.contract import Column, ColumnType, Contract, Kind, LoadMode, PartitionBy
from tidegate.engine import Keyring, Limits
from tidegate.errors import ContractInvalid, StaleCommit
from tidegate.model.runs import Books, Commit, Epoch, Leaving, Manifest
from tidegate.ports import Table
from tidegate.tables.duck import connect, copy_to
from tidegate.tables.pruning import may_hold
from tidegate.tables.schema import quarantine_schema
from tidegate.tables.workshop import LocalWorkshop
from tidegate.usecases.commit import commit_rows, commit_silver

LIMITS = Limits(memory_mb=256, threads=1)
COLUMNS = (Column("id", ColumnType(Kind.STRING), primary_key=True), Column("v", ColumnType(Kind.DECIMAL, 10, 2)))
UPSERT = Contract("shop", "orders", "1.0.0", "x", COLUMNS, LoadMode.UPSERT)
APPEND = Contract("shop", "events", "1.0.0", "x", COLUMNS, LoadMode.APPEND)


class Shop:
    """A lake, and runs that each load one file."""

    def __init__(self, lake: GlueLake, folder: Path, contract: Contract) -> None:
        self.lake, self.folder, self.contract, self.runs = lake, folder, contract, 0
        self.epoch = Epoch()
        self.metadata = GlueMetadata("stack", boto3.client("glue"), boto3.client("s3"))

    def load(
        self,
        key: str,
        arrival: str,
        rows: Sequence[tuple[str, int]],
        *,
        replaces: bool = False,
        full: str = "",
        again: bool = True,
    ) -> Books:
        """Load a file in a run of its own, and `again` as a step does that is tried a second time."""
        self.runs += 1
        run, room = f"run-{self.runs}", self.folder / f"run-{self.runs}"
        room.mkdir()
        before = self.epoch
        if full:
            self.epoch = Epoch(full, arrival)
        layers = self.lake.open(self.contract)
        written = self._parquet(room, run, key, arrival, rows, full, layers.bronze.field_ids)
        arriving = [written] if written else []
        leaving = [Leaving(key)] if replaces else []
        workshop = LocalWorkshop(room, LIMITS, Keyring("test", b"k" * 64))
        bronze = commit_rows(layers.bronze, leaving, arriving, run, workshop, fence=True)
        manifest = Manifest(self.contract.dataset, 1, run, "k", "1.0.0", self.epoch, before, ())
        silver, books = commit_silver(self.contract, manifest, layers, arriving, leaving, workshop)
        bronze.check()
        silver.check()
        Books(
            len(rows), len(rows), 0, *(getattr(books, f"rows_{f}") for f in ("inserted", "updated", "unchanged", "superseded"))
        ).check()
        assert silver.rows_after - silver.rows_before == books.rows_inserted - books.rows_removed
        if again:
            self._once_more(run, bronze, silver, books, arriving, leaving, manifest)
        return books

    def _once_more(
        self,
        run: str,
        bronze: Commit,
        silver: Commit,
        books: Books,
        arriving: Sequence[Path],
        leaving: Sequence[Leaving],
        manifest: Manifest,
    ) -> None:
        """A run that is tried again finds its commits, and the catalog shows each once, as its own metadata counts it."""
        layers, room = self.lake.open(self.contract), self.folder / f"{run}-again"
        room.mkdir()
        workshop = LocalWorkshop(room, LIMITS, Keyring("test", b"k" * 64))
        assert commit_rows(layers.bronze, leaving, arriving, run, workshop, fence=True) == bronze
        assert self.seen(run, "bronze") == [bronze]
        if self.seen(run, "silver"):
            assert commit_silver(self.contract, manifest, layers, arriving, leaving, workshop) == (silver, books)
            assert self.seen(run, "silver") == [silver]

    def seen(self, run: str, layer: str) -> list[Commit]:
        return [c for c in self.metadata.commits(self.contract.table, run) if c.table.startswith(layer)]

    def _parquet(
        self, room: Path, run: str, key: str, arrival: str, rows: Sequence[tuple[str, int]], full: str, ids: Any
    ) -> Path | None:
        names = "id, v, _object_key, _version_id, _file_id, _record, _arrival, _load_id, _run_id, _contract_version"
        lines = [
            f"('{i}', {v}::DECIMAL(10,2), '{key}', 'v', 'f-{arrival}', {n}::BIGINT, '{arrival}', '{full}', '{run}', '1.0.0')"
            for n, (i, v) in enumerate(rows, 1)
        ]
        with connect(room, LIMITS) as db:
            return copy_to(db, f"SELECT * FROM (VALUES {', '.join(lines)}) t({names})", room / "arriving.parquet", ids)  # noqa: S608

    def rows(self, layer: str = "silver") -> list[tuple[str, int]]:
        found = self.lake.load(layer, self.contract.table).scan().to_arrow().to_pylist()
        return sorted((r["id"], int(r["v"])) for r in found)


@pytest.fixture(scope="module")
def lake() -> Iterator[GlueLake]:
    with glue_lake("stack", "lake") as made:
        yield made


@pytest.fixture
def shop(lake: GlueLake, tmp_path: Path, request: pytest.FixtureRequest) -> Shop:
    name = "".join(c for c in request.node.name if c.isalnum())[-40:].lower()
    mode = LoadMode.APPEND if "append" in request.node.name else LoadMode.UPSERT
    return Shop(lake, tmp_path, Contract("shop", name, "1.0.0", "x", COLUMNS, mode))


def test_newest_row_of_a_key_wins_and_every_row_has_one_fate(shop: Shop) -> None:
    books = shop.load("k1", "001", [("a", 1), ("b", 2), ("b", 3)])
    assert (books.rows_inserted, books.rows_superseded) == (2, 1)
    books = shop.load("k2", "002", [("b", 3), ("a", 5), ("c", 4)])
    assert (books.rows_inserted, books.rows_updated, books.rows_unchanged) == (1, 1, 1)
    assert shop.rows() == [("a", 5), ("b", 3), ("c", 4)]


def test_delta_that_is_loaded_late_does_not_overwrite_a_newer_one(shop: Shop) -> None:
    shop.load("new", "002", [("a", 2)])
    books = shop.load("old", "001", [("a", 1), ("b", 1)])
    assert (books.rows_inserted, books.rows_superseded) == (1, 1)
    assert shop.rows() == [("a", 2), ("b", 1)]


def test_replaced_file_leaves_nothing_and_lets_older_rows_of_other_files_come_back(shop: Shop) -> None:
    shop.load("k1", "001", [("a", 1)])
    shop.load("k2", "002", [("a", 2), ("b", 2)])
    books = shop.load("k2", "003", [("c", 3)], replaces=True)
    assert (books.rows_inserted, books.rows_removed) == (1, 1)
    assert shop.rows() == [("a", 1), ("c", 3)]
    assert shop.rows("bronze") == [("a", 1), ("c", 3)]


def test_replay_of_what_is_right_changes_nothing(shop: Shop) -> None:
    shop.load("k1", "001", [("a", 1), ("b", 2)])
    books = shop.load("k1", "001", [("a", 1), ("b", 2)], replaces=True)
    assert books.rows_unchanged == 2
    assert shop.rows() == shop.rows("bronze") == [("a", 1), ("b", 2)]


def test_full_load_starts_anew_and_older_deltas_stay_history(shop: Shop) -> None:
    shop.load("k1", "001", [("a", 1), ("b", 2)])
    books = shop.load("full", "005", [("a", 7)], full="load-1")
    assert (books.rows_updated, books.rows_removed) == (1, 1)
    books = shop.load("late", "003", [("z", 1)])
    assert books.rows_superseded == 1
    shop.load("k6", "006", [("b", 9)])
    assert shop.rows() == [("a", 7), ("b", 9)]
    assert len(shop.rows("bronze")) == 5


def test_append_keeps_equal_rows_and_replaces_by_file(shop: Shop) -> None:
    shop.load("k1", "001", [("a", 1), ("a", 1)])
    shop.load("k2", "002", [("a", 1)])
    assert shop.rows() == [("a", 1)] * 3
    books = shop.load("k1", "003", [("a", 1)], replaces=True)
    assert (books.rows_unchanged, books.rows_removed) == (1, 1)
    assert shop.rows() == [("a", 1)] * 2


def test_commit_on_a_version_that_moved_is_refused_and_changes_nothing(shop: Shop) -> None:
    shop.load("k1", "001", [("a", 1)])
    stale = shop.lake.open(shop.contract)
    shop.load("k2", "002", [("b", 2)])
    summary = dict.fromkeys(("tidegate.added", "tidegate.removed", "tidegate.before", "tidegate.after"), "0")
    with pytest.raises(StaleCommit):
        stale.silver.commit("zombie", remove=stale.silver.live(), add=[], summary=summary)
    assert shop.rows() == [("a", 1), ("b", 2)]


def test_replacement_that_leaves_nothing_behind_still_moves_the_table(shop: Shop) -> None:
    """Otherwise a run that was overtaken could commit the rows it had prepared on the version that stood still."""
    shop.load("k1", "001", [("a", 1)])
    overtaken = shop.lake.open(shop.contract)
    workshop = LocalWorkshop(shop.folder, LIMITS, Keyring("test", b"k" * 64))
    commit_rows(shop.lake.open(shop.contract).quarantine, [Leaving("k1")], [], "successor", workshop, fence=False)
    summary = dict.fromkeys(("tidegate.added", "tidegate.removed", "tidegate.before", "tidegate.after"), "0")
    with pytest.raises(StaleCommit):
        overtaken.quarantine.commit("zombie", remove=[], add=[], summary=summary)


def test_column_that_drift_brings_is_null_in_older_files(shop: Shop) -> None:
    shop.load("k1", "001", [("a", 1)])
    grown = shop.contract.with_columns(Column("extra", ColumnType(Kind.STRING)))
    layers = shop.lake.open(grown)
    assert list(layers.silver.columns)[-1] == "extra"
    assert [r["extra"] for r in shop.lake.load("silver", shop.contract.table).scan().to_arrow().to_pylist()] == [None]
    assert [(r["id"], r["v"]) for r in shop.lake.load("silver", shop.contract.table).scan().to_arrow().to_pylist()] == [
        ("a", Decimal("1.00"))
    ]


class TestUndo:
    """Taking back what a run left that was never settled."""

    def test_rows_and_author_are_those_from_before(self, shop: Shop) -> None:
        shop.load("k1", "001", [("a", 1)])
        shop.load("k2", "002", [("b", 2)])
        table = shop.lake.open(shop.contract).bronze
        assert table.author == "run-2"
        table.undo()
        assert (table.author, shop.lake.open(shop.contract).bronze.author) == ("", "")
        assert shop.rows("bronze") == [("a", 1)]
        assert shop.metadata.totals(shop.contract.table)[f"bronze.{shop.contract.table}"] == (1, "")

    def test_replaced_rows_come_back(self, shop: Shop) -> None:
        shop.load("k1", "001", [("a", 1)])
        shop.load("k1", "002", [("c", 3)], replaces=True)
        for table in (shop.lake.open(shop.contract).bronze, shop.lake.open(shop.contract).silver):
            table.undo()
        assert shop.rows() == shop.rows("bronze") == [("a", 1)]

    def test_first_commit_of_a_table_leaves_it_empty(self, shop: Shop) -> None:
        shop.load("k1", "001", [("a", 1)])
        shop.lake.open(shop.contract).silver.undo()
        assert shop.rows() == []

    def test_whoever_opened_the_table_before_cannot_commit_after(self, shop: Shop) -> None:
        """The files are those from before, the version is not: a plain rollback would let a zombie in."""
        shop.load("k1", "001", [("a", 1)])
        zombie = shop.lake.open(shop.contract).bronze
        shop.load("k2", "002", [("b", 2)])
        shop.lake.open(shop.contract).bronze.undo()
        summary = dict.fromkeys(("tidegate.added", "tidegate.removed", "tidegate.before", "tidegate.after"), "0")
        with pytest.raises(StaleCommit):
            zombie.commit("zombie", remove=[], add=[], summary=summary)

    def test_table_that_moved_is_not_mended_blindly(self, shop: Shop) -> None:
        shop.load("k1", "001", [("a", 1)])
        stale = shop.lake.open(shop.contract).bronze
        shop.load("k2", "002", [("b", 2)])
        with pytest.raises(StaleCommit):
            stale.undo()
        assert shop.rows("bronze") == [("a", 1), ("b", 2)]


def test_column_that_changes_its_type_is_refused_with_a_way_on(shop: Shop) -> None:
    shop.load("k1", "001", [("a", 1)])
    other = replace(shop.contract, columns=(COLUMNS[0], Column("v", ColumnType(Kind.INTEGER))))
    with pytest.raises(ContractInvalid, match="new column name"):
        shop.lake.open(other)


def test_silver_is_read_at_the_version_that_was_pinned_whatever_came_after(shop: Shop, tmp_path: Path) -> None:
    shop.load("k1", "001", [("a", 1)])
    seen = shop.lake.silver(shop.contract.table)
    assert seen is not None
    shop.load("k2", "002", [("a", 2), ("b", 2)])
    found = []
    for name, version in (("then", seen.version), ("now", "")):
        opened = shop.lake.silver(shop.contract.table, version)
        assert opened is not None
        room = tmp_path / name
        room.mkdir()
        paths = opened.fetch(opened.live(), room)
        found.append(sorted(row["v"] for path in paths for row in pq.read_table(path).to_pylist()))
    assert found == [[1], [2, 2]]


def test_silver_of_no_dataset_is_none_and_one_without_rows_has_no_version(shop: Shop) -> None:
    assert shop.lake.silver("shop_nobody") is None
    shop.lake.open(shop.contract)
    empty = shop.lake.silver(shop.contract.table)
    assert empty is not None
    assert (empty.version, list(empty.live())) == ("", [])


def test_quarantine_of_an_older_version_gets_the_class_of_values_and_keeps_its_rows(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part of a list of structs is added by Iceberg's own evolution: files from before are read with a null in its place."""
    whole = quarantine_schema()
    lineage, reasons = whole.fields[:-1], whole.fields[-1]
    assert isinstance(reasons.field_type, ListType)
    assert isinstance(reasons.field_type.element_type, StructType)
    shorter = ListType(
        reasons.field_type.element_id, StructType(*reasons.field_type.element_type.fields[:2]), element_required=False
    )
    older = Schema(*lineage, NestedField(reasons.field_id, "reasons", shorter, required=False))
    monkeypatch.setattr("tidegate.aws.iceberg.quarantine_schema", lambda: older)
    _reject(shop, shop.lake.open(shop.contract).quarantine, "k1", "run-1", "{'rule': 'type', 'column': 'v'}")
    monkeypatch.undo()
    table = shop.lake.open(shop.contract).quarantine
    assert table.columns["reasons"] == 'STRUCT("rule" VARCHAR, "column" VARCHAR, "value_class" VARCHAR)[]'
    assert len(set(table.field_ids.values())) == len(table.field_ids)
    _reject(shop, table, "k2", "run-2", "{'rule': 'type', 'column': 'v', 'value_class': 'exponent'}")
    assert _reasons(shop) == [("k1", "type", None), ("k2", "type", "exponent")]
    _reject(
        shop, shop.lake.open(shop.contract).quarantine, "k2", "run-3", "{'rule': 'required', 'column': 'v', 'value_class': 'empty'}"
    )
    assert _reasons(shop) == [("k1", "type", None), ("k2", "required", "empty")]
    assert shop.lake.open(shop.contract).quarantine.field_ids == table.field_ids


def _reject(shop: Shop, table: Table, key: str, run: str, reason: str) -> None:
    """Replace a file's quarantined rows by one."""
    room = shop.folder / run
    room.mkdir()
    values = ", ".join([*(f"'{key}' AS {n}" for n in ("_object_key", "raw")), "1::BIGINT AS _record", f"[{reason}] AS reasons"])
    others = [f"'x' AS {n}" for n in table.columns if n not in ("_object_key", "raw", "_record", "reasons")]
    with connect(room, LIMITS) as db:
        select = f"SELECT {', '.join(table.columns)} FROM (SELECT {values}, {', '.join(others)})"  # noqa: S608
        arriving = copy_to(db, select, room / "rejected.parquet", table.field_ids)
    workshop = LocalWorkshop(room, LIMITS, Keyring("test", b"k" * 64))
    commit_rows(table, [Leaving(key)], [arriving] if arriving else [], run, workshop, fence=True)


def _reasons(shop: Shop) -> list[tuple[str, str, str | None]]:
    found = shop.lake.load("quarantine", shop.contract.table).scan().to_arrow().to_pylist()
    return sorted((r["_object_key"], e["rule"], e["value_class"]) for r in found for e in r["reasons"])


def test_decimal_that_grows_keeps_the_rows_of_older_files(shop: Shop) -> None:
    shop.load("k1", "001", [("a", 1), ("b", 2)])
    shop.contract = replace(shop.contract, columns=(COLUMNS[0], Column("v", ColumnType(Kind.DECIMAL, 20, 2))))
    shop.load("k2", "002", [("a", 5), ("c", 3)])
    assert shop.lake.open(shop.contract).silver.columns["v"] == "DECIMAL(20,2)"
    assert shop.rows() == [("a", 5), ("b", 2), ("c", 3)]
    assert shop.rows("bronze") == [("a", 1), ("a", 5), ("b", 2), ("c", 3)]


def test_run_that_still_has_the_narrower_contract_does_not_narrow_the_table(shop: Shop) -> None:
    narrow = shop.contract
    shop.contract = replace(shop.contract, columns=(COLUMNS[0], Column("v", ColumnType(Kind.DECIMAL, 20, 2))))
    shop.load("k1", "001", [("a", 1)])
    shop.contract = narrow
    shop.load("k2", "002", [("b", 2)])
    assert shop.lake.open(narrow).silver.columns["v"] == "DECIMAL(20,2)"
    assert shop.rows() == [("a", 1), ("b", 2)]


@pytest.mark.parametrize(
    ("kind", "keys"),
    [
        (ColumnType(Kind.STRING), ["'patient-2026-000000000001'", "'patient-2026-000000000002'"]),
        (ColumnType(Kind.INTEGER), ["-9", "10"]),
        (ColumnType(Kind.DECIMAL, 10, 2), ["-1.50", "12.25"]),
        (ColumnType(Kind.DECIMAL, 38, 4), ["-1.5000", "99999999999999999999.2500"]),
        (ColumnType(Kind.DOUBLE), ["-0.5", "1e300"]),
        (ColumnType(Kind.BOOLEAN), ["false", "true"]),
        (ColumnType(Kind.DATE), ["'1899-12-31'", "'2026-01-01'"]),
        (ColumnType(Kind.TIME), ["'00:00:00'", "'23:59:59.999999'"]),
        (ColumnType(Kind.TIMESTAMP), ["'1899-12-31 23:59:59.5'", "'2026-01-01'"]),
        (ColumnType(Kind.TIMESTAMPTZ), ["'1899-12-31 23:59:59.5+02'", "'2026-01-01 00:00:00+00'"]),
    ],
    ids=lambda value: f"{value.kind}-{value.precision}" if isinstance(value, ColumnType) else "",
)
def test_bounds_of_a_key_of_any_type_let_no_file_be_missed(
    lake: GlueLake, tmp_path: Path, kind: ColumnType, keys: list[str]
) -> None:
    name = f"keys_{kind.kind}_{kind.precision}"
    contract = Contract("shop", name, "1.0.0", "x", (Column("id", kind, primary_key=True), COLUMNS[1]), LoadMode.UPSERT)
    lineage = "'o' AS _object_key, 'v' AS _version_id, 'f' AS _file_id, 1 AS _record, 'a' AS _arrival"
    summary = dict.fromkeys(("tidegate.added", "tidegate.removed", "tidegate.before", "tidegate.after"), "0")
    with connect(tmp_path, LIMITS) as db:
        for number, key in enumerate(keys):
            silver = lake.open(contract).silver
            row = f"SELECT {key}::{silver.columns['id']} AS id, {lineage}"
            ids = {column: n for column, n in silver.field_ids.items() if column != "v" and f" {column}" in row}
            path = copy_to(db, row, tmp_path / f"{number}.parquet", ids)
            assert path is not None
            silver.commit(f"run-{number}", remove=[], add=[path], summary=summary)
        silver = lake.open(contract).silver
        found = [may_hold(db, silver, "id", f"SELECT {key}::{silver.columns['id']} AS id") for key in keys]
        between = may_hold(db, silver, "id", f"SELECT NULL::{silver.columns['id']} AS id WHERE false")
    bounded = kind.kind is not Kind.DOUBLE  # NaN is in no bounds
    assert [len(files) for files in (*found, between)] == ([1, 1, 0] if bounded else [2, 2, 2])
    assert {f.path for files in found for f in files} == {f.path for f in silver.live()}
    assert not bounded or found[0] != found[1]


def test_list_of_manifests_stays_short_however_many_runs_there_were(shop: Shop) -> None:
    """It is read and written by every run: one that grows makes each run dearer than the last."""
    for n in range(26):
        shop.load(f"k{n}", f"{n:03d}", [("a", n), (f"b{n}", 1)], again=False)
    for layer, rows in (("bronze", 52), ("silver", 27)):
        table = shop.lake.load(layer, shop.contract.table)
        snapshot = table.current_snapshot()
        assert snapshot is not None
        assert len(snapshot.manifests(table.io)) <= 20
        assert len(shop.rows(layer)) == rows


class LosesAnswers:
    """A Glue client whose next UpdateTable lands, loses its answer, and is refused when the client sends it once more."""

    def __init__(self, client: Any, meanwhile: Callable[[], object] = lambda: None) -> None:
        self._client, self._meanwhile, self._armed = client, meanwhile, False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def lose_the_next(self) -> None:
        self._armed = True

    def update_table(self, **request: Any) -> Any:
        answer = self._client.update_table(**request)
        if not self._armed:
            return answer
        self._armed = False
        self._meanwhile()
        refused = {"Error": {"Code": "ConcurrentModificationException", "Message": "the table was modified by another process"}}
        raise self._client.exceptions.ConcurrentModificationException(refused, "UpdateTable")


def _losing(shop: Shop, meanwhile: Callable[[], object] = lambda: None) -> tuple[Shop, LosesAnswers]:
    glue = LosesAnswers(boto3.client("glue"), meanwhile)
    return Shop(GlueLake("stack", "lake", boto3.client("s3"), glue), shop.folder / "losing", shop.contract), glue


def test_commit_whose_answer_was_lost_is_known_again_and_the_table_is_whole(shop: Shop) -> None:
    """pyiceberg alone would delete the manifests that the table points to: nobody could read it any more."""
    shop.load("k1", "001", [("a", 1)])
    losing, glue = _losing(shop)
    losing.folder.mkdir()
    losing.runs = 1
    glue.lose_the_next()
    losing.load("k2", "002", [("b", 2)])
    assert shop.rows("bronze") == shop.rows() == [("a", 1), ("b", 2)]


def test_commit_whose_answer_was_lost_and_that_another_followed_is_stale_and_the_table_is_whole(shop: Shop) -> None:
    shop.load("k1", "001", [("a", 1)])
    shop.runs = 5
    losing, glue = _losing(shop, meanwhile=lambda: shop.load("k3", "003", [("c", 3)]))
    losing.folder.mkdir()
    losing.runs = 1
    glue.lose_the_next()
    with pytest.raises(StaleCommit):
        losing.load("k2", "002", [("b", 2)])
    assert shop.rows("bronze") == [("a", 1), ("b", 2), ("c", 3)]


def test_columns_that_were_added_although_the_answer_was_lost_are_there(shop: Shop) -> None:
    shop.load("k1", "001", [("a", 1)])
    losing, glue = _losing(shop)
    glue.lose_the_next()
    wider = replace(shop.contract, columns=(*COLUMNS, Column("extra", ColumnType(Kind.STRING))))
    assert "extra" in losing.lake.open(wider).bronze.columns
    assert "extra" in shop.lake.open(wider).bronze.columns


PARTITIONS = (
    COLUMNS[0],
    Column("v", ColumnType(Kind.DECIMAL, 10, 2)),
    Column("day", ColumnType(Kind.DATE), partition=PartitionBy.MONTH),
    Column("kind", ColumnType(Kind.STRING), partition=PartitionBy.IDENTITY),
)
LONG = "a kind that is longer than bounds are by default: one"


class SlicedShop(Shop):
    """A shop whose orders have a day and a kind; `v` says which."""

    DAYS = (("2021-01-31", LONG), ("2021-02-01", LONG), ("2021-02-28", f"{LONG} more"), ("1969-12-31", "b"), (None, None))

    def _parquet(
        self, room: Path, run: str, key: str, arrival: str, rows: Sequence[tuple[str, int]], full: str, ids: Any
    ) -> Path | None:
        plain = super()._parquet(room, run, key, arrival, rows, full, {k: v for k, v in ids.items() if k not in {"day", "kind"}})
        table = pq.read_table(plain)
        days, kinds = zip(*(self.DAYS[v] for _, v in rows), strict=True)
        lineage = table.select(table.column_names[2:])
        whole = {"id": table["id"], "v": table["v"], "day": pa.array(days).cast(pa.date32()), "kind": pa.array(kinds, pa.string())}
        made = pa.table({**whole, **{name: lineage[name] for name in lineage.column_names}})
        fields = (f.with_metadata({b"PARQUET:field_id": str(ids[f.name]).encode()}) for f in made.schema)
        pq.write_table(made.cast(pa.schema(fields)), room / "arriving.parquet", store_decimal_as_integer=True)
        return room / "arriving.parquet"

    def partitions(self) -> list[tuple[str | None, str | None, int]]:
        """Month, kind and rows of each data file of silver, as Iceberg's metadata have them."""
        table = self.lake.load("silver", self.contract.table)
        texts = MonthTransform().to_human_string
        found = [(task.file.partition, task.file.record_count) for task in table.scan().plan_files()]
        months = [(None if p[0] is None else texts(DateType(), p[0]), p[1], n) for p, n in found]
        return sorted(months, key=str)


def test_silver_lies_in_the_partitions_of_its_contract_and_readers_skip_the_others(lake: GlueLake, tmp_path: Path) -> None:
    shop = SlicedShop(lake, tmp_path, Contract("shop", "sliced", "1.0.0", "x", PARTITIONS, LoadMode.UPSERT))
    shop.load("k1", "001", [("a", 0), ("b", 1), ("c", 2), ("d", 3), ("e", 4), ("f", 0)])
    assert shop.partitions() == [
        ("1969-12", "b", 1),
        ("2021-01", LONG, 2),
        ("2021-02", f"{LONG} more", 1),
        ("2021-02", LONG, 1),
        (None, None, 1),
    ]
    shop.load("k2", "002", [("a", 4), ("e", 0), ("g", 1)])
    assert shop.rows() == [("a", 4), ("b", 1), ("c", 2), ("d", 3), ("e", 0), ("f", 0), ("g", 1)]
    assert [(month, n) for month, kind, n in shop.partitions() if kind in {LONG, None}] == [
        ("2021-01", 2), ("2021-02", 1), ("2021-02", 1), (None, 1),
    ]  # fmt: skip
    silver, bronze = (lake.load(layer, "shop_sliced") for layer in ("silver", "bronze"))
    in_january = silver.scan(row_filter="day >= '2021-01-01' and day < '2021-02-01'")
    assert sorted(in_january.to_arrow()["id"].to_pylist()) == ["e", "f"]
    assert {task.file.partition[1] for task in in_january.plan_files()} == {LONG}
    assert bronze.spec().is_unpartitioned()


def test_contract_that_partitions_otherwise_than_its_table_is_refused(lake: GlueLake, tmp_path: Path) -> None:
    shop = SlicedShop(lake, tmp_path, Contract("shop", "slicedonce", "1.0.0", "x", PARTITIONS, LoadMode.UPSERT))
    shop.load("k1", "001", [("a", 0)])
    with pytest.raises(ContractInvalid, match="partitioned by day_month and kind"):
        lake.open(replace(shop.contract, columns=(*PARTITIONS[:3], replace(PARTITIONS[3], partition=None))))
