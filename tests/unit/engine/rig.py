"""Runs the row engine on texts and reads its Parquet back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.duck import looking
from tidegate.contracts.contract import Column, ColumnType, Contract, Kind, LoadMode
from tidegate.engine import FileResult, Keyring, Limits, Output, StagedFile, inspect, run, sql
from tidegate.engine.values import LINEAGE

KEY = b"a key of the tests"
REASONS = ("reasons", "reasons.element", "reasons.element.rule", "reasons.element.column", "reasons.element.value_class")


def text(name: str, **options: object) -> Column:
    """Return a string column whose source has its own name, unless `sources` or `from_key` says otherwise."""
    if "from_key" not in options:
        options.setdefault("sources", (name,))
    return Column(name, ColumnType(Kind.STRING), **options)  # type: ignore[arg-type]


def typed(name: str, kind: Kind, **options: object) -> Column:
    """Return a column of another kind; a decimal has 10 digits, 2 of them behind the point."""
    options.setdefault("sources", (name,))
    type_ = ColumnType(kind, 10, 2) if kind is Kind.DECIMAL else ColumnType(kind)
    return Column(name, type_, **options)  # type: ignore[arg-type]


def contract(*columns: Column, **options: object) -> Contract:
    """Return a contract of these columns."""
    return Contract("shop", "sales", "1.2.0", "0" * 64, columns, LoadMode.APPEND, **options)  # type: ignore[arg-type]


def stage(folder: Path, contents: Sequence[bytes], keys: Sequence[str] = ()) -> list[StagedFile]:
    """Write the contents as the files f0, f1 … of a batch."""
    files = []
    folder.mkdir(exist_ok=True)
    for number, content in enumerate(contents):
        path = folder / f"in-{number}"
        path.write_bytes(content)
        key = keys[number] if keys else f"shop/sales/delta/{number}.csv"
        files.append(StagedFile(f"f{number}", key, f"v{number}", f"2026-01-01#{number:06d}", path))
    return files


@dataclass(frozen=True)
class Outcome:
    """What a run gave, with the Parquet files read back."""

    output: Output
    accepted: list[tuple[object, ...]]
    quarantined: list[tuple[str, int, str, list[tuple[str, str]]]]
    classes: list[list[str]]  # value class of each reason, by quarantined record

    @property
    def file(self) -> FileResult:
        """The result of a batch of one."""
        (only,) = self.output.files
        return only

    @property
    def codes(self) -> list[str | None]:
        """Refusal code by file."""
        return [f.refused.code if f.refused else None for f in self.output.files]

    @property
    def rules(self) -> list[list[tuple[str, str]]]:
        """Reasons by quarantined record."""
        return [reasons for *_, reasons in self.quarantined]


def field_ids(of: Contract) -> Mapping[str, Mapping[str, int]]:
    """Number the columns of both tables."""
    bronze = [c.name for c in of.columns] + list(LINEAGE)
    quarantine = [*LINEAGE, "raw", *REASONS]
    return {"bronze": {n: i for i, n in enumerate(bronze, 1)}, "quarantine": {n: i for i, n in enumerate(quarantine, 101)}}


def load(folder: Path, of: Contract, *contents: bytes, keys: Sequence[str] = (), threads: int = 1) -> Outcome:
    """Inspect and run a batch. `accepted` has the contract's columns, the file id and the record number."""
    return load_staged(folder, of, stage(folder, contents, keys), threads)


def load_staged(folder: Path, of: Contract, files: Sequence[StagedFile], threads: int = 1) -> Outcome:
    """Inspect and run a batch of files that are there."""
    whole = of.with_columns(*inspect(of, files).extra_columns)
    output = run(
        of,
        files,
        field_ids=field_ids(whole),
        keyring=Keyring("k1", KEY),
        run_id="run-1",
        workdir=folder / "work",
        limits=Limits(memory_mb=256, threads=threads),
    )
    names = ", ".join(sql.name(c.name) for c in whole.stored)
    quarantined = read(output.quarantined, "_file_id, _record, raw, reasons")
    return Outcome(
        output,
        read(output.accepted, f"{names}, _file_id, _record"),
        [(f, n, raw, [(r["rule"], r["column"]) for r in reasons]) for f, n, raw, reasons in quarantined],
        [[r["value_class"] for r in reasons] for *_, reasons in quarantined],
    )


def read(path: Path | None, columns: str) -> list[tuple[object, ...]]:
    """Read columns of a Parquet file in the order of its rows."""
    if path is None:
        return []
    with looking() as connection:
        table = connection.sql(f"SELECT {columns} FROM read_parquet($1)", params=[str(path)]).to_arrow_table()  # noqa: S608 - names of ours
        return [tuple(row.values()) for row in table.to_pylist()]
