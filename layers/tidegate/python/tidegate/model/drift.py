"""Schema drift: what changed between the header of a file and that of the file before it."""

from dataclasses import dataclass
from enum import StrEnum

MAX_DRIFT = 50  # events that a run keeps
HIDDEN = "(hidden)"  # stands for a name that may be a value
_MAX_NAMES, _MAX_CHARACTERS = 1000, 30_000  # of a header that is remembered: it is written with every settled run


class DriftKind(StrEnum):
    """What happened to a column, or to a file because of its columns."""

    ADDED = "added"  # a source that the contract does not name became a column of the tables
    IGNORED = "ignored"  # a source that the contract does not name was passed over
    MISSING = "missing"  # an optional column, or one that drift brought, is not in the header
    RENAMED = "renamed"  # a column comes under another of its names
    REORDERED = "reordered"  # the same names in another order
    REFUSED = "refused"  # the header is a reason to refuse the file


@dataclass(frozen=True, slots=True)
class Drift:
    """One drift event of a run.

    `column` is the table's, empty when none; `source` is the name in the header; names that may be values are told by number.
    `detail` is the type of an added column, the name before of a renamed one, the code of a refusal. `files` is how many files of the
    run it happened in, and `key` the first of them.
    """

    kind: DriftKind
    column: str
    source: str
    detail: str
    files: int
    key: str


@dataclass(frozen=True, slots=True)
class Header:
    """The header of the newest file of a dataset that was loaded, the arrival of that file, and the contract it was loaded with."""

    names: tuple[str, ...] = ()
    arrival: str = ""
    contract_version: str = ""

    @property
    def kept(self) -> "Header":
        """What the ledger keeps: nothing of a header that is larger than a ledger likes."""
        small = len(self.names) <= _MAX_NAMES and sum(map(len, self.names)) <= _MAX_CHARACTERS
        return self if small else Header((), self.arrival, self.contract_version)
