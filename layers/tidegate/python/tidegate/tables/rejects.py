"""What quarantine holds: rejected records counted by rule, or one by one, out of Parquet data files on local disk."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from tidegate.engine import Limits
from tidegate.tables.duck import connect, reading
from tidegate.tables.schema import duckdb_type, quarantine_schema

COLUMNS = {field.name: duckdb_type(field.field_type) for field in quarantine_schema().fields}
EXAMPLES = 5
_FETCH = 1_000
_WANTED = (
    "($files IS NULL OR _file_id IN (SELECT unnest($files)))"
    " AND ($rule = '' OR len(list_filter(reasons, lambda r: r.rule = $rule)) > 0)"
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rejected records: of some files by id (None: of all), and only those that broke `rule` (empty: any)."""

    file_ids: tuple[str, ...] | None = None
    rule: str = ""


@dataclass(frozen=True, slots=True)
class RuleCount:
    """How many records of a file broke a rule on a column (empty: the record as a whole), and the numbers of the first of them.

    A record that broke several rules is counted under each.
    """

    file_id: str
    key: str
    contract_version: str
    rule: str
    column: str
    records: int
    examples: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Reject:
    """One rejected record: its number in its file, from 1; the rules it broke, each with its column; its own text if that was asked for."""

    file_id: str
    key: str
    record: int
    reasons: tuple[tuple[str, str], ...]
    raw: str | None


class Rejects:
    """Rejected records that can be asked about."""

    def __init__(self, db: duckdb.DuckDBPyConnection) -> None:
        """Keep a connection that has the records as `rejects`."""
        self._db = db

    def by_rule(self, wanted: Wanted) -> list[RuleCount]:
        """Count records by file, rule and column: files by key, the most frequent rule first."""
        broken = f"SELECT * EXCLUDE (reasons, raw), unnest(reasons) AS broken FROM rejects WHERE {_WANTED}"
        named = f"SELECT *, broken.rule AS rule, coalesce(broken.\"column\", '') AS place FROM ({broken})"
        select = (
            "SELECT _file_id, any_value(_object_key) AS key, any_value(_contract_version), rule, place,"
            f" count(DISTINCT _record) AS records, list_sort(min(DISTINCT _record, {EXAMPLES}))"
            f" FROM ({named}) GROUP BY _file_id, rule, place ORDER BY key, _file_id, records DESC, rule, place"
        )
        found = self._db.execute(select, _values(wanted)).fetchall()
        return [
            RuleCount(file_id, key, version, rule, place, records, tuple(examples))
            for file_id, key, version, rule, place, records, examples in found
        ]

    def count(self, wanted: Wanted) -> int:
        """Count records."""
        return int(self._db.execute(f"SELECT count(*) FROM rejects WHERE {_WANTED}", _values(wanted)).fetchall()[0][0])

    def records(self, wanted: Wanted, *, raw: bool, limit: int | None = None, skip: int = 0) -> Iterator[Reject]:
        """Yield records by key and number. Their text, which may hold personal data, is read with `raw` only."""
        text = "raw" if raw else "NULL"
        rules, places = "list_transform(reasons, lambda r: r.rule)", 'list_transform(reasons, lambda r: r."column")'
        select = (
            f"SELECT _file_id, _object_key, _record, {rules}, {places}, {text} FROM rejects"
            f" WHERE {_WANTED} ORDER BY _object_key, _file_id, _record LIMIT $limit OFFSET $skip"
        )
        found = self._db.execute(select, {**_values(wanted), "limit": limit, "skip": skip})
        while rows := found.fetchmany(_FETCH):
            for file_id, key, record, broken, columns, own in rows:
                reasons = tuple((rule, column or "") for rule, column in zip(broken, columns, strict=True))
                yield Reject(file_id, key, record, reasons, own)


@contextmanager
def opened(paths: Sequence[Path], room: Path, limits: Limits) -> Iterator[Rejects]:
    """Open data files of quarantine, none of which is no record; `room` takes what does not fit into memory."""
    with connect(room, limits) as db:
        db.execute(f"CREATE TEMP VIEW rejects AS {reading(COLUMNS, paths)}")
        yield Rejects(db)


def _values(wanted: Wanted) -> dict[str, object]:
    return {"files": None if wanted.file_ids is None else list(wanted.file_ids), "rule": wanted.rule}
