"""From a staged row's place in its table to its file and true record number, and back to its bytes."""

import mmap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import duckdb
import pyarrow as pa

from tidegate.contracts.contract import CsvFormat
from tidegate.engine.bundles import Bundle
from tidegate.engine.reader import Rejects, Staged
from tidegate.engine.records import RecordIndex, index_file
from tidegate.errors import BooksUnbalanced

BATCH = 20_000


@dataclass(frozen=True, slots=True)
class Run:
    """Consecutive staged rows of one file: its number in the batch and the first and last record number, from 1."""

    file: int
    first: int
    last: int


def good_runs(staged: Staged) -> Iterator[Run]:
    """The rows of a staged table in order, as runs between rejects and file ends."""
    for bundle, rejects in staged.bundles:
        broken = sorted(rejects.rules)
        place, base = 0, 0
        for part in bundle.parts:
            first = 1
            while place < len(broken) and broken[place] < base + part.records:
                record = broken[place] - base + 1
                if record > first:
                    yield Run(part.number, first, record - 1)
                first = record + 1
                place += 1
            if first <= part.records:
                yield Run(part.number, first, part.records)
            base += part.records


def number_rows(connection: duckdb.DuckDBPyConnection, staged: Staged) -> str:
    """Create the table `<staged>_numbers` with `file` and `record`, row by row beside the staged table; return its name."""
    runs = list(good_runs(staged))
    table = f"{staged.table}_numbers"
    spans = pa.table(
        {
            "file": pa.array([r.file for r in runs], pa.int32()),
            "first": pa.array([r.first for r in runs], pa.int64()),
            "last": pa.array([r.last for r in runs], pa.int64()),
        },
    )
    connection.register("spans", spans)
    statement = f'CREATE TEMP TABLE {table} AS SELECT file, unnest(range("first", "last" + 1)) AS record FROM spans'
    connection.execute(statement)
    connection.unregister("spans")
    return table


def broken_records(staged: Staged) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """File number, record number and rules of every structurally rejected record."""
    for bundle, rejects in staged.bundles:
        base, parts = 0, iter(bundle.parts)
        part = next(parts)
        for record in sorted(rejects.rules):
            while record >= base + part.records:
                base += part.records
                part = next(parts)
            yield part.number, record - base + 1, rejects.rules[record]


def raw_batches(staged: Iterable[Staged], wanted: dict[int, list[int]], csv: CsvFormat) -> Iterator[pa.Table]:
    """The bytes of the wanted records (sorted numbers by file) as text, in tables of `file`, `record`, `raw`."""
    rows: list[tuple[int, int, str]] = []
    for bundle, rejects in (pair for s in staged for pair in s.bundles):
        for row in _raw(bundle, rejects, wanted, csv):
            rows.append(row)
            if len(rows) == BATCH:
                yield _table(rows)
                rows.clear()
    yield _table(rows)


def _raw(bundle: Bundle, rejects: Rejects, wanted: dict[int, list[int]], csv: CsvFormat) -> Iterator[tuple[int, int, str]]:
    if not any(part.number in wanted for part in bundle.parts):
        return
    index = rejects.index or _index(bundle, csv)
    base = 0
    with bundle.path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        for part in bundle.parts:
            for record in wanted.get(part.number, ()):
                place = base + record - 1
                yield part.number, record, data[index.starts[place] : index.ends[place]].decode("utf-8", "backslashreplace")
            base += part.records


def _index(bundle: Bundle, csv: CsvFormat) -> RecordIndex:
    """Where the records are: by the scan, or, when the reader has as many records as there are lines, by lines."""
    for form in (csv, replace(csv, quote="", escape="")):
        index = index_file(bundle.path, form, bundle.width)
        if len(index) == bundle.records:
            return index
    raise BooksUnbalanced(
        f"{bundle.parts[0].plan.file.file_id}: the bytes hold {len(index)} records, the reader saw {bundle.records}"
    )


def _table(rows: list[tuple[int, int, str]]) -> pa.Table:
    return pa.table(
        {
            "file": pa.array([r[0] for r in rows], pa.int32()),
            "record": pa.array([r[1] for r in rows], pa.int64()),
            "raw": pa.array([r[2] for r in rows], pa.string()),
        },
    )
