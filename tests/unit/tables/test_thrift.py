"""What is read without a schema is written again byte for byte, and what does not end is not made up."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.tables import thrift
from tidegate.tables.thrift import Several, Struct, Typed, read_struct, write_struct

SIMPLE = {
    thrift.BYTE: st.integers(0, 255),
    thrift.I16: st.integers(-(2**15), 2**15 - 1),
    thrift.I32: st.integers(-(2**31), 2**31 - 1),
    thrift.I64: st.integers(-(2**63), 2**63 - 1),
    thrift.DOUBLE: st.binary(min_size=8, max_size=8),
    thrift.BINARY: st.binary(max_size=300),
}


def typed(inner: st.SearchStrategy[Struct]) -> st.SearchStrategy[Typed]:
    """A field's type and value."""
    simple = [values.map(lambda v, k=kind: Typed(k, v)) for kind, values in SIMPLE.items()]
    flags = st.sampled_from([Typed(thrift.TRUE, thrift.TRUE), Typed(thrift.FALSE, thrift.FALSE)])
    lists = [
        st.lists(values, max_size=40).map(lambda v, k=kind: Typed(thrift.LIST, Several(k, v))) for kind, values in SIMPLE.items()
    ]
    structs = inner.map(lambda v: Typed(thrift.STRUCT, v))
    several = st.lists(inner, max_size=3).map(lambda v: Typed(thrift.LIST, Several(thrift.STRUCT, v)))
    return st.one_of(*simple, flags, *lists, structs, several)


STRUCTS: st.SearchStrategy[Struct] = st.recursive(
    st.just({}), lambda inner: st.dictionaries(st.integers(1, 30_000), typed(inner), max_size=6), max_leaves=8
)


@given(STRUCTS)
def test_struct_is_read_as_it_was_written(fields: Struct) -> None:
    assert read_struct(write_struct(fields)) == fields


@pytest.mark.parametrize("version", ["1.0", "2.6"])
def test_footer_of_every_type_is_written_as_it_was_read(tmp_path: Path, version: str) -> None:
    columns = {
        "a": pa.array([1, None, -3], pa.int64()),
        "b": pa.array(["x", "", None]),
        "c": pa.array([True, None, False]),
        "d": pa.array([1.5, float("inf"), None]),
        "e": pa.array([[1], [], None], pa.list_(pa.int32())),
        "f": pa.array([{"g": "h"}, None, {"g": None}]),
    }
    pq.write_table(pa.table(columns), tmp_path / "f.parquet", version=version, write_page_index=True)
    whole = (tmp_path / "f.parquet").read_bytes()
    footer = whole[-8 - int.from_bytes(whole[-8:-4], "little") : -8]
    assert write_struct(read_struct(footer)) == footer


@given(STRUCTS.filter(bool), st.data())
def test_text_that_ends_early_is_refused(fields: Struct, data: st.DataObject) -> None:
    whole = write_struct(fields)
    with pytest.raises(IndexError):
        read_struct(whole[: data.draw(st.integers(0, len(whole) - 1))])
