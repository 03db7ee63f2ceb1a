"""Where the engine is known to be wrong: such a record may end in either place. When the engine is mended, its lines here go."""

from collections.abc import Mapping, Sequence

from tests.reference.cutting import Record
from tests.reference.rules import Clear
from tidegate.contracts.contract import Contract, Kind


def unsettled(contract: Contract, header: Sequence[str], record: Record, values: Mapping[str, Clear]) -> bool:
    return misnamed(record, len(header)) or near_the_end_of_time(contract, values)


def misnamed(record: Record, width: int) -> bool:
    """Too many fields, the last of them empty, in a file with quotes: said to be `quoting`, not `columns`."""
    return len(record.fields) > width and not record.fields[-1]


def near_the_end_of_time(contract: Contract, values: Mapping[str, Clear]) -> bool:
    """An instant that may be in the year 0 or 10000 of UTC: the engine takes it."""
    moments = [(values.get(c.name, ("", None))[0] or "") for c in contract.columns if c.type.kind is Kind.TIMESTAMPTZ]
    return any("9999" in text or "0001" in text for text in moments)
