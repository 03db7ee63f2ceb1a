import json

import pytest

from tests.unit.contracts.test_errors import BASE
from tidegate.contracts.publish import is_published, load_current, load_version, publish
from tidegate.errors import ContractInvalid, ContractMissing

CURRENT = "contracts/shop/orders/current.json"


class FakeStore:
    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.puts: list[str] = []

    def get(self, key: str) -> bytes | None:
        return self.objects.get(key)

    def put(self, key: str, body: bytes) -> None:
        self.objects[key] = body
        self.puts.append(key)


@pytest.fixture
def store() -> FakeStore:
    return FakeStore()


def version(number: str) -> str:
    return BASE.replace("version: 1.0.0", f"version: {number}")


def test_first_publication_writes_the_version_before_it_becomes_current(store: FakeStore) -> None:
    done = publish(BASE, "orders.odcs.yaml", store=store)
    assert (done.dataset, done.version, done.changed) == ("shop.orders", "1.0.0", True)
    assert store.puts == ["contracts/tables/shop_orders.json", "contracts/shop/orders/1.0.0.odcs.yaml", CURRENT]
    contract, key = load_current("shop.orders", store)
    assert key == done.key
    assert json.loads(store.objects[CURRENT]) == {"version": "1.0.0", "key": key, "sha256": contract.sha256}
    assert load_version(key, store) == contract
    assert is_published("shop.orders", store)


def test_same_bytes_again_change_nothing(store: FakeStore) -> None:
    publish(BASE, "a", store=store)
    before = list(store.puts)
    assert publish(BASE, "a", store=store).changed is False
    assert store.puts == before


def test_other_content_under_a_published_version_is_refused(store: FakeStore) -> None:
    publish(BASE, "a", store=store)
    for force in (False, True):
        with pytest.raises(ContractInvalid, match="raise the version"):
            publish(BASE + "# a comment\n", "a", store=store, force=force)
    assert load_current("shop.orders", store)[0].version == "1.0.0"


def test_newer_version_becomes_current_and_the_older_one_stays(store: FakeStore) -> None:
    first = publish(version("1.9.0"), "a", store=store)
    publish(version("1.10.0"), "a", store=store)
    assert load_current("shop.orders", store)[0].version == "1.10.0"
    assert load_version(first.key, store).version == "1.9.0"


def test_older_version_is_refused_unless_forced(store: FakeStore) -> None:
    publish(version("1.9.0"), "a", store=store)
    publish(version("1.10.0"), "a", store=store)
    with pytest.raises(ContractInvalid, match=r"older than the current version 1\.10\.0"):
        publish(version("1.9.0"), "a", store=store)
    assert publish(version("1.9.0"), "a", store=store, force=True).changed
    assert load_current("shop.orders", store)[0].version == "1.9.0"


def test_refused_older_version_leaves_nothing_behind(store: FakeStore) -> None:
    publish(version("2.0.0"), "a", store=store)
    with pytest.raises(ContractInvalid):
        publish(version("1.0.0"), "a", store=store)
    assert "contracts/shop/orders/1.0.0.odcs.yaml" not in store.objects


def test_publication_that_died_half_way_is_finished_by_the_next(store: FakeStore) -> None:
    publish(BASE, "a", store=store)
    del store.objects[CURRENT]
    assert publish(BASE, "a", store=store).changed
    assert load_current("shop.orders", store)[0].version == "1.0.0"


def test_invalid_contract_is_not_published(store: FakeStore) -> None:
    with pytest.raises(ContractInvalid):
        publish(BASE.replace("upsert", "x"), "a", store=store)
    assert store.puts == []


def test_dataset_without_contract(store: FakeStore) -> None:
    assert not is_published("shop.orders", store)
    with pytest.raises(ContractMissing, match="tidegate contract publish"):
        load_current("shop.orders", store)
    with pytest.raises(ContractMissing, match="tidegate contract publish"):
        load_version("contracts/shop/orders/9.9.9.odcs.yaml", store)


def test_content_changed_by_other_hands_is_not_used(store: FakeStore) -> None:
    done = publish(BASE, "a", store=store)
    store.objects[done.key] += b"# changed\n"
    with pytest.raises(ContractInvalid, match="changed after it was published"):
        load_current("shop.orders", store)


@pytest.mark.parametrize("body", [b"", b"{}", b"[1]", b"\xff", b'{"version": 1}'])
def test_unreadable_pointer(store: FakeStore, body: bytes) -> None:
    store.objects[CURRENT] = body
    with pytest.raises(ContractInvalid, match="does not name a version"):
        load_current("shop.orders", store)


def test_published_bytes_that_are_no_text(store: FakeStore) -> None:
    store.objects["k"] = b"\xff\xfe"
    with pytest.raises(ContractInvalid, match="not UTF-8"):
        load_version("k", store)
