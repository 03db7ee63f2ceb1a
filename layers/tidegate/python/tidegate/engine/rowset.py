"""One run of the row engine over a batch of staged files."""

import hashlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from tidegate.contracts.contract import Contract
from tidegate.engine.bundles import Bundler, group_by_header
from tidegate.engine.checks import compile_columns
from tidegate.engine.headers import Inspection, inspect
from tidegate.engine.output import Writer
from tidegate.engine.reader import Reader, Staged
from tidegate.engine.sources import encoding_of
from tidegate.engine.values import FieldIds, FileResult, Keyring, Limits, Output, Refusal, StagedFile
from tidegate.errors import BooksUnbalanced, FileRefused

_BLOCK = 64  # bytes, SHA-256's block: RFC 2104 pads the key to it


def run(
    contract: Contract,
    files: Sequence[StagedFile],
    *,
    field_ids: FieldIds,
    keyring: Keyring,
    run_id: str,
    workdir: Path,
    limits: Limits,
) -> Output:
    """Parse, type, check and mask every row of `files` into `workdir`/accepted.parquet and `workdir`/quarantined.parquet.

    The same input gives the same rows in the same order: the files as given, their records by number. `field_ids`: see `output`.

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
    with _workspace(workdir) as scratch, _connected(limits, scratch) as connection:
        _set_keys(connection, keyring)
        return _Batch(connection, contract, files, inspection, scratch).run(field_ids, run_id, workdir)


def check_contract(contract: Contract) -> None:
    """Compile a contract's formats, patterns, bounds and masks without reading a file.

    Raises:
        ContractInvalid: one of them cannot work.
    """
    encoding_of(contract)
    with _connected(Limits(memory_mb=64, threads=1), None) as connection:
        compile_columns(connection, contract)


@dataclass(frozen=True, slots=True)
class _Batch:
    connection: duckdb.DuckDBPyConnection
    contract: Contract
    files: Sequence[StagedFile]
    inspection: Inspection
    scratch: Path

    def run(self, field_ids: FieldIds, run_id: str, workdir: Path) -> Output:
        numbers = {file.file_id: number for number, file in enumerate(self.files)}
        plans = [(numbers[plan.file.file_id], plan) for plan in self.inspection.plans]
        columns = compile_columns(self.connection, self.contract)
        refused: dict[int, FileRefused] = {}
        bundler = Bundler(self.contract.csv, encoding_of(self.contract), self.scratch)
        reader = Reader(self.connection, self.contract, [c for c in columns if c.column.from_key is None], bundler)
        staged: list[Staged] = []
        for group in group_by_header(plans).values():
            staged.extend(reader.read(list(bundler.bundle(group, refused)), refused))
        writer = Writer(self.connection, self.contract, columns, staged, field_ids)
        accepted, quarantined = workdir / "accepted.parquet", workdir / "quarantined.parquet"
        for path in (accepted, quarantined):  # an earlier attempt may have left one
            path.unlink(missing_ok=True)
        if staged:
            writer.add_files(plans, run_id)
            writer.accepted(accepted)
            writer.quarantined(quarantined, self.contract.csv)
        written = [writer.written(path) if path.exists() else {} for path in (accepted, quarantined)]
        for path, rows in zip((accepted, quarantined), written, strict=True):
            if not rows:
                path.unlink(missing_ok=True)
        results = self._results(staged, written[0], written[1], refused)
        return Output(
            files=results,
            accepted=accepted if written[0] else None,
            quarantined=quarantined if written[1] else None,
            extra_columns=self.inspection.extra_columns,
        )

    def _results(
        self,
        staged: Sequence[Staged],
        accepted: Mapping[str, int],
        quarantined: Mapping[str, int],
        refused: Mapping[int, FileRefused],
    ) -> tuple[FileResult, ...]:
        read = {part.plan.file.file_id: part.records for s in staged for bundle, _ in s.bundles for part in bundle.parts}
        refusals = {self.files[n].file_id: Refusal(e.code, str(e)) for n, e in refused.items()} | dict(self.inspection.refused)
        results = []
        for file in self.files:
            counts = (read.get(file.file_id, 0), accepted.get(file.file_id, 0), quarantined.get(file.file_id, 0))
            if counts[0] != counts[1] + counts[2]:
                raise BooksUnbalanced(f"{file.file_id}: {counts[0]} rows read, {counts[1]} accepted, {counts[2]} quarantined")
            results.append(FileResult(file.file_id, *counts, refusals.get(file.file_id)))
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


@contextmanager
def _connected(limits: Limits, scratch: Path | None) -> Iterator[duckdb.DuckDBPyConnection]:
    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": f"{limits.memory_mb}MiB",
        "threads": str(limits.threads),
        "preserve_insertion_order": "true",
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }
    spill = limits.temp_dir or (scratch / "spill" if scratch else None)
    if spill is not None:
        settings["temp_directory"] = str(spill)
    connection = duckdb.connect(":memory:", config=settings)
    try:
        connection.execute("SET enable_progress_bar = false")
        connection.execute("SET TimeZone = 'UTC'")
        # joins stay as written: the order of rows is that of their left side
        connection.execute("SET disabled_optimizers = 'join_order,build_side_probe_side'")
        yield connection
    finally:
        connection.close()


def _set_keys(connection: duckdb.DuckDBPyConnection, keyring: Keyring) -> None:
    """The key's two pads by RFC 2104, as variables: they appear in no SQL text."""
    key = hashlib.sha256(keyring.key).digest() if len(keyring.key) > _BLOCK else keyring.key
    key = key.ljust(_BLOCK, b"\0")
    connection.execute("SET VARIABLE inner_pad = $1::BLOB", [bytes(b ^ 0x36 for b in key)])
    connection.execute("SET VARIABLE outer_pad = $1::BLOB", [bytes(b ^ 0x5C for b in key)])
