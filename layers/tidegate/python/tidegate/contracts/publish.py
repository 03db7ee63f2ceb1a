"""Publishing: contracts in the lake bucket, so that a new dataset needs no deployment.

contracts/<domain>/<dataset>/<version>.odcs.yaml   a published version, never changed
contracts/<domain>/<dataset>/current.json          {version, key, sha256} of the one that new runs use
"""

import json
from dataclasses import dataclass
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
class _Current:
    version: str
    key: str
    sha256: str


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
    current = _current(contract.dataset, store)
    if current and not force and _order(contract.version) < _order(current.version):
        message = f"{contract.version} is older than the current version {current.version}"
        raise _refused(source, message, f"raise the version above {current.version}, or force it to go back")
    wanted = _Current(contract.version, key, contract.sha256)
    if there is None:
        store.put(key, body)
    if current != wanted:
        entry = {"version": wanted.version, "key": wanted.key, "sha256": wanted.sha256}
        store.put(current_key(contract.dataset), json.dumps(entry, sort_keys=True).encode())
    return Published(contract.dataset, contract.version, key, changed=current != wanted)


def is_published(dataset: str, store: ContractStore) -> bool:
    """Whether the dataset has a current contract."""
    return store.get(current_key(dataset)) is not None


def load_current(dataset: str, store: ContractStore) -> tuple[Contract, str]:
    """Return the dataset's current contract and the key of its version.

    Raises:
        ContractMissing: nothing is published for the dataset.
        ContractInvalid: what is published was changed by other hands.
    """
    current = _current(dataset, store)
    if current is None:
        raise ContractMissing(f"no contract is published for {dataset}: write one and run `tidegate contract publish FILE`")
    contract = load_version(current.key, store)
    if contract.sha256 != current.sha256:
        raise _refused(current.key, "it was changed after it was published", "publish it again under a new version")
    return contract, current.key


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


def _current(dataset: str, store: ContractStore) -> _Current | None:
    key = current_key(dataset)
    body = store.get(key)
    if body is None:
        return None
    try:
        fields = json.loads(body)
        return _Current(str(fields["version"]), str(fields["key"]), str(fields["sha256"]))
    except (ValueError, KeyError, TypeError):
        raise _refused(key, "it does not name a version", "delete it and run `tidegate contract publish FILE`") from None


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.split(".")) if version.replace(".", "").isdigit() else (0,)


def _refused(source: str, message: str, hint: str) -> ContractInvalid:
    return ContractInvalid(source, (Problem(0, "contract", message, hint),))
