"""The database that answers queries of contracts reaches nothing, even if the list of what they may have were wrong."""

from pathlib import Path

import duckdb
import pytest

from tidegate.contracts.contract import Column, ColumnType, Contract, Kind, LoadMode
from tidegate.contracts.rules import Limit, Query
from tidegate.engine.queries import answer, lock
from tidegate.errors import ContractInvalid

OF = Contract("shop", "sales", "1.0.0", "0" * 64, (Column("v", ColumnType(Kind.INTEGER)),), LoadMode.APPEND)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT count(*) FROM read_csv('{file}')",
        "SELECT count(*) FROM '{file}'",
        "SELECT count(*) FROM glob('{folder}/*')",
        "COPY (SELECT 1) TO '{folder}/out.csv'",
        "ATTACH '{folder}/other.duckdb'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SET threads = 1",
        "RESET lock_configuration",
    ],
)
def test_locked_database_reads_no_file_and_changes_no_setting(tmp_path: Path, statement: str) -> None:
    (tmp_path / "in.csv").write_text("a\n1\n")
    with duckdb.connect() as db:
        lock(db)
        with pytest.raises(ContractInvalid, match="cannot be computed"):
            answer(db, OF, _query(statement.format(file=tmp_path / "in.csv", folder=tmp_path)))
    assert [p.name for p in tmp_path.iterdir()] == ["in.csv"]


@pytest.mark.parametrize("sql", ["SELECT 1 UNION ALL SELECT 2", "SELECT 1, 2", "SELECT 'x'", "SELECT 1 WHERE false"])
def test_what_is_not_one_number_is_no_answer(sql: str) -> None:
    with duckdb.connect() as db, pytest.raises(ContractInvalid, match="does not give one number"):
        answer(db, OF, _query(sql))


def test_null_is_an_answer_and_numbers_of_every_kind_are() -> None:
    with duckdb.connect() as db:
        found = [
            answer(db, OF, _query(sql)) for sql in ("SELECT NULL", "SELECT 1.5::DECIMAL(5,2)", "SELECT 2::HUGEINT", "SELECT true")
        ]
    assert found == [None, 1.5, 2.0, 1.0]


def _query(sql: str) -> Query:
    return Query("asked", sql, (), silver=False, limit=Limit("mustBe", (0,)))
