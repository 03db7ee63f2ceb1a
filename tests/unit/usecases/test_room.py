"""A file that the function's disk cannot take is set aside by name; the batch that it came with is loaded."""

import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from tests.unit.usecases.shop import DELTA, Shop
from tidegate.model.files import FileState

Usage = namedtuple("Usage", ["total", "used", "free"])  # noqa: PYI024 - as shutil's own


def test_file_larger_than_the_disk_is_refused_by_name_and_not_crashed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = Shop(tmp_path)
    large = shop.drop(DELTA + "large.csv", *(f"k{n},1,I,Ann" for n in range(20)))
    small = shop.drop(DELTA + "small.csv", "a,1,I,Ann")
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda _path: Usage(300, 0, 300))
        assert shop.run().rows_inserted == 1
    records = shop.world.ledger.files([large.file_id, small.file_id])
    assert records[small.file_id].state is FileState.LOADED
    assert records[large.file_id].state is FileState.QUARANTINED
    assert records[large.file_id].reason.startswith("NO_ROOM: ")
    assert "LoadEphemeralStorage" in records[large.file_id].reason
    shop.drop(DELTA + "large.csv", *(f"k{n},1,I,Ann" for n in range(20)))
    assert shop.run().rows_inserted == 20
