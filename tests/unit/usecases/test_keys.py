"""A key is rotated while files come: which key made what, and the way to one key again."""

from pathlib import Path

import pytest

from tests.unit.usecases.shop import CONTRACT, DATASET, DELTA, Shop
from tidegate.errors import Permanent
from tidegate.model.keys import read_keys
from tidegate.model.selection import Selection
from tidegate.usecases import load as load_module
from tidegate.usecases.keys import Use, forget, uses
from tidegate.usecases.settle import settle

PERSONAL = CONTRACT.replace("{name: id, logicalType: string,", "{name: id, logicalType: string, classification: personal,")
PLAIN = "p" * 64


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    shop = Shop(tmp_path, text=PERSONAL)
    shop.keys = read_keys(PLAIN)
    return shop


def left(shop: Shop) -> list[Use]:
    return list(uses([DATASET], shop.world.ledger, shop.world.lake))


def tokens(shop: Shop, layer: str = "silver") -> list[str]:
    """The key of each token, by whether it says one."""
    return sorted(r["id"].split(".")[0] if "." in r["id"] else "" for r in shop.rows(layer))


def test_rotation_is_done_when_everything_was_replayed(shop: Shop) -> None:
    shop.drop(f"{DELTA}1.csv", "a,1,,Ann", "b,1,,Bo")
    shop.run()
    before = shop.silver
    assert tokens(shop) == ["", ""]
    assert shop.keys
    shop.keys = shop.keys.rotated()
    shop.drop(f"{DELTA}2.csv", "b,2,,Bo", "c,1,,Cy")
    shop.run()
    assert tokens(shop) == ["", "", "k2", "k2"], "until the replay b is there under both of its tokens"
    assert left(shop) == [Use(DATASET, "k1", 1, 2), Use(DATASET, "k2", 1, 2)]
    with pytest.raises(Permanent, match=r"1 files are loaded with k1: tidegate replay --dataset shop.clients"):
        forget("k1", shop.keys, [DATASET], shop.world.ledger, shop.world.lake)
    shop.world.replay(Selection(dataset=DATASET))
    shop.run()
    assert tokens(shop) == ["k2"] * 3
    assert tokens(shop, "bronze") == ["k2"] * 4
    assert left(shop) == [Use(DATASET, "k2", 2, 4)]
    assert sorted(at for _, at in shop.silver) == [1, 1, 2]
    assert not {key for key, _ in before} & {key for key, _ in shop.silver}
    assert list(forget("k1", shop.keys, [DATASET], shop.world.ledger, shop.world.lake).keys) == ["k2"]


def test_way_back_gives_the_same_tokens_as_before(shop: Shop) -> None:
    shop.drop(f"{DELTA}1.csv", "a,1,,Ann")
    shop.run()
    before = shop.silver
    assert shop.keys
    for keys in (shop.keys.rotated(), shop.keys.rotated().using("k1")):
        shop.keys = keys
        shop.world.replay(Selection(dataset=DATASET))
        shop.run()
    assert shop.silver == before


def test_step_that_died_between_two_commits_goes_on_with_the_key_it_began_with(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.drop(f"{DELTA}1.csv", "a,1,,Ann", "b,1,,Bo")
    manifest = shop.world.claim_manifest(DATASET)
    with monkeypatch.context() as patch:
        patch.setattr(load_module, "commit_silver", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            shop.load(manifest)
    assert shop.keys
    shop.keys = shop.keys.rotated()
    account = shop.load(manifest)
    settle(manifest, shop.world.desk)
    assert [r.key_id for r in account.receipts] == ["k1"]
    assert tokens(shop) == tokens(shop, "bronze") == ["", ""]
    assert left(shop) == [Use(DATASET, "k1", 1, 2)]


def test_key_that_an_open_run_began_with_is_not_forgotten(shop: Shop) -> None:
    shop.drop(f"{DELTA}1.csv", "a,1,,Ann")
    manifest = shop.world.claim_manifest(DATASET)
    assert shop.keys
    shop.keys = shop.keys.rotated()
    with pytest.raises(Permanent, match=r"a run of shop\.clients is open"):
        forget("k1", shop.keys, [DATASET], shop.world.ledger, shop.world.lake)
    shop.load(manifest)
    shop.keys = read_keys('{"current": "k3", "keys": {"k3": "' + "3" * 64 + '"}}')
    with pytest.raises(Permanent, match="began with key k2, which is not in the secret"):
        shop.load(manifest)


def test_dataset_without_tokens_has_no_key(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.keys = read_keys(PLAIN)
    shop.drop(f"{DELTA}1.csv", "a,1,,Ann")
    shop.run()
    assert left(shop) == []
    assert [f.key_id for f in shop.world.fake_ledger.list_files(DATASET)] == [""]
