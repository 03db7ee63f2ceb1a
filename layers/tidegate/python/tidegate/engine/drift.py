"""What drifted: each header of a batch against the one before it.

An event is told when something changes, not with every file that is as the one before. Files that are loaded again are older than what
is remembered, and tell nothing; under another version of the contract everything is told anew.
"""

from collections.abc import Iterator, Sequence

from tidegate.contracts.contract import Column, Contract, Format, SchemaDrift
from tidegate.engine.headers import Inspection, shown_name, unknown_names
from tidegate.engine.values import StagedFile
from tidegate.model.drift import MAX_DRIFT, Drift, DriftKind, Header

_OF_THE_HEADER = frozenset({"DUPLICATE_HEADER", "UNEXPECTED_COLUMNS", "WRONG_HEADER"})
_Event = tuple[DriftKind, str, str, str]


def drift_of(
    contract: Contract, files: Sequence[StagedFile], inspection: Inspection, before: Header
) -> tuple[tuple[Drift, ...], Header]:
    """Return the drift events of a batch, at most MAX_DRIFT, and the header to remember; `contract` is as published."""
    headers = {plan.file.file_id: plan.header for plan in inspection.plans}
    events: dict[_Event, list[str]] = {}
    if before.contract_version != contract.version:
        before = Header(contract_version=contract.version)
    for file in sorted(files, key=lambda f: f.arrival):
        refusal = inspection.refused.get(file.file_id)
        if refusal is not None and refusal.code in _OF_THE_HEADER:
            events.setdefault((DriftKind.REFUSED, "", "", refusal.code), []).append(file.key)
        header = headers.get(file.file_id)
        if header is None or file.arrival <= before.arrival:
            continue
        for event in _between(contract, before, header, inspection.extra_columns):
            events.setdefault(event, []).append(file.key)
        before = Header(header, file.arrival, contract.version)
    told = tuple(Drift(*event, len(keys), keys[0]) for event, keys in events.items())
    return told[:MAX_DRIFT], before.kept


def _between(contract: Contract, before: Header, header: tuple[str, ...], extra: Sequence[Column]) -> Iterator[_Event]:
    brought = {source: column for column in extra for source in column.sources}
    for name in unknown_names(contract, header):
        if name in before.names:
            continue
        shown = shown_name(contract, header, name)
        if name in brought:
            column = brought[name]
            yield DriftKind.ADDED, column.name if shown == name else "", shown, column.type.kind.value
        elif contract.schema_drift is SchemaDrift.IGNORE:
            yield DriftKind.IGNORED, "", shown, ""
    yield from _known(contract, before.names, header)
    if contract.schema_drift is SchemaDrift.EVOLVE:
        for name in unknown_names(contract, before.names):
            if name not in header:
                yield DriftKind.MISSING, "", shown_name(contract, before.names, name), ""
    if before.names and header != before.names and sorted(header) == sorted(before.names) and contract.format is Format.CSV:
        yield DriftKind.REORDERED, "", "", ""


def _known(contract: Contract, before: tuple[str, ...], header: tuple[str, ...]) -> Iterator[_Event]:
    """Columns of the contract that went missing, or that come under another name."""
    for column in contract.columns:
        was, now = _source(column, before), _source(column, header)
        if column.sources and not now and (was or not before):
            yield DriftKind.MISSING, column.name, was, ""
        elif was and now and was != now and column.expression is None:
            yield DriftKind.RENAMED, column.name, now, was


def _source(column: Column, header: Sequence[str]) -> str:
    return next((s for s in column.sources if s in header), "")
