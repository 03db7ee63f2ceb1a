"""Rows that refer to another dataset, or to their own: told, or rejected until a replay finds what they refer to."""

from pathlib import Path

import pytest

from tests.unit.usecases.shop import CONTRACT, DELTA, Shop
from tidegate.contracts.publish import publish
from tidegate.errors import ContractInvalid, ServiceUnavailable
from tidegate.model.arrivals import Arrival
from tidegate.model.files import FileState, Warned
from tidegate.model.keys import read_keys
from tidegate.model.runs import Account
from tidegate.model.selection import Selection
from tidegate.usecases.audit import audit
from tidegate.usecases.settle import settle

ORDERS = "shop.orders"
ORDER = "shop/orders/delta/"
NAME = "{name: name, logicalType: string, required: true}"
ERROR = "customProperties: [{property: severity, value: error}]"
TOKEN = "classification: personal, "


class Two(Shop):
    """Clients, and orders whose `name` refers to a client's `id`."""

    def __init__(self, place: Path, more: str = "", *, parent: str = "", child: str = "", to: str = "shop_clients.id") -> None:
        super().__init__(place, text=CONTRACT.replace("{name: id, ", f"{{name: id, {parent}"))
        relation = f"{{name: name, logicalType: string, {child}relationships: [{{to: {to}, {more}}}]}}"
        text = (
            CONTRACT.replace("shop.clients", ORDERS).replace("shop/clients", "shop/orders").replace("shop_clients", "shop_orders")
        )
        publish(text.replace(NAME, relation), "orders", store=self.world.lake_bucket)

    def order(self) -> Account:
        """Load the orders that wait, in one run."""
        manifest = self.world.claim_manifest(ORDERS)
        account = self.load(manifest)
        audit(manifest, objects=self.world.lake, catalog=self.lake)
        settle(manifest, self.world.desk)
        assert self.world.claim(ORDERS).manifest is None
        return account

    def again(self, arrival: Arrival) -> Account:
        self.world.replay(Selection(file_ids=(arrival.file_id,)))
        return self.order()

    def counts(self, arrival: Arrival) -> tuple[int | None, int | None]:
        record = self.world.record(arrival)
        assert record.state is FileState.LOADED
        return record.rows_accepted, record.rows_quarantined


def test_row_that_refers_to_nobody_is_told_and_no_more_when_a_replay_finds_it(tmp_path: Path) -> None:
    shop = Two(tmp_path)
    shop.drop(DELTA + "1.csv", "ann,1,I,Ann")
    shop.run()
    arrival = shop.drop(ORDER + "1.csv", "1,1,I,ann", "2,1,I,bob", "3,1,I,bob", "4,1,I,")
    assert shop.order().warnings == (Warned("relationship", "name", 2),)
    assert shop.counts(arrival) == (4, 0)
    assert shop.world.record(arrival).warnings == (Warned("relationship", "name", 2),)
    shop.drop(DELTA + "2.csv", "bob,1,I,Bob")
    shop.run()
    assert shop.again(arrival).warnings == ()


def test_error_rejects_the_row_until_a_replay_finds_what_it_refers_to(tmp_path: Path) -> None:
    shop = Two(tmp_path, f"id: client, {ERROR}")
    arrival = shop.drop(ORDER + "1.csv", "1,1,I,ann", "2,1,I,bob", "3,x,I,bob")
    account = shop.order()
    assert (account.books.rows_accepted, account.books.rows_quarantined, account.warnings) == (0, 3, ())
    shop.drop(DELTA + "1.csv", "ann,1,I,Ann")
    shop.run()
    shop.again(arrival)
    assert shop.counts(arrival) == (1, 2)
    shop.drop(DELTA + "2.csv", "bob,1,I,Bob")
    shop.run()
    shop.again(arrival)
    assert shop.counts(arrival) == (2, 1)


