"""Counting in Arrow."""

import pyarrow as pa
import pyarrow.compute as pc


def numbers(count: int, type_: pa.DataType) -> pa.Array:
    """Return 0, 1, 2 … of an integer type, so many."""
    one = pa.scalar(1, type_)
    return pc.subtract(pc.cumulative_sum(pa.repeat(one, count)), one)
