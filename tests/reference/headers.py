"""A file's header against the contract."""

import re
from collections.abc import Sequence
from hashlib import sha256

from tests.reference.cutting import Record
from tests.reference.plain import Refused
from tidegate.contracts.contract import Column, ColumnType, Contract, Kind, SchemaDrift

LONGEST = 2_000_000
LONGEST_NAME = 120


class BatchIsRefused(Exception):
    """The drift policy is `fail` and a file brought a new column."""


class RefusedAtHeader(Refused):
    """The header's quotes cannot be read as anybody wrote them."""


def header_of(first: Record, text: bytes, *, open_quote: bool) -> tuple[str, ...]:
    if first.odd or first.broken:
        raise RefusedAtHeader("WRONG_HEADER")
    if open_quote or first.end - first.start > LONGEST:
        raise Refused("WRONG_HEADER")
    try:
        line = text[first.start : first.end].decode()
    except UnicodeDecodeError:
        raise Refused("UNDECODABLE") from None
    if not line.strip():
        raise Refused("WRONG_HEADER" if text.strip() else "EMPTY_FILE")
    names = tuple(name.decode().strip() for name in first.fields)
    if len(set(names)) < len(names):
        raise Refused("DUPLICATE_HEADER")
    return names


def match(contract: Contract, header: Sequence[str]) -> None:
    from_file = [column for column in contract.columns if column.sources]
    there = [column for column in from_file if set(column.sources) & set(header)]
    if any(c not in there for c in from_file if c.required or c.primary_key) or (from_file and not there):
        raise Refused("WRONG_HEADER")
    if unknown(contract, header):
        if contract.schema_drift is SchemaDrift.QUARANTINE:
            raise Refused("UNEXPECTED_COLUMNS")
        if contract.schema_drift is SchemaDrift.FAIL:
            raise BatchIsRefused


def unknown(contract: Contract, header: Sequence[str]) -> list[str]:
    return [name for name in header if not any(name in column.sources for column in contract.columns)]


def key_texts(contract: Contract, key: str) -> dict[str, str]:
    texts = {}
    for column in contract.columns:
        if column.from_key is not None:
            found = re.search(column.from_key, key)
            if found is None or found.group(1) is None:
                raise Refused("KEY_MISMATCH")
            texts[column.name] = found.group(1)
    return texts


def new_columns(contract: Contract, headers: Sequence[tuple[str, ...]]) -> list[Column]:
    """A text column for every new name, in the order of first sight; spellings of one name share it unless one file has both."""
    own = {column.name for column in contract.columns}
    named: dict[str, str] = {}
    for header in headers:
        for name in unknown(contract, header):
            if name not in named:
                beside = {named[other] for other in header if other in named}
                column = snake(name)
                named[name] = distinct(column, name) if column in own | beside else column
    return [
        Column(column, ColumnType(Kind.STRING), sources=tuple(n for n, c in named.items() if c == column))
        for column in dict.fromkeys(named.values())
    ]


def snake(header: str) -> str:
    """Lower-case ASCII words joined by underscores; a capital behind a small letter or a digit begins a word."""
    words = "".join(
        f"_{c}" if "A" <= c <= "Z" and at and header[at - 1] in "abcdefghijklmnopqrstuvwxyz0123456789" else c
        for at, c in enumerate(header)
    ).lower()
    kept = "".join(c if c in "abcdefghijklmnopqrstuvwxyz0123456789" else " " for c in words)
    name = "_".join(kept.split()) or "unnamed"
    name = f"c_{name}" if name[0] in "0123456789" else name
    return name if len(name) <= LONGEST_NAME else distinct(name[: LONGEST_NAME - 7], header)


def distinct(name: str, header: str) -> str:
    return f"{name}_{sha256(header.encode()).hexdigest()[:6]}"
