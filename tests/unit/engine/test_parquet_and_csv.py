"""The same data as Parquet with types and as CSV: the same values, the same rejects, for the same reasons."""

import csv
import datetime as dt
import io
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.engine.rig import Outcome, contract, load, text, typed
from tidegate.contracts.contract import Column, Format, Kind

TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=8)
NUMERIC = st.sampled_from(["1", "007", "-5", "1.5", "1e3", "true", "2021-01-31", "31.1.2021", "nan", " 1", "n/a", "10:30", ""])
LOCAL = st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2100, 1, 1))  # noqa: DTZ001 - without zone


def a_float(value: float) -> str:
    """Write a double as a person would: whole numbers without a point, nothing with an exponent."""
    if value.is_integer():
        return ("-" if str(value)[0] == "-" else "") + str(abs(int(value)))
    return format(Decimal(repr(value)), "f")


@dataclass(frozen=True)
class Source:
    """A type of Parquet, its values, and how they stand in a CSV file."""

    type: pa.DataType
    values: st.SearchStrategy[Any]
    written: Callable[[Any], str]


SOURCES = [
    Source(pa.int64(), st.integers(-(2**63), 2**63 - 1), str),
    Source(pa.int8(), st.integers(-128, 127), str),
    Source(pa.uint64(), st.integers(0, 2**64 - 1), str),
    Source(pa.float64(), st.floats(-1e15, 1e15).filter(lambda v: abs(v) > 1e-30 or v == 0), a_float),
    Source(pa.float64(), st.integers(-(2**53) + 1, 2**53 - 1).map(float), a_float),
    Source(pa.decimal128(12, 3), st.decimals(-(10**8), 10**8, places=3), lambda v: format(v, "f")),
    Source(pa.decimal256(50, 9), st.decimals(-1, 1, places=9), lambda v: format(v, "f")),
    Source(pa.bool_(), st.booleans(), lambda v: str(v).lower()),
    Source(pa.string(), TEXTS | NUMERIC, str),
    Source(pa.large_string(), NUMERIC, str),
    Source(pa.dictionary(pa.int32(), pa.string()), NUMERIC, str),
    Source(pa.binary(), TEXTS.map(str.encode), bytes.decode),
    Source(pa.date32(), st.dates(dt.date(1, 1, 1)), dt.date.isoformat),
]
#: Moments as a column of the same kind reads them; the CSV file has them in the contract's format, which has all their digits.
MOMENTS = [
    (
        Source(pa.date32(), st.dates(dt.date(1, 1, 1)), lambda v: f"{v.day}.{v.month}.{v.year:04}"),
        typed("v", Kind.DATE, formats=("d.M.yyyy",)),
    ),
    (
        Source(pa.timestamp("us"), LOCAL, lambda v: v.strftime("%d/%m/%Y %H:%M:%S.%f")),
        typed("v", Kind.TIMESTAMP, formats=("dd/MM/yyyy HH:mm:ss.SSSSSS",)),
    ),
    (
        Source(
            pa.timestamp("ms", "Asia/Tokyo"), LOCAL.map(lambda v: v.replace(microsecond=0, tzinfo=dt.UTC)), dt.datetime.isoformat
        ),
        typed("v", Kind.TIMESTAMPTZ),
    ),
    (Source(pa.time64("us"), st.times(), dt.time.isoformat), typed("v", Kind.TIME)),
    (Source(pa.time32("s"), st.times().map(lambda v: v.replace(microsecond=0)), dt.time.isoformat), typed("v", Kind.TIME)),
]
COLUMNS = [
    text("v"),
    text("v", max_length=3, null_values=("1",), valid_values=("5", "true", "a")),
    typed("v", Kind.INTEGER, minimum="-100"),
    typed("v", Kind.DECIMAL, null_values=("0",)),
    typed("v", Kind.DOUBLE, exclusive_maximum="50.5"),
    typed("v", Kind.BOOLEAN),
    typed("v", Kind.DATE),
    typed("v", Kind.DATE, required=True, formats=("yyyy-MM-dd", "d.M.yyyy")),
    typed("v", Kind.TIME),
]


def as_csv(rows: Sequence[Sequence[str | None]]) -> bytes:
    """Write rows with every text in quotes; an empty one is null."""
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows(rows)
    return out.getvalue().encode()


def as_parquet(table: pa.Table, **options: object) -> bytes:
    """Write a table."""
    out = io.BytesIO()
    pq.write_table(table, out, **options)
    return out.getvalue()


def both(
    columns: Sequence[Column], sources: Sequence[Source], rows: Sequence[Sequence[Any]], **options: object
) -> tuple[Outcome, Outcome]:
    """Load rows as Parquet and as CSV."""
    arrays = {c.name: pa.array([row[n] for row in rows], s.type) for n, (c, s) in enumerate(zip(columns, sources, strict=True))}
    written = [[None if v is None else s.written(v) for v, s in zip(row, sources, strict=True)] for row in rows]
    of = contract(*columns)
    with tempfile.TemporaryDirectory() as folder:
        typed_rows = load(Path(folder, "p"), replace(of, format=Format.PARQUET), as_parquet(pa.table(arrays), **options))
        return typed_rows, load(Path(folder, "c"), of, as_csv([list(arrays), *written]))


def assert_same(parquet: Outcome, text_: Outcome) -> None:
    """Compare everything but the raw text."""
    assert parquet.codes == text_.codes == [None]
    assert parquet.accepted == text_.accepted
    assert [(n, reasons) for _, n, _, reasons in parquet.quarantined] == [(n, reasons) for _, n, _, reasons in text_.quarantined]
    assert parquet.classes == text_.classes


@settings(deadline=None, max_examples=30)
@given(data=st.data())
def test_any_type_in_any_column_is_read_as_the_csv_file_with_the_same_values_is(data: st.DataObject) -> None:
    sources = data.draw(st.lists(st.sampled_from(SOURCES), min_size=1, max_size=4))
    columns = [replace(data.draw(st.sampled_from(COLUMNS)), name=f"c{n}", sources=(f"c{n}",)) for n in range(len(sources))]
    rows = data.draw(st.lists(st.tuples(st.integers(0, 9), *(st.none() | s.values for s in sources)), min_size=1, max_size=8))
    number = Source(pa.int32(), st.nothing(), str)  # no row is a blank line in CSV
    options = data.draw(st.sampled_from([{}, {"row_group_size": 3}, {"use_dictionary": False, "compression": "gzip"}]))
    assert_same(*both([typed("n", Kind.INTEGER), *columns], [number, *sources], rows, **options))


@settings(deadline=None, max_examples=30)
@given(data=st.data())
def test_moment_is_read_as_the_csv_file_in_the_format_of_the_contract_is(data: st.DataObject) -> None:
    source, column = data.draw(st.sampled_from(MOMENTS))
    values = data.draw(st.lists(source.values, min_size=1, max_size=8))
    assert_same(*both([column], [source], [[value] for value in values]))
