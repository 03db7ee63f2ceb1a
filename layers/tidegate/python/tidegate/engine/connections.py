"""DuckDB connections of one run: what its database may use, and the tokenisation key."""

import hashlib
import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from tidegate.contracts.contract import Contract
from tidegate.engine.databases import Connect, Settings, opened
from tidegate.engine.values import Keyring, Limits

_BLOCK = 64  # bytes, SHA-256's block: RFC 2104 pads the key to it
# Both optimizers take parts out of their TRY or CASE, where one bad record would fail the batch; the first one also joins every row with
# a list of five words.
_UNWANTED, _RASH = ("in_clause",), ("common_subexpressions",)
_SHIFTS = b"\xff date shift"  # no text in UTF-8 has these bytes: no token of a value, which anybody may see, is the key of shifts


@contextmanager
def connected(limits: Limits, scratch: Path | None, keyring: Keyring | None = None, *, careful: bool = False) -> Iterator[Connect]:
    """Open a database that reaches nothing but local files; what is given makes connections, one for each thread.

    `careful`: SQL has parts that may raise (see `may_raise`).
    """
    settings: Settings = {
        "memory_limit": f"{limits.memory_mb}MiB",
        "threads": limits.threads,
        "preserve_insertion_order": True,
        "arrow_large_buffer_size": True,  # texts of one segment may pass what 32-bit offsets reach
        "disabled_optimizers": ",".join(_UNWANTED + _RASH * careful),
    }
    with opened(settings, limits.temp_dir or (scratch / "spill" if scratch else None)) as connect:

        def with_keys() -> duckdb.DuckDBPyConnection:
            connection = connect()
            if keyring is not None:
                _set_keys(connection, keyring)
            return connection

        yield with_keys


def _set_keys(connection: duckdb.DuckDBPyConnection, keyring: Keyring) -> None:
    """The two pads by RFC 2104 of the key of tokens and of that of shifts, as variables: they appear in no SQL text."""
    connection.execute("SET VARIABLE token_prefix = $1::VARCHAR", [keyring.prefix])
    for purpose, given in (("", keyring.key), ("shift_", hmac.digest(keyring.key, _SHIFTS, "sha256"))):
        key = hashlib.sha256(given).digest() if len(given) > _BLOCK else given
        key = key.ljust(_BLOCK, b"\0")
        connection.execute(f"SET VARIABLE {purpose}inner_pad = $1::BLOB", [bytes(b ^ 0x36 for b in key)])
        connection.execute(f"SET VARIABLE {purpose}outer_pad = $1::BLOB", [bytes(b ^ 0x5C for b in key)])


def may_raise(contract: Contract) -> bool:
    """Whether an expression of a contract is computed, which may raise for one row and not for another."""
    return any(c.expression is not None for c in contract.columns) or any(check.expression for check in contract.rules.checks)
