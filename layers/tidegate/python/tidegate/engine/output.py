"""The two Parquet files of a run, with Iceberg field ids.

`field_ids` has the keys `bronze` and `quarantine`, each a mapping from a column's dotted path to its Iceberg id, as
`Schema.find_field(...)` and pyiceberg's name index spell them: `patient_id`, `_record`, `reasons`, `reasons.element`,
`reasons.element.rule`, `reasons.element.column`, `reasons.element.value_class`.
"""

from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from tidegate.contracts.contract import Column, Contract, Kind
from tidegate.engine.apart import Found, left
from tidegate.engine.beaten import BeatenApart
from tidegate.engine.checks import ColumnSql
from tidegate.engine.newest import beaten_rows
from tidegate.engine.numbers import numbers
from tidegate.engine.parquet_files import ParquetFile
from tidegate.engine.reader import Rows
from tidegate.engine.reasons import REASON_FIELDS, Reasons, told
from tidegate.engine.segments import Segment, records_of
from tidegate.engine.values import LINEAGE, FieldIds

_BAD_ROWS = 20_000
_REASON = "reasons.element."
_TYPES: Mapping[Kind, pa.DataType] = {
    Kind.STRING: pa.large_string(),
    Kind.ARRAY: pa.large_string(),
    Kind.OBJECT: pa.large_string(),
    Kind.INTEGER: pa.int64(),
    Kind.DOUBLE: pa.float64(),
    Kind.BOOLEAN: pa.bool_(),
    Kind.DATE: pa.date32(),
    Kind.TIME: pa.time64("us"),
    Kind.TIMESTAMP: pa.timestamp("us"),
    Kind.TIMESTAMPTZ: pa.timestamp("us", tz="UTC"),
}


class Writer:
    """Takes the rows of segments apart and writes them to `accepted` and `quarantined`; neither file is made without a row."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        contract: Contract,
        columns: Sequence[ColumnSql],
        files: pa.Table,
        field_ids: FieldIds,
        accepted: Path,
        quarantined: Path,
    ) -> None:
        """Keep the run's files: a row for each with `number`, its lineage, `o<i>` of the columns from the key, and `broken` rules."""
        self._connection, self._columns, self._files, self._keeps_raw = connection, columns, files, contract.keeps_raw
        self._rows = {number: row for row, number in enumerate(files["number"].to_pylist())}
        self._file_reasons = told(connection, files["broken"])
        self._dictionaries = {name: files[name].combine_chunks() for name in files.column_names if name != "_record"}
        self._counted = {place: c.column.from_key is not None for c in columns for place, _ in c.counted}
        self._flags: dict[int, list[pa.Table]] = {place: [] for place in sorted(self._counted)}
        rows = ParquetFile(accepted, _bronze_schema(contract, field_ids["bronze"]))
        beaten = partial(beaten_rows, connection, contract)
        self._accepted = BeatenApart(rows, beaten) if contract.folds_by_key else rows
        self._quarantined = ParquetFile(quarantined, _quarantine_schema(field_ids["quarantine"]))

    def add(self, rows: Rows) -> None:
        """Write the good records of a segment, and keep the others with their raw text and their reasons."""
        of_file, record = self._places(rows)
        of_good, record_of_good = of_file, record
        if rows.broken:
            whole = pa.array([place for place in range(len(record)) if place not in rows.broken], pa.int64())
            of_good, record_of_good = of_file.take(whole), record.take(whole)
        bad = pc.is_valid(rows.table["broken"]).combine_chunks()
        if any(self._file_reasons[self._rows[part.number]] for part in rows.segment.parts):
            bad = pc.or_(bad, pc.is_valid(self._dictionaries["broken"].take(of_good)))
        if rows.broken or pc.any(bad).as_py():
            self._keep_bad(rows, of_file, record, bad)
        self._accepted.write(self._bronze(rows.table, of_good, record_of_good), bad)
        for place, by_file in self._counted.items():
            flag = self._dictionaries[f"w{place}"].take(of_good) if by_file else rows.table[f"w{place}"]
            self._flags[place].append(
                pa.table({"_file_id": self._dictionaries["_file_id"].take(of_good), "_record": record_of_good}).filter(
                    pc.and_not(pc.fill_null(flag, fill_value=False), bad)
                )
            )

    def _places(self, rows: Rows) -> tuple[pa.Array, pa.Array]:
        """The row in `files` and the record number, from 1, of every record of a segment."""
        of_file, behind, before = array("i"), array("q"), 0  # how far a record's number is behind its place in the segment
        for part in rows.segment.parts:
            of_file.extend(array("i", [self._rows[part.number]]) * part.records)
            behind.extend(array("q", [part.first + 1 - before]) * part.records)
            before += part.records
        return _wrapped(of_file, pa.int32()), pc.add(numbers(before, pa.int64()), _wrapped(behind, pa.int64()))

    def _bronze(self, good: pa.Table, of_file: pa.Array, record: pa.Array) -> dict[str, Any]:
        cells = {
            c.column.name: self._of_file(f"o{c.number}", of_file) if c.column.from_key is not None else good[f"o{c.number}"]
            for c in self._columns
            if c.column.stored
        }
        return cells | self._lineage(of_file, record)

    def _lineage(self, of_file: pa.Array, record: pa.Array) -> dict[str, Any]:
        return {name: record if name == "_record" else self._of_file(name, of_file) for name in LINEAGE}

    def _of_file(self, name: str, of_file: pa.Array) -> pa.Array:
        values = self._dictionaries[name]
        if pa.types.is_large_string(values.type) or pa.types.is_string(values.type):
            return pa.DictionaryArray.from_arrays(of_file, values)
        return values.take(of_file)

    def _keep_bad(self, rows: Rows, of_file: pa.Array, record: pa.Array, bad: pa.Array) -> None:
        whole = [place for place in range(records_of(rows.segment)) if place not in rows.broken] if rows.broken else None
        of_bad = pc.indices_nonzero(bad).to_pylist()
        places = [whole[row] for row in of_bad] if whole is not None else of_bad
        found: dict[int, Reasons] = {
            place: [{"rule": rule, "column": "", "value_class": ""} for rule in rules] for place, rules in rows.broken.items()
        }
        found |= dict(zip(places, told(self._connection, rows.table["broken"].filter(bad)), strict=True))
        chosen = pa.array(sorted(found), pa.int64())
        self._reject(
            [
                (file, number, found[place] + self._of_the_key(place, file, rows), rows.segment.raw(place))
                for place, file, number in zip(
                    chosen.to_pylist(), of_file.take(chosen).to_pylist(), record.take(chosen).to_pylist(), strict=True
                )
            ]
        )

    def _of_the_key(self, place: int, file: int, rows: Rows) -> Reasons:
        """Reasons in the file's key, for records that were looked at any further than their shape."""
        return [] if place in rows.broken else self._file_reasons[file]

    def _reject(self, records: Sequence[tuple[int, int, Sequence[Mapping[str, str | None]], str]]) -> None:
        """Write records to quarantine: the row of their file, their number, reasons and raw text."""
        for start in range(0, len(records), _BAD_ROWS):
            chunk = records[start : start + _BAD_ROWS]
            reasons = [[{name: reason.get(name) for name in REASON_FIELDS} for reason in given] for _, _, given, _ in chunk]
            self._quarantined.write(
                {
                    **self._lineage(
                        pa.array([row for row, _, _, _ in chunk], pa.int32()), pa.array([r for _, r, _, _ in chunk], pa.int64())
                    ),
                    "raw": pa.array([raw if self._keeps_raw else None for _, _, _, raw in chunk], pa.large_string()),
                    "reasons": pa.array(reasons, self._quarantined.schema.field("reasons").type),
                }
            )

    def finish(self, without: Collection[str]) -> None:
        """Finish the accepted rows; those of some files, by id, are taken out of both again: they turned out unreadable further on."""
        if without:
            for file in (self._accepted, self._quarantined):
                file.keep(lambda table: table.filter(pc.invert(pc.is_in(table["_file_id"], pa.array(without, pa.large_string())))))
        self._accepted.close()

    def set_apart(self, found: Found, segments: Iterable[Segment]) -> None:
        """Move accepted records to quarantine; `segments` are those of the files concerned, once more, for the raw text."""
        if not found:
            return
        self._accepted.keep(lambda table: left(table, found))
        self._accepted.close()
        file_ids = self._files["_file_id"].to_pylist()
        for segment in segments:
            place = 0
            for part in segment.parts:
                row = self._rows[part.number]
                records = found.get(file_ids[row], {})
                here = sorted(r for r in records if part.first < r <= part.first + part.records)
                self._reject([(row, r, records[r], segment.raw(place + r - part.first - 1)) for r in here])
                place += part.records

    def counted(self, found: Found) -> list[Mapping[str, int]]:
        """For each counted check about one row, the accepted rows that break it by file id."""
        tables = ([left(table, found) if found else table for table in tables] for tables in self._flags.values())
        return [Counter(pa.concat_tables(flags)["_file_id"].to_pylist() if flags else ()) for flags in tables]

    def close(self) -> None:
        """Finish the rejected records."""
        self._quarantined.close()


