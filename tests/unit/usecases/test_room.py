"""A batch that the disk of this machine cannot take goes to a larger one: nothing of it is loaded or refused here."""

import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from tests.unit.usecases.shop import DELTA, Shop
from tidegate.errors import NoRoom
from tidegate.model.files import FileState

Usage = namedtuple("Usage", ["total", "used", "free"])  # noqa: PYI024 - as shutil's own


def test_file_larger_than_the_disk_sends_its_batch_on_and_is_not_crashed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = Shop(tmp_path)
    large = shop.drop(DELTA + "large.csv", *(f"k{n},1,I,Ann" for n in range(20)))
    small = shop.drop(DELTA + "small.csv", "a,1,I,Ann")
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda _path: Usage(300, 0, 300))
        with pytest.raises(NoRoom, match=r"0 MiB are more than this machine's disk takes"):
            shop.run()
    records = shop.world.ledger.files([large.file_id, small.file_id])
    assert {record.state for record in records.values()} == {FileState.CLAIMED}
    assert not any(rows for rows, _ in shop.lake.totals("shop_clients").values())
