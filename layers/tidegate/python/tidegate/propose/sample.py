"""Sample files as one table of named text columns, cut and decoded by the row engine itself.

The engine reads the files under a contract in which every column is text. What it refuses or rejects here, it would refuse and reject
in production; what it accepts is exactly the text that it would type. A new file format of the engine needs nothing here but its
word in the contract.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb
import pyarrow as pa

from tidegate.contracts.contract import Column, ColumnType, Contract, Format, Kind, LoadMode
from tidegate.engine import FieldIds, Keyring, Limits, Output, StagedFile, inspect, run
from tidegate.engine.headers import snake_name
from tidegate.engine.reasons import REASON_FIELDS
from tidegate.engine.sources import opened
from tidegate.engine.values import LINEAGE
from tidegate.errors import FileRefused
from tidegate.propose.dialect import Dialect
from tidegate.propose.nested import declared_types, members

_CHUNK = 1 << 20
_SMALLER = "give a smaller sample, or raise --max-mb"
_DEEPEST = 4  # names in a path that becomes a column


@dataclass(frozen=True, slots=True)
class SampleFile:
    """One file of the sample: header names, records, how many of them cannot be cut into fields; `cut`: it was not read whole."""

    name: str
    staged: StagedFile
    header: tuple[str, ...]
    rows: int
    broken: int
    cut: bool


@dataclass(frozen=True, slots=True)
class Sample:
    """Named text columns: `columns[i]` is the column `c<i>` of the Parquet file at `path` (None: no row); `_file_id` says whose row."""

    dialect: Dialect
    files: tuple[SampleFile, ...]
    columns: tuple[str, ...]
    path: Path | None
    declared: Mapping[str, pa.DataType] = field(default_factory=dict)  # by column, where the files themselves say it

    def rows_with(self, column: str) -> int:
        """Rows of the files whose header has the column."""
        return sum(file.rows - file.broken for file in self.files if column in file.header)

    @property
    def rows(self) -> int:
        """Rows that can be read, of all files."""
        return sum(file.rows - file.broken for file in self.files)


def read_sample(paths: Sequence[Path], dataset: str, dialect: Dialect, *, workdir: Path, limit: int, limits: Limits) -> Sample:
    """Read the files into `workdir`; of each at most about `limit` bytes of text.

    Raises:
        FileRefused: a file cannot be read as a table; the message names the file.
    """
    staged = []
    for number, path in enumerate(paths):
        here, cut = _shortened(path, dialect, workdir / f"sample-{number}.csv", limit)
        key = f"{dataset.replace('.', '/')}/delta/{path.name}"
        staged.append((StagedFile(f"f{number}", key, f"v{number}", f"2000-01-01#{number:06d}", here), cut))
    empty = Contract("sample", "sample", "1.0.0", "0" * 64, (), LoadMode.APPEND, csv=dialect.csv, format=dialect.format)
    inspected = inspect(empty, [file for file, _ in staged])
    for (file, _), path in zip(staged, paths, strict=True):
        if file.file_id in inspected.refused:
            refusal = inspected.refused[file.file_id]
            raise FileRefused(refusal.code, f"{path.name}: {refusal.message}")
    headers = {plan.file.file_id: plan.header for plan in inspected.plans}
    for depth in range(_DEEPEST):
        names = tuple(dict.fromkeys(name for header in headers.values() for name in header if name))
        if not names:
            raise FileRefused("WRONG_HEADER", f"{paths[0].name}: there is no name of a column in it: is it the right file?")
        columns = tuple(Column(f"c{n}", ColumnType(Kind.STRING), sources=(name,)) for n, name in enumerate(names))
        output = load(replace(empty, columns=columns), [file for file, _ in staged], workdir / f"sample-{depth}", limits)
        inside = members(dialect.format, names, output.accepted) if depth + 1 < _DEEPEST else {}
        if not inside:
            break
        headers = {id_: tuple(n for name in header for n in inside.get(name, (name,))) for id_, header in headers.items()}
    files = []
    for (file, cut), path, result in zip(staged, paths, output.files, strict=True):
        if result.refused:
            raise FileRefused(result.refused.code, f"{path.name}: {result.refused.message}")
        files.append(SampleFile(path.name, file, headers[file.file_id], result.rows_read, result.rows_quarantined, cut))
    declared = declared_types(dialect.format, [file for file, _ in staged], names, output.accepted)
    return Sample(dialect, tuple(files), names, output.accepted, declared)


def load(contract: Contract, files: Sequence[StagedFile], workdir: Path, limits: Limits) -> Output:
    """Run the row engine over the files; the rows stay in `workdir`, tokens are made with a key that nobody keeps."""
    whole = contract.with_columns(*inspect(contract, files).extra_columns)
    bronze = {name: number for number, name in enumerate([*(c.name for c in whole.columns), *LINEAGE], 1)}
    quarantine = {
        name: number
        for number, name in enumerate(
            [*LINEAGE, "raw", "reasons", "reasons.element", *(f"reasons.element.{field}" for field in REASON_FIELDS)],
            len(bronze) + 1,
        )
    }
    ids: FieldIds = {"bronze": bronze, "quarantine": quarantine}
    workdir.mkdir(parents=True, exist_ok=True)
    key = Keyring("proposal", os.urandom(32))
    return run(contract, files, field_ids=ids, keyring=key, run_id="proposal", workdir=workdir, limits=limits)


def rejects(output: Output) -> list[tuple[str, str, int]]:
    """Why records of a run are in quarantine: rule, column (empty for the record as a whole) and how many, most first."""
    if output.quarantined is None:
        return []
    statement = (
        "SELECT r.rule, coalesce(r.column, ''), count(*) FROM (SELECT unnest(reasons) AS r FROM read_parquet($1))"
        " GROUP BY ALL ORDER BY 3 DESC, 1, 2"
    )
    with duckdb.connect() as connection:
        return connection.execute(statement, [str(output.quarantined)]).fetchall()


def _shortened(path: Path, dialect: Dialect, target: Path, limit: int) -> tuple[Path, bool]:
    """The file itself, or a copy of its first records when its text is longer than `limit` bytes."""
    if dialect.format in {Format.PARQUET, Format.EXCEL}:
        if path.stat().st_size > limit:
            raise FileRefused("TOO_LARGE", f"{path.name}: more than {limit >> 20} MiB: {_SMALLER}")
        return path, False
    kept = bytearray()
    with opened(StagedFile("sample", path.name, "", "", path)) as stream:
        while len(kept) <= limit and (chunk := stream.read(_CHUNK)):
            kept += chunk
    if len(kept) <= limit:
        return path, False
    if dialect.csv.encoding == "utf-16":
        raise FileRefused("TOO_LARGE", f"{path.name}: UTF-16 text of more than {limit >> 20} MiB: {_SMALLER}")
    end = _last_line_end(kept) if dialect.format is Format.JSON else _last_record_end(bytes(kept))
    if not end:
        hint = _SMALLER if dialect.format is Format.JSON else "check the quotes"
        raise FileRefused("UNREADABLE", f"{path.name}: no record ends within {limit >> 20} MiB: {hint}")
    target.write_bytes(kept[:end])
    return target, True


def _last_line_end(data: bytearray) -> int:
    """Where the last whole line of a JSON text ends; 0 when its first line is not a record by itself, as in an array."""
    try:
        json.loads(data[: data.find(b"\n") + 1])
    except ValueError:
        return 0
    return data.rfind(b"\n") + 1


def _last_record_end(data: bytes) -> int:
    """Where the last whole record ends: a line ending with an even number of quotes before it."""
    newline = b"\n" if b"\n" in data else b"\r"
    end = data.rfind(newline)
    quotes = data.count(b'"', 0, end) if end >= 0 else 0
    while end >= 0 and quotes % 2:
        before = data.rfind(newline, 0, end)
        quotes -= data.count(b'"', max(before, 0), end)
        end = before
    return end + 1


def dataset_name(path: Path) -> str:
    """A dataset's name from a file's: `Patients_2026.csv.gz` is `patients`."""
    stem = path.name.split(".")[0]
    words = [word for word in snake_name(stem).split("_") if not word.isdigit() and word not in {"c", "unnamed"}]
    return "_".join(words)
