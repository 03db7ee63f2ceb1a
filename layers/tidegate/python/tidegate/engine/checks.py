"""The contract's checks and masks as SQL over three kinds of columns of one staged row.

`t<i>` is column i's text (NULL for an empty field or a null value), `v<i>` its typed value, `o<i>` the masked value for the table.
Checks see the clear value; a NULL passes every check but `required` and `primary_key`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import duckdb

from tidegate.contracts.contract import Column, Contract, Kind, Privacy, When
from tidegate.contracts.rules import Check
from tidegate.engine import sql
from tidegate.engine.casts import cast, default_cast, sql_type
from tidegate.engine.mapping import column_text, fault_checks, settled, staged
from tidegate.engine.masks import mask
from tidegate.engine.problems import refuse_contract
from tidegate.engine.reasons import BROKEN_TYPE
from tidegate.engine.rules import broken, lives

_FIRST_INSTANT, _LAST_INSTANT = "TIMESTAMPTZ '0001-01-01 00:00:00+00'", "TIMESTAMPTZ '9999-12-31 23:59:59.999999+00'"
_BOUNDS = (("minimum", "<"), ("maximum", ">"), ("exclusive_minimum", "<="), ("exclusive_maximum", ">="))


@dataclass(frozen=True, slots=True)
class ColumnSql:
    """One column compiled.

    `value` reads `t<i>`; `masked` reads `t<i>`, `v<i>` and the text of `privacy_when`'s column; `checks` are pairs of a rule and
    the condition that is true when it is broken; `counted` are pairs of a place in `Rules.counted` and the same.
    """

    column: Column
    number: int
    value: str
    masked: str
    checks: tuple[tuple[str, str], ...]
    counted: tuple[tuple[int, str], ...] = ()


def compile_columns(connection: duckdb.DuckDBPyConnection, contract: Contract) -> tuple[ColumnSql, ...]:
    """Compile every column. In a tombstone only the key, the order and the column that makes it one are checked.

    Raises:
        ContractInvalid: a format, zone, pattern, bound, valid value or privacy rule cannot work on its column.
    """
    compiled = tuple(
        _with_rules(connection, _compile(connection, number, contract.columns), contract) for number in range(len(contract.columns))
    )
    when = contract.delete_when
    if when is None:
        return compiled
    alive = _lives(contract.columns, when)
    always = {when.column, contract.order_by, *contract.primary_key}
    return tuple(
        c
        if c.column.name in always or c.column.from_key is not None
        else replace(
            c,
            checks=tuple((rule, f"({condition}) AND {alive}") for rule, condition in c.checks),
            counted=tuple((place, f"({condition}) AND {alive}") for place, condition in c.counted),
        )
        for c in compiled
    )


def _with_rules(connection: duckdb.DuckDBPyConnection, compiled: ColumnSql, contract: Contract) -> ColumnSql:
    """Add the contract's quality rules about the column."""
    mine = [check for check in contract.rules.checks if check.column == compiled.column.name]
    if not mine:
        return compiled
    numbers = {column.name: number for number, column in enumerate(contract.columns)}
    for check in mine:
        if check.pattern is not None:
            _try(connection, compiled.column, "pattern", "SELECT regexp_full_match('', $1)", check.pattern)
        if check.expression:
            _try_expression(connection, contract, compiled.column, broken(check, numbers))
    places = {check: place for place, check in enumerate(contract.rules.counted)}
    return replace(
        compiled,
        checks=(*compiled.checks, *((check.rule, _of_the_living(check, contract, numbers)) for check in mine if check.rejects)),
        counted=tuple((places[check], _of_the_living(check, contract, numbers)) for check in mine if not check.rejects),
    )


def _of_the_living(check: Check, contract: Contract, numbers: Mapping[str, int]) -> str:
    """An expression names columns that a tombstone need not have, wherever it is written."""
    number = numbers[check.column]
    condition, when = broken(check, numbers), contract.delete_when
    if staged(contract.columns[number]):
        condition = _unless_faulty(condition, number)
    if not check.expression or when is None:
        return condition
    return f"({condition}) AND {_lives(contract.columns, when)}"


def _unless_faulty(condition: str, number: int) -> str:
    """A text that could not be made breaks no other rule."""
    return f"({condition}) AND f{number} IS NULL"


def _lives(columns: Sequence[Column], when: When) -> str:
    """The condition that a row is no tombstone; one whose mark could not be made from its sources is none."""
    number = next(n for n, column in enumerate(columns) if column.name == when.column)
    unmarked = lives(when, {when.column: f"t{number}"})
    return f"({unmarked} OR f{number} IS NOT NULL)" if staged(columns[number]) else unmarked


