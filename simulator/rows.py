"""The contents of simulated files, and what a contract makes of them: a few lines that the invariants are computed from.

A file is JSON: {"rows": [[id, at, kind], …]}, where id and at may be null, or says what is wrong with it: {"refused": true} is one
that the engine refuses as a whole, {"poison": true} one that kills whoever loads it.
"""

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

from tidegate.contracts.contract import Contract
from tidegate.model.runs import Epoch


class Row(NamedTuple):
    """A row of any layer, with its lineage. In quarantine `id` may be None."""

    id: str | None
    at: int | None
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
    return (row.at is not None, row.at or 0, row.arrival, row.file_id, row.record)


def is_tombstone(contract: Contract, row: Row) -> bool:
    """Whether the row says that its key is gone."""
    return contract.delete_when is not None and row.kind in contract.delete_when.values


def winners(bronze: Iterable[Row], epoch: Epoch) -> dict[str | None, Row]:
    """Return the newest row of each key in the current epoch, tombstones among them."""
    newest: dict[str | None, Row] = {}
    for row in sorted(bronze, key=newest_first):
        if not epoch.load or row.load_id == epoch.load or (not row.load_id and row.arrival >= epoch.start):
            newest[row.id] = row
    return newest


def fold(contract: Contract, bronze: Iterable[Row], epoch: Epoch) -> list[Row]:
    """Silver, from bronze: the newest row of each key, unless it is a tombstone."""
    return [row for row in winners(bronze, epoch).values() if not is_tombstone(contract, row)]
