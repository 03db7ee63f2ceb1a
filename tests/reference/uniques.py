"""Repeated values within a file: the first record that has them stays."""

from collections.abc import Mapping

from tests.reference.rules import Reason, tombstone
from tidegate.contracts.contract import Contract, LoadMode

Row = tuple[object, ...]


def repeated(contract: Contract, rows: Mapping[int, Row], texts: Mapping[int, Mapping[str, str | None]]) -> dict[int, list[Reason]]:
    """The accepted records of one file that have what an earlier one has, with the rules; `rows` and `texts` are by record.

    In an upsert dataset records of one key repeat nothing, and tombstones have no values.
    """
    found: dict[int, list[Reason]] = {}
    names = [column.name for column in contract.columns]
    for rule in contract.rules.uniques:
        first: dict[Row, Row] = {}
        for record in sorted(rows):
            cells = dict(zip(names, rows[record], strict=True))
            values = tuple(cells[name] for name in rule.columns)
            if None in values or tombstone(contract, texts[record]) or not rule.rejects:
                continue
            upsert = contract.load_mode is LoadMode.UPSERT
            key = tuple(cells[name] for name in contract.primary_key) if upsert else (record,)
            if first.setdefault(values, key) != key:
                found.setdefault(record, []).append((rule.rule, rule.column, ""))
    return found
