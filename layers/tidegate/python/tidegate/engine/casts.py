r"""From text to a typed value, or to NULL when the text is not exactly one: a guard on the whole text, then a cast.

The guard is an RE2 expression that has to match all of the text (`regexp_full_match`, so `\A…\z`); the cast behind it sees only
texts that it reads exactly. Nothing is trimmed. An empty field and the contract's null values are NULL before any cast.

| kind        | accepted text                                                     | refused, among others                        |
|-------------|-------------------------------------------------------------------|----------------------------------------------|
| string      | anything                                                          |                                              |
| integer     | digits with an optional sign, 64 bits; `007` is 7                 | `1e2` `0x10` `1.5` `1.0` `1,000` ` 1` overflow |
| decimal     | sign, digits, point; more fraction digits than the scale only if  | exponents, `1,5`, more integer digits than   |
|             | they are zeros; `.5` and `5.` are numbers                         | precision - scale                            |
| double      | as decimal, or with an exponent (`1.5e-3`), finite                | `nan` `inf` `1e999` `0x1p3`                  |
| boolean     | true false t f yes no y n 1 0, in any case                        | everything else                              |
| date        | `yyyy-MM-dd` or the formats; a time in a format is checked, then  | 2021-02-30, a time or offset not in the      |
|             | dropped                                                           | format                                       |
| time        | `HH:mm[:ss[.fraction]]` or the formats                            | 24:00, 10:00:60                              |
| timestamp   | `yyyy-MM-dd` then `T` or a space, then a time, or the formats     | any offset or `Z`                            |
| timestamptz | as timestamp with `Z`, `+hh:mm`, `+hhmm` or `+hh`; or the formats. Without offset only with a default time zone; |
|             | stored in UTC. A local time that the zone skips is refused; one that it has twice is taken as the later instant. |

| array, object | JSON of that shape (RFC 8259); blanks between its parts are dropped, nothing else changes | `[1,]` `[NaN]` |

A number may be written with a decimal comma and a thousands separator, as the column says; the separator may be left out, but not
put elsewhere. Fractions of a second: six digits, further ones only if they are zeros. Several formats are tried in order, the first
that gives a value wins. See `formats` for the patterns.
"""

import re
from dataclasses import replace

from tidegate.contracts.contract import JSON_KINDS, NUMBER_KINDS, Column, ColumnType, Kind
from tidegate.engine import sql
from tidegate.engine.formats import YEAR, FormatInvalid, TimeFormat, compile_format
from tidegate.engine.notations import json_text, plain_number, whole, written_number
from tidegate.engine.problems import refuse_contract

MAX_DECIMAL_DIGITS = 38
_FRACTION = r"(?:\.[0-9]{1,6}0*)?"
_DATE = rf"{YEAR.replace('(', '(?:')}-[0-9]{{2}}-[0-9]{{2}}"
_TIME = rf"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9]{_FRACTION})?"
_OFFSET = r"(?:Z|[+-](?:(?:0[0-9]|1[0-7])(?::?[0-5][0-9])?|18(?::?00)?))"
GUARDS = {
    Kind.INTEGER: r"[+-]?[0-9]+",
    Kind.DOUBLE: r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?",
    Kind.DATE: _DATE,
    Kind.TIME: _TIME,
    Kind.TIMESTAMP: rf"{_DATE}[T ]{_TIME}",
    Kind.TIMESTAMPTZ: rf"{_DATE}[T ]{_TIME}{_OFFSET}",
}
_TYPES = {
    Kind.STRING: "VARCHAR",
    Kind.INTEGER: "BIGINT",
    Kind.DOUBLE: "DOUBLE",
    Kind.BOOLEAN: "BOOLEAN",
    Kind.DATE: "DATE",
    Kind.TIME: "TIME",
    Kind.TIMESTAMP: "TIMESTAMP",
    Kind.TIMESTAMPTZ: "TIMESTAMPTZ",
    Kind.ARRAY: "VARCHAR",
    Kind.OBJECT: "VARCHAR",
}
_TRUE, _FALSE = ("true", "t", "yes", "y", "1"), ("false", "f", "no", "n", "0")


def sql_type(type_: ColumnType) -> str:
    """DuckDB's name of a column type."""
    if type_.kind is Kind.DECIMAL:
        return f"DECIMAL({type_.precision}, {type_.scale})"
    return _TYPES[type_.kind]


