"""Where the engine is known to be wrong: such a record may end in either place. When the engine is mended, its lines here go."""

from collections.abc import Mapping, Sequence

from tests.reference.cutting import Record
from tests.reference.rules import Clear


def unsettled(header: Sequence[str], record: Record, values: Mapping[str, Clear]) -> bool:
    return misnamed(record, len(header)) or misjudged(values)


def misnamed(record: Record, width: int) -> bool:
    """Too many fields, the last of them empty, in a file with quotes: said to be `quoting`, not `columns`."""
    return len(record.fields) > width and not record.fields[-1]


def misjudged(values: Mapping[str, Clear]) -> bool:
    """A text that its value map does not have: judged as if it were null, or the default."""
    return any(unmapped is not None for _, unmapped in values.values())
