"""Rows that are copied keep their order, their values and their types, whatever is left out between them."""

import datetime as dt
import random
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tidegate.tables.copying import copy_kept

IDS = {"id": 7, "at": 2, "amount": 5, "word": 9}
ROWS = 5_000


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A file of five row groups; its field ids are another table's."""
    rows = range(ROWS)
    table = pa.table(
        {
            "id": pa.array([f"k{n}" if n % 10 else None for n in rows]),
            "at": pa.array([dt.datetime(2021, 1, 1, tzinfo=dt.UTC) + dt.timedelta(minutes=n) for n in rows]),
            "amount": pa.array([Decimal(n) / 100 for n in rows], pa.decimal128(18, 2)),
            "word": pa.array(
                [f"{n // 1000}{'ab'[n % 2]}" for n in rows], pa.string()
            ),  # each row group has a dictionary of its own
        }
    )
    pq.write_table(
        table,
        tmp_path / "source.parquet",
        row_group_size=1000,
        use_dictionary=["word"],
        store_decimal_as_integer=True,
        store_schema=False,
    )
    return tmp_path / "source.parquet"


def copied(source: Path, wanted: set[int], target: int = 1 << 30) -> list[Path]:
    def kept(first: int, rows: int) -> pa.Array:
        return pa.array(sorted(n - first for n in wanted if first <= n < first + rows), pa.int64())

    return copy_kept(source, kept, IDS, source.parent, target)


@pytest.mark.parametrize("share", [0, 0.01, 0.99, 1])
def test_kept_rows_are_those_of_the_source_in_its_order(source: Path, share: float) -> None:
    wanted = set(random.Random(3).sample(range(ROWS), int(ROWS * share)))  # noqa: S311 - no secret
    paths = copied(source, wanted)
    assert len(paths) == (1 if wanted else 0)
    for path in paths:
        assert pq.read_table(path).to_pylist() == pq.read_table(source).take(sorted(wanted)).to_pylist()
        assert pq.read_schema(path).types == pq.read_schema(source).types


def test_row_groups_that_lose_all_their_rows_are_left_out(source: Path) -> None:
    (path,) = copied(source, {0, 4_999})
    assert pq.read_table(path)["word"].to_pylist() == ["0a", "4b"]


def test_files_end_with_the_row_group_that_takes_them_over_their_size(source: Path) -> None:
    groups = [pq.read_metadata(source).row_group(n) for n in range(5)]
    size = sum(groups[0].column(n).total_compressed_size for n in range(4))
    paths = copied(source, set(range(ROWS)), size + 1)
    assert [pq.read_metadata(path).num_rows for path in paths] == [2_000, 2_000, 1_000]
    assert pa.concat_tables(map(pq.read_table, paths)).to_pylist() == pq.read_table(source).to_pylist()


def test_field_ids_are_those_of_the_table_that_it_is_copied_for(source: Path) -> None:
    (path,) = copied(source, {1})
    assert {f.name: int(f.metadata[b"PARQUET:field_id"]) for f in pq.read_schema(path)} == IDS
