"""Quarantine: which rows and files are rejected, what answers them, and which files a corrected contract can put right."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from tidegate.contracts.publish import ContractStore, current
from tidegate.engine import Limits
from tidegate.errors import NotFound
from tidegate.model.corrections import Standing, standings
from tidegate.model.files import AT_REST
from tidegate.model.selection import microseconds
from tidegate.ports import Ledger, QuarantineReader
from tidegate.tables.rejects import Rejects, Wanted, opened

_NOT_THE_CONTRACT = ("NO_ACCESS", "NO_CONTRACT", "NO_ROOM")  # refusals that the same contract may not repeat
_THE_BYTES = ("EMPTY_FILE", "UNREADABLE", "GONE")  # and those that every contract repeats


@dataclass(frozen=True, slots=True)
class Question:
    """Which files: all, or those of a dataset, with these ids, whose key matches a pattern such as `*/2026-*.csv`, registered since.

    `since` is ISO-8601 text, UTC. `everything`: also files of which nothing is open any more.
    """

    dataset: str = ""
    file_ids: tuple[str, ...] = ()
    key: str = ""
    since: str = ""
    everything: bool = False


def survey(question: Question, ledger: Ledger) -> list[Standing]:
    """Return the files that are in quarantine, as a whole or with rows, oldest first; raise NotFound for an id that nobody knows."""
    known = ledger.files(question.file_ids)
    if missing := [i for i in question.file_ids if i not in known]:
        raise NotFound(f"file {missing[0]} is not in the ledger; `tidegate quarantine list` shows file ids")
    datasets = {r.dataset for r in known.values()} or ({question.dataset} if question.dataset else {*ledger.datasets(), ""})
    found = [s for name in sorted(datasets) for s in standings(ledger.list_files(name))]
    return sorted((s for s in found if _is_asked(s, question)), key=lambda s: s.record.arrival)


def _is_asked(standing: Standing, question: Question) -> bool:
    record = standing.record
    if question.file_ids:
        return record.file_id in question.file_ids
    was_open = bool(record.rows_quarantined or standing.resolved or record.refused_before)
    return (
        (standing.is_open or (question.everything and was_open))
        and (not question.dataset or record.dataset == question.dataset)
        and (not question.key or fnmatchcase(record.key, question.key))
        and (not question.since or record.arrival >= f"{microseconds(question.since):016d}")
    )


@contextmanager
def rejects_of(found: Sequence[Standing], lake: QuarantineReader, room: Path, limits: Limits) -> Iterator[Rejects]:
    """Open the rejected records of files, of as many datasets as they have. Data files without a row of them are not copied.

    Raises:
        NotFound: the ledger says that rows are in a table that the catalog does not have.
    """
    paths: list[Path] = []
    keys: dict[str, list[str]] = {}
    for standing in found:
        if standing.rejected:
            keys.setdefault(standing.record.dataset, []).append(standing.record.key)
    for dataset, wanted in keys.items():
        table = lake.quarantine(dataset.replace(".", "_"))
        if table is None:
            raise NotFound(f"{dataset} has rejected rows and no quarantine table: did somebody drop it?")
        holding = [f for f in table.live() if any((f.lower or "") <= k and (f.upper is None or k <= f.upper) for k in wanted)]
        below = room / dataset
        below.mkdir()
        paths.extend(table.fetch(holding, below))
    with opened(paths, room, limits) as rejects:
        yield rejects


def wanted_of(found: Sequence[Standing], rule: str = "") -> Wanted:
    """Return the rejected records of these files."""
    return Wanted(tuple(s.record.file_id for s in found), rule)


@dataclass(frozen=True, slots=True)
class Retriable:
    """Files that loading again may put right, and those of which it would not, each with the reason."""

    files: tuple[Standing, ...]
    left: tuple[tuple[Standing, str], ...]


def retriable(found: Sequence[Standing], contracts: ContractStore, *, anyway: bool) -> Retriable:
    """Say which files to load again. With `anyway` also those that the same contract will judge as it did before."""
    versions: dict[str, str] = {}
    for dataset in {s.record.dataset for s in found}:
        published = current(dataset, contracts) if dataset else None
        versions[dataset] = published.version if published else ""
    reasons = [(s, _why_not(s, versions[s.record.dataset], anyway=anyway)) for s in found]
    return Retriable(tuple(s for s, why in reasons if not why), tuple((s, why) for s, why in reasons if why))


def _why_not(standing: Standing, version: str, *, anyway: bool) -> str:
    record = standing.record
    if record.state not in AT_REST:
        return f"it is {record.state} already"
    if not standing.is_open:
        return "nothing of it is open"
    if standing.answered or standing.waiting:
        # Loaded again, it would bring the rows that a corrected file has brought already.
        return "a corrected file answers some of its rows; correct the others too"
    if standing.refused in _THE_BYTES and not anyway:
        return f"{standing.refused}: only another file helps, with --corrected"
    if anyway or standing.refused in _NOT_THE_CONTRACT or record.contract_version != version:
        return ""
    return f"contract {version} judged it and is still the current one; publish a corrected contract first, or --anyway"