def cast(column: Column, value: str) -> str:  # noqa: PLR0911 - one answer a kind
    """SQL that turns the text expression `value` into the column's type, NULL when it is not one.

    Raises:
        ContractInvalid: a format or time zone of the column cannot be compiled.
    """
    kind = column.type.kind
    if kind is Kind.STRING:
        return value
    if kind in JSON_KINDS:
        return json_text(kind, value)
    if (column.decimal_comma or column.thousands) and column.expression is None and kind in NUMBER_KINDS:
        exact = f"regexp_extract({value}, {sql.text(whole(written_number(column)))})"
        return cast(replace(column, decimal_comma=False, thousands=""), plain_number(column, exact))
    if kind is Kind.BOOLEAN:
        word = f"lower({value})"  # only of what is not written in the usual way
        others = f"WHEN {word} IN ({sql.texts(_TRUE)}) THEN true WHEN {word} IN ({sql.texts(_FALSE)}) THEN false"
        return f"CASE WHEN {value} = 'true' THEN true WHEN {value} = 'false' THEN false {others} END"
    if kind is Kind.INTEGER:
        return _guarded(value, GUARDS[kind], f"TRY_CAST({value} AS BIGINT)")
    if kind is Kind.DOUBLE:
        number = f"TRY_CAST({value} AS DOUBLE)"
        return _guarded(value, GUARDS[kind], f"CASE WHEN isfinite({number}) THEN {number} END")
    if kind is Kind.DECIMAL:
        return _decimal(column, value)
    return _temporal(column, value)


def default_cast(column: Column, value: str) -> str:
    """Cast by the kind's own notation, whatever formats the column has: how a contract writes bounds and valid values."""
    kind = column.type.kind
    if kind is Kind.DATE:
        return _iso_date(value)
    if kind in {Kind.TIME, Kind.TIMESTAMP, Kind.TIMESTAMPTZ}:
        return _guarded(value, GUARDS[kind], f"TRY_CAST({value} AS {_TYPES[kind]})")
    return cast(replace(column, decimal_comma=False, thousands=""), value)


def own_cast(column: Column, value: str) -> str:
    """Cast what a typed file has as a value of its own, in canonical text: by the kind's notation, whatever formats texts have.

    A timestamp at midnight without zone is a date, and a date a timestamp at midnight: files often have one type for both.
    """
    plain, kind = replace(column, formats=(), decimal_comma=False, thousands=""), column.type.kind
    if kind is Kind.DATE:
        midnight = _guarded(value, rf"{_DATE}T00:00:00", f"TRY_CAST(left({value}, 10) AS DATE)")
        return f"coalesce({cast(plain, value)}, {midnight})"
    if kind is Kind.TIMESTAMP or (kind is Kind.TIMESTAMPTZ and column.default_timezone):
        begun = f"({value} || 'T00:00:00')"
        return f"coalesce({cast(plain, value)}, CASE WHEN length({value}) = 10 THEN {cast(plain, begun)} END)"
    return cast(plain, value)


def _iso_date(value: str) -> str:
    """A date of ten characters that DuckDB writes as it was written is `yyyy-MM-dd`: cheaper than a regular expression."""
    date = f"TRY_CAST({value} AS DATE)"
    return f"CASE WHEN CAST({date} AS VARCHAR) = {value} AND length({value}) = 10 THEN {date} END"


def _guarded(value: str, guard: str, then: str) -> str:
    return f"CASE WHEN regexp_full_match({value}, {sql.text(guard)}) THEN {then} END"


