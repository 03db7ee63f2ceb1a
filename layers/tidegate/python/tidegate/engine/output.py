"""The two Parquet files of a run, with Iceberg field ids, and the books counted from what was written.

`field_ids` has the keys `bronze` and `quarantine`, each a mapping from a column's dotted path to its Iceberg id, as
`Schema.find_field(...)` and pyiceberg's name index spell them: `patient_id`, `_record`, `reasons`, `reasons.element`,
`reasons.element.rule`, `reasons.element.column`.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

from tidegate.contracts.contract import Contract, CsvFormat
from tidegate.engine import sql
from tidegate.engine.checks import REASONS_TYPE, ColumnSql, null_text, typed_rows
from tidegate.engine.headers import FilePlan
from tidegate.engine.numbering import broken_records, number_rows, raw_batches
from tidegate.engine.reader import Staged
from tidegate.engine.values import LINEAGE, FieldIds
from tidegate.errors import BooksUnbalanced

_LINEAGE = (
    "f.object_key AS _object_key, f.version_id AS _version_id, f.file_id AS _file_id, x.record AS _record, f.arrival AS _arrival,"
    " f.load_id AS _load_id, f.run_id AS _run_id, f.contract_version AS _contract_version"
)


class Writer:
    """Writes one run's outputs from its staged tables."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        contract: Contract,
        columns: Sequence[ColumnSql],
        staged: Sequence[Staged],
        field_ids: FieldIds,
    ) -> None:
        """Keep the run's tables; `columns` are all of the contract's, those taken from the key too."""
        self._connection, self._contract, self._columns = connection, contract, columns
        self._staged, self._field_ids = staged, field_ids
        self._numbers = {s.table: number_rows(connection, s) for s in staged}
        for s in staged:
            self._check_places(s)

    def _check_places(self, staged: Staged) -> None:
        statement = f"SELECT (SELECT count(*) FROM {staged.table}), (SELECT count(*) FROM {self._numbers[staged.table]})"
        rows, numbers = self._connection.execute(statement).fetchall()[0]
        if rows != numbers:
            raise BooksUnbalanced(f"{rows} staged rows, {numbers} record numbers")

    def add_files(self, plans: Sequence[tuple[int, FilePlan]], run_id: str) -> None:
        """Create the table `files`: lineage by file number, and the columns taken from the key, cast, checked and masked."""
        keyed = [c for c in self._columns if c.column.from_key is not None]
        files = {
            "file": pa.array([number for number, _ in plans], pa.int32()),
            "object_key": pa.array([p.file.key for _, p in plans], pa.string()),
            "version_id": pa.array([p.file.version_id for _, p in plans], pa.string()),
            "file_id": pa.array([p.file.file_id for _, p in plans], pa.string()),
            "arrival": pa.array([p.file.arrival for _, p in plans], pa.string()),
            "load_id": pa.array([p.file.load_id for _, p in plans], pa.string()),
            "run_id": pa.array([run_id for _ in plans], pa.string()),
            "contract_version": pa.array([self._contract.version for _ in plans], pa.string()),
        }
        lineage = ", ".join(files)
        for c in keyed:
            files[f"k{c.number}"] = pa.array([dict(p.key_values)[c.column.name] for _, p in plans], pa.string())
        self._connection.register("arrived", pa.table(files))
        texts = [null_text(f"k{c.number}", (*self._contract.null_values, *c.column.null_values)) for c in keyed]
        select = (
            typed_rows(keyed, texts, "arrived", lineage)
            if keyed
            else f"SELECT CAST(NULL AS {REASONS_TYPE}) AS reasons, {lineage} FROM arrived"
        )
        self._connection.execute(f"CREATE TEMP TABLE files AS {select}")
        self._connection.unregister("arrived")

    def _rows(self, columns: str, where: str) -> str:
        """The staged rows of all reads beside their numbers and files; in order only when there is one read."""
        numbered = ((s.table, self._numbers[s.table]) for s in self._staged)
        sources = (f"(SELECT * FROM {rows} POSITIONAL JOIN {numbers}) x JOIN files f USING (file)" for rows, numbers in numbered)
        return " UNION ALL ".join(f"SELECT {columns} FROM {source} WHERE {where}" for source in sources)

    def accepted(self, target: Path) -> None:
        """Write the rows without reasons: the contract's columns, then lineage."""
        sources = {c.number: ("f" if c.column.from_key is not None else "x") for c in self._columns}
        cells = [f"{sources[c.number]}.o{c.number} AS {sql.name(c.column.name)}" for c in self._columns]
        order = " ORDER BY file_number, _record" if len(self._staged) > 1 else ""
        inner = self._rows(", ".join([*cells, _LINEAGE, "file AS file_number"]), "x.reasons IS NULL AND f.reasons IS NULL")
        names = [*(c.column.name for c in self._columns), *LINEAGE]
        self._copy(f"SELECT {', '.join(map(sql.name, names))} FROM ({inner}){order}", target, self._ids("bronze", names))

    def quarantined(self, target: Path, csv: CsvFormat) -> None:
        """Write the rejected records with their raw text and reasons."""
        reasons = f"list_concat(coalesce(x.reasons, CAST([] AS {REASONS_TYPE})), coalesce(f.reasons, CAST([] AS {REASONS_TYPE})))"
        bad = self._rows(f"file, x.record, {reasons} AS reasons", "x.reasons IS NOT NULL OR f.reasons IS NOT NULL")
        self._connection.execute(f"CREATE TEMP TABLE bad AS {bad}")
        for broken in self._broken():
            self._insert("bad", broken)
        self._connection.execute('CREATE TEMP TABLE raws (file INTEGER, record BIGINT, "raw" VARCHAR)')
        for batch in raw_batches(self._staged, self._wanted(), csv):
            self._insert("raws", batch)
        missing = self._connection.execute("SELECT count(*) FROM bad ANTI JOIN raws USING (file, record)").fetchall()[0][0]
        if missing:
            raise BooksUnbalanced(f"{missing} rejected records have no raw text")
        names = [*LINEAGE, "raw", "reasons"]
        rows = "(SELECT * FROM bad JOIN raws USING (file, record)) x JOIN files f USING (file)"
        self._copy(
            f'SELECT {_LINEAGE}, x."raw", x.reasons FROM {rows} ORDER BY file, x.record', target, self._ids("quarantine", names)
        )

    def _broken(self) -> Iterator[pa.Table]:
        type_ = pa.list_(pa.struct([("rule", pa.string()), ("column", pa.string())]))
        for staged in self._staged:
            rows = list(broken_records(staged))
            yield pa.table(
                {
                    "file": pa.array([number for number, _, _ in rows], pa.int32()),
                    "record": pa.array([record for _, record, _ in rows], pa.int64()),
                    "reasons": pa.array([[{"rule": r, "column": ""} for r in rules] for _, _, rules in rows], type_),
                },
            )

    def _insert(self, table: str, rows: pa.Table) -> None:
        self._connection.register("incoming", rows)
        self._connection.execute(f"INSERT INTO {table} SELECT * FROM incoming")
        self._connection.unregister("incoming")

    def _wanted(self) -> dict[int, list[int]]:
        found = self._connection.execute("SELECT file, list(record ORDER BY record) FROM bad GROUP BY file").fetchall()
        return dict(found)

    def _ids(self, table: str, names: Sequence[str]) -> str:
        ids = self._field_ids[table]
        lacking = [name for name in names if name not in ids]
        if lacking:
            message = f"no field ids for {', '.join(lacking)}: add the columns to the {table} table first"
            raise ValueError(message)
        parts = [f"{sql.name(name)}: {_field_id(ids, name) if name == 'reasons' else int(ids[name])}" for name in names]
        return f"{{{', '.join(parts)}}}"

    def _copy(self, select: str, target: Path, ids: str) -> None:
        options = f"FORMAT parquet, COMPRESSION zstd, FIELD_IDS {ids}, PER_THREAD_OUTPUT false"
        self._connection.execute(f"COPY ({select}) TO {sql.text(str(target))} ({options})")

    def written(self, target: Path) -> dict[str, int]:
        """Rows by file id, read back from a file."""
        statement = "SELECT _file_id, count(*) FROM read_parquet($1) GROUP BY ALL"
        return dict(self._connection.execute(statement, [str(target)]).fetchall())


def _field_id(ids: Mapping[str, int], path: str) -> str:
    element = f"{path}.element"
    fields = ", ".join(f"{sql.name(f)}: {int(ids[f'{element}.{f}'])}" for f in ("rule", "column"))
    return f"{{__duckdb_field_id: {int(ids[path])}, element: {{__duckdb_field_id: {int(ids[element])}, {fields}}}}}"
