"""Rows that are copied keep their order, their values and their types, whatever is left out between them."""

import datetime as dt
import random
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.duck import looking
from tidegate.tables.copying import copy_kept

IDS = {"id": 7, "at": 2, "amount": 5, "word": 9}
ROWS = 5_000


@pytest.fixture(params=["its own ids", "another table's ids"])
def source(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A file of five row groups."""
    ids = IDS if request.param == "its own ids" else {name: number + 1 for name, number in IDS.items()}
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
    fields = (f.with_metadata({b"PARQUET:field_id": str(ids[f.name]).encode()}) for f in table.schema)
    pq.write_table(
        table.cast(pa.schema(fields)),
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


def row_groups(path: Path) -> list[pq.RowGroupMetaData]:
    metadata = pq.read_metadata(path)
    return [metadata.row_group(number) for number in range(metadata.num_row_groups)]


def pages(path: Path) -> list[bytes]:
    """The bytes of each row group."""
    whole, found = path.read_bytes(), []
    for group in row_groups(path):
        chunks = [group.column(number) for number in range(group.num_columns)]
        start = min(c.dictionary_page_offset or c.data_page_offset for c in chunks)
        found.append(whole[start : start + sum(c.total_compressed_size for c in chunks)])
    return found


@pytest.mark.parametrize("source", ["its own ids"], indirect=True)
def test_row_groups_that_lose_no_row_are_taken_byte_for_byte(source: Path) -> None:
    (path,) = copied(source, set(range(ROWS)) - {2_500} - set(range(3_000, 4_000)))
    assert [p in pages(source) for p in pages(path)] == [True, True, False, True]
    assert [group.num_rows for group in row_groups(path)] == [1_000, 1_000, 999, 1_000]
    with looking() as db:
        late = db.execute(
            "SELECT id, amount FROM read_parquet($1) WHERE \"at\" >= '2021-01-03 23:00:00+00'", [str(path)]
        ).fetchall()
    assert late == [(None if n % 10 == 0 else f"k{n}", Decimal(n) / 100) for n in range(4_260, ROWS)]


@pytest.mark.parametrize("source", ["its own ids"], indirect=True)
def test_file_of_another_writer_with_bloom_filters_and_indexes_is_copied_too(source: Path) -> None:
    ids = ", ".join(f'"{name}": {number}' for name, number in IDS.items())
    written = source.with_name("duckdb.parquet")
    duckdb.sql(f"COPY (FROM '{source}') TO '{written}' (FORMAT parquet, ROW_GROUP_SIZE 2048, FIELD_IDS {{{ids}}})")
    (path,) = copied(written, set(range(2_000, ROWS)))
    assert pages(path) == pages(written)[2:]
    with looking() as db:
        assert db.execute("SELECT count(*) FROM read_parquet($1) WHERE word = '2a'", [str(path)]).fetchall() == [(500,)]
    assert pq.read_table(path).to_pylist() == pq.read_table(source).slice(2_000).to_pylist()


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


@pytest.mark.parametrize("source", ["its own ids"], indirect=True)
def test_files_end_with_the_row_group_that_takes_them_over_their_size(source: Path) -> None:
    size = max(sum(group.column(n).total_compressed_size for n in range(4)) for group in row_groups(source))
    paths = copied(source, set(range(ROWS)), size + size // 2)
    assert [pq.read_metadata(path).num_rows for path in paths] == [2_000, 2_000, 1_000]
    assert pa.concat_tables(map(pq.read_table, paths)).to_pylist() == pq.read_table(source).to_pylist()


def test_field_ids_are_those_of_the_table_that_it_is_copied_for(source: Path) -> None:
    (path,) = copied(source, {1})
    assert {f.name: int(f.metadata[b"PARQUET:field_id"]) for f in pq.read_schema(path)} == IDS
