"""The contents of simulated files, and what a contract makes of them: a dozen lines that the invariants are computed from.

A file is JSON: {"rows": [[id, at, kind], …]}, or says what is wrong with it: {"refused": true} is one that the engine refuses as a
whole, {"poison": true} one that kills whoever loads it.
"""

import json
from typing import Any, NamedTuple

from tidegate.contracts.contract import Contract


class Row(NamedTuple):
    """A row of any layer, with its lineage. In quarantine `id` may be None."""

    id: str | None
    at: int
    kind: str
    object_key: str
    file_id: str
    record: int
    arrival: str
    load_id: str

    @property
    def values(self) -> tuple[Any, ...]:
        """What the file said."""
        return self[:3]


def body(rows: list[list[Any]] | None = None, **flaws: bool) -> bytes:
    """Return a file's bytes."""
    return json.dumps({"rows": rows or [], **flaws}).encode()


def accepts(contract: Contract, values: tuple[Any, ...]) -> bool:
    """Whether a row keeps the contract: it has an id, and its kind is one of the contract's."""
    kinds = next(c.valid_values for c in contract.columns if c.name == "kind")
    return values[0] is not None and values[2] in kinds


def newest_first(row: Row) -> tuple[Any, ...]:
    """Return what orders the rows of a key."""
    return (row.at, row.arrival, row.file_id, row.record)


def fold(bronze: list[Row], epoch_load: str, epoch_start: str) -> dict[str | None, Row]:
    """Silver, from bronze: the newest row of each key in the current epoch."""
    silver: dict[str | None, Row] = {}
    for row in sorted(bronze, key=newest_first):
        if not epoch_load or row.load_id == epoch_load or (not row.load_id and row.arrival >= epoch_start):
            silver[row.id] = row
    return silver
