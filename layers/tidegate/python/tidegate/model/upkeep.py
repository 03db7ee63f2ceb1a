"""Upkeep: what keeps the tables' files few and their metadata small, and what is left alone."""

from dataclasses import dataclass

_DAY = 24 * 3600
#: No try of Load or Maintain is at work for longer, in seconds: Lambda ends them after 15 minutes, Glue after 12 hours. What is younger may
#: be in its hands.
LONGEST_WORK = 14 * 3600


@dataclass(frozen=True, slots=True)
class Policy:
    """What to keep of a dataset's tables; sizes in bytes, times in seconds.

    Data files are merged up to `target_bytes`, as soon as `least_files` of a table are smaller than half of that. Versions of a table
    are kept for `version_seconds`, the newest `least_versions` for longer, and no more than `most_versions` of those older than an
    hour; fewer than `worth_expiring` at a time are not worth a commit. Orphans are removed `orphan_seconds` after they were written;
    they are looked for every `sweep_seconds`.
    """

    target_bytes: int = 128 * 1024 * 1024
    least_files: int = 16
    version_seconds: int = 5 * _DAY
    least_versions: int = 20
    most_versions: int = 1000
    worth_expiring: int = 5
    orphan_seconds: int = 3 * _DAY
    sweep_seconds: int = _DAY


@dataclass
class Tended:
    """What was done for a dataset, or would be.

    `files_merged` data files became `files_made`; `versions_expired` are of all its tables; `orphans` objects were removed.
    `later` says why something was left for another time; empty when nothing was.
    """

    dataset: str
    files_merged: int = 0
    files_made: int = 0
    versions_expired: int = 0
    orphans: int = 0
    orphan_bytes: int = 0
    later: str = ""
