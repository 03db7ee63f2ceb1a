"""Usage: what AWS counts and bills."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class Usage:
    """How much of each service something uses. All numbers are amounts; they may be fractions, as shares of a run are.

    `invocations` and `milliseconds` (as billed: of duration) are by function. `transitions` are states entered. `writes` and `reads` are
    DynamoDB's units, an item counted as one. `puts` are S3's PUT, POST and LIST requests, `gets` GET and HEAD. `catalog` are requests to
    the Glue Data Catalog, `messages` requests to SQS, `notices` messages published to SNS, `secrets` requests to Secrets Manager.
    `job_seconds` are those of Glue jobs however many machines they have; `dpu_seconds` is what Glue bills for them.
    """

    invocations: Mapping[str, float] = field(default_factory=dict)
    milliseconds: Mapping[str, float] = field(default_factory=dict)
    transitions: float = 0
    writes: float = 0
    reads: float = 0
    puts: float = 0
    gets: float = 0
    catalog: float = 0
    messages: float = 0
    notices: float = 0
    secrets: float = 0
    job_seconds: float = 0
    dpu_seconds: float = 0

    def __add__(self, other: "Usage") -> "Usage":
        """Both together."""
        return self._with(other, 1)

    def __sub__(self, other: "Usage") -> "Usage":
        """What this has more than the other; nothing is used less than not at all, which two measurements may seem to say."""
        return self._with(other, -1)

    def __mul__(self, times: float) -> "Usage":
        """So many of it."""
        return Usage()._with(self, times)

    def _with(self, other: "Usage", times: float) -> "Usage":
        return Usage(**{f.name: _combined(getattr(self, f.name), getattr(other, f.name), times) for f in fields(self)})


def _combined(mine: Any, others: Any, times: float) -> Any:  # noqa: ANN401 - numbers, or mappings of them
    if isinstance(mine, Mapping):
        return {name: _combined(mine.get(name, 0), others.get(name, 0), times) for name in sorted({*mine, *others})}
    return max(0.0, mine + times * others)