def _wrapped(values: "array[int]", type_: pa.DataType) -> pa.Array:
    return pa.Array.from_buffers(type_, len(values), [None, pa.py_buffer(values)])


def arrow_type(column: Column) -> pa.DataType:
    """Arrow's type of a column."""
    type_ = column.type
    return pa.decimal128(type_.precision, type_.scale) if type_.kind is Kind.DECIMAL else _TYPES[type_.kind]


def _lineage_fields() -> list[tuple[str, pa.DataType]]:
    return [(name, pa.int64() if name == "_record" else pa.large_string()) for name in LINEAGE]


def _bronze_schema(contract: Contract, ids: Mapping[str, int]) -> pa.Schema:
    columns = [*((c.name, arrow_type(c)) for c in contract.stored), *_lineage_fields()]
    _check_ids("bronze", [name for name, _ in columns], ids)
    return pa.schema(_field(name, type_, ids, name) for name, type_ in columns)


def _quarantine_schema(ids: Mapping[str, int]) -> pa.Schema:
    columns = [*_lineage_fields(), ("raw", pa.large_string())]
    _check_ids(
        "quarantine", [*(name for name, _ in columns), "reasons", "reasons.element", *(_REASON + n for n in REASON_FIELDS)], ids
    )
    reason = pa.struct([_field(name, pa.string(), ids, _REASON + name) for name in REASON_FIELDS])
    element = _field("element", reason, ids, "reasons.element")
    fields = [_field(name, type_, ids, name) for name, type_ in columns]
    return pa.schema([*fields, _field("reasons", pa.list_(element), ids, "reasons")])


def _check_ids(table: str, paths: Sequence[str], ids: Mapping[str, int]) -> None:
    if lacking := [path for path in paths if path not in ids]:
        message = f"no field ids for {', '.join(lacking)}: add the columns to the {table} table first"
        raise ValueError(message)


def _field(name: str, type_: pa.DataType, ids: Mapping[str, int], path: str) -> pa.Field:
    return pa.field(name, type_, metadata={b"PARQUET:field_id": str(ids[path]).encode()})