def _try_expression(connection: duckdb.DuckDBPyConnection, contract: Contract, column: Column, condition: str) -> None:
    nulls = ", ".join(f"CAST(NULL AS {sql_type(c.type)}) AS v{number}" for number, c in enumerate(contract.columns))
    try:
        kind = connection.execute(f"SELECT typeof({condition}) FROM (SELECT {nulls})").fetchall()[0][0]
    except duckdb.Error as error:
        refuse_contract(column, "quality", f"the query cannot be computed: {type(error).__name__}", "compare values of one type")
    if kind != "BOOLEAN":
        refuse_contract(column, "quality", f"the condition of the query is a {kind.lower()}", "compare it with something")


def _compile(connection: duckdb.DuckDBPyConnection, number: int, columns: Sequence[Column]) -> ColumnSql:
    column = columns[number]
    if column.default_timezone:
        _try(connection, column, "default_timezone", "SELECT timezone($1, TIMESTAMP '2000-01-01') IS NULL", column.default_timezone)
    _check_texts(connection, column)
    if column.expression is not None:
        _check_expression(connection, column)
    checks = tuple(_checks(connection, column, f"t{number}", f"v{number}"))
    if staged(column):
        checks = (*fault_checks(column, number), *((rule, _unless_faulty(condition, number)) for rule, condition in checks))
    masked = mask(column, f"t{number}", f"v{number}", _person(column, columns))
    if column.privacy_when is not None:
        masked = _mask_when(column, columns, masked, f"v{number}")
    return ColumnSql(column, number, cast(column, f"t{number}"), masked, checks)


def _person(column: Column, columns: Sequence[Column]) -> str:
    """The text of the person whose dates are shifted together."""
    if column.privacy is not Privacy.DATE_SHIFT:
        return ""
    number = next((n for n, c in enumerate(columns) if c.name == column.privacy_by and c.type.kind is Kind.STRING), None)
    if number is None or (columns[number].from_key is None) != (column.from_key is None):
        refuse_contract(column, "privacy_by", "names no text column that comes from the same place", "the column of the person")
    return f"t{number}"


def _mask_when(column: Column, columns: Sequence[Column], masked: str, value: str) -> str:
    """Mask where the condition holds, and where its column is NULL: what is not known to be harmless is not shown."""
    when = column.privacy_when
    number = next((n for n, c in enumerate(columns) if when is not None and c.name == when.column), None)
    if when is None or number is None or (columns[number].from_key is None) != (column.from_key is None):
        refuse_contract(column, "privacy_when", "names no column that comes from the same place", "another source column")
    return f"CASE WHEN t{number} NOT IN ({sql.texts(when.values)}) THEN {value} ELSE {masked} END"


def _checks(connection: duckdb.DuckDBPyConnection, column: Column, text: str, value: str) -> Iterator[tuple[str, str]]:
    if column.primary_key:
        yield "primary_key", f"{text} IS NULL"
    elif column.required:
        yield "required", f"{text} IS NULL"
    if column.type.kind is not Kind.STRING:
        yield "type", f"{value} IS NULL AND {text} IS NOT NULL{_out_of_years(column, value)}"
    if column.valid_values:
        literals = (_literal(connection, column, "valid_values", v) for v in column.valid_values)
        yield "valid_values", f"{value} NOT IN ({', '.join(literals)})"
    if column.pattern is not None:
        _try(connection, column, "pattern", "SELECT regexp_full_match('', $1)", column.pattern)
        yield "pattern", f"NOT regexp_full_match({text}, {sql.text(column.pattern)})"
    if column.min_length is not None:
        yield "min_length", f"length({text}) < {int(column.min_length)}"
    if column.max_length is not None:
        yield "max_length", f"length({text}) > {int(column.max_length)}"
    for rule, operator in _BOUNDS:
        bound = getattr(column, rule)
        if bound is not None:
            yield rule, f"{value} {operator} {_literal(connection, column, rule, bound)}"


def _out_of_years(column: Column, value: str) -> str:
    """An offset can move an instant out of the years that readers of the table know."""
    return f" OR {value} NOT BETWEEN {_FIRST_INSTANT} AND {_LAST_INSTANT}" if column.type.kind is Kind.TIMESTAMPTZ else ""


def _check_texts(connection: duckdb.DuckDBPyConnection, column: Column) -> None:
    """What the contract itself puts into a column has to pass its cast: otherwise every record with it would be rejected."""
    written = [("constant", column.constant), ("default", column.default), *(("value_map", v) for _, v in column.value_map)]
    for part, text in written:
        statement = f"SELECT {cast(column, 't')} IS NULL FROM (SELECT $1::VARCHAR AS t)"
        if text is not None and column.type.kind is not Kind.STRING and connection.execute(statement, [text]).fetchall()[0][0]:
            refuse_contract(column, part, f"{text} is not a {column.type.kind}", "write it as a file would")


