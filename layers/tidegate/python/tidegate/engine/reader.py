"""DuckDB reads a segment: every field as text, cast, checked and masked in the same pass, into one Arrow table.

What the reader finds has to agree with the count of the segment by its bytes, record for record; a segment that it cannot read, or
reads differently, is taken apart until the one file that is to blame is alone and refused.

The scan is not parallel within a segment (`parallel=false`): DuckDB 2.0 cuts a text anywhere and, when rejects are stored, may take
the inside of a quoted field with line breaks for records of its own, silently. Several segments are read at the same time instead.
"""

import itertools
import threading
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pyarrow as pa

from tidegate.contracts.contract import Contract
from tidegate.engine import sql
from tidegate.engine.casts import own_cast
from tidegate.engine.checks import ColumnSql, typed_rows
from tidegate.engine.mapping import column_text
from tidegate.engine.segments import FieldSegment, Segment, TextSegment, records_of
from tidegate.engine.sources import MAX_RECORD_BYTES
from tidegate.errors import BooksUnbalanced, FileRefused

_RULES = {
    "MISSING COLUMNS": "columns",
    "TOO MANY COLUMNS": "columns",
    "UNQUOTED VALUE": "quoting",
    "INVALID STATE": "quoting",
    "INVALID ENCODING": "encoding",
    "LINE SIZE OVER MAXIMUM": "line_length",
}
_NOT_THE_FILES_FAULT = (
    duckdb.BinderException,
    duckdb.CatalogException,
    duckdb.FatalException,
    duckdb.IOException,
    duckdb.InternalException,
    duckdb.InterruptException,
    duckdb.OutOfMemoryException,
    duckdb.ParserException,
)


@dataclass(frozen=True, slots=True)
class Rows:
    """What became of a segment.

    `table` has the columns `o<i>` and `broken` (see `reasons`) of every record of the header's shape, in order; `broken` has the rules
    that the others break, by place.
    """

    segment: Segment
    table: pa.Table
    broken: Mapping[int, tuple[str, ...]]


