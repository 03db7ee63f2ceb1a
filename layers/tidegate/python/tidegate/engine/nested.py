"""Nested values as compact JSON: a struct is an object, a list an array, a map with text keys an object; leaves in canonical text.

Numbers and booleans stand as they are, everything else in quotes; what JSON has no number for (`nan`, `inf`) is a text.
"""

import json
from collections.abc import Sequence

import pyarrow as pa

from tidegate.engine.canonical import is_bytes, is_scalar, is_text, plain_array, plain_type, scalar_text, undecodable

_NOT_TEXT = "bytes that are not UTF-8"


def is_readable(type_: pa.DataType) -> bool:
    """Whether every value of a type has a text."""
    type_ = plain_type(type_)
    if pa.types.is_struct(type_):
        return all(is_readable(field.type) for field in type_)
    if pa.types.is_map(type_):
        return is_text(plain_type(type_.key_type)) and is_readable(type_.item_type)
    if _is_list(type_):
        return is_readable(type_.value_type)
    return is_scalar(type_)


def text_of(array: pa.Array) -> tuple[pa.Array, list[int]]:
    """Return the text of each value, and the places of those that are not UTF-8 where the type says that they are.

    Raises:
        ValueError: bytes of no declared encoding, or texts inside a nested value, are not UTF-8.
    """
    array = plain_array(array)
    if not is_scalar(array.type):
        return pa.array(_json(array), pa.large_string()), []
    broken = undecodable(array) if is_text(array.type) else []
    if broken and is_bytes(array.type):
        raise ValueError(_NOT_TEXT)
    return scalar_text(array), broken


def _is_list(type_: pa.DataType) -> bool:
    return any(kind(type_) for kind in (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list))


def _json(array: pa.Array) -> list[str | None]:
    array = plain_array(array)
    type_ = array.type
    valid = array.is_valid().to_pylist()
    if pa.types.is_struct(type_):
        names = [json.dumps(field.name, ensure_ascii=False) for field in type_]
        members = zip(*(_inner(child) for child in array.flatten()), strict=True) if names else iter([()] * len(array))
        return [_object(names, cells) if there else None for cells, there in zip(members, valid, strict=True)]
    if pa.types.is_map(type_):
        keys, items = (_inner(plain_array(child)) for child in (array.keys, array.items))
        ends = array.offsets.to_pylist()
        start = ends[0] if ends else 0
        return [
            _object(keys[a - start : b - start], items[a - start : b - start]) if there else None
            for a, b, there in zip(ends, ends[1:], valid, strict=False)
        ]
    if _is_list(type_):
        values = iter(_inner(array.flatten()))  # without what null lists hide
        lengths = (type_.list_size if there else 0 for there in valid)
        if not pa.types.is_fixed_size_list(type_):
            lengths = (length or 0 for length in array.value_lengths().to_pylist())
        texts = ["[" + ",".join(next(values) for _ in range(length)) + "]" for length in lengths]
        return [text if there else None for text, there in zip(texts, valid, strict=True)]
    if is_text(type_) and undecodable(array):
        raise ValueError(_NOT_TEXT)
    return [None if text is None else _leaf(text, type_) for text in scalar_text(array).to_pylist()]


def _inner(array: pa.Array) -> list[str]:
    return ["null" if text is None else text for text in _json(array)]


def _object(names: Sequence[str], cells: Sequence[str]) -> str:
    return "{" + ",".join(f"{name}:{cell}" for name, cell in zip(names, cells, strict=True)) + "}"


def _leaf(text: str, type_: pa.DataType) -> str:
    number = pa.types.is_integer(type_) or pa.types.is_decimal(type_) or (pa.types.is_floating(type_) and text[-1].isdigit())
    return text if number or pa.types.is_boolean(type_) else json.dumps(text, ensure_ascii=False)