def _check_expression(connection: duckdb.DuckDBPyConnection, column: Column) -> None:
    """DuckDB reads patterns when it binds a statement: one that it cannot read would fail every batch."""
    fields = ", ".join(f"$1 AS h{n}" for n in range(len(column.sources))) or "$1 AS h"
    try:
        connection.execute(f"SELECT {column_text(column, column.sources, ())} FROM (SELECT {fields})", [""]).fetchall()
    except duckdb.Error:
        refuse_contract(column, "expression", "its expression cannot be used", "patterns in RE2 syntax")


def _literal(connection: duckdb.DuckDBPyConnection, column: Column, part: str, written: str) -> str:
    """A contract's value as a typed SQL literal, read in the column's formats or in the kind's own notation."""
    if column.type.kind is Kind.STRING:
        return sql.text(written)
    statement = f"SELECT CAST(coalesce({default_cast(column, 't')}, {cast(column, 't')}) AS VARCHAR) FROM (SELECT $1::VARCHAR AS t)"
    row = connection.execute(statement, [written]).fetchall()[0]
    if row[0] is None:
        refuse_contract(column, part, f"{written} is not a {column.type.kind}")
    return f"CAST({sql.text(row[0])} AS {sql_type(column.type)})"


def _try(connection: duckdb.DuckDBPyConnection, column: Column, part: str, statement: str, value: str) -> None:
    try:
        connection.execute(statement, [value]).fetchall()  # an unfinished result would block the connection
    except duckdb.Error:
        hint = "RE2 syntax, without look-around" if part == "pattern" else "an IANA name such as Europe/Berlin"
        refuse_contract(column, part, f"{value} cannot be used", hint)


def typed_rows(columns: Sequence[ColumnSql], texts: Sequence[str], source: str, extra: str = "") -> str:
    """SELECT over `source` giving `o<i>` of every column, `broken` rules (NULL when there are none) and the columns `extra`.

    `w<n>` of every counted check is true where it is broken. `texts` has the SQL of each column's clear text over `source`, or
    of its first stage (see `mapping`).
    """
    kept = f", {extra}" if extra else ""
    if not columns:
        return f"SELECT CAST(NULL AS {BROKEN_TYPE}) AS broken{kept} FROM {source}"
    rows = f"SELECT {', '.join(f'{t} AS {_stage(c)}' for c, t in zip(columns, texts, strict=True))}{kept} FROM {source}"
    mapped = [c for c in columns if staged(c.column)]
    if mapped:
        settle = ", ".join(_settled(c) for c in columns)
        rows = f"SELECT {settle}{kept} FROM ({rows})"
    values = ", ".join(f"{_made(c, c.value)} AS v{c.number}" for c in columns)
    masked = ", ".join(f"{_made(c, c.masked)} AS o{c.number}" for c in columns)
    names = ", ".join([*(f"t{c.number}" for c in columns), *(f"f{c.number}" for c in mapped)])
    inner = f"SELECT {names}, {values}{kept} FROM ({rows})"
    counted = "".join(f", {condition} AS w{place}" for c in columns for place, condition in c.counted)
    return f"SELECT {masked}, {_reasons(columns)} AS broken{counted}{kept} FROM ({inner})"


def _made(compiled: ColumnSql, value: str) -> str:
    """A value that could not be made from its sources is NULL in a tombstone, which need not have it: the text stands for no value."""
    return f"CASE WHEN f{compiled.number} IS NULL THEN {value} END" if staged(compiled.column) else value


def _stage(compiled: ColumnSql) -> str:
    return f"s{compiled.number}" if staged(compiled.column) else f"t{compiled.number}"


def _settled(compiled: ColumnSql) -> str:
    number = compiled.number
    if not staged(compiled.column):
        return f"t{number}"
    text, fault = settled(compiled.column, number)
    return f"{text} AS t{number}, {fault} AS f{number}"


def _reasons(columns: Sequence[ColumnSql]) -> str:
    """The list of broken rules, made for broken rows only; see `reasons.told`."""
    checks = [(rule, c, condition) for c in columns for rule, condition in c.checks]
    if not checks:
        return f"CAST(NULL AS {BROKEN_TYPE})"
    broken = " OR ".join(f"({condition})" for _, _, condition in checks)
    entries = ", ".join(
        f"CASE WHEN {condition} THEN {{'rule': {sql.text(rule)}, 'column': {sql.text(c.column.name)}, 'text': t{c.number}}} END"
        for rule, c, condition in checks
    )
    return f"CASE WHEN {broken} THEN list_filter([{entries}], lambda r: r IS NOT NULL) END"
