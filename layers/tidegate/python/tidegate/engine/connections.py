"""DuckDB connections of one run: one database in memory, what it may use, and the tokenisation key."""

import hashlib
import hmac
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from tidegate.contracts.contract import Contract
from tidegate.engine.values import Keyring, Limits

Connect = Callable[[], duckdb.DuckDBPyConnection]
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
    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": f"{limits.memory_mb}MiB",
        "threads": str(limits.threads),
        "preserve_insertion_order": "true",
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "enable_external_file_cache": "false",  # a segment is read once, and the next one has its name
        "arrow_large_buffer_size": "true",  # texts of one segment may pass what 32-bit offsets reach
    }
    spill = limits.temp_dir or (scratch / "spill" if scratch else None)
    if spill is not None:
        settings["temp_directory"] = str(spill)
    database = duckdb.connect(":memory:", config=settings)

    def connect() -> duckdb.DuckDBPyConnection:
        connection = database.cursor()
        connection.execute("SET enable_progress_bar = false")
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"SET disabled_optimizers = '{','.join(_UNWANTED + _RASH * careful)}'")
        if keyring is not None:
            _set_keys(connection, keyring)
        return connection

    try:
        yield connect
    finally:
        database.close()


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
