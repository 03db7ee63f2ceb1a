"""Corrections: what became of rejected rows after the file that brought them was loaded.

Two things answer a rejected row. A replay of its file under a corrected contract replaces the file's rows, and the ledger keeps how many
were rejected before. A corrected file brings the records again as an arrival of its own; its key names the file that it corrects, so
that the link is wherever the key is and no lost event can lose it:

    <domain>/<dataset>/delta/corrections/<file id>/<digest of the bytes>/<key of the corrected file below delta or full>
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from tidegate.model.arrivals import Kind, route
from tidegate.model.files import AT_REST, FileRecord, FileState

_LINK = re.compile(r"[^/]+/[^/]+/delta/corrections/([0-9a-f]{32})/[0-9a-f]{12}/(?=.)")
_BELOW = 3  # path segments in front of what a sender chooses: domain, dataset, delta or full
_LONGEST = 1024  # bytes of a key in S3


def correction_key(record: FileRecord, sha256: str) -> str:
    """Return the landing key for a file of corrected records; other bytes have another key, so none replaces an earlier correction."""
    domain, name = record.dataset.split(".")
    link = _LINK.match(record.key)
    own = record.key[link.end() :] if link else record.key.split("/", _BELOW)[_BELOW]
    link_to = f"{domain}/{name}/delta/corrections/{record.file_id}/{sha256[:12]}/"
    room = _LONGEST - len(link_to.encode())
    while len(own.encode()) > room:  # the end of a key says more than its beginning
        own = own[1:]
    return link_to + own.lstrip("/")


def corrects(key: str) -> str:
    """Return the id of the file whose records a key says it corrects; empty for every other key."""
    link = _LINK.match(key)
    return link[1] if link and route(key).kind is Kind.DELTA else ""


@dataclass(frozen=True, slots=True)
class Standing:
    """One file version, and the files that correct it.

    A correction answers as many rejected rows as it has records; what is rejected of it again is open under its own id, so that no
    row is open twice.
    """

    record: FileRecord
    corrections: tuple[FileRecord, ...] = ()

    @property
    def rejected(self) -> int:
        """Rows of this version that are in quarantine now."""
        return (self.record.rows_quarantined or 0) if self.record.loaded_by else 0

    @property
    def answered(self) -> int:
        """Rejected rows that corrected files brought again."""
        return min(self.rejected, sum(c.rows_read or 0 for c in self.corrections if c.loaded_by))

    @property
    def open(self) -> int:
        """Rejected rows that nothing answers."""
        return self.rejected - self.answered

    @property
    def resolved(self) -> int:
        """Rows that were rejected before the file was loaded again, or a newer version took its place, and are not any more."""
        if self.record.state is FileState.SUPERSEDED:
            return max(self.record.rows_rejected_before, self.record.rows_quarantined or 0)
        return max(0, self.record.rows_rejected_before - self.rejected) if self.record.loaded_by else 0

    @property
    def refused(self) -> str:
        """The code for which the file is QUARANTINED as a whole, such as WRONG_HEADER; empty when it is not."""
        return self.record.reason.split(":")[0] if self.record.state is FileState.QUARANTINED else ""

    @property
    def waiting(self) -> tuple[FileRecord, ...]:
        """Corrections that are not loaded yet."""
        return tuple(c for c in self.corrections if c.state not in AT_REST)

    @property
    def is_open(self) -> bool:
        """Whether somebody has to do something: a row is open, or the file is refused as a whole."""
        return self.open > 0 or bool(self.refused)


def standings(records: Iterable[FileRecord]) -> list[Standing]:
    """Return where each of a dataset's files stands, in the order given. Versions that were replaced correct nothing any more."""
    listed = list(records)
    corrections: dict[str, list[FileRecord]] = {}
    for record in listed:
        corrected = corrects(record.key)
        if corrected and record.state is not FileState.SUPERSEDED:
            corrections.setdefault(corrected, []).append(record)
    return [Standing(record, tuple(corrections.get(record.file_id, ()))) for record in listed]