def test_tombstone_of_a_row_refers_to_nobody_and_a_deleted_parent_is_none(tmp_path: Path) -> None:
    shop = Two(tmp_path)
    shop.drop(DELTA + "1.csv", "ann,1,I,Ann", "ann,2,D,")
    shop.run()
    shop.drop(ORDER + "1.csv", "1,1,I,ann", "2,1,D,zoe")
    assert shop.order().warnings == (Warned("relationship", "name", 1),)


def test_tokens_are_compared_with_tokens(tmp_path: Path) -> None:
    shop = Two(tmp_path, parent=TOKEN, child=TOKEN)
    shop.drop(DELTA + "1.csv", "ann,1,I,Ann")
    shop.run()
    shop.drop(ORDER + "1.csv", "1,1,I,ann", "2,1,I,bob")
    assert shop.order().warnings == (Warned("relationship", "name", 1),)


class TestOwnTable:
    @pytest.mark.parametrize("more", ["", ERROR])
    def test_row_may_refer_to_its_own_batch_in_any_order_and_to_the_table(self, tmp_path: Path, more: str) -> None:
        shop = Two(tmp_path, more, to="shop_orders.id")
        shop.drop(ORDER + "1.csv", "1,1,I,2", "2,1,I,3")
        shop.drop(ORDER + "2.csv", "3,1,I,3")
        assert shop.order().warnings == ()
        last = shop.drop(ORDER + "3.csv", "4,1,I,1", "5,1,I,9")
        shop.order()
        assert shop.counts(last) == ((1, 1) if more else (2, 0))

    def test_rows_that_the_batch_replaces_are_referred_to_no_more(self, tmp_path: Path) -> None:
        shop = Two(tmp_path, to="shop_orders.id")
        shop.drop(ORDER + "1.csv", "1,1,I,1")
        shop.order()
        shop.drop(ORDER + "1.csv", "2,1,I,1")
        assert shop.order().warnings == (Warned("relationship", "name", 1),)


def test_retry_sees_the_rows_that_the_first_try_saw(tmp_path: Path) -> None:
    """Otherwise a row that bronze took would be rejected by the second try, or the other way round, and the books not balance."""
    shop = Two(tmp_path, ERROR)
    shop.drop(DELTA + "1.csv", "ann,1,I,Ann")
    shop.run()
    arrival = shop.drop(ORDER + "1.csv", "1,1,I,ann", "2,1,I,bob")
    manifest = shop.world.claim_manifest(ORDERS)

    def dies(*_: object) -> None:
        raise ServiceUnavailable("silver")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tidegate.usecases.load.commit_silver", dies)
        with pytest.raises(ServiceUnavailable):
            shop.load(manifest)
    shop.drop(DELTA + "2.csv", "bob,1,I,Bob")
    shop.run()
    shop.order()
    assert shop.counts(arrival) == (1, 1)


def test_column_of_another_type_is_a_finding_of_the_contract(tmp_path: Path) -> None:
    shop = Two(tmp_path, to="shop_clients.at")
    shop.drop(DELTA + "1.csv", "ann,1,I,Ann")
    shop.run()
    shop.drop(ORDER + "1.csv", "1,1,I,1")
    with pytest.raises(ContractInvalid, match="shop_clients has a bigint in at, name is a varchar"):
        shop.load(shop.world.claim_manifest(ORDERS))


def test_child_of_a_new_key_finds_its_parent_when_that_was_replayed(tmp_path: Path) -> None:
    shop = Two(tmp_path, f"id: client, {ERROR}", parent=TOKEN, child=TOKEN)
    shop.keys = read_keys("p" * 64)
    parent = shop.drop(DELTA + "1.csv", "ann,1,I,Ann")
    shop.run()
    shop.keys = shop.keys.rotated()
    arrival = shop.drop(ORDER + "1.csv", "1,1,I,ann")
    shop.order()
    assert shop.counts(arrival) == (0, 1)
    shop.world.replay(Selection(file_ids=(parent.file_id,)))
    shop.run()
    shop.again(arrival)
    assert shop.counts(arrival) == (1, 0)
