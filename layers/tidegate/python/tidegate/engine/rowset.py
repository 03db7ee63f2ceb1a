"""One run of the row engine over a batch of staged files."""

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from types import MappingProxyType

import duckdb

from tidegate.contracts.contract import Contract
from tidegate.engine.ahead import work_ahead
from tidegate.engine.apart import Apart
from tidegate.engine.checks import ColumnSql, compile_columns
from tidegate.engine.connections import connected, may_raise
from tidegate.engine.databases import Connect
from tidegate.engine.forms import form_of
from tidegate.engine.headers import Inspection, inspect
from tidegate.engine.lineage import count_by_file, file_rows
from tidegate.engine.output import Writer
from tidegate.engine.reader import Reader, Rows
from tidegate.engine.segments import Segment, group_by_header
from tidegate.engine.values import FieldIds, FilePlan, FileResult, Keyring, Limits, Output, Parents, Refusal, StagedFile
from tidegate.errors import BooksUnbalanced, FileRefused

_SMALLEST, _LARGEST = 1 << 20, 24 << 20  # bytes of a segment; memory for more is given back and asked for anew each time
_SHARE = 64  # of the memory: a segment in work is its text, its fields and its rows, and several are in work at a time


def run(
    contract: Contract,
    files: Sequence[StagedFile],
    *,
    field_ids: FieldIds,
    keyring: Keyring,
    run_id: str,
    workdir: Path,
    limits: Limits,
    parents: Parents = MappingProxyType({}),
) -> Output:
    """Parse, type, check and mask every row of `files` into `workdir`/accepted.parquet and `workdir`/quarantined.parquet.

    The same input gives the same rows in the same order: the files of one header together, otherwise as given, their records by number;
    of rows of one key that are near each other all but the newest come behind the others (see `beaten`).
    `field_ids`: see `output`. `parents` are the tables that the contract's relationships name; one that is missing has no rows.

    Raises:
        ContractInvalid: a format, pattern, bound or privacy rule of the contract cannot work.
        BatchRefused: the drift policy is `fail` and a header has a column that the contract does not name.
        BooksUnbalanced: rows read and rows written do not agree for a file.
    """
    if len({file.file_id for file in files}) != len(files):
        message = "file ids of a batch are unique"
        raise ValueError(message)
    inspection = inspect(contract, files)
    contract = contract.with_columns(*inspection.extra_columns)
    with _workspace(workdir) as scratch, connected(limits, scratch, keyring, careful=may_raise(contract)) as connect:
        return _Batch(connect, contract, files, inspection, scratch, limits).run(field_ids, run_id, workdir, parents)


def check_contract(contract: Contract) -> None:
    """Compile a contract's formats, patterns, bounds and masks without reading a file.

    Raises:
        ContractInvalid: one of them cannot work.
    """
    form_of(contract)
    with connected(Limits(memory_mb=64, threads=1), None) as connect:
        compile_columns(connect(), contract)
    if contract.rules.queries:
        from tidegate.engine.queries import check_queries

        with connected(Limits(memory_mb=64, threads=1), None) as connect:
            check_queries(connect(), contract)


@dataclass(frozen=True, slots=True)
class _Batch:
    connect: Connect
    contract: Contract
    files: Sequence[StagedFile]
    inspection: Inspection
    scratch: Path
    limits: Limits

    def run(self, field_ids: FieldIds, run_id: str, workdir: Path, parents: Parents) -> Output:
        numbers = {file.file_id: number for number, file in enumerate(self.files)}
        plans = [(numbers[plan.file.file_id], plan) for plan in self.inspection.plans]
        connection = self.connect()
        columns = compile_columns(connection, self.contract)
        accepted, quarantined = workdir / "accepted.parquet", workdir / "quarantined.parquet"
        for path in (accepted, quarantined):  # an earlier attempt may have left one
            path.unlink(missing_ok=True)
        files = file_rows(connection, self.contract, columns, plans, run_id)
        writer = Writer(connection, self.contract, columns, files, field_ids, accepted, quarantined)
        read: Counter[int] = Counter()
        refused: dict[int, FileRefused] = {}
        for rows in self._rows(plans, columns, refused):
            for part in rows.segment.parts:
                read[part.number] += part.records
            writer.add(rows)
        writer.finish(without=[self.files[number].file_id for number in refused if read[number]])
        apart = Apart(connection, self.contract, columns, accepted)
        found = apart.find(parents, [plan.file.key for _, plan in plans])
        writer.set_apart(found, self._segments([(n, p) for n, p in plans if p.file.file_id in found], {}))
        writer.close()
        counted = [*writer.counted(found), *apart.counted()]
        written = [count_by_file(connection, path) for path in (accepted, quarantined)]
        for path, counts in zip((accepted, quarantined), written, strict=True):
            if not counts:
                path.unlink(missing_ok=True)
        return Output(
            files=self._results(read, written[0], written[1], refused, counted),
            accepted=accepted if written[0] else None,
            quarantined=quarantined if written[1] else None,
            extra_columns=self.inspection.extra_columns,
        )

    def _rows(
        self, plans: Sequence[tuple[int, FilePlan]], columns: Sequence[ColumnSql], refused: dict[int, FileRefused]
    ) -> Iterator[Rows]:
        """Read the files, some segments at a time; the order is that of the segments."""
        reader = Reader(self.contract, [c for c in columns if c.column.from_key is None], self.scratch)
        free: SimpleQueue[duckdb.DuckDBPyConnection] = SimpleQueue()
        for _ in range(self.limits.threads):
            free.put(self.connect())

        def read(segment: Segment) -> tuple[list[Rows], dict[int, FileRefused]]:
            connection = free.get()
            try:
                return reader.read(segment, connection)
            finally:
                free.put(connection)

        segments = self._segments(plans, refused)
        for rows, unreadable in work_ahead(self.limits.threads, read, segments):
            refused |= unreadable
            yield from rows

    def _segments(self, plans: Sequence[tuple[int, FilePlan]], refused: dict[int, FileRefused]) -> Iterator[Segment]:
        """Cut the files, those of one header together."""
        size = max(_SMALLEST, min(_LARGEST, (self.limits.memory_mb << 20) // _SHARE))
        form = form_of(self.contract)
        for group in group_by_header(plans).values():
            yield from form.segments(group, size, refused)

    def _results(
        self,
        read: Mapping[int, int],
        accepted: Mapping[str, int],
        quarantined: Mapping[str, int],
        refused: Mapping[int, FileRefused],
        counted: Sequence[Mapping[str, int]],
    ) -> tuple[FileResult, ...]:
        refusals = {self.files[n].file_id: Refusal(e.code, str(e)) for n, e in refused.items()} | dict(self.inspection.refused)
        results = []
        for number, file in enumerate(self.files):
            rows = 0 if number in refused else read.get(number, 0)
            counts = (rows, accepted.get(file.file_id, 0), quarantined.get(file.file_id, 0))
            if counts[0] != counts[1] + counts[2]:
                raise BooksUnbalanced(f"{file.file_id}: {counts[0]} rows read, {counts[1]} accepted, {counts[2]} quarantined")
            results.append(
                FileResult(file.file_id, *counts, refusals.get(file.file_id), tuple(c.get(file.file_id, 0) for c in counted))
            )
        return tuple(results)


@contextmanager
def _workspace(workdir: Path) -> Iterator[Path]:
    """A private folder for texts and spilled data, removed at the end."""
    workdir.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix="engine-", dir=workdir))
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
