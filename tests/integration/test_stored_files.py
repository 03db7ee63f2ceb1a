"""Data files that others wrote where the table keeps its own: the table takes them as it takes those from local disk, or refuses them."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.integration.catalogs import glue_lake
from tidegate.aws.iceberg import GlueLake
from tidegate.aws.stored_files import store
from tidegate.contracts.contract import Column, ColumnType, Contract, Kind, LoadMode
from tidegate.engine import Limits
from tidegate.errors import BooksUnbalanced, NotFound, ServiceUnavailable
from tidegate.ports import StoredFile, Table
from tidegate.tables.duck import connect, copy_to

COLUMNS = (Column("id", ColumnType(Kind.STRING), primary_key=True), Column("v", ColumnType(Kind.DECIMAL, 10, 2)))
SUMMARY = {"tidegate.added": "3", "tidegate.removed": "0", "tidegate.before": "0", "tidegate.after": "3"}


@pytest.fixture(scope="module")
def lake() -> Iterator[GlueLake]:
    with glue_lake("stored", "stored") as made:
        yield made


@pytest.fixture
def bronze(lake: GlueLake, request: pytest.FixtureRequest) -> Table:
    return lake.open(Contract("shop", f"s{abs(hash(request.node.name))}", "1", "x", COLUMNS, LoadMode.UPSERT)).bronze


def rows(table: Table, folder: Path, count: int = 3) -> Path:
    lineage = "'k' || n AS _object_key, 'v' AS _version_id, 'f' AS _file_id, n AS _record, 'a' AS _arrival, '' AS _load_id"
    made = f"SELECT 'i' || n AS id, n::DECIMAL(10,2) AS v, {lineage}, 'r' AS _run_id, '1' AS _contract_version FROM range({count}) t(n)"  # noqa: S608 - texts of ours
    with connect(folder, Limits(memory_mb=128, threads=1)) as db:
        path = copy_to(db, made, folder / "rows.parquet", table.field_ids)
    assert path is not None
    return path


def stored(table: Table, path: Path) -> StoredFile:
    return store(boto3.client("s3"), path, table.location, "run-1")


def test_stored_file_is_described_as_one_from_local_disk(bronze: Table, lake: GlueLake, tmp_path: Path) -> None:
    path = rows(bronze, tmp_path)
    bronze.commit("run-1", remove=(), add=[stored(bronze, path)], summary=SUMMARY)
    bronze.commit("run-2", remove=(), add=[path], summary=SUMMARY)
    table = lake.load("bronze", bronze.name.removeprefix("bronze."))
    one, other = (t.file for t in table.scan().plan_files())
    assert one.file_path.startswith(f"{bronze.location}/data/run-")
    told = (
        "record_count",
        "file_size_in_bytes",
        "value_counts",
        "null_value_counts",
        "lower_bounds",
        "upper_bounds",
        "split_offsets",
    )
    assert [getattr(one, name) for name in told] == [getattr(other, name) for name in told]
    assert (one.record_count, one.file_size_in_bytes) == (3, path.stat().st_size)
    assert sorted(table.scan().to_arrow()["id"].to_pylist()) == ["i0", "i0", "i1", "i1", "i2", "i2"]


def test_footer_larger_than_what_is_read_first_is_read_whole(
    bronze: Table, lake: GlueLake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tidegate.aws.stored_files._TAIL", 100)
    bronze.commit("run-1", remove=(), add=[stored(bronze, rows(bronze, tmp_path))], summary=SUMMARY)
    assert lake.load("bronze", bronze.name.removeprefix("bronze.")).scan().to_arrow().num_rows == 3


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"rows": 4}, BooksUnbalanced),
        ({"bytes": 300}, ServiceUnavailable),
        ({"uri": "s3://stored/nowhere.parquet"}, NotFound),
    ],
)
def test_stored_file_that_is_not_what_its_writer_said_is_not_committed(
    bronze: Table, tmp_path: Path, wrong: dict[str, Any], error: type[Exception]
) -> None:
    file = replace(stored(bronze, rows(bronze, tmp_path)), **wrong)
    with pytest.raises(error):
        bronze.commit("run-1", remove=(), add=[file], summary=SUMMARY)
    assert not bronze.live()
