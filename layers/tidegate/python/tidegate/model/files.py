"""A file's life in the ledger: states, allowed moves, and the record itself."""

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
    FileState.PENDING: frozenset({FileState.CLAIMED, FileState.SUPERSEDED}),
    FileState.CLAIMED: frozenset(
        {FileState.CLAIMED, FileState.LOADED, FileState.QUARANTINED, FileState.FAILED, FileState.SUPERSEDED}
    ),
    # A part of a full load goes from rest to a run directly when its marker comes again, or is requeued to wait for its marker.
    FileState.LOADED: frozenset({FileState.PENDING, FileState.REGISTERED, FileState.CLAIMED, FileState.SUPERSEDED}),
    FileState.QUARANTINED: frozenset({FileState.PENDING, FileState.REGISTERED, FileState.CLAIMED, FileState.SUPERSEDED}),
    FileState.FAILED: frozenset({FileState.PENDING, FileState.REGISTERED, FileState.CLAIMED, FileState.SUPERSEDED}),
    FileState.SUPERSEDED: frozenset(),
    FileState.IGNORED: frozenset(),
}

#: States in which nothing more happens to a file by itself.
AT_REST = frozenset(s for s in FileState if s not in (FileState.REGISTERED, FileState.PENDING, FileState.CLAIMED))


def sources_of(target: FileState) -> tuple[FileState, ...]:
    """Return the states from which a file may move to `target`, in a stable order."""
    return tuple(s for s in FileState if target in MOVES[s])


@dataclass(frozen=True, slots=True)
class FileRecord:
    """One file version as the ledger holds it.

    `arrival` is sortable text, given once at registration: it orders the files of a dataset. `attempts` counts claims. Row counts
    are None until a receipt exists. `reason` is empty or says what happened and what to do.
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


@dataclass(frozen=True, slots=True)
class Versions:
    """What the ledger knows of a key: its newest registered file and how many versions were ever registered."""

    object_id: str
    newest_file_id: str
    count: int
    file_ids: frozenset[str]
