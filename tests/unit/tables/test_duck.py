"""DuckDB over data files."""

import datetime as dt
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tidegate.engine import Limits
from tidegate.tables.duck import highest

LIMITS = Limits(memory_mb=64, threads=1)


def test_highest_instant_is_the_same_text_on_every_laptop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"at": pa.array([dt.datetime(2021, 1, 1, 12, tzinfo=dt.UTC)], pa.timestamp("us", "UTC"))}), path)
    found = set()
    for zone in ("UTC", "Asia/Tokyo", "America/St_Johns"):
        monkeypatch.setenv("TZ", zone)
        found.add(highest(path, "at", LIMITS))
    assert found == {"2021-01-01 12:00:00+00"}
