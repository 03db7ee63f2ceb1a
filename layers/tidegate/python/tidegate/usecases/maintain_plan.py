"""What of a table is worth doing: which data files to merge, which versions to forget, how old an orphan has to be."""

from collections.abc import Sequence

from tidegate.model.upkeep import LONGEST_WORK, Policy
from tidegate.ports import LiveFile, TableVersion

_MICROSECONDS = 1_000_000
_HOUR = 3600


def mergeable(files: Sequence[LiveFile], policy: Policy) -> list[list[LiveFile]]:
    """Return groups of small data files that become one each; none while there are few of them.

    Neighbours by the landing keys that they hold go together, so that a merged file spans few keys: a file that is replaced later
    is looked for in the data files whose bounds admit its key.
    """
    small = [f for f in files if f.bytes < policy.target_bytes // 2]
    if len(small) < policy.least_files:
        return []
    groups: list[list[LiveFile]] = [[]]
    size = 0
    for file in sorted(small, key=lambda f: (f.lower or "", f.upper or "", f.path)):
        if groups[-1] and size + file.bytes > policy.target_bytes:
            groups.append([])
            size = 0
        groups[-1].append(file)
        size += file.bytes
    return [group for group in groups if len(group) > 1]


def outdated(history: Sequence[TableVersion], policy: Policy, now: int) -> list[TableVersion]:
    """Return the versions to forget, of a history that begins with the newest; none while they are too few to be worth a commit.

    The newest one is never among them, nor one of the last hour: somebody may be reading it.
    """
    old = [
        version for rank, version in enumerate(history) if rank and _is_old(rank, (now - version.made_at) / _MICROSECONDS, policy)
    ]
    return old if len(old) >= policy.worth_expiring else []


def _is_old(rank: int, seconds: float, policy: Policy) -> bool:
    if rank < policy.least_versions:
        return False
    return seconds > policy.version_seconds or (rank >= policy.most_versions and seconds > _HOUR)


def orphaned_before(policy: Policy, now: int) -> int:
    """Return the time before which an orphan must have been written: nobody can still be about to commit it."""
    return now - max(policy.orphan_seconds, LONGEST_WORK) * _MICROSECONDS
