"""Drift: what is told when headers change, what new columns become, and what is never told."""

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from tests.unit.contracts.test_shipped import contract as shipped
from tests.unit.contracts.test_shipped import needs_data, sample_files
from tests.unit.engine.rig import contract, load, stage, text, typed
from tidegate.contracts.contract import Contract, Kind, SchemaDrift
from tidegate.engine import StagedFile, inspect
from tidegate.engine.drift import drift_of
from tidegate.errors import BatchRefused
from tidegate.model.drift import MAX_DRIFT, DriftKind, Header

AB = contract(text("a", required=True), text("b", sources=("b", "B/2")), text("c"))
MARKER = "Zoe Quux-4711"


def told(of: Contract, folder: Path, *contents: bytes) -> list[tuple[str, str, str, str, int]]:
    events, _ = drift_of(of, files := stage(folder, contents), inspect(of, files), Header())
    return [(e.kind.value, e.column, e.source, e.detail, e.files) for e in events]


def test_first_file_is_compared_with_the_contract(tmp_path: Path) -> None:
    assert told(AB, tmp_path, b"a,b,New One\n") == [("added", "new_one", "New One", "string", 1), ("missing", "c", "", "", 1)]


def test_file_as_the_one_before_tells_nothing(tmp_path: Path) -> None:
    assert told(AB, tmp_path, b"a,b,c,x\n", b"a,b,c,x\n", b"a,b,c,x\n") == [("added", "x", "x", "string", 1)]


def test_each_change_is_told_with_the_first_file_that_has_it(tmp_path: Path) -> None:
    found = told(AB, tmp_path, b"a,b,c\n", b"a,B/2,c\n", b"c,a,B/2\n", b"a,b\n", b"a,b,c\n", b"a,B/2,c\n")
    assert found == [
        ("renamed", "b", "B/2", "b", 2),
        ("reordered", "", "", "", 1),
        ("renamed", "b", "b", "B/2", 1),
        ("missing", "c", "c", "", 1),
    ]


def test_column_that_comes_goes_and_comes_again(tmp_path: Path) -> None:
    found = told(AB, tmp_path, b"a,b,c,x\n", b"a,b,c\n", b"a,b,c,x\n")
    assert found == [("added", "x", "x", "string", 2), ("missing", "", "x", "", 1)]
    outcome = load(tmp_path, AB, b"a,b,c,x\n1,2,3,4\n", b"a,b,c\n1,2,3\n", b"a,b,c,x\n1,2,3,5\n")
    assert sorted((row[4], row[3]) for row in outcome.accepted) == [("f0", "4"), ("f1", None), ("f2", "5")]


def test_replay_of_older_files_tells_nothing_again(tmp_path: Path) -> None:
    files = stage(tmp_path, [b"a,b,c,x\n", b"a,b,c\n"])
    _, header = drift_of(AB, files, inspect(AB, files), Header())
    assert header == Header(("a", "b", "c"), files[1].arrival, "1.2.0")
    assert drift_of(AB, files, inspect(AB, files), header) == ((), header)


def test_another_contract_version_tells_everything_anew(tmp_path: Path) -> None:
    files = stage(tmp_path, [b"a,b,c,x\n"])
    _, header = drift_of(AB, files, inspect(AB, files), Header())
    again = replace(AB, version="1.3.0", schema_drift=SchemaDrift.IGNORE)
    events, _ = drift_of(again, files, inspect(again, files), header)
    assert [(e.kind, e.source) for e in events] == [(DriftKind.IGNORED, "x")]


def test_refused_file_is_drift_too_and_is_not_what_the_next_is_compared_with(tmp_path: Path) -> None:
    strict = replace(AB, schema_drift=SchemaDrift.QUARANTINE)
    found = told(strict, tmp_path, b"a,b,c\n", b"a,b,c,x\n", b"b,c\n", b"a,b,c\n")
    assert found == [("refused", "", "", "UNEXPECTED_COLUMNS", 1), ("refused", "", "", "WRONG_HEADER", 1)]


def test_file_that_is_refused_for_its_rows_is_no_drift(tmp_path: Path) -> None:
    assert told(AB, tmp_path, b"") == []


