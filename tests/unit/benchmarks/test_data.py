import csv
import hashlib
from collections import Counter
from pathlib import Path

from benchmarks.data import planted, write_files, write_rows
from benchmarks.work.claims import COLUMNS


def test_file_of_another_machine_has_the_same_bytes(tmp_path: Path) -> None:
    write_rows(tmp_path / "a.csv", 3000)
    assert hashlib.sha256((tmp_path / "a.csv").read_bytes()).hexdigest() == (
        "135d2b48be4f2ed558403253bb33ecb647b1b6d7a17bb89c61aa257ab721e3af"
    )


def test_files_in_parts_are_the_rows_of_the_one_file(tmp_path: Path) -> None:
    write_rows(tmp_path / "whole.csv", 1200)
    (tmp_path / "parts").mkdir()
    write_files(tmp_path / "parts", 4, 300)
    parts = [path.read_text().splitlines()[1:] for path in sorted((tmp_path / "parts").iterdir())]
    assert [line for part in parts for line in part] == (tmp_path / "whole.csv").read_text().splitlines()[1:]


def test_planted_faults_are_in_the_file_as_often_as_they_are_counted(tmp_path: Path) -> None:
    write_rows(tmp_path / "a.csv", 20_000, first=700)
    with (tmp_path / "a.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == 20_000
    seen = Counter({
        ("type:units",): sum(r["units"] in {"many", "1e2"} for r in rows),
        ("type:service_date",): sum(r["service_date"] == "2021-02-30" for r in rows),
        ("required:service_date",): sum(not r["service_date"] for r in rows),
        ("primary_key:claim_id",): sum(not r["claim_id"] for r in rows),
        ("valid_values:kind",): sum(r["kind"] == "Z" for r in rows),
        ("pattern:diagnosis",): sum(r["diagnosis"] == "E119" for r in rows),
        ("type:billed", "type:urgent"): sum((r["billed"], r["urgent"]) == ("12.345", "maybe") for r in rows),
        ("minimum:billed",): sum(r["billed"] == "-5.00" for r in rows),
        ("maximum:units", "type:distance_km"): sum((r["units"], r["distance_km"]) == ("1000", "NaN") for r in rows),
    })  # fmt: skip
    assert planted(20_000, first=700) == seen
    assert seen.total() == 20


def test_some_keys_come_twice_and_no_two_rows_have_the_same_moment(tmp_path: Path) -> None:
    write_rows(tmp_path / "a.csv", 20_000)
    with (tmp_path / "a.csv").open(newline="") as file:
        rows = [r for r in csv.DictReader(file) if r["claim_id"]]
    keys, moments = {r["claim_id"] for r in rows}, {r["updated_at"] for r in rows}
    assert 0.98 < len(keys) / len(rows) < 0.995
    assert len(moments) == len(rows)
