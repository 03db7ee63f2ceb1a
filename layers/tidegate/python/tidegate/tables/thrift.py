"""Thrift's compact protocol without a schema: what a Parquet footer is written in, read into numbered fields and written again.

A struct is a mapping from field numbers to `(type, value)`, so that what is not understood comes out as it went in. Types are those of
the protocol's struct fields (https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md).
"""

from typing import Any, NamedTuple

TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = range(1, 13)
_INTEGERS = frozenset({I16, I32, I64})
_MOST_IN_HEADER = 15
_DOUBLE_BYTES = 8

Struct = dict[int, "Typed"]


class Typed(NamedTuple):
    """A field: its type, and an int, bytes, a `Struct`, or a `Several`."""

    type: int
    value: Any


class Several(NamedTuple):
    """A list or set: the type of its elements, and these."""

    type: int
    values: list[Any]


def read_struct(data: bytes) -> Struct:
    """Read the struct that begins a text.

    Raises:
        ValueError: it has a type that no Parquet footer has (a map).
        IndexError: the text ends within it.
    """
    return _Reader(data).struct()


def write_struct(fields: Struct) -> bytes:
    """Return a struct's text."""
    out = bytearray()
    _write_struct(out, fields)
    return bytes(out)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def byte(self) -> int:
        self.at += 1
        return self.data[self.at - 1]

    def unsigned(self) -> int:
        found = shift = 0
        while True:
            byte = self.byte()
            found |= (byte & 0x7F) << shift
            if byte < 0x80:  # noqa: PLR2004 - the bit that says that more follow
                return found
            shift += 7

    def signed(self) -> int:
        number = self.unsigned()
        return number >> 1 ^ -(number & 1)

    def bytes(self, size: int) -> bytes:
        self.at += size
        if self.at > len(self.data):
            message = "the footer ends within a value"
            raise IndexError(message)
        return self.data[self.at - size : self.at]

    def struct(self) -> Struct:
        fields: Struct = {}
        number = 0
        while header := self.byte():
            step, kind = header >> 4, header & 0x0F
            number = number + step if step else self.signed()
            fields[number] = Typed(kind, kind if kind in {TRUE, FALSE} else self.value(kind))
        return fields

    def several(self) -> Several:
        header = self.byte()
        size, inner = header >> 4, header & 0x0F
        if size == _MOST_IN_HEADER:
            size = self.unsigned()
        return Several(inner, [self.value(inner) for _ in range(size)])

    def value(self, kind: int) -> Any:  # noqa: ANN401 - what a type says
        if kind in _INTEGERS:
            return self.signed()
        if kind == BINARY:
            return self.bytes(self.unsigned())
        if kind == DOUBLE:
            return self.bytes(_DOUBLE_BYTES)
        if kind in {LIST, SET}:
            return self.several()
        if kind == STRUCT:
            return self.struct()
        if kind in {TRUE, FALSE, BYTE}:  # within a list a boolean is a byte
            return self.byte()
        message = f"a Parquet footer has no values of type {kind}"
        raise ValueError(message)


def _write_unsigned(out: bytearray, number: int) -> None:
    while number > 0x7F:  # noqa: PLR2004 - seven bits a byte
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)


def _write_signed(out: bytearray, number: int) -> None:
    _write_unsigned(out, number << 1 if number >= 0 else (-number << 1) - 1)


def _write_struct(out: bytearray, fields: Struct) -> None:
    before = 0
    for number, (kind, value) in sorted(fields.items()):
        step = number - before
        if 0 < step <= _MOST_IN_HEADER:
            out.append(step << 4 | kind)
        else:
            out.append(kind)
            _write_signed(out, number)
        if kind not in {TRUE, FALSE}:
            _write_value(out, kind, value)
        before = number
    out.append(0)


def _write_value(out: bytearray, kind: int, value: Any) -> None:  # noqa: ANN401 - what a type says
    if kind in _INTEGERS:
        _write_signed(out, value)
    elif kind == BINARY:
        _write_unsigned(out, len(value))
        out += value
    elif kind == DOUBLE:
        out += value
    elif kind in {LIST, SET}:
        inner, values = value
        if len(values) < _MOST_IN_HEADER:
            out.append(len(values) << 4 | inner)
        else:
            out.append(_MOST_IN_HEADER << 4 | inner)
            _write_unsigned(out, len(values))
        for each in values:
            _write_value(out, inner, each)
    elif kind == STRUCT:
        _write_struct(out, value)
    else:
        out.append(value)