def test_many_new_columns_are_at_most_so_many_events(tmp_path: Path) -> None:
    known = [f"k{n}" for n in range(70)]
    header = ",".join([*known, *(f"x{n}" for n in range(60))])
    found = told(contract(*(text(name) for name in known)), tmp_path, f"{header}\n".encode())
    assert len(found) == MAX_DRIFT


def test_header_that_is_larger_than_the_ledger_likes_is_not_remembered() -> None:
    assert Header(tuple(f"column{n}" for n in range(1001)), "1", "2").kept == Header((), "1", "2")
    assert Header(("x" * 30_001,), "1", "2").kept.names == ()
    assert Header(("x",), "1", "2").kept.names == ("x",)


def test_names_that_may_be_values_are_counted(tmp_path: Path) -> None:
    of = contract(*(text(n) for n in "abcdefg"), schema_drift=SchemaDrift.IGNORE)
    found = told(of, tmp_path, b"a,b,c,d,e,f,g,1/22/20\n", b"a,b,c,d,e,f,g,1/22/20,1/23/20\n", b"a,b,c,d,e,f,g,1/22/20,1/23/20\n")
    assert found == [("ignored", "", "(1 more)", "", 2)]


# New columns and their types

HINTS = replace(AB, drift_types=(("*_date", Kind.DATE), ("Score?", Kind.INTEGER), ("*", Kind.STRING)))


def test_new_column_has_the_declared_type_and_what_does_not_fit_is_rejected(tmp_path: Path) -> None:
    outcome = load(tmp_path, HINTS, b"a,b,c,Birth Date,Score1,z\n1,2,3,2020-02-29,7,x\n1,2,3,soon,7,x\n1,2,3,,,\n")
    assert [c.type.kind for c in outcome.output.extra_columns] == [Kind.DATE, Kind.INTEGER, Kind.STRING]
    assert [row[3:6] for row in outcome.accepted] == [(date(2020, 2, 29), 7, "x"), (None, None, None)]
    assert outcome.rules == [[("type", "birth_date")]]


def test_new_column_is_told_with_its_type(tmp_path: Path) -> None:
    assert told(HINTS, tmp_path, b"a,b,c,last_date\n") == [("added", "last_date", "last_date", "date", 1)]


def test_new_column_whose_name_is_taken_gets_one_of_its_own(tmp_path: Path) -> None:
    outcome = load(tmp_path, contract(text("a", sources=("Key",)), text("b")), b"Key,b,a\n1,2,3\n")
    (brought,) = outcome.output.extra_columns
    assert brought.name.startswith("a_")
    assert brought.sources == ("a",)
    assert outcome.accepted[0][:3] == ("1", "2", "3")


def test_later_contract_that_names_the_column_as_drift_called_it_reads_the_same(tmp_path: Path) -> None:
    drifted = load(tmp_path, AB, b"a,b,c,New One\n1,2,3,4\n")
    named = contract(*AB.columns, text("new_one", sources=("New One",)))
    again = load(tmp_path, named, b"a,b,c,New One\n1,2,3,4\n")
    assert again.output.extra_columns == ()
    assert again.accepted == drifted.accepted


# Nothing of a person in what is told


@pytest.mark.parametrize("policy", list(SchemaDrift))
@pytest.mark.parametrize(
    "line",
    [f"{MARKER},Boston,1980-01-01", f"{MARKER},{MARKER},7", "Zoe Quux,Boston,Boston", f"{MARKER},b,x", "b,Zoe Quux,Zoe Quux"],
)
def test_first_record_of_a_file_without_header_is_in_no_message(tmp_path: Path, policy: SchemaDrift, line: str) -> None:
    loose = contract(text("a"), text("b"), text("c"), schema_drift=policy)
    files = stage(tmp_path, [f"{line}\n{line}\n".encode()])
    for of in (loose, replace(AB, schema_drift=policy)):
        try:
            found = inspect(of, files)
        except BatchRefused as error:
            said = str(error)
        else:
            said = repr((found.refused, drift_of(of, files, found, Header())[0]))
        assert not [value for value in ("Zoe", "Quux", "4711", "Boston", "1980") if value in said], said


def test_names_of_a_header_are_shown(tmp_path: Path) -> None:
    strict = replace(AB, schema_drift=SchemaDrift.QUARANTINE)
    outcome = load(tmp_path, strict, b"a,b,c,Sub-Group,1/22/20\n", b"a,b,b,c\n")
    first, second = (f.refused.message for f in outcome.output.files if f.refused)
    assert "Sub-Group, (column 5): add" in first
    assert "more than once: b: give" in second


