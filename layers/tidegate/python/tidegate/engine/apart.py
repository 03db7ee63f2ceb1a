"""Rules that need more than one row: records that refer to nobody or repeat what has to be unique, and rows counted for warnings."""

from collections.abc import Callable, Mapping, Sequence

import duckdb

from tidegate.contracts.contract import Contract
from tidegate.contracts.rules import Reference
from tidegate.engine.checks import REASONS_TYPE, ColumnSql
from tidegate.engine.references import rejected, stage_parents
from tidegate.engine.uniques import rejecting, repeated
from tidegate.engine.values import Parents

_ACCEPTED = "x.reasons IS NULL AND f.reasons IS NULL"


class Apart:
    """Sets records apart after all rows are staged. `accepted` is the condition, over `x` and `f`, of those that are left.

    `rows` gives SELECT statements: some columns of the staged rows `x` beside their files `f`, under a condition.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        contract: Contract,
        columns: Sequence[ColumnSql],
        rows: Callable[[str, str], str],
    ) -> None:
        """Nothing is set apart yet."""
        self._connection, self._contract, self._columns, self._rows = connection, contract, columns, rows
        self._absent: Mapping[Reference, str] = {}
        self.accepted = _ACCEPTED

    @property
    def found(self) -> str:
        """SELECT file, record and reasons of the records that were set apart; empty when no rule asks for it."""
        if self.accepted == _ACCEPTED:
            return ""
        return "SELECT file, record, flatten(list(reasons ORDER BY rowid)) FROM apart GROUP BY file, record"

    def find(self, parents: Parents, keys: Sequence[str]) -> None:
        """Find the records; `keys` are the landing objects of the batch."""
        rules = self._contract.rules
        if not rules.references and not rejecting(self._contract):
            return
        cells = {c.column.name: f"o{c.number}" for c in self._columns}
        self._connection.execute(f"CREATE TEMP TABLE apart (file INTEGER, record BIGINT, reasons {REASONS_TYPE})")
        self._absent = stage_parents(self._connection, self._contract, parents, cells, self._plain(), keys)
        for reference in (r for r in rules.references if r.rejects):
            self._connection.execute(f"INSERT INTO apart {rejected(reference, self._absent[reference], self._plain())}")
        self.accepted += " AND NOT EXISTS (FROM apart a WHERE a.file = x.file AND a.record = x.record)"
        if rejecting(self._contract):
            self._connection.execute(f"INSERT INTO apart {repeated(self._contract, cells, self._plain())}")

    def counted(self) -> dict[str, tuple[int, ...]]:
        """By file id, the accepted rows that break each of `Rules.counted`; empty where the contract has none."""
        rules = self._contract.rules
        if not rules.counted:
            return {}
        sources = {place: "f" if c.column.from_key is not None else "x" for c in self._columns for place, _ in c.counted}
        places = sorted(sources)
        found: dict[str, list[int]] = {}
        if places:
            rows = self._rows(", ".join(["f.file_id", *(f"{sources[place]}.w{place}" for place in places)]), self.accepted)
            found = self._count([f"w{place}" for place in places], rows)
        for reference in (r for r in rules.references if not r.rejects):
            for file, counts in self._count([self._absent[reference]], self._plain()).items():
                found.setdefault(file, []).extend(counts)
        return {file: tuple(counts) for file, counts in found.items()}

    def _count(self, conditions: Sequence[str], rows: str) -> dict[str, list[int]]:
        """By file id, the rows for which each condition is true; 0 for the others."""
        sums = ", ".join(f"count(*) FILTER ({condition})" for condition in conditions)
        found = self._connection.execute(f"SELECT file_id, {sums} FROM ({rows}) GROUP BY file_id").fetchall()
        return {file: list(counts) for file, *counts in found}

    def _plain(self) -> str:
        """The accepted rows with `file`, `record` and the values of all columns as the table will hold them."""
        values = (f"{'f' if c.column.from_key is not None else 'x'}.o{c.number} AS o{c.number}" for c in self._columns)
        return self._rows(", ".join(["x.file", "f.file_id", "x.record", *values]), self.accepted)