def _decimal(column: Column, value: str) -> str:
    type_ = column.type
    if not 0 <= type_.scale <= type_.precision <= MAX_DECIMAL_DIGITS or not type_.precision:
        refuse_contract(column, "type", "a decimal has 1 to 38 digits and a scale within them", "decimal(18,2)")
    whole, fraction = rf"0*[0-9]{{0,{type_.precision - type_.scale}}}", rf"[0-9]{{0,{type_.scale}}}0*"
    guard = rf"[+-]?(?:{whole}\.{fraction}|{whole})"
    # zeros on both ends are cut: TRY_CAST overflows on digits that do not matter
    parts = sql.text(rf"^([+-]?)0*([0-9]*)(?:(\.[0-9]{{0,{type_.scale}}})0*)?$")
    number = rf"regexp_replace({value}, {parts}, '\10\2\3')"
    inner = _guarded(value, guard, f"TRY_CAST({number} AS {sql_type(type_)})")
    rare = f"WHEN regexp_matches({value}, '[0-9]') THEN {inner} END"
    if type_.precision == type_.scale:
        return f"CASE {rare}"
    digits = rf"(?:\.[0-9]{{1,{type_.scale}}})?" if type_.scale else ""
    usual = sql.text(
        rf"[+-]?[0-9]{{1,{type_.precision - type_.scale}}}{digits}"
    )  # what nearly every number looks like, at a fifth of the price
    exact = f"TRY_CAST({value} AS {sql_type(type_)})"
    # Digits that DuckDB writes as they were written are cheaper to recognise than any expression.
    return f"CASE WHEN CAST({exact} AS VARCHAR) = {value} OR regexp_full_match({value}, {usual}) THEN {exact} {rare}"


def _temporal(column: Column, value: str) -> str:
    casts = [_by_format(column, value, pattern) for pattern in column.formats]
    if not casts:
        casts = [default_cast(column, value)]
        if column.type.kind is Kind.TIMESTAMPTZ and column.default_timezone:
            local = f"TRY_CAST({value} AS TIMESTAMP)"
            casts.append(_guarded(value, GUARDS[Kind.TIMESTAMP], _in_zone(local, column)))
    return casts[0] if len(casts) == 1 else f"coalesce({', '.join(casts)})"


def _by_format(column: Column, value: str, pattern: str) -> str:
    try:
        format_ = compile_format(pattern)
    except FormatInvalid as error:
        refuse_contract(column, "formats", f"{pattern}: {error}", "letters: yyyy yy MM M dd d HH H hh h mm m ss s S a X XX XXX")
    _check_format(column, pattern, format_)
    kind, guard = column.type.kind, sql.text(format_.guard)
    moment = f"regexp_replace({value}, {guard}, {sql.text(format_.canonical)})"
    if format_.half_day:
        parsed = f"try_strptime({moment}, '%Y-%m-%d %I:%M:%S.%f %p')"
    elif kind is Kind.DATE and not format_.has_time and re.fullmatch("(?:yyyy|uuuu)-MM-dd", pattern):
        return _iso_date(value)  # the usual case stays cheap
    elif format_.strptime:
        parsed = f"try_strptime({value}, {sql.text(format_.strptime)})"
    else:
        parsed = f"TRY_CAST({moment} AS {'TIMESTAMPTZ' if 'offset' in format_.fields else 'TIMESTAMP'})"
    if kind is Kind.DATE and "offset" in format_.fields:
        parsed = f"TRY_CAST(left({moment}, 10) AS DATE)"  # the date as written, not as it is in UTC
    if kind is Kind.TIMESTAMPTZ and "offset" not in format_.fields:
        parsed = _in_zone(parsed, column)
    return _guarded(value, format_.guard, f"CAST({parsed} AS {_TYPES[kind]})")


def _check_format(column: Column, pattern: str, format_: TimeFormat) -> None:
    kind = column.type.kind
    if kind is not Kind.TIME and not format_.has_date:
        refuse_contract(column, "formats", f"{pattern}: names no full date", "yyyy, MM and dd")
    if kind is Kind.TIME and not format_.has_time:
        refuse_contract(column, "formats", f"{pattern}: names no hour", "HH:mm:ss")
    if kind in {Kind.TIMESTAMP, Kind.TIME} and "offset" in format_.fields:
        refuse_contract(
            column, "formats", f"{pattern}: has an offset, but the column has no zone", "logicalTypeOptions.timezone: true"
        )
    if kind is Kind.TIMESTAMPTZ and "offset" not in format_.fields and not column.default_timezone:
        refuse_contract(column, "formats", f"{pattern}: has no offset and the column no default time zone", "X or defaultTimezone")


def _in_zone(local: str, column: Column) -> str:
    """The instant of a local time, NULL for one that the zone skips."""
    zone = sql.text(column.default_timezone or "UTC")
    instant = f"timezone({zone}, {local})"
    return f"CASE WHEN timezone({zone}, {instant}) = {local} THEN {instant} END"