def test_failed_batch_names_the_key(tmp_path: Path) -> None:
    with pytest.raises(BatchRefused, match=r"^shop/sales/delta/0.csv: .*: z$"):
        inspect(replace(AB, schema_drift=SchemaDrift.FAIL), stage(tmp_path, [b"a,b,c,z\n"]))


# Real files


def real(paths: Sequence[Path], dataset: str, folder: Path) -> list[StagedFile]:
    below = f"{dataset.replace('.', '/')}/delta/"
    staged = stage(folder, [p.read_bytes() for p in paths], [below + p.name for p in paths])
    return sorted(staged, key=lambda f: f.key)


@needs_data
def test_the_four_generations_of_jhu_are_three_changes(tmp_path: Path) -> None:
    of = shipped("covid.jhu_daily")
    files = real(sorted(sample_files("covid.jhu_daily")), "covid.jhu_daily", tmp_path)
    inspection = inspect(of, files)
    events, header = drift_of(of, files, inspection, Header())
    assert (inspection.refused, inspection.extra_columns) == ({}, ())
    renamed = {(e.column, e.detail, e.source, e.key.rpartition("/")[2]) for e in events if e.kind is DriftKind.RENAMED}
    assert renamed == {
        ("province_state", "Province/State", "Province_State", "03-22-2020.csv"),
        ("country_region", "Country/Region", "Country_Region", "03-22-2020.csv"),
        ("last_update", "Last Update", "Last_Update", "03-22-2020.csv"),
        ("latitude", "Latitude", "Lat", "03-22-2020.csv"),
        ("longitude", "Longitude", "Long_", "03-22-2020.csv"),
    }
    missing = {e.column: e.key.rpartition("/")[2] for e in events if e.kind is DriftKind.MISSING}
    assert set(missing.values()) == {"01-22-2020.csv"}
    assert {"fips", "latitude", "incident_rate"} <= set(missing)
    assert {e.kind for e in events} == {DriftKind.RENAMED, DriftKind.MISSING}
    assert header.names[-2:] == ("Incidence_Rate", "Case-Fatality_Ratio")


@needs_data
def test_columns_that_synthea_inserts_in_the_middle_move_no_other(tmp_path: Path) -> None:
    """Later releases of Synthea put MIDDLE, FIPS and INCOME between columns that were there."""
    inserted = {"MIDDLE": ("FIRST", "Quincy"), "FIPS": ("COUNTY", "25017"), "INCOME": ("LON", "52000")}
    whole = shipped("healthcare.patients")
    columns = tuple(c for c in whole.columns if not set(inserted) & set(c.sources))
    older = replace(whole, columns=columns, schema_drift=SchemaDrift.EVOLVE, drift_types=(("income", Kind.INTEGER),))
    (path,) = sample_files("healthcare.patients")
    header, *records = csv.reader(path.read_text("utf-8").splitlines())
    wide = io.StringIO()
    for number, record in enumerate([header, *records]):
        for name, (before, value) in inserted.items():
            record.insert(header.index(before) + 1, value if number else name)
        csv.writer(wide, lineterminator="\n").writerow(record)
    old, new = load(tmp_path, older, path.read_bytes()), load(tmp_path, older, wide.getvalue().encode())
    assert [(c.name, c.type.kind) for c in new.output.extra_columns] == [
        ("middle", Kind.STRING),
        ("fips", Kind.STRING),
        ("income", Kind.INTEGER),
    ]
    assert len(old.accepted) == len(records)
    assert [row[: len(columns)] for row in new.accepted] == [row[: len(columns)] for row in old.accepted]
    assert {row[len(columns) : -2] for row in new.accepted} == {("Quincy", "25017", 52000)}


def test_typed_column_of_a_contract_is_not_a_hint(tmp_path: Path) -> None:
    of = contract(typed("day", Kind.DATE), drift_types=(("*day*", Kind.INTEGER),))
    outcome = load(tmp_path, of, b"day,payday\n2020-01-01,5\n")
    assert outcome.accepted[0][:2] == (date(2020, 1, 1), 5)
