"""Publishing: contracts in the lake bucket, so that a new dataset needs no deployment.

contracts/<domain>/<dataset>/<version>.odcs.yaml   a published version, never changed
contracts/<domain>/<dataset>/current.json          {version, key, sha256, batch_window, every} of the one that new runs use
contracts/tables/<domain>_<dataset>.json           {dataset} whose table it is
"""

import json
from dataclasses import asdict, dataclass
from typing import Protocol

from tidegate.contracts.contract import Contract
from tidegate.contracts.parse import parse_contract
from tidegate.errors import ContractInvalid, ContractMissing, Problem


class ContractStore(Protocol):
    """Where contracts are kept: the lake bucket."""

    def get(self, key: str) -> bytes | None:
        """Read an object; None when there is none."""
        ...

    def put(self, key: str, body: bytes) -> None:
        """Write an object."""
        ...


@dataclass(frozen=True, slots=True)
class Published:
    """What publishing did; `changed` is False when this version was the current one already."""

    dataset: str
    version: str
    key: str
    changed: bool


@dataclass(frozen=True, slots=True)
class Current:
    """Which version of a dataset's contract new runs use.

    `batch_window` is in seconds; None: the stack's. `every` is in how many seconds something new is expected; None: nobody says.
    """

    version: str
    key: str
    sha256: str
    batch_window: int | None = None
    every: int | None = None


def publish(text: str, source: str, *, store: ContractStore, force: bool = False) -> Published:
    """Make a contract the current one of its dataset; `force` allows going back to an older version.

    Raises:
        ContractInvalid: it has findings, its version is published with other content, or is older than the current one.
    """
    contract = parse_contract(text, source)
    key, body = version_key(contract.dataset, contract.version), text.encode()
    there = store.get(key)
    if there is not None and there != body:
        raise _refused(source, f"{contract.version} is published with other content", "raise the version")
    before = current(contract.dataset, store)
    if before and not force and _order(contract.version) < _order(before.version):
        message = f"{contract.version} is older than the current version {before.version}"
        raise _refused(source, message, f"raise the version above {before.version}, or force it to go back")
    wanted = Current(contract.version, key, contract.sha256, contract.batch_window, contract.rules.every)
    _take_table(contract, source, store)
    if there is None:
        store.put(key, body)
    if before != wanted:
        entry = {name: value for name, value in asdict(wanted).items() if value is not None}
        store.put(current_key(contract.dataset), json.dumps(entry, sort_keys=True).encode())
    return Published(contract.dataset, contract.version, key, changed=before != wanted)


def _take_table(contract: Contract, source: str, store: ContractStore) -> None:
    """Two datasets may not share a table: `a.b_c` and `a_b.c` both make `a_b_c`."""
    key = f"contracts/tables/{contract.table}.json"
    there = store.get(key)
    if there is None:
        store.put(key, json.dumps({"dataset": contract.dataset}).encode())
        return
    try:
        owner = str(json.loads(there)["dataset"])
    except (ValueError, KeyError, TypeError):
        raise _refused(key, "it does not name a dataset", "delete it and publish the contract of its dataset again") from None
    if owner != contract.dataset:
        raise _refused(source, f"the table {contract.table} belongs to {owner}", "give the dataset another name")


def is_published(dataset: str, store: ContractStore) -> bool:
    """Whether the dataset has a current contract."""
    return current(dataset, store) is not None


def current(dataset: str, store: ContractStore) -> Current | None:
    """Return which version of a dataset's contract is current; None when nothing is published.

    Raises:
        ContractInvalid: the entry does not name a version.
    """
    key = current_key(dataset)
    body = store.get(key)
    if body is None:
        return None
    try:
        fields = json.loads(body)
        window, every = (None if fields.get(word) is None else int(fields[word]) for word in ("batch_window", "every"))
        return Current(str(fields["version"]), str(fields["key"]), str(fields["sha256"]), window, every)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise _refused(key, "it does not name a version", "delete it and run `tidegate contract publish FILE`") from None


def load_current(dataset: str, store: ContractStore) -> tuple[Contract, str]:
    """Return the dataset's current contract and the key of its version.

    Raises:
        ContractMissing: nothing is published for the dataset.
        ContractInvalid: what is published was changed by other hands.
    """
    published = current(dataset, store)
    if published is None:
        raise ContractMissing(f"no contract is published for {dataset}: write one and run `tidegate contract publish FILE`")
    contract = load_version(published.key, store)
    if contract.sha256 != published.sha256:
        raise _refused(published.key, "it was changed after it was published", "publish it again under a new version")
    return contract, published.key


def load_version(key: str, store: ContractStore) -> Contract:
    """Return a published version by its key.

    Raises:
        ContractMissing: there is no such version.
        ContractInvalid: it is no contract.
    """
    body = store.get(key)
    if body is None:
        raise ContractMissing(f"{key} is not in the lake bucket: publish it again with `tidegate contract publish FILE`")
    try:
        return parse_contract(body.decode(), key)
    except UnicodeDecodeError:
        raise _refused(key, "it is not UTF-8 text", "publish it again under a new version") from None


def current_key(dataset: str) -> str:
    """Return the key that says which version is current."""
    return f"contracts/{dataset.replace('.', '/')}/current.json"


def version_key(dataset: str, version: str) -> str:
    """Return the key of a version."""
    return f"contracts/{dataset.replace('.', '/')}/{version}.odcs.yaml"


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.split(".")) if version.replace(".", "").isdigit() else (0,)


def _refused(source: str, message: str, hint: str) -> ContractInvalid:
    return ContractInvalid(source, (Problem(0, "contract", message, hint),))
