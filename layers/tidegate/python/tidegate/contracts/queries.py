"""SQL in quality rules: one SELECT over the batch, parsed against an allow-list. Nothing of its text reaches the engine as it is.

The parser's tree is rebuilt from nodes of the list only; names have to be columns of the contract, tables are `{object}` (the batch's
accepted rows) and `{silver}` (the table as it is). Nothing in the list reads files, settings, time or chance.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import sqlglot
from sqlglot import exp

from tidegate.contracts.contract import Column

OBJECT, SILVER = "batch_rows", "silver_rows"
_TABLES = {"object": OBJECT, "table": OBJECT, "silver": SILVER}
_PLACE = re.compile(r"\$?\{([a-z]+)\}")
_NAME = re.compile(r"[a-z_][a-z0-9_]*\Z")
_LONGEST = 4000
_DEEPEST = 60
#: What an expression about one row may be made of.
_IN_A_ROW = (
    *(exp.Column, exp.Identifier, exp.Literal, exp.Boolean, exp.Null, exp.Paren, exp.Var, exp.Interval),
    *(exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.NullSafeEQ, exp.NullSafeNEQ),
    *(exp.Is, exp.In, exp.Between, exp.Like, exp.ILike, exp.RegexpLike, exp.StartsWith, exp.EndsWith, exp.Contains),
    *(exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod, exp.Neg, exp.Abs, exp.Round, exp.Floor, exp.Ceil),
    *(exp.Case, exp.If, exp.Coalesce, exp.Nullif, exp.Greatest, exp.Least),
    *(exp.Length, exp.Upper, exp.Lower, exp.Trim, exp.Substring, exp.Left, exp.Right, exp.DPipe, exp.Concat),
    *(exp.DateDiff, exp.Extract, exp.Year, exp.Month, exp.Day),
    *(exp.Cast, exp.TryCast, exp.DataType, exp.DataTypeParam),
)
#: What a query may have beside it.
_IN_A_QUERY = (
    *(exp.Select, exp.From, exp.Table, exp.Where, exp.Group, exp.Having, exp.Join, exp.Subquery, exp.With, exp.CTE, exp.Exists),
    *(exp.Alias, exp.TableAlias, exp.Distinct, exp.Union, exp.Star),
    *(exp.Count, exp.Sum, exp.Avg, exp.Min, exp.Max, exp.Median, exp.StddevSamp, exp.CountIf, exp.Filter),
)
_TYPES = frozenset("VARCHAR TEXT BIGINT INT DOUBLE DECIMAL BOOLEAN DATE TIME TIMESTAMP TIMESTAMPTZ INTERVAL".split())  # noqa: SIM905 - one line


@dataclass(frozen=True, slots=True)
class Parsed:
    """A query that passed: SQL over the tables `OBJECT` and `SILVER`, the columns that it names, and whether it reads silver.

    Where it only counts the rows for which an expression is true, `row` has that expression in pieces: SQL and names in turn.
    """

    sql: str
    columns: tuple[str, ...]
    silver: bool
    row: tuple[str, ...] = ()


class NotAllowed(ValueError):
    """A query has something that is not in the list; the second argument says what to write instead."""


def parse_query(text: str, columns: Sequence[Column], property_: str = "") -> Parsed:
    """Parse a query of a contract; `property_` is the column it is written on.

    Raises:
        NotAllowed: it is no single SELECT, or has something that is not in the list.
    """
    tree = _tree(text, property_)
    known = {c.name: c for c in columns}
    _check_nodes(tree)
    tables, own = {t.name for t in tree.find_all(exp.Table)}, {alias.alias for alias in tree.find_all(exp.Alias)}
    if stray := sorted(tables - {OBJECT, SILVER} - {cte.alias for cte in tree.find_all(exp.CTE)}):
        raise NotAllowed(f"{stray[0]} is no table of the batch", "FROM {object}, or {silver} for the table as it is")
    if OBJECT not in tables:
        raise NotAllowed("the query does not look at the batch", "FROM {object}")
    named = sorted({c.name for c in tree.find_all(exp.Column)})
    if unknown := [name for name in named if name not in known and name not in own]:
        raise NotAllowed(f"{unknown[0]} is no column of the contract", "names are as in the contract, in lower case")
    columns_ = tuple(name for name in named if name in known)
    return Parsed(tree.sql(dialect="duckdb"), columns_, SILVER in tables, _row(tree, known))


def _tree(text: str, property_: str) -> exp.Select:
    if len(text) > _LONGEST or not text.isprintable():
        raise NotAllowed(f"the query is longer than {_LONGEST} characters, or has unprintable ones", "one plain SELECT in one line")

    def placed(match: re.Match[str]) -> str:
        word = match.group(1)
        if word in {"property", "column"} and property_:
            return property_
        if word not in _TABLES:
            raise NotAllowed(f"{match.group(0)} is not known here", "{object}, {silver}, or on a column {property}")
        return _TABLES[word]

    try:
        trees = sqlglot.parse(_PLACE.sub(placed, text), read="duckdb")
    except (sqlglot.errors.SqlglotError, RecursionError):
        raise NotAllowed("the query is not SQL", "SELECT count(*) FROM {object} WHERE …") from None
    if len(trees) != 1 or not isinstance(trees[0], exp.Select):
        raise NotAllowed("the query is not one SELECT", "SELECT count(*) FROM {object} WHERE …")
    return trees[0]


def _check_nodes(tree: exp.Select) -> None:
    for node in tree.walk():
        if node.depth > _DEEPEST:
            raise NotAllowed("the query is nested too deep", "write several rules")
        if type(node) not in (*_IN_A_ROW, *_IN_A_QUERY):
            what = node.name if isinstance(node, exp.Anonymous) else node.key
            raise NotAllowed(
                f"{what} is not allowed in a query", "comparisons, arithmetic, text, dates, count sum avg min max median"
            )
        if node.comments:
            raise NotAllowed("the query has a comment", "put it into description")
        _check_details(node)


def _check_details(node: exp.Expr) -> None:
    if isinstance(node, exp.Table) and (node.args.get("db") or not isinstance(node.this, exp.Identifier)):
        raise NotAllowed("a table of the query is not a plain name", "FROM {object}")
    if isinstance(node, exp.Identifier) and not _NAME.match(node.name):
        raise NotAllowed("a name of the query is not plain", "lower-case letters, digits and _")
    if isinstance(node, exp.Star) and not isinstance(node.parent, exp.Count):
        raise NotAllowed("* is not allowed in a query", "name the columns")
    if isinstance(node, exp.Column) and (node.args.get("db") or node.args.get("catalog")):
        raise NotAllowed("a column of the query has more than a table before it", "the column's name")
    if isinstance(node, exp.RegexpLike) and not isinstance(node.expression, exp.Literal):
        raise NotAllowed("a regular expression of the query is no literal", "regexp_matches(column, '…')")
    if isinstance(node, exp.DataType) and (node.this.value not in _TYPES or node.args.get("nested")):
        raise NotAllowed(f"the type {node.sql()} is not allowed in a query", f"one of {', '.join(sorted(_TYPES)).lower()}")
    if isinstance(node, exp.Join) and (node.args.get("method") or not (node.args.get("on") or node.args.get("using"))):
        raise NotAllowed("a join of the query has no condition", "JOIN … ON …")


def _row(tree: exp.Select, known: dict[str, Column]) -> tuple[str, ...]:
    """The condition of `SELECT count(*) FROM {object} WHERE condition`, where it is about one row of the file alone."""
    asked = {name for name, value in tree.args.items() if value and name != "kind"}
    source = tree.args.get("from_") or tree.args.get("from")
    counts = (
        len(tree.expressions) == 1 and isinstance(tree.expressions[0], exp.Count) and isinstance(tree.expressions[0].this, exp.Star)
    )
    if not counts or not asked <= {"expressions", "from", "from_", "where"} or source is None or "where" not in asked:
        return ()
    condition = tree.args["where"].this
    if source.this.alias or any(type(node) not in _IN_A_ROW for node in condition.walk()):
        return ()
    columns = list(condition.find_all(exp.Column))
    if not columns or any(c.table or known[c.name].from_key is not None for c in columns):
        return ()
    return tuple(_pieces(_marked(condition).sql(dialect="duckdb")))


def _marked(condition: exp.Expr) -> exp.Expr:
    """Names become marks that no text can hold, so that a literal is never taken for one; a cast that fails gives NULL."""
    marked = condition.copy().transform(
        lambda node: exp.Identifier(this=f"\0{node.name}\0", quoted=True) if isinstance(node, exp.Column) else node
    )
    while cast := next((node for node in marked.walk() if type(node) is exp.Cast), None):
        tried = exp.TryCast(this=cast.this, to=cast.args["to"])
        marked = tried if cast is marked else (cast.replace(tried), marked)[1]
    return marked


def _pieces(sql: str) -> Iterator[str]:
    yield from re.split('"\0([a-z0-9_]+)\0"', sql)
