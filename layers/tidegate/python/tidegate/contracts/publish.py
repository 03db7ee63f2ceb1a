"""Publishing: contracts in the lake bucket, so that a new dataset needs no deployment.

contracts/<domain>/<dataset>/<version>.odcs.yaml   a published version, never changed
contracts/<domain>/<dataset>/current.json          {version, key, sha256, batch_window, every} of the one that new runs use
contracts/tables/<domain>_<dataset>.json           {dataset} whose table it is
"""

import json
from dataclasses import asdict, dataclass
from typing import Protocol

from tidegate.contracts.compatibility import Change, compare, is_breaking, raises_major
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
    """What publishing did; `changed` is False when this version was the current one already.

    `before` is the version that was current (empty: none), `changes` what is different from it; None when it cannot be read any more.
    """

    dataset: str
    version: str
    key: str
    changed: bool
    before: str = ""
    changes: tuple[Change, ...] | None = ()


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
    """Make a contract the current one of its dataset.

    `force` allows going back to an older version, and a breaking change whose version does not say so.

    Raises:
        ContractInvalid: it has findings, its version is published with other content or is older than the current one, or it breaks
            something and the first number of its version is the same.
    """
    contract, before, changes = _judged(text, source, store, force=force)
    key, body = version_key(contract.dataset, contract.version), text.encode()
    wanted = Current(contract.version, key, contract.sha256, contract.batch_window, contract.rules.every)
    _take_table(contract, source, store)
    if store.get(key) is None:
        store.put(key, body)
    if before != wanted:
        entry = {name: value for name, value in asdict(wanted).items() if value is not None}
        store.put(current_key(contract.dataset), json.dumps(entry, sort_keys=True).encode())
    return Published(contract.dataset, contract.version, key, before != wanted, before.version if before else "", changes)


def check_publication(text: str, source: str, *, store: ContractStore, force: bool = False) -> None:
    """Refuse what `publish` would refuse of this contract, and write nothing: of several contracts all are published, or none.

    Raises:
        ContractInvalid: as `publish`.
    """
    contract, _, _ = _judged(text, source, store, force=force)
    _check_table(contract, source, store)


def _judged(
    text: str, source: str, store: ContractStore, *, force: bool
) -> tuple[Contract, Current | None, tuple[Change, ...] | None]:
    """The contract, the current version before it, and what changes."""
    contract = parse_contract(text, source)
    there = store.get(version_key(contract.dataset, contract.version))
    if there is not None and there != text.encode():
        raise _refused(source, f"{contract.version} is published with other content", "raise the version")
    before = current(contract.dataset, store)
    if before and not force and _order(contract.version) < _order(before.version):
        message = f"{contract.version} is older than the current version {before.version}"
        raise _refused(source, message, f"raise the version above {before.version}, or force it to go back")
    return contract, before, _changes(contract, before, source, store, force=force)


def _changes(
    contract: Contract, before: Current | None, source: str, store: ContractStore, *, force: bool
) -> tuple[Change, ...] | None:
    """Compare with the current version, and refuse what breaks under a version that does not say so."""
    if before is None or before.sha256 == contract.sha256:
        return ()
    try:
        changes = compare(load_version(before.key, store), contract)
    except (ContractInvalid, ContractMissing):
        return None  # changed by other hands, or written in words of another release: a new version is the way out of that
    if is_breaking(changes) and not force and not raises_major(before.version, contract.version):
        hint = f"raise the first number above {before.version}, or force it"
        problems = tuple(Problem(0, c.place, f"{c.what}: {c.effect}", hint) for c in changes if is_breaking([c]))
        raise ContractInvalid(source, problems)
    return changes


def _take_table(contract: Contract, source: str, store: ContractStore) -> None:
    """Two datasets may not share a table: `a.b_c` and `a_b.c` both make `a_b_c`."""
    if not _check_table(contract, source, store):
        store.put(_table_key(contract.table), json.dumps({"dataset": contract.dataset}).encode())


def _check_table(contract: Contract, source: str, store: ContractStore) -> bool:
    """Whether the dataset has its table already; refuse when another dataset has it."""
    owner = _owner(contract.table, store)
    if owner not in {None, contract.dataset}:
        raise _refused(source, f"the table {contract.table} belongs to {owner}", "give the dataset another name")
    return owner is not None


def _owner(table: str, store: ContractStore) -> str | None:
    key = _table_key(table)
    there = store.get(key)
    if there is None:
        return None
    try:
        return str(json.loads(there)["dataset"])
    except (ValueError, KeyError, TypeError):
        raise _refused(key, "it does not name a dataset", "delete it and publish the contract of its dataset again") from None


def _table_key(table: str) -> str:
    return f"contracts/tables/{table}.json"


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
