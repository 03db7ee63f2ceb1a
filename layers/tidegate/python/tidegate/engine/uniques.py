"""Repeated values within one file: the first record that has them stays, later ones are rejected."""

from collections.abc import Mapping, Sequence

from tidegate.contracts.contract import Contract
from tidegate.contracts.rules import Unique
from tidegate.engine import sql
from tidegate.engine.rules import lives


def rejecting(contract: Contract) -> tuple[Unique, ...]:
    """The rules for which records of one file are compared."""
    return tuple(u for u in contract.rules.uniques if u.rejects)


def repeated(contract: Contract, cells: Mapping[str, str], rows: str) -> str:
    """SELECT `file`, `record` and `reasons` of the records of `rows` that repeat what an earlier record of their file has.

    `cells` has the SQL of each column of the table over `rows`, which has the columns `file` and `record`. In a dataset that
    is folded by its key, records of one key are one thing and repeat nothing, and tombstones have no values.
    """
    key = [cells[name] for name in contract.primary_key] if contract.folds_by_key else ["record"]
    alive = lives(contract.delete_when, cells)
    marks = [_repeats(unique, cells, key, alive) for unique in rejecting(contract)]
    flags = ", ".join(f"{mark} AS u{n}" for n, mark in enumerate(marks))
    entries = ", ".join(
        f"CASE WHEN u{n} THEN {{'rule': {sql.text(u.rule)}, 'column': {sql.text(u.column)}, 'value_class': ''}} END"
        for n, u in enumerate(rejecting(contract))
    )
    some = " OR ".join(f"u{n}" for n in range(len(marks)))
    reasons = f"list_filter([{entries}], lambda r: r IS NOT NULL)"
    return f"SELECT file, record, {reasons} AS reasons FROM (SELECT file, record, {flags} FROM ({rows})) WHERE {some}"


def _repeats(unique: Unique, cells: Mapping[str, str], key: Sequence[str], alive: str) -> str:
    values = [cells[name] for name in unique.columns]
    counts = " AND ".join([alive, *(f"{value} IS NOT NULL" for value in values)])
    first = f"OVER (PARTITION BY file, ({counts}), {', '.join(values)} ORDER BY record)"
    others = " OR ".join(f"{part} IS DISTINCT FROM first_value({part}) {first}" for part in key)
    return f"(({counts}) AND ({others}))"
