"""Rules that need more than one row: records that refer to nobody or repeat what has to be unique, and rows counted for warnings.

They are asked of the accepted rows once all of them are written, because nobody knows before which those are.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from tidegate.contracts.contract import Contract
from tidegate.contracts.rules import Reference
from tidegate.engine import sql
from tidegate.engine.checks import ColumnSql
from tidegate.engine.reasons import REASON_FIELDS
from tidegate.engine.references import rejected, stage_parents
from tidegate.engine.uniques import rejecting, repeated
from tidegate.engine.values import Parents

Found = Mapping[str, Mapping[int, list[dict[str, str]]]]
"""Reasons by file id and record number."""


class Apart:
    """Looks at the accepted rows of a run in the file that holds them."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, contract: Contract, columns: Sequence[ColumnSql], accepted: Path
    ) -> None:
        """Read nothing yet."""
        self._connection, self._contract, self._accepted = connection, contract, accepted
        self._columns = [c for c in columns if c.column.stored]
        self._absent: Mapping[Reference, str] = {}

    def find(self, parents: Parents, keys: Sequence[str]) -> Found:
        """Return the records to set apart; `keys` are the landing objects of the batch."""
        rules = self._contract.rules
        if not self._accepted.exists() or not (rules.references or rejecting(self._contract)):
            return {}
        cells = {c.column.name: f"o{c.number}" for c in self._columns}
        self._absent = stage_parents(self._connection, self._contract, parents, cells, self._rows(), keys)
        queries = [
            rejected(reference, self._absent[reference], self._rows()) for reference in rules.references if reference.rejects
        ]
        found = self._reasons(queries)
        if rejecting(self._contract):  # a record that refers to nobody does not keep a value from another one
            for file, records in self._reasons([repeated(self._contract, cells, self._rows(without=found))]).items():
                found.setdefault(file, {}).update(records)
        return found

    def _reasons(self, queries: Sequence[str]) -> dict[str, dict[int, list[dict[str, str]]]]:
        found: dict[str, dict[int, list[dict[str, str]]]] = {}
        for query in queries:
            for file, record, reasons in self._connection.execute(query).fetchall():
                found.setdefault(file, {}).setdefault(record, []).extend(
                    {field: reason[field] or "" for field in REASON_FIELDS} for reason in reasons
                )
        return found

    def counted(self) -> list[Mapping[str, int]]:
        """For each relationship that only warns, the rows that refer to nobody by file id; none when there are no rows."""
        if not self._accepted.exists():
            return []
        conditions = [self._absent[reference] for reference in self._contract.rules.references if not reference.rejects]
        return [
            dict(self._connection.execute(f"SELECT file, count(*) FROM ({self._rows()}) WHERE {condition} GROUP BY 1").fetchall())
            for condition in conditions
        ]

    def _rows(self, without: Found | None = None) -> str:
        """SELECT the rows with `file`, `record` and `o<i>`, the values as the table will hold them."""
        values = "".join(f", {sql.name(c.column.name)} AS o{c.number}" for c in self._columns)
        rows = f"SELECT _file_id AS file, _record AS record{values} FROM read_parquet({sql.text(str(self._accepted))})"
        if not without:
            return rows
        gone = [(file, record) for file, records in without.items() for record in records]
        self._connection.register(
            "apart", pa.table({"file": [file for file, _ in gone], "record": pa.array([record for _, record in gone], pa.int64())})
        )
        return f"SELECT r.* FROM ({rows}) r WHERE NOT EXISTS (FROM apart a WHERE a.file = r.file AND a.record = r.record)"


def left(table: pa.Table, found: Found) -> pa.Table:
    """The rows of a table with `_file_id` and `_record` that were not set apart."""
    keep = pa.chunked_array([pa.array([True]).take(pa.array([0] * table.num_rows, pa.int32()))])
    for file in pc.unique(table["_file_id"].cast(pa.large_string())).to_pylist():
        if file in found:
            gone = pc.and_(pc.equal(table["_file_id"], file), pc.is_in(table["_record"], pa.array(list(found[file]), pa.int64())))
            keep = pc.and_(keep, pc.invert(gone))
    return table.filter(keep)
