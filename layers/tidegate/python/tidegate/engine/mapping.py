"""From the fields of a record to a column's text: source or expression, then value map, then default.

`column_text` is SQL over the fields `h<i>` of one header. Most columns are done with it. An expression and a value map can reject a
record, so a column that has one is `staged`: `column_text` is then its `s<i>`, and `settled` gives text and fault from that.
"""

from collections.abc import Sequence

from tidegate.contracts.contract import Column
from tidegate.engine import sql
from tidegate.engine.expressions import compile_expression

NULL = "CAST(NULL AS VARCHAR)"
EXPRESSION, VALUE_MAP = "expression", "value_map"


def null_text(value: str, nulls: Sequence[str]) -> str:
    """SQL that gives NULL for an empty text and for the contract's null values."""
    return f"CASE WHEN {value} IN ({sql.texts(('', *nulls))}) THEN NULL ELSE {value} END"


def staged(column: Column) -> bool:
    """Whether the column's text can be a reason to reject a record, so that it takes two steps."""
    return column.expression is not None or bool(column.value_map)


def column_text(column: Column, header: Sequence[str], nulls: Sequence[str], *, scanned: bool = False) -> str:
    """SQL of a column's text over the fields `h<i>` of a header, or of its first stage; `nulls` are the contract's null values.

    `scanned`: the source of the fields gives NULL for an empty one already. The first stage of an expression is a struct with its text
    `t`, or NULL where it could not be computed.
    """
    if column.constant is not None:
        return sql.text(column.constant)
    if column.expression is not None:
        names = {name: _field(name, header, (*nulls, *column.null_values), scanned=scanned) for name in column.sources}
        return f"TRY(struct_pack(t := {compile_expression(column.expression, column, names)}))"
    source = next((s for s in column.sources if s in header), None)
    text = NULL if source is None else _field(source, header, (*nulls, *column.null_values), scanned=scanned)
    return text if column.default is None or column.value_map else _or_default(column, text)


def settled(column: Column, number: int) -> tuple[str, str]:
    """SQL of a staged column's text and of its fault (the broken rule, NULL when there is none), over its first stage `s<i>`."""
    stage = f"s{number}"
    text = f"nullif({stage}.t, '')" if column.expression is not None else stage
    faults = [f"WHEN {stage} IS NULL THEN {sql.text(EXPRESSION)}"] if column.expression is not None else []
    if column.value_map and not column.value_map_keeps:
        faults.append(f"WHEN {text} NOT IN ({sql.texts(key for key, _ in column.value_map)}) THEN {sql.text(VALUE_MAP)}")
    fault = f"CASE {' '.join(faults)} END" if faults else NULL
    if column.value_map:
        pairs = " ".join(f"WHEN {sql.text(key)} THEN {sql.text(value)}" for key, value in column.value_map)
        text = f"CASE {text} {pairs} ELSE {text} END"
    return (text if column.default is None else _or_default(column, text)), fault


def fault_checks(column: Column, number: int) -> tuple[tuple[str, str], ...]:
    """The checks of a staged column's fault, as pairs of a rule and the condition that is true when it is broken."""
    rules = [EXPRESSION] * (column.expression is not None) + [VALUE_MAP] * (bool(column.value_map) and not column.value_map_keeps)
    return tuple((rule, f"coalesce(f{number} = {sql.text(rule)}, false)") for rule in rules)


def _field(name: str, header: Sequence[str], nulls: Sequence[str], *, scanned: bool) -> str:
    if name not in header:
        return NULL
    field = f"h{header.index(name)}"
    return field if scanned and not nulls else null_text(field, nulls)


def _or_default(column: Column, text: str) -> str:
    return f"coalesce({text}, {sql.text(column.default or '')})"
