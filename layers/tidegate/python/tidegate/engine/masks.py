"""Masks: SQL that makes a classified value safe before it reaches a table.

Tokens and shifts are made with two keys, which `connections` sets as variables: no SQL text holds one.
"""

from tidegate.contracts.contract import Column, Kind, Privacy
from tidegate.engine import sql
from tidegate.engine.casts import sql_type
from tidegate.engine.problems import refuse_contract

#: The first three digits of ZIP codes whose areas have at most 20,000 people (census of 2000), by the guidance of the US Department of
#: Health and Human Services on de-identification, 45 CFR 164.514(b)(2)(i)(B).
FEW_PEOPLE = (
    "036", "059", "063", "102", "203", "556", "692", "790", "821", "823", "830", "831", "878", "879", "884", "890", "893",
)  # fmt: skip
MOST_DAYS = 182  # in either direction
_TOKEN_DIGITS = 32  # 128 bits: nobody has so many values that two would meet, and half of the room in every table
_OLDEST = 89  # years: whoever is older is one of few
_TEXTS, _AGES = frozenset({Kind.STRING}), frozenset({Kind.INTEGER})
_MOMENTS = frozenset({Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMPTZ})
_KINDS = {
    Privacy.TOKENISE: (_TEXTS, "string"),
    Privacy.ZIP3: (_TEXTS, "string"),
    Privacy.ZIP3_SAFE: (_TEXTS, "string"),
    Privacy.YEAR: (_MOMENTS, "date or timestamp"),
    Privacy.MONTH: (_MOMENTS, "date or timestamp"),
    Privacy.DATE_SHIFT: (_MOMENTS, "date or timestamp"),
    Privacy.AGE10: (_AGES, "integer"),
    Privacy.AGE90: (_AGES, "integer"),
}


def mask(column: Column, text: str, value: str, person: str) -> str:  # noqa: PLR0911 - one answer a privacy
    """SQL of what the table holds, over a column's clear text and its value; `person` is the text that date_shift goes by.

    Raises:
        ContractInvalid: the column is of a type that its privacy cannot be for.
    """
    privacy, type_ = column.privacy, sql_type(column.type)
    kinds, called = _KINDS.get(privacy, (frozenset({column.type.kind}), ""))
    if column.type.kind not in kinds:
        refuse_contract(column, "privacy", f"{privacy} needs a {called} column", "redact is for all types")
    match privacy:
        case Privacy.TOKENISE:
            return f"getvariable('token_prefix') || left({_hmac(text, '')}, {_TOKEN_DIGITS})"
        case Privacy.ZIP3:
            return f"left({text}, 3)"
        case Privacy.ZIP3_SAFE:
            few = f"CASE WHEN left({text}, 3) IN ({sql.texts(FEW_PEOPLE)}) THEN '000' ELSE left({text}, 3) END"
            return f"CASE WHEN regexp_full_match({text}, '[0-9]{{5}}(?:-?[0-9]{{4}})?') THEN {few} END"
        case Privacy.YEAR | Privacy.MONTH:
            return f"CAST(date_trunc({sql.text(privacy.value)}, {value}) AS {type_})"
        case Privacy.DATE_SHIFT:
            return _shifted(column, value, person)
        case Privacy.AGE10 | Privacy.AGE90:
            young = value if privacy is Privacy.AGE90 else f"{value} - {value} % 10"
            return f"CASE WHEN {value} < 0 THEN NULL WHEN {value} > {_OLDEST} THEN {_OLDEST + 1} ELSE {young} END"
        case Privacy.REDACT | Privacy.DROP:
            return f"CAST(NULL AS {type_})"
    return value


def _hmac(text: str, purpose: str) -> str:
    """HMAC-SHA-256 by RFC 2104, 64 hex digits, of a text; NULL of NULL."""
    inner = f"sha256(getvariable('{purpose}inner_pad') || encode({text}))"
    return f"sha256(getvariable('{purpose}outer_pad') || unhex({inner}))"


def _shifted(column: Column, value: str, person: str) -> str:
    """Moved by the person's days. What stands for "open end" or "unknown" would give them away, and so would a date that is left alone.

    The years 1 and 9999 are of nobody's life, and leaving them is no date for most readers: they become NULL, also for whom the
    shift would stay within.
    """
    number = f"CAST('0x' || left({_hmac(person, 'shift_')}, 15) AS BIGINT) % {2 * MOST_DAYS}"
    days = f"CAST(round(({number} * 2 - {2 * MOST_DAYS - 1}) / 2) AS INTEGER)"  # halves go away from zero, so none becomes 0
    moved = f"{value} + {days}" if column.type.kind is Kind.DATE else f"{value} + to_days({days})"
    return f"CASE WHEN year({value}) BETWEEN 2 AND 9998 THEN CAST({moved} AS {sql_type(column.type)}) END"
