"""Rows that refer to nobody: their values are in no row of the table that a relationship names.

Values are compared as the tables hold them, tokens with tokens.
"""

from collections.abc import Mapping, Sequence

import duckdb

from tidegate.contracts.contract import Contract
from tidegate.contracts.rules import Reference
from tidegate.engine import sql
from tidegate.engine.casts import sql_type
from tidegate.engine.rules import lives
from tidegate.engine.values import Parent, Parents
from tidegate.errors import ContractInvalid, Problem


def stage_parents(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    parents: Parents,
    cells: Mapping[str, str],
    rows: str,
    replaced: Sequence[str],
) -> dict[Reference, str]:
    """Make a table of the values that each reference finds, and return the condition under which a row refers to nobody.

    `cells` has the SQL of each column of the contract over `rows`, the batch's own rows: those a reference to the own table finds too,
    and there the rows of the `replaced` objects are gone.
    """
    conditions = {}
    for number, reference in enumerate(contract.rules.references):
        own = reference.table == contract.table
        parent = parents.get(reference.table, Parent({}))
        found = _values(contract, reference, parent, replaced if own else ())
        if own:
            mine = ", ".join(f"{cells[name]} AS {sql.name(name)}" for name in reference.to)
            found = f"{found} UNION ALL SELECT {mine} FROM ({rows})"
        names = ", ".join(f"p{place}" for place in range(len(reference.to)))
        connection.execute(f"CREATE TEMP TABLE parents_{number} ({_shape(contract, reference)})")
        connection.execute(f"INSERT INTO parents_{number} SELECT DISTINCT * FROM ({found}) t({names})")
        conditions[reference] = _absent(reference, f"parents_{number}", cells, lives(contract.delete_when, cells))
    return conditions


def _shape(contract: Contract, reference: Reference) -> str:
    types = {c.name: sql_type(c.type) for c in contract.columns}
    return ", ".join(f"p{place} {types[name]}" for place, name in enumerate(reference.columns))


def _values(contract: Contract, reference: Reference, parent: Parent, replaced: Sequence[str]) -> str:
    types = {c.name: sql_type(c.type) for c in contract.columns}
    wanted = [types[name] for name in reference.columns]
    if not parent.paths:
        return f"SELECT {', '.join(f'CAST(NULL AS {kind})' for kind in wanted)} WHERE false"
    for name, to, kind in zip(reference.columns, reference.to, wanted, strict=True):
        there = parent.columns.get(to)
        if there is None or there.replace(" ", "") != kind.replace(" ", ""):
            what = f"has no column {to}" if there is None else f"has a {there.lower()} in {to}, {name} is a {kind.lower()}"
            problem = Problem(0, f"columns.{name}.relationships", f"{reference.table} {what}", "refer to a column of the same type")
            raise ContractInvalid(contract.dataset, (problem,))
    nulls = ", ".join(f"CAST(NULL AS {parent.columns[name]}) AS {sql.name(name)}" for name in (*dict.fromkeys(reference.to),))
    files = sql.texts(str(path) for path in parent.paths)
    here = f" WHERE _object_key NOT IN ({sql.texts(replaced)})" if replaced else ""
    table = f"SELECT {nulls} WHERE false UNION ALL BY NAME SELECT * FROM read_parquet([{files}], union_by_name = true){here}"
    return f"SELECT {', '.join(map(sql.name, reference.to))} FROM ({table})"


def _absent(reference: Reference, table: str, cells: Mapping[str, str], alive: str) -> str:
    values = [cells[name] for name in reference.columns]
    known = " AND ".join(f"{value} IS NOT NULL" for value in values)
    same = " AND ".join(f"p.p{place} = {value}" for place, value in enumerate(values))
    return f"({alive} AND {known} AND NOT EXISTS (FROM {table} p WHERE {same}))"


def rejected(reference: Reference, condition: str, rows: str) -> str:
    """SELECT `file`, `record` and `reasons` of the rows that refer to nobody."""
    reason = f"{{'rule': {sql.text(reference.rule)}, 'column': {sql.text(reference.column)}, 'value_class': ''}}"
    return f"SELECT file, record, [{reason}] AS reasons FROM ({rows}) WHERE {condition}"
