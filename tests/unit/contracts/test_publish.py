import json

import pytest

from tests.unit.contracts.test_errors import BASE
from tidegate.contracts.publish import check_publication, current, is_published, load_current, load_version, publish
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


@pytest.mark.parametrize("seconds", [0, 90])
def test_window_of_the_contract_is_beside_the_current_version_for_ingest_to_read(store: FakeStore, seconds: int) -> None:
    done = publish(f"{BASE}  - {{property: batchWindow, value: {seconds}}}\n", "a", store=store)
    assert json.loads(store.objects[CURRENT])["batch_window"] == seconds
    found = current("shop.orders", store)
    assert found is not None
    assert (found.key, found.batch_window) == (done.key, seconds)


def test_contract_without_window_leaves_it_to_the_stack(store: FakeStore) -> None:
    publish(f"{version('1.0.0')}  - {{property: batchWindow, value: 90}}\n", "a", store=store)
    publish(version("1.0.1"), "a", store=store)
    found = current("shop.orders", store)
    assert found is not None
    assert found.batch_window is None


def test_window_is_written_for_a_version_that_was_published_before_there_were_windows(store: FakeStore) -> None:
    text = f"{BASE}  - {{property: batchWindow, value: 90}}\n"
    publish(text, "a", store=store)
    fields = json.loads(store.objects[CURRENT])
    del fields["batch_window"]
    store.objects[CURRENT] = json.dumps(fields).encode()
    assert publish(text, "a", store=store).changed
    assert json.loads(store.objects[CURRENT])["batch_window"] == 90


def same_table(dataset: str, text: str = BASE) -> str:
    """Return the base as the contract of another dataset; `shop_eu.orders` and `shop.eu_orders` have one table."""
    domain, name = dataset.split(".")
    text = text.replace("shop_orders", f"{domain}_{name}").replace("id: shop.orders", f"id: {dataset}")
    text = text.replace("domain: shop", f"domain: {domain}").replace("\nname: orders", f"\nname: {name}")
    return text.replace("landing/shop/orders/", f"landing/{domain}/{name}/")


def test_table_belongs_to_the_dataset_that_was_published_first(store: FakeStore) -> None:
    publish(same_table("shop_eu.orders"), "a", store=store)
    assert json.loads(store.objects["contracts/tables/shop_eu_orders.json"]) == {"dataset": "shop_eu.orders"}
    before = dict(store.objects)
    for force in (False, True):
        with pytest.raises(ContractInvalid) as caught:
            publish(same_table("shop.eu_orders"), "eu.odcs.yaml", store=store, force=force)
        (problem,) = caught.value.problems
        assert (caught.value.source, problem.hint) == ("eu.odcs.yaml", "give the dataset another name")
        assert problem.message == "the table shop_eu_orders belongs to shop_eu.orders"
    assert store.objects == before
    assert not is_published("shop.eu_orders", store)


def test_owner_of_a_table_publishes_on(store: FakeStore) -> None:
    publish(same_table("shop_eu.orders"), "a", store=store)
    assert publish(same_table("shop_eu.orders", version("1.0.1")), "a", store=store).changed


def test_datasets_with_other_tables_do_not_clash(store: FakeStore) -> None:
    for dataset in ("shop_eu.orders", "shop.orders", "shop_eu.eu_orders", "tables.shop_eu_orders"):
        assert publish(same_table(dataset), "a", store=store).changed


@pytest.mark.parametrize("body", [b"", b"{}", b"[1]", b"\xff", b"null"])
def test_unreadable_owner_of_a_table_is_said_and_not_passed_over(store: FakeStore, body: bytes) -> None:
    store.objects["contracts/tables/shop_orders.json"] = body
    with pytest.raises(ContractInvalid, match=r"contracts/tables/shop_orders\.json.*does not name a dataset.*delete it"):
        publish(BASE, "a", store=store)
    assert not is_published("shop.orders", store)


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


def broken(number: str) -> str:
    return version(number).replace("loadMode, value: upsert", "loadMode, value: replace")


def test_breaking_change_under_a_version_that_hides_it_is_refused_and_nothing_is_written(store: FakeStore) -> None:
    publish(BASE, "a", store=store)
    before = dict(store.objects)
    for attempt in (publish, check_publication):
        with pytest.raises(ContractInvalid, match=r"loadMode: upsert became replace.*raise the first number above 1\.0\.0"):
            attempt(broken("1.1.0"), "a", store=store)
    assert store.objects == before


def test_breaking_change_is_published_under_a_new_first_number_or_by_force(store: FakeStore) -> None:
    publish(BASE, "a", store=store)
    done = publish(broken("2.0.0"), "a", store=store)
    assert (done.before, [c.place for c in done.changes or ()]) == ("1.0.0", ["loadMode"])
    assert publish(version("2.1.0"), "a", store=store, force=True).changed


def test_change_that_breaks_nothing_needs_no_new_first_number(store: FakeStore) -> None:
    publish(BASE, "a", store=store)
    done = publish(f"{version('1.0.1')}  - {{property: batchWindow, value: 90}}\n", "a", store=store)
    assert done.changed
    assert [c.severity.value for c in done.changes or ()] == ["safe"]


def test_version_that_cannot_be_read_any_more_does_not_bar_the_next(store: FakeStore) -> None:
    done = publish(BASE, "a", store=store)
    store.objects[done.key] = b"no contract"
    assert publish(broken("1.1.0"), "a", store=store).changes is None


def test_check_of_a_publication_writes_nothing(store: FakeStore) -> None:
    check_publication(BASE, "a", store=store)
    assert store.puts == []
    publish(same_table("shop_eu.orders"), "a", store=store)
    with pytest.raises(ContractInvalid, match="belongs to shop_eu"):
        check_publication(same_table("shop.eu_orders"), "a", store=store)
