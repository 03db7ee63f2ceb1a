"""Queries of quality rules, answered by a database that reaches nothing but the two tables it was given."""

from collections.abc import Mapping

import duckdb

from tidegate.contracts.contract import Contract
from tidegate.contracts.queries import OBJECT, SILVER
from tidegate.contracts.rules import Query
from tidegate.engine import sql
from tidegate.engine.casts import sql_type
from tidegate.errors import ContractInvalid, Problem


def lock(db: duckdb.DuckDBPyConnection) -> None:
    """Take files, the network and the settings away from a connection, for good."""
    db.execute("SET TimeZone = 'UTC'")
    db.execute("SET enable_external_access = false")
    db.execute("SET lock_configuration = true")


def answer(db: duckdb.DuckDBPyConnection, contract: Contract, query: Query) -> float | None:
    """Return the one number that a query gives; None for NULL.

    Raises:
        ContractInvalid: it gives something else, or cannot be computed. The database's message may quote a value: it is left out.
    """
    try:
        found = db.execute(query.sql).fetchmany(2)
    except duckdb.Error as error:
        raise _refused(contract, query, f"the query cannot be computed: {type(error).__name__}") from None
    value = found[0][0] if len(found) == 1 and len(found[0]) == 1 else ""
    try:
        return None if value is None else float(value)
    except (TypeError, ValueError):
        raise _refused(contract, query, "the query does not give one number") from None


def check_queries(db: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    """Ask every query of a contract on empty tables.

    Raises:
        ContractInvalid: one of them cannot work.
    """
    columns = {column.name: sql_type(column.type) for column in contract.stored}
    for table in (OBJECT, SILVER):
        db.execute(f"CREATE TABLE {table} ({', '.join(f'{sql.name(name)} {kind}' for name, kind in columns.items())})")
    lock(db)
    for query in contract.rules.queries:
        answer(db, contract, query)
        _check_kind(db, contract, query)


def _check_kind(db: duckdb.DuckDBPyConnection, contract: Contract, query: Query) -> None:
    """On empty tables a query gives NULL or 0 whatever it is: its type tells."""
    kinds: Mapping[str, str] = {name: str(kind) for name, kind, *_ in db.execute(f"DESCRIBE {query.sql}").fetchall()}
    if len(kinds) != 1 or not next(iter(kinds.values())).startswith(
        ("BIGINT", "HUGEINT", "INTEGER", "DOUBLE", "DECIMAL", "BOOLEAN")
    ):
        raise _refused(contract, query, "the query does not give one number")


def _refused(contract: Contract, query: Query, message: str) -> ContractInvalid:
    hint = "SELECT count(*) FROM {object} …, or another aggregate"
    return ContractInvalid(contract.dataset, (Problem(0, f"quality[{query.rule}]", message, hint),))
