"""One run of the engine, read back as plain values."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tests.reference.batch import Given
from tests.reference.rules import Reason
from tidegate.contracts.contract import Column, ColumnType, Contract, Kind
from tidegate.engine import Keyring, Limits, StagedFile, inspect, rowset, run, sources
from tidegate.engine.values import LINEAGE

KEY = b"a key of the tests"
REASONS = ("reasons", "reasons.element", "reasons.element.rule", "reasons.element.column", "reasons.element.value_class")
TYPES = {
    Kind.STRING: pa.string(),
    Kind.INTEGER: pa.int64(),
    Kind.DOUBLE: pa.float64(),
    Kind.BOOLEAN: pa.bool_(),
    Kind.DATE: pa.date32(),
    Kind.TIME: pa.time64("us"),
    Kind.TIMESTAMP: pa.timestamp("us"),
    Kind.TIMESTAMPTZ: pa.timestamp("us", tz="UTC"),
    Kind.ARRAY: pa.string(),
    Kind.OBJECT: pa.string(),
}


@dataclass(frozen=True, slots=True)
class Seen:
    """One file's books and refusal code."""

    code: str | None
    read: int
    accepted: int
    quarantined: int
    counted: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Observed:
    """What the engine gave. Rows are (file, record, values), rejects (file, record, raw, reasons), in the order of the Parquet files."""

    columns: tuple[Column, ...]
    files: tuple[Seen, ...]
    rows: list[tuple[int, int, tuple[object, ...]]]
    rejects: list[tuple[int, int, str, list[Reason]]]


@contextmanager
def small_pieces() -> Iterator[None]:
    """Let files of a few hundred bytes take the ways of large ones: read in many pieces, not joined to others."""
    usual = rowset._SMALLEST, rowset._LARGEST, sources.CHUNK
    rowset._SMALLEST, rowset._LARGEST, sources.CHUNK = 150, 150, 64
    try:
        yield
    finally:
        rowset._SMALLEST, rowset._LARGEST, sources.CHUNK = usual


def observe(contract: Contract, given: Sequence[Given], folder: Path) -> Observed:
    """Run the engine on a batch under `folder`.

    Raises:
        TidegateError: what the engine says.
        AssertionError: lineage or types of a row are wrong.
    """
    files = [staged(folder, number, file) for number, file in enumerate(given)]
    whole = contract.with_columns(*inspect(contract, files).extra_columns)
    output = run(
        contract,
        files,
        field_ids=field_ids(whole),
        keyring=Keyring("k1", KEY),
        run_id="run-1",
        workdir=folder / "work",
        limits=Limits(memory_mb=512, threads=1),
    )
    assert [f.file_id for f in output.files] == [f.file_id for f in files]
    assert output.extra_columns == whole.columns[len(contract.columns) :]
    seen = tuple(
        Seen(f.refused and f.refused.code, f.rows_read, f.rows_accepted, f.rows_quarantined, f.counted) for f in output.files
    )
    accepted = pq.read_table(output.accepted) if output.accepted else None
    quarantined = pq.read_table(output.quarantined) if output.quarantined else None
    rows = [] if accepted is None else rows_of(accepted, whole.columns, files, contract.version)
    rejects = [] if quarantined is None else rejects_of(quarantined, files, contract.version)
    return Observed(whole.columns, seen, rows, rejects)


def staged(folder: Path, number: int, file: Given) -> StagedFile:
    path = folder / f"in-{number}"
    path.write_bytes(file.content)
    return StagedFile(f"f{number}", file.key, f"v{number}", f"2026-01-01#{number:06d}", path)


def field_ids(of: Contract) -> Mapping[str, Mapping[str, int]]:
    bronze = [c.name for c in of.columns] + list(LINEAGE)
    quarantine = [*LINEAGE, "raw", *REASONS]
    return {"bronze": {n: i for i, n in enumerate(bronze, 1)}, "quarantine": {n: i for i, n in enumerate(quarantine, 101)}}


def arrow_type(of: ColumnType) -> pa.DataType:
    return pa.decimal128(of.precision, of.scale) if of.kind is Kind.DECIMAL else TYPES[of.kind]


def rows_of(
    table: pa.Table, columns: Sequence[Column], files: Sequence[StagedFile], version: str
) -> list[tuple[int, int, tuple[object, ...]]]:
    assert table.schema.names == [*(c.name for c in columns), *LINEAGE]
    places = lineage(table, files, version)
    cells = [plain_values(table.column(c.name), arrow_type(c.type)) for c in columns]
    return [(*place, tuple(column[at] for column in cells)) for at, place in enumerate(places)]


def plain_values(column: pa.ChunkedArray, expected: pa.DataType) -> list[object]:
    """A column's values; moments as microseconds, because years behind 9999 have no Python value."""
    assert column.type == expected, (column.type, expected)
    values = column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column
    return list(values.to_pylist())


def rejects_of(table: pa.Table, files: Sequence[StagedFile], version: str) -> list[tuple[int, int, str, list[Reason]]]:
    raws, reasons = table.column("raw").to_pylist(), table.column("reasons").to_pylist()
    return [
        (*place, raws[at], [(r["rule"], r["column"], r["value_class"]) for r in reasons[at]])
        for at, place in enumerate(lineage(table, files, version))
    ]


def lineage(table: pa.Table, files: Sequence[StagedFile], version: str) -> list[tuple[int, int]]:
    """File and record of every row; the rest of the lineage has to follow from the file."""
    numbers = {file.file_id: number for number, file in enumerate(files)}
    places = []
    for row in table.select(list(LINEAGE)).to_pylist():
        file = files[numbers[row["_file_id"]]]
        assert tuple(row[name] for name in LINEAGE if name != "_record") == (
            *(file.key, file.version_id, file.file_id, file.arrival, file.load_id, "run-1", version),
        )
        places.append((numbers[row["_file_id"]], row["_record"]))
    return places
