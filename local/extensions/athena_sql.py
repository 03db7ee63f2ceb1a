"""Athena's SQL is Trino's: it is read as such, and said to DuckDB so that the same values come out.

sqlglot turns one into the other. What it leaves to DuckDB's own ways is settled here: the precision of timestamps, the text of a
timestamp, what a zone does to one, functions that DuckDB lacks. A name that Trino does not know as a function is refused, because DuckDB
would take it. Not settled: Trino refuses to compare a text with a number, divides decimals into decimals, and writes a double as text in
its own way.
"""

import sqlglot
from sqlglot import exp

from local.extensions import trino_functions

CATALOG = "awsdatacatalog"
MILLISECONDS = 3  # the precision of Trino's TIMESTAMP
# In the order of use. Trino's text of a timestamp has as many digits as its precision; an interval between two dates is days in DuckDB.
MACROS = """
CREATE MACRO trino_text(x) AS CASE typeof(x)
    WHEN 'TIMESTAMP' THEN strftime(TRY_CAST(CAST(x AS VARCHAR) AS TIMESTAMP), '%Y-%m-%d %H:%M:%S.%f')
    WHEN 'TIMESTAMP_MS' THEN strftime(TRY_CAST(CAST(x AS VARCHAR) AS TIMESTAMP), '%Y-%m-%d %H:%M:%S.%g')
    WHEN 'TIMESTAMP WITH TIME ZONE' THEN strftime(TRY_CAST(CAST(x AS VARCHAR) AS TIMESTAMP), '%Y-%m-%d %H:%M:%S.%g UTC')
    ELSE CAST(x AS VARCHAR) END;
CREATE MACRO from_unixtime_nanos(n) AS CAST(make_timestamp_ns(CAST(n AS BIGINT)) AS TIMESTAMP WITH TIME ZONE);
CREATE MACRO to_milliseconds(x) AS CASE typeof(x)
    WHEN 'INTERVAL' THEN CAST(epoch(TRY_CAST(CAST(x AS VARCHAR) AS INTERVAL)) * 1000 AS BIGINT)
    ELSE TRY_CAST(CAST(x AS VARCHAR) AS BIGINT) * 86400000 END;
"""


class QueryError(Exception):
    """The query cannot be answered; the message is the query's state change reason."""


def parsed(query: str) -> exp.Expression:
    """One statement."""
    try:
        trees = [tree for tree in sqlglot.parse(query, read="athena") if tree is not None]
        backquotes = [token for token in sqlglot.tokenize(query, read="trino") if token.text == "`"]
    except (sqlglot.errors.ParseError, sqlglot.errors.TokenError) as error:
        found = error.errors[0] if getattr(error, "errors", None) else {"line": 1, "col": 1, "description": str(error)}
        raise QueryError(f"SYNTAX_ERROR: line {found['line']}:{found['col']}: {found['description']}") from error
    if backquotes and any(isinstance(tree, exp.Command) for tree in trees):  # only DDL of Hive's kind has them
        where, advice = backquotes[0], "backquoted identifiers are not supported; use double quotes to quote identifiers"
        raise QueryError(f"SYNTAX_ERROR: line {where.line}:{where.col}: {advice}")
    if len(trees) != 1:
        raise QueryError("Only one sql statement is allowed.")
    return trees[0]


def selecting(tree: exp.Expression | None, query: str) -> exp.Query:
    """A SELECT, if it is one, with functions of Trino's only."""
    if not isinstance(tree, exp.Query):
        said = "nothing" if tree is None else tree.key.upper()
        raise QueryError(f"NOT_SUPPORTED: the laptop's Athena does not answer {said}")
    if refusal := trino_functions.unknown(query, tree):
        raise QueryError(refusal)
    return tree


def references(tree: exp.Expression) -> list[exp.Table]:
    """The tables that a statement names, and are not names of its own WITH."""
    own = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    return [
        found for found in tree.find_all(exp.Table)
        if found.name and not isinstance(found.this, exp.Func) and (found.db or found.name.lower() not in own)
    ]  # fmt: skip


def qualified(tree: exp.Query, database: str) -> exp.Query:
    """The same statement with full names of tables, in lower case as Athena's are."""
    whole = tree.copy()
    for reference in references(whole):
        if reference.catalog and reference.catalog.lower() != CATALOG:
            raise QueryError(f"CATALOG_NOT_FOUND: line 1:1: Catalog '{reference.catalog}' not found")
        names = {"catalog": CATALOG, "db": (reference.db or database).lower(), "this": reference.name.lower()}
        for part, name in names.items():
            reference.set(part, exp.to_identifier(name, quoted=True))
    return whole


def for_duckdb(tree: exp.Query) -> str:
    """The same query in DuckDB's words."""
    whole = tree.copy()
    for node in reversed(list(whole.walk())):  # the inner ones first: what is in a node that was replaced must not be missed
        if (new := _translated(node)) is not node:
            node.replace(new)
    return whole.sql(dialect="duckdb")


def _translated(node: exp.Expression) -> exp.Expression:
    if isinstance(node, exp.DataType) and node.this is exp.DataType.Type.TIMESTAMP and not node.expressions:
        return exp.DataType(this=node.this, expressions=[exp.DataTypeParam(this=exp.Literal.number(MILLISECONDS))])
    if isinstance(node, exp.Cast) and node.to.this is exp.DataType.Type.VARCHAR and not node.to.expressions:
        return exp.Anonymous(this="trino_text", expressions=[node.this])
    if isinstance(node, exp.AtTimeZone) and node.args["zone"].name.upper() == "UTC":
        return exp.cast(node.this, "timestamptz")  # in Trino it keeps its zone
    if isinstance(node, exp.TimeToStr):  # Trino's `date_format` forgets what is less than a millisecond
        node.set("this", exp.Anonymous(this="date_trunc", expressions=[exp.Literal.string("milliseconds"), node.this]))
    return node
