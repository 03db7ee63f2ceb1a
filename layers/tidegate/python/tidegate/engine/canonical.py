"""Typed values as text, in the one notation that the casts read exactly, so that a typed file meets the same checks as a text file.

| value       | text                                                                                                             |
|-------------|------------------------------------------------------------------------------------------------------------------|
| integer     | digits                                                                                                           |
| decimal     | digits with all places of its scale, never an exponent                                                           |
| double      | the shortest text that reads back as the same number; a whole one without a point as long as every whole number  |
|             | of that size is exact (`5`), from there on with one (`9007199254740992.0`); an exponent from 38 digits on; `nan` |
| boolean     | `true` `false`                                                                                                   |
| date, time  | `2021-01-31`, `09:30:00.25`                                                                                      |
| timestamp   | `2021-01-31T09:30:00.25`, of an instant in UTC with `Z` behind it                                                |
| text        | as it is; bytes that are not UTF-8 as their hexadecimal escapes                                                  |
| nested      | compact JSON (see `nested`)                                                                                      |
"""

import uuid
from collections.abc import Callable
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

_TEXT = pa.large_string()
_EXACT = {16: 1 << 11, 32: 1 << 24, 64: 1 << 53}  # by the bits of a float: below this every whole number is one of its own
_PLAIN_DIGITS = 38
_UUID = "arrow.uuid"


def plain_array(array: pa.Array) -> pa.Array:
    """Return an array without dictionary, run ends or extension type around its values, but for a UUID's."""
    type_ = array.type
    if pa.types.is_dictionary(type_):
        return plain_array(array.dictionary_decode())
    if isinstance(type_, pa.BaseExtensionType) and type_.extension_name != _UUID:
        return plain_array(array.storage)
    return array


def plain_type(type_: pa.DataType) -> pa.DataType:
    """Return the type that `plain_array` gives."""
    if pa.types.is_dictionary(type_):
        return plain_type(type_.value_type)
    if isinstance(type_, pa.BaseExtensionType) and type_.extension_name != _UUID:
        return plain_type(type_.storage_type)
    return type_


def is_text(type_: pa.DataType) -> bool:
    """Whether values of a plain type are texts already, so that a contract's formats say how they are read."""
    return is_bytes(type_) or any(kind(type_) for kind in (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view))


def is_bytes(type_: pa.DataType) -> bool:
    """Whether values of a plain type are bytes of any length."""
    return any(kind(type_) for kind in (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_binary_view))


def is_scalar(type_: pa.DataType) -> bool:
    """Whether `scalar_text` takes a plain type."""
    kinds = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_boolean, pa.types.is_null)
    moments = (pa.types.is_date, pa.types.is_time, pa.types.is_timestamp)
    return is_text(type_) or isinstance(type_, pa.UuidType) or any(is_kind(type_) for is_kind in (*kinds, *moments))


def scalar_text(array: pa.Array) -> pa.Array:  # noqa: PLR0911 - one answer a type
    """Return the text of each value of a plain array, null where there is none."""
    type_ = array.type
    if isinstance(type_, pa.UuidType):
        return pa.array([None if v is None else str(uuid.UUID(bytes=v)) for v in array.storage.to_pylist()], _TEXT)
    if is_text(type_):
        return _decoded(array)
    if pa.types.is_floating(type_):
        return _floats(array)
    if pa.types.is_decimal(type_):
        return _decimals(array)
    if pa.types.is_timestamp(type_):
        return _timestamps(array)
    if pa.types.is_time(type_):
        return _without_zeros(array.cast(_TEXT))
    return array.cast(_TEXT)


def undecodable(array: pa.Array) -> list[int]:
    """Return the places of texts that are not UTF-8."""
    try:
        if is_bytes(array.type):
            array.cast(_TEXT)
        else:
            array.validate(full=True)
    except pa.ArrowInvalid:
        return [place for place, value in enumerate(_bytes(array)) if value is not None and not _is_utf8(value)]
    return []


def _decoded(array: pa.Array) -> pa.Array:
    if not undecodable(array):
        return array.cast(_TEXT)
    return pa.array([None if value is None else value.decode("utf-8", "backslashreplace") for value in _bytes(array)], _TEXT)


def _bytes(array: pa.Array) -> list[bytes | None]:
    found: list[bytes | None] = array.cast(pa.large_binary()).to_pylist()
    return found


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def _floats(array: pa.Array) -> pa.Array:
    exact = _EXACT[array.type.bit_width]
    if pa.types.is_float16(array.type):
        array = array.cast(pa.float32())
    text = array.cast(_TEXT)
    odd = pc.or_(pc.greater_equal(pc.abs(array), pa.scalar(exact, array.type)), pc.match_substring(text, "e"))
    return _replaced(text, odd, lambda found: plain_float(found, exact))


def plain_float(text: str, exact: int = _EXACT[64]) -> str:
    """Return a float's shortest text without an exponent, with a point when it is whole and `exact` or greater."""
    number = Decimal(text)
    if not number.is_finite() or abs(number.adjusted()) >= _PLAIN_DIGITS:
        return text
    plain = format(number, "f")
    if "." in plain:
        plain = plain.rstrip("0").rstrip(".")
    return f"{plain}.0" if number.copy_abs() >= exact and "." not in plain else plain


def _decimals(array: pa.Array) -> pa.Array:
    text = array.cast(_TEXT)
    return _replaced(text, pc.match_substring(text, "E"), lambda found: format(Decimal(found), "f"))


def _replaced(text: pa.Array, where: pa.Array, change: Callable[[str], str]) -> pa.Array:
    if not pc.any(where).as_py():
        return text
    changed = pa.array([change(found) for found in text.filter(where).to_pylist()], _TEXT)
    return pc.replace_with_mask(text, pc.fill_null(where, fill_value=False), changed)


def _timestamps(array: pa.Array) -> pa.Array:
    unit, zone = array.type.unit, array.type.tz
    if zone is not None:
        array = array.cast(pa.timestamp(unit, "UTC"))
    if unit != "s":
        try:  # whole seconds are usual, and a text without zeros to take off is cheap
            array = array.cast(pa.timestamp("s", array.type.tz))
        except pa.ArrowInvalid:
            return _without_zeros(pc.replace_substring(array.cast(_TEXT), " ", "T", max_replacements=1))
    return pc.replace_substring(array.cast(_TEXT), " ", "T", max_replacements=1)


def _without_zeros(text: pa.Array) -> pa.Array:
    """Take the zeros off the end of a fraction of a second, and the point when none is left."""
    short = pc.replace_substring_regex(text, r"\.0+(Z?)$", r"\1")
    return pc.replace_substring_regex(short, r"(\.[0-9]*[1-9])0+(Z?)$", r"\1\2")
