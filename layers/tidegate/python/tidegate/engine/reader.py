"""DuckDB reads bundles of one header: every field as text, cast, checked and masked in the same pass, into a temporary table.

What the reader finds has to agree with the independent count of the bundle, record for record; a bundle that it cannot read, or
reads differently, is taken apart until the one file that is to blame is alone and refused.

The scan is not parallel within a file (`parallel=false`): DuckDB 2.0 cuts a large file anywhere and, when rejects are stored, may
take the inside of a quoted field with line breaks for records of its own, silently.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import duckdb

from tidegate.contracts.contract import Contract
from tidegate.engine import sql
from tidegate.engine.bundles import Bundle, Bundler
from tidegate.engine.checks import ColumnSql, null_text, typed_rows
from tidegate.engine.records import RecordIndex
from tidegate.engine.sources import MAX_RECORD_BYTES
from tidegate.errors import FileRefused

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


@dataclass(slots=True)
class Rejects:
    """Structurally broken records of one bundle: rules by record (0 is the bundle's first), and where its records are."""

    rules: dict[int, tuple[str, ...]] = field(default_factory=dict)
    index: RecordIndex | None = None


@dataclass(frozen=True, slots=True)
class Staged:
    """One read that worked: the table's rows are the bundles' records in order, without the rejected ones."""

    table: str
    bundles: tuple[tuple[Bundle, Rejects], ...]


class Reader:
    """Reads bundles with one contract over one connection."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, contract: Contract, columns: Sequence[ColumnSql], bundler: Bundler
    ) -> None:
        """Keep what every read needs; `columns` are the contract's without those taken from the key."""
        self._connection, self._contract, self._columns, self._bundler = connection, contract, columns, bundler
        self._count = 0

    def read(self, bundles: Sequence[Bundle], refused: dict[int, FileRefused]) -> Iterator[Staged]:
        """Stage bundles of one header; a file that cannot be read is added to `refused` by its number in the batch."""
        if not bundles:
            return
        try:
            yield self._stage(bundles)
        except FileRefused as error:
            if len(bundles) > 1:
                half = len(bundles) // 2
                yield from self.read(bundles[:half], refused)
                yield from self.read(bundles[half:], refused)
            elif len(bundles[0].parts) > 1:
                singles = (self._bundler.single(part) for part in bundles[0].parts)
                yield from self.read([single for single in singles if single is not None], refused)
            else:
                refused[bundles[0].parts[0].number] = error

    def _stage(self, bundles: Sequence[Bundle]) -> Staged:
        self._count += 1
        table, errors, scans = (f"{word}_{self._count}" for word in ("staged", "rejects", "scans"))
        try:
            self._connection.execute(f"CREATE TEMP TABLE {table} AS {self._select(bundles, errors, scans)}")
            found = self._found(table, errors, scans, bundles)
            return Staged(table, tuple(self._verified(b, *f) for b, f in zip(bundles, found, strict=True)))
        except _NOT_THE_FILES_FAULT:
            raise
        except duckdb.Error:  # its message may quote the file: never pass it on
            self._connection.execute(f"DROP TABLE IF EXISTS {table}")
            message = "the CSV reader cannot cut the file into records: check quotes, line endings and the delimiter"
            raise FileRefused("UNREADABLE", message) from None
        except FileRefused:
            self._connection.execute(f"DROP TABLE IF EXISTS {table}")
            raise

    def _select(self, bundles: Sequence[Bundle], errors: str, scans: str) -> str:
        header = bundles[0].parts[0].plan.header
        texts = [self._text(column, header) for column in self._columns]
        return typed_rows(self._columns, texts, self._scan(bundles, errors, scans), "file_index")

    def _text(self, compiled: ColumnSql, header: Sequence[str]) -> str:
        column = compiled.column
        source = next((s for s in column.sources if s in header), None)
        if source is None:
            return "CAST(NULL AS VARCHAR)"
        return null_text(f"h{header.index(source)}", (*self._contract.null_values, *column.null_values))

    def _scan(self, bundles: Sequence[Bundle], errors: str, scans: str) -> str:
        form = self._contract.csv
        columns = ", ".join(f"'h{i}': 'VARCHAR'" for i in range(bundles[0].width))
        return (
            f"read_csv([{sql.texts(str(b.path) for b in bundles)}], auto_detect = false, header = true, columns = {{{columns}}},"
            f" delim = {sql.text(form.delimiter)}, quote = {sql.text(form.quote)}, escape = {sql.text(form.escape)},"
            f" encoding = 'utf-8', compression = 'none', nullstr = '', strict_mode = true, null_padding = false,"
            f" store_rejects = true, rejects_limit = 0, rejects_table = '{errors}', rejects_scan = '{scans}',"
            f" max_line_size = {MAX_RECORD_BYTES}, parallel = false)"
        )

    def _found(
        self, table: str, errors: str, scans: str, bundles: Sequence[Bundle]
    ) -> list[tuple[int, list[tuple[int, int, str]]]]:
        """Rows and reject entries (line, byte, error) by bundle."""
        rows = dict(self._connection.execute(f"SELECT file_index, count(*) FROM {table} GROUP BY ALL").fetchall())
        places = {str(b.path): place for place, b in enumerate(bundles)}
        entries: list[list[tuple[int, int, str]]] = [[] for _ in bundles]
        statement = (
            f"SELECT DISTINCT s.file_path, e.line, e.line_byte_position, CAST(e.error_type AS VARCHAR)"
            f" FROM {errors} e JOIN {scans} s USING (scan_id, file_id) ORDER BY ALL"
        )
        for path, line, byte, error in self._connection.execute(statement).fetchall():
            entries[places[path]].append((line, byte, error))
        self._connection.execute(f"DROP TABLE {errors}")
        self._connection.execute(f"DROP TABLE {scans}")
        return [(rows.get(place, 0), entries[place]) for place in range(len(bundles))]

    def _verified(self, bundle: Bundle, rows: int, entries: list[tuple[int, int, str]]) -> tuple[Bundle, Rejects]:
        """The bundle with its certain count and its rejects, if the reader saw the same records as the scan by bytes."""
        rejected = len({line for line, _, _ in entries})
        if not entries and rows == bundle.records:
            return bundle, Rejects()
        bundle, index = self._bundler.exact(bundle)
        if rows + rejected != len(index) or len(index) != bundle.records:
            raise _disagreement(rows + rejected, len(index))
        return bundle, Rejects(_by_record(entries, index), index)


def _by_record(entries: Sequence[tuple[int, int, str]], index: RecordIndex) -> dict[int, tuple[str, ...]]:
    records = {line: record for record, line in enumerate(index.lines)}
    rules: dict[int, list[str]] = {}
    for line, byte, error in entries:
        record = records.get(line)
        if record is None or not _starts_at(index, record, byte):
            raise FileRefused("UNREADABLE", f"line {line} does not start where the CSV reader says: check the quoting")
        found = rules.setdefault(record, [])
        rule = _RULES.get(error, "columns")
        if rule not in found:
            found.append(rule)
    return {record: tuple(sorted(found)) for record, found in rules.items()}


def _starts_at(index: RecordIndex, record: int, byte: int) -> bool:
    """DuckDB counts bytes from 1, and may point at blank lines before the record."""
    before = record - 1
    while before >= 0 and index.starts[before] == index.ends[before]:
        before -= 1
    earliest = index.ends[before] if before >= 0 else index.header_end
    return byte - 1 == index.starts[record] or earliest <= byte - 1 < index.starts[record]


def _disagreement(read: int, counted: int) -> FileRefused:
    message = f"the CSV reader sees {read} records where the bytes have {counted}: check the quoting"
    return FileRefused("UNREADABLE", message)
