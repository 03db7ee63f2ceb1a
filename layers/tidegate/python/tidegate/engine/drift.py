"""What drifted: each header of a batch against the one before it.

An event is told when something changes, not with every file that is as the one before. Files that are loaded again are older than what
is remembered, and tell nothing; under another version of the contract everything is told anew.
"""

from collections.abc import Iterator, Sequence

from tidegate.contracts.contract import Column, Contract, Format, SchemaDrift
from tidegate.engine.headers import Inspection, shown_name, unknown_names
from tidegate.engine.values import StagedFile
from tidegate.model.drift import HIDDEN, MAX_DRIFT, Drift, DriftKind, Header

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
        before = Header(_remembered(contract, header), file.arrival, contract.version)
    told = tuple(Drift(*event, len(keys), keys[0]) for event, keys in events.items())
    return told[:MAX_DRIFT], before.kept


def _between(contract: Contract, before: Header, header: tuple[str, ...], extra: Sequence[Column]) -> Iterator[_Event]:
    names = _remembered(contract, header)
    yield from _new(contract, before.names, names, extra)
    yield from _known(contract, before.names, names)
    if contract.schema_drift is SchemaDrift.EVOLVE:
        for name in unknown_names(contract, before.names):
            if name not in names:
                yield DriftKind.MISSING, "", name, ""
    if before.names and names != before.names and sorted(names) == sorted(before.names) and contract.format is Format.CSV:
        yield DriftKind.REORDERED, "", "", ""


def _new(contract: Contract, before: tuple[str, ...], names: tuple[str, ...], extra: Sequence[Column]) -> Iterator[_Event]:
    """Columns that the contract does not name. Those whose names may be values are told by their number."""
    if contract.schema_drift not in {SchemaDrift.EVOLVE, SchemaDrift.IGNORE}:
        return
    evolves = contract.schema_drift is SchemaDrift.EVOLVE
    kind = DriftKind.ADDED if evolves else DriftKind.IGNORED
    brought = {source: column for column in extra for source in column.sources}
    for name in dict.fromkeys(unknown_names(contract, names)):
        if name == HIDDEN and (more := names.count(HIDDEN) - before.count(HIDDEN)) > 0:
            yield kind, "", f"({more} more)", ""
        elif name not in (*before, HIDDEN):
            column = brought.get(name)
            yield kind, column.name if column else "", name, column.type.kind.value if column else ""


def _remembered(contract: Contract, header: tuple[str, ...]) -> tuple[str, ...]:
    """The names that may be kept; a hash of the others could be guessed."""
    return tuple(name if shown_name(contract, header, name) == name else HIDDEN for name in header)


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
