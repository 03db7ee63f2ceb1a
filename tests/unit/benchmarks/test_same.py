from collections import Counter
from pathlib import Path

import duckdb
import pytest

from benchmarks.same import ACCEPTED, NEWEST, REJECTED, differences, different, reasons_of

COLUMNS = ("id", "amount")
ROWS = "SELECT * FROM (VALUES ('a', 1.50::DECIMAL(18,2)), ('a', 1.50), ('b', NULL)) t(id, amount)"


def write(path: Path, query: str) -> str:
    path = path.with_suffix(".parquet")
    duckdb.sql(f"COPY ({query}) TO '{path}' (FORMAT parquet)")
    return str(path)


@pytest.mark.parametrize(
    ("theirs", "said"),
    [
        (ROWS, ""),
        (f"{ROWS} ORDER BY id DESC", ""),
        (f"{ROWS} LIMIT 2", "1 rows of ours are not there, 0 are not ours"),
        (f"SELECT DISTINCT * FROM ({ROWS})", "1 rows of ours are not there, 0 are not ours"),
        (f"SELECT id, coalesce(amount, 0)::DECIMAL(18,2) AS amount FROM ({ROWS})", "1 rows of ours are not there, 1 are not ours"),
        (f"SELECT id, amount::DECIMAL(18,3) AS amount FROM ({ROWS})", "amount is DECIMAL(18,3), not DECIMAL(18,2)"),
        (f"SELECT id FROM ({ROWS})", "amount is missing, not DECIMAL(18,2)"),
    ],
    ids=["same", "other order", "row lost", "double lost", "null became a value", "other type", "column lost"],
)
def test_output_that_differs_is_noticed(tmp_path: Path, theirs: str, said: str) -> None:
    found = different(write(tmp_path / "ours", ROWS), write(tmp_path / "theirs", theirs), "rows", COLUMNS)
    assert found == (f"rows: {said}" if said else "")


def test_reasons_may_be_in_another_order_but_not_others(tmp_path: Path) -> None:
    sides = [
        write(tmp_path / name, f"SELECT 'a' AS id, {reasons} AS reasons")
        for name, reasons in (("ours", "['type:x', 'type:y']"), ("same", "['type:y', 'type:x']"), ("other", "['type:y']"))
    ]
    assert different(sides[0], sides[1], "rejected", ("id",)) == ""
    assert "1 rows of ours" in different(sides[0], sides[2], "rejected", ("id",))


def test_every_one_of_the_three_files_is_compared(tmp_path: Path) -> None:
    from benchmarks.work.claims import COLUMNS as ALL

    row = "SELECT " + ", ".join(f"'x' AS {name}" for name in ALL)
    for side in ("ours", "theirs"):
        (tmp_path / side).mkdir()
        for name in (ACCEPTED, NEWEST):
            write(tmp_path / side / name, row)
        write(tmp_path / side / REJECTED, f"SELECT *, ['type:units'] AS reasons FROM ({row})")
    assert differences(tmp_path / "ours", tmp_path / "theirs") == ""
    assert reasons_of(tmp_path / "ours") == Counter({("type:units",): 1})
    for name in (ACCEPTED, REJECTED, NEWEST):
        good = (tmp_path / "theirs" / name).read_bytes()
        reasons = ", ['type:units'] AS reasons" if name == REJECTED else ""
        write(tmp_path / "theirs" / name, f"SELECT * REPLACE ('y' AS note){reasons} FROM ({row})")
        assert differences(tmp_path / "ours", tmp_path / "theirs").startswith(name)
        (tmp_path / "theirs" / name).write_bytes(good)
