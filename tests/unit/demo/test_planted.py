"""The plan's numbers equal a recount of the files by other means."""

import hashlib
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.unit.demo.recount import KEY, Record, dataset_of, has_rows, read, reasons

Plan = dict[str, Any]
RULES = {"type", "required", "primary_key", "valid_values", "columns", "quoting", "encoding"}
FATES = ("rows_inserted", "rows_updated", "rows_unchanged", "rows_superseded")


def _newest(drops: list[Plan], waves: int, plan: Plan) -> list[Plan]:
    """The drops with rows of the first `waves` waves, the newest of each key, in order."""
    last = max(d["step"] for w in plan["waves"][:waves] for d in w["drops"])
    seen = [d for d in drops if d["step"] <= last and has_rows(d)]
    return [d for d in seen if not any(o["key"] == d["key"] and o["step"] > d["step"] for o in seen)]


def _silver(out: Path, drops: list[Plan], dataset: str) -> dict[Any, dict[str, str]]:
    state: dict[Any, dict[str, str]] = {}
    for drop in (d for d in drops if dataset_of(d) == dataset):
        state = {} if "/full/" in drop["key"] else state
        for number, (row, rules) in enumerate(read(out / drop["path"], dataset)):
            if not rules:
                state[row[KEY[dataset]] if dataset in KEY else (drop["key"], number)] = row
    return state


def test_every_drop_holds_what_the_plan_says(out: Path, drops: list[Plan]) -> None:
    for drop in drops:
        body = (out / drop["path"]).read_bytes()
        assert (len(body), hashlib.sha256(body).hexdigest()) == (drop["bytes"], drop["sha256"])
        if has_rows(drop):
            records = read(out / drop["path"], dataset_of(drop))
            bad = sum(1 for _, rules in records if rules)
            counts = {"rows_read": len(records), "rows_accepted": len(records) - bad, "rows_quarantined": bad}
            assert drop["expect"] == {"state": "LOADED", **counts, "reasons": reasons(records)}, drop["key"]


def test_every_rule_is_broken_somewhere(plan: Plan) -> None:
    broken = {rule for table in plan["totals"]["tables"].values() for rule in table["quarantine_by_rule"]}
    assert broken == RULES


@pytest.mark.parametrize("waves", [1, 2, 3, 4])
def test_tables_after_each_wave_follow_from_the_files(out: Path, plan: Plan, drops: list[Plan], waves: int) -> None:
    newest = _newest(drops, waves, plan)
    for dataset, table in plan["waves"][waves - 1]["tables"].items():
        records: list[Record] = [r for d in newest if dataset_of(d) == dataset for r in read(out / d["path"], dataset)]
        good = [r for r in records if not r[1]]
        silver = _silver(out, newest, dataset)
        assert table["bronze"] == len(good)
        assert table["quarantine"] == len(records) - len(good)
        assert table["quarantine_by_rule"] == reasons(records)
        assert table["silver"] == len(silver)
        for column, total in table["silver_sums"].items():
            assert sum(Decimal(r[column] or 0) for r in silver.values()) == Decimal(total)


def test_totals_are_the_tables_after_the_last_wave(plan: Plan) -> None:
    assert plan["totals"]["tables"] == plan["waves"][-1]["tables"]


@pytest.mark.parametrize("waves", [1, 2, 3, 4])
def test_books_follow_from_silver_before_and_after(out: Path, plan: Plan, drops: list[Plan], waves: int) -> None:
    wave = plan["waves"][waves - 1]
    for dataset, books in wave["books"].items():
        before = _silver(out, _newest(drops, waves - 1, plan), dataset) if waves > 1 else {}
        after = _silver(out, _newest(drops, waves, plan), dataset)
        assert books["rows_inserted"] == len(after.keys() - before.keys())
        assert books["rows_removed"] == len(before.keys() - after.keys())
        assert books["rows_read"] == books["rows_accepted"] + books["rows_quarantined"]
        assert books["rows_accepted"] == sum(books[fate] for fate in FATES)


def test_deltas_have_rows_of_every_fate(plan: Plan) -> None:
    for wave in plan["waves"][1:3]:
        for name in KEY:
            assert all(wave["books"][name][fate] > 0 for fate in FATES)


def test_an_overwrite_takes_rows_back(plan: Plan) -> None:
    books = plan["waves"][3]["books"]["healthcare.claims"]
    assert books["rows_removed"] > 0
    assert books["rows_updated"] > 0


def test_same_bytes_again_change_nothing(plan: Plan) -> None:
    for name in ("healthcare.patients", "healthcare.encounters"):
        books = plan["waves"][3]["books"][name]
        assert (books["rows_inserted"], books["rows_updated"], books["rows_removed"]) == (0, 0, 0)
        before, after = (plan["waves"][i]["tables"][name] for i in (2, 3))
        assert (before["silver"], before["silver_sums"]) == (after["silver"], after["silver_sums"])


def test_books_do_not_depend_on_how_a_wave_is_batched(plan: Plan) -> None:
    for wave in plan["waves"]:
        files = Counter(dataset_of(d) for d in wave["drops"] if has_rows(d))
        assert all(files[name] <= 1 for name in KEY)


def test_odd_files_are_all_there(out: Path, drops: list[Plan]) -> None:
    by_note = {d["note"].split(":")[0]: d for d in drops if not has_rows(d) and not d["marker"]}
    assert len(by_note) == 6
    with pytest.raises(UnicodeDecodeError):
        (out / by_note["unreadable"]["path"]).read_bytes().decode()
    assert by_note["zero bytes"]["bytes"] == 0
    assert by_note["folder marker, as a console makes it"]["key"].endswith("/")
    assert all(d["expect"]["state"] == ("IGNORED" if d["key"].endswith("/") else "QUARANTINED") for d in by_note.values())


def test_each_full_load_is_completed_by_its_marker(drops: list[Plan]) -> None:
    loads = [d["key"].rsplit("/", 1)[0] for d in drops if "/full/" in d["key"] and not d["marker"]]
    markers = [d["key"].removesuffix("/_SUCCESS") for d in drops if d["marker"]]
    assert loads == markers
    assert len(loads) == 3


def test_dailies_cover_header_generations_and_line_ends(out: Path, drops: list[Plan]) -> None:
    bodies = [(out / d["path"]).read_bytes() for d in drops if dataset_of(d) == "covid.jhu_daily"]
    headers = [body.split(b"\n", 1)[0].rstrip(b"\r").count(b",") + 1 for body in bodies]
    assert set(headers) == {6, 8, 12, 14}
    assert sum(b.startswith(b"\xef\xbb\xbf") for b in bodies) == 2
    assert sum(b"\r\n" in b for b in bodies) == 2
    assert any(b',"Ostmark, Federal",' in b for b in bodies)
    assert any(",-" in line.split('"')[0] for b in bodies for line in b.decode("utf-8", "replace").splitlines())