class Reader:
    """Reads segments with one contract, each on a connection of the caller's; may be used by several threads."""

    def __init__(self, contract: Contract, columns: Sequence[ColumnSql], scratch: Path) -> None:
        """Keep what every read needs; `columns` are the contract's without those taken from the key."""
        self._contract, self._columns, self._scratch = contract, columns, scratch
        self._names = itertools.count()

    def read(self, segment: Segment, connection: duckdb.DuckDBPyConnection) -> tuple[list[Rows], dict[int, FileRefused]]:
        """Read a segment; files that cannot be read are given by their number in the batch."""
        try:
            return [self._read(segment, connection)], {}
        except FileRefused as error:
            if len(segment.parts) == 1 or not isinstance(segment, TextSegment):
                return [], {segment.parts[0].number: error}
        rows: list[Rows] = []
        refused: dict[int, FileRefused] = {}
        for alone in segment.alone():
            good, bad = self.read(alone, connection)
            rows += good
            refused |= bad
        return rows, refused

    def _read(self, segment: Segment, connection: duckdb.DuckDBPyConnection) -> Rows:
        scanned = isinstance(segment, TextSegment)  # the scan gives NULL for an empty field by itself
        nulls = self._contract.null_values
        texts = [column_text(c.column, segment.header, nulls, scanned=scanned) for c in self._columns]
        if isinstance(segment, TextSegment):
            return self._read_text(segment, texts, connection)
        name = f"fields_{next(self._names)}"
        columns, marks = self._by_own_notation(segment)
        connection.register(name, segment.fields)
        try:
            table = connection.sql(typed_rows(columns, texts, name, ", ".join(marks))).to_arrow_table()
        finally:
            connection.unregister(name)
        if table.num_rows + len(segment.broken) != records_of(segment):
            raise BooksUnbalanced(f"{table.num_rows} rows and {len(segment.broken)} broken ones of {records_of(segment)} records")
        return Rows(segment, table, segment.broken)

    def _by_own_notation(self, segment: FieldSegment) -> tuple[list[ColumnSql], list[str]]:
        """Return the columns with the casts of typed values, and the fields that say where a value is one."""
        columns, marks = list(self._columns), dict[str, None]()
        for place, compiled in enumerate(columns):
            column, text = compiled.column, f"t{compiled.number}"
            source = next((s for s in column.sources if s in segment.header), None)
            if source is None or column.expression is not None or column.value_map:
                continue
            mark, own = f"b{segment.header.index(source)}", own_cast(column, text)
            if mark in segment.fields.column_names and own != compiled.value:
                marks[mark] = None
                columns[place] = replace(compiled, value=f"coalesce(CASE WHEN {mark} THEN {own} END, {compiled.value})")
        return columns, list(marks)

    def _read_text(self, segment: TextSegment, texts: Sequence[str], connection: duckdb.DuckDBPyConnection) -> Rows:
        name = next(self._names)
        # A thread writes all its segments over each other: the file's pages in memory are there already, new ones are dear.
        path = self._scratch / f"segment-{threading.get_ident()}.csv"
        try:
            with path.open("r+b" if path.exists() else "wb") as out:
                out.writelines((b"h", segment.records.newline, segment.records.body))
                out.truncate()
            scan = self._scan(path, segment, name)
            table = connection.sql(typed_rows(self._columns, texts, scan)).to_arrow_table()
            return _agreed(segment, table, self._rejected(segment, name, connection))
        except _NOT_THE_FILES_FAULT:
            raise
        except duckdb.Error:  # its message may quote the file: never pass it on
            message = "the CSV reader cannot cut the file into records: check quotes, line endings and the delimiter"
            raise FileRefused("UNREADABLE", message) from None

    def _scan(self, path: Path, segment: TextSegment, name: int) -> str:
        form = self._contract.csv
        columns = ", ".join(f"'h{i}': 'VARCHAR'" for i in range(len(segment.header)))
        return (
            f"read_csv({sql.text(str(path))}, auto_detect = false, header = true, columns = {{{columns}}},"
            f" delim = {sql.text(form.delimiter)}, quote = {sql.text(form.quote)}, escape = {sql.text(form.escape)},"
            f" encoding = 'utf-8', compression = 'none', nullstr = '', strict_mode = true, null_padding = false,"
            f" store_rejects = true, rejects_limit = 0, rejects_table = 'rejects_{name}', rejects_scan = 'scans_{name}',"
            f" max_line_size = {MAX_RECORD_BYTES + len(segment.records.newline)}, parallel = false)"
        )

    def _rejected(self, segment: TextSegment, name: int, connection: duckdb.DuckDBPyConnection) -> dict[int, set[str]]:
        """Read what the scan refused, by place."""
        statement = f"SELECT DISTINCT line, line_byte_position, CAST(error_type AS VARCHAR) FROM rejects_{name}"
        entries = connection.execute(statement).fetchall()
        connection.execute(f"DROP TABLE rejects_{name}; DROP TABLE scans_{name}")
        rules: dict[int, set[str]] = {}
        for line, byte, error in entries:
            place = line - 2  # the first line is the header, and every other one is a record
            if not 0 <= place < len(segment.records) or not _starts_at(segment, place, byte):
                raise FileRefused("UNREADABLE", f"line {line} does not start where the CSV reader says: check the quoting")
            rules.setdefault(place, set()).add(_RULES.get(error, "columns"))
        return rules


def _agreed(segment: TextSegment, table: pa.Table, rejected: dict[int, set[str]]) -> Rows:
    """Hold the scan against the segment's bytes.

    It may lose no record; and where it takes a record that is not of the header's shape, as it does with surplus empty fields and
    with text around quotes, or does not look at a field that is no UTF-8, that record is rejected.
    """
    if table.num_rows + len(rejected) != len(segment.records):
        seen = table.num_rows + len(rejected)
        raise FileRefused(
            "UNREADABLE", f"the CSV reader sees {seen} records where the bytes have {len(segment.records)}: check the quoting"
        )
    broken = {place: set(rules) for place, rules in rejected.items()}
    for place, rule in segment.odd(surely=bool(rejected)).items():
        broken.setdefault(place, {rule})
    undecodable = segment.undecodable()
    for place in undecodable:
        broken.setdefault(place, set()).add("encoding")
    for place in rejected:
        if "encoding" in broken[place] and place not in undecodable:  # the scan cut a character in two
            broken[place] = broken[place] - {"encoding"} or {"quoting"}
    if taken := sorted(broken.keys() - rejected.keys()):
        before = sorted(rejected)
        gone = {place - bisect_left(before, place) for place in taken}
        table = table.take(pa.array([row for row in range(table.num_rows) if row not in gone], pa.int64()))
    return Rows(segment, table, {place: tuple(sorted(rules)) for place, rules in broken.items()})


def _starts_at(segment: TextSegment, place: int, byte: int) -> bool:
    """Whether a record starts at a byte as DuckDB counts: from 1, at times from the line ending or the blank lines before it."""
    offset = byte - 1 - len(b"h" + segment.records.newline)
    start = latest = segment.records.span(place)[0]
    while place and segment.records.span(place - 1)[0] == segment.records.span(place - 1)[1]:
        place -= 1
        start = segment.records.span(place)[0]
    return start - len(segment.records.newline) < offset <= latest or offset == start
