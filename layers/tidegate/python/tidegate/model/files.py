"""A file's life in the ledger: states, allowed moves, and the record itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from tidegate.model.arrivals import Kind


class FileState(StrEnum):
    """Where a file version is."""

    REGISTERED = "REGISTERED"  # a part of a full load whose marker is not here yet
    PENDING = "PENDING"  # waits for a run
    CLAIMED = "CLAIMED"  # in a run
    LOADED = "LOADED"  # every row is in a table or in quarantine
    QUARANTINED = "QUARANTINED"  # refused as a whole; the reason says what to do
    FAILED = "FAILED"  # its run failed; a letter is in the failures DLQ
    SUPERSEDED = "SUPERSEDED"  # a newer version of the key took its place
    IGNORED = "IGNORED"  # not a file: a folder marker


#: The moves a file may make. Every ledger transition is one conditional write that admits exactly these.
MOVES: dict[FileState, frozenset[FileState]] = {
    FileState.REGISTERED: frozenset({FileState.PENDING, FileState.CLAIMED, FileState.SUPERSEDED}),
    # A replay that a newer version overtook goes back to rest, also one that failed.
    FileState.PENDING: frozenset({FileState.CLAIMED, FileState.LOADED, FileState.SUPERSEDED}),
    FileState.CLAIMED: frozenset(
        {
            FileState.REGISTERED,
            FileState.PENDING,
            FileState.CLAIMED,
            FileState.LOADED,
            FileState.QUARANTINED,
            FileState.FAILED,
            FileState.SUPERSEDED,
        }
    ),
    # A part of a full load goes from rest to a run directly when its marker comes again, or is requeued to wait for its marker.
    FileState.LOADED: frozenset({FileState.PENDING, FileState.REGISTERED, FileState.CLAIMED, FileState.SUPERSEDED}),
    FileState.QUARANTINED: frozenset({FileState.PENDING, FileState.REGISTERED, FileState.CLAIMED, FileState.SUPERSEDED}),
    FileState.FAILED: frozenset(
        {FileState.PENDING, FileState.REGISTERED, FileState.CLAIMED, FileState.LOADED, FileState.SUPERSEDED}
    ),
    FileState.SUPERSEDED: frozenset(),
    FileState.IGNORED: frozenset(),
}

#: States in which nothing more happens to a file by itself.
AT_REST = frozenset(s for s in FileState if s not in (FileState.REGISTERED, FileState.PENDING, FileState.CLAIMED))


def sources_of(target: FileState) -> tuple[FileState, ...]:
    """Return the states from which a file may move to `target`, in a stable order."""
    return tuple(s for s in FileState if target in MOVES[s])


@dataclass(frozen=True, slots=True)
class Warned:
    """A rule that is broken without holding anything back: by so many accepted rows, or, with no column, as measured of the batch."""

    rule: str
    column: str
    rows: int


@dataclass(frozen=True, slots=True)
class FileRecord:
    """One file version as the ledger holds it.

    `arrival` is sortable text, given once at registration: it orders the files of a dataset. `queued` is when it began to wait, in
    microseconds since 1970, UTC. `attempts` counts claims, `failures` the runs that failed with this file alone since it was queued,
    `replays` how often it was queued again without being loaded since. `most` is how many files a run that takes it may have, 0 for
    any number. `loaded_by` is the settled run whose rows of this version are in the tables. `forced`: batch checks do not hold it.
    Row counts are None until a receipt exists, and there are no `warnings`. `reason` is empty or says what happened and what to do.
    `rows_rejected_before` is the most rows that were quarantined before it was loaded again,
    `refused_before` the code for which it was refused as a whole then. `key_id` names the key of its tokens, empty when it has none.
    """

    file_id: str
    object_id: str
    dataset: str
    bucket: str
    key: str
    version_id: str
    order: str
    size: int
    kind: Kind
    load_id: str
    arrival: str
    state: FileState
    reason: str = ""
    attempts: int = 0
    run_id: str = ""
    contract_version: str = ""
    rows_read: int | None = None
    rows_accepted: int | None = None
    rows_quarantined: int | None = None
    queued: int = 0
    most: int = 0
    failures: int = 0
    replays: int = 0
    forced: bool = False
    loaded_by: str = ""
    warnings: tuple[Warned, ...] = ()
    rows_rejected_before: int = 0
    refused_before: str = ""
    key_id: str = ""

    @property
    def history(self) -> Mapping[str, int | str]:
        """What the ledger keeps of an earlier load of this version when it is loaded again: the two fields above, where they change."""
        kept: dict[str, int | str] = {}
        if self.rows_quarantined:
            kept["rows_rejected_before"] = max(self.rows_rejected_before, self.rows_quarantined)
        if self.state is FileState.QUARANTINED:
            kept["refused_before"] = self.reason.split(":")[0]
        return kept


@dataclass(frozen=True, slots=True)
class Versions:
    """What the ledger knows of a key: its newest registered file, the order of that one, and how many versions were ever registered."""

    object_id: str
    newest_file_id: str
    newest: str
    count: int
    file_ids: frozenset[str]
