"""Which key a run uses, and what the tables still hold of others."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tidegate.contracts.contract import Contract
from tidegate.contracts.publish import load_current
from tidegate.engine import Keyring
from tidegate.errors import ContractInvalid, ContractMissing, Permanent
from tidegate.model.files import FileRecord
from tidegate.model.keys import FIRST, Keys
from tidegate.model.runs import Manifest
from tidegate.ports import Ledger, Objects


def pin_key(manifest: Manifest, keys: Keys, objects: Objects) -> Keyring:
    """Return the key of a run: the current one at its first try, and the same at every other.

    It is written beside the manifest before it is used: a step that dies between two commits and is tried again after a rotation makes the
    same tokens, and bronze and silver agree.

    Raises:
        Permanent: the key that the run began with is not in the secret any more.
    """
    place = f"runs/{manifest.dataset}/{manifest.run_id}/key"
    pinned = objects.get(place)
    if pinned is None:
        objects.put(place, keys.current.encode())
    return keyring_of(keys, keys.current if pinned is None else pinned.decode(), manifest.run_id)


def keyring_of(keys: Keys, key_id: str, run_id: str) -> Keyring:
    """Return a key for the engine. Tokens of k1 are bare, as they were before keys had ids; those of others say whose they are."""
    if key_id not in keys.keys:
        raise Permanent(f"{run_id} began with key {key_id}, which is not in the secret any more: put it back, or replay the files")
    return Keyring(key_id, keys.keys[key_id].encode(), "" if key_id == FIRST else f"{key_id}.")


@dataclass(frozen=True, slots=True)
class Use:
    """How many files of a dataset are in the tables with tokens or shifts of a key, and how many rows they brought."""

    dataset: str
    key_id: str
    files: int
    rows: int


def uses(datasets: Iterable[str], ledger: Ledger, objects: Objects) -> Iterator[Use]:
    """Count what is in the tables by key, of the datasets whose current contract needs one.

    A file that was loaded before keys had ids counts as k1.
    """
    for dataset in datasets:
        if not _keyed(dataset, objects):
            continue
        found: dict[str, list[FileRecord]] = defaultdict(list)
        for record in ledger.list_files(dataset):
            if record.loaded_by and record.rows_accepted:
                found[record.key_id or FIRST].append(record)
        for key_id, records in sorted(found.items()):
            yield Use(dataset, key_id, len(records), sum(r.rows_accepted or 0 for r in records))


def forget(key_id: str, keys: Keys, datasets: Iterable[str], ledger: Ledger, objects: Objects) -> Keys:
    """Return the keys without one that nothing in the tables was made with.

    Raises:
        Permanent: it is the current key, rows of it are left, or a run is open that may have begun with it.
    """
    names = sorted(datasets)
    left = [u for u in uses(names, ledger, objects) if u.key_id == key_id]
    if left:
        raise Permanent(f"{sum(u.files for u in left)} files are loaded with {key_id}: tidegate replay --dataset {left[0].dataset}")
    busy = [name for name in names if ledger.lease(name).run_id and _keyed(name, objects)]
    if busy:
        raise Permanent(f"a run of {busy[0]} is open and may have begun with {key_id}: tidegate wait")
    return keys.without(key_id)


def _keyed(dataset: str, objects: Objects) -> bool:
    try:
        contract: Contract = load_current(dataset, objects)[0]
    except (ContractInvalid, ContractMissing):
        return False
    return contract.keyed
