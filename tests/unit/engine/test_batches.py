"""Batches: order, numbering, lineage, field ids, repeatability."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.unit.engine.rig import KEY, contract, field_ids, load, read, stage, text, typed
from tidegate.contracts.contract import Column, ColumnType, Kind
from tidegate.engine import Keyring, Limits, StagedFile, rowset, run
from tidegate.errors import BooksUnbalanced

OF = contract(text("a"), typed("n", Kind.INTEGER))


def test_rows_come_in_the_order_of_files_and_records_those_of_one_header_together(tmp_path: Path) -> None:
    contents = [b"a,n\n" + b"".join(b"%d,%d\n" % (f, r) for r in range(1, 4)) for f in range(6)]
    contents[1] = b"n,a\n1,1\n2,1\n3,1\n"
    contents[4] = b"n,a\n1,4\n2,4\n3,4\n"
    outcome = load(tmp_path, OF, *contents, threads=4)
    assert outcome.accepted == [(str(f), r, f"f{f}", r) for f in (0, 2, 3, 5, 1, 4) for r in range(1, 4)]


def test_batch_whose_files_are_all_gone_or_refused_ends_without_a_row(tmp_path: Path) -> None:
    day = Column("day", typed("day", Kind.DATE).type, from_key=r"(\d{4}-\d\d-\d\d)\.csv$", formats=("yyyy-MM-dd",))
    seen = typed("seen", Kind.TIMESTAMPTZ, formats=("yyyy-MM-dd HH:mm",), default_timezone="Etc/UTC")
    for number, contents in enumerate([[], [b""], [b"x\n1\n"]]):
        folder = tmp_path / str(number)
        folder.mkdir()
        outcome = load(folder, contract(text("a"), day, seen), *contents, keys=["2020-01-02.csv"] * len(contents))
        assert (outcome.accepted, outcome.quarantined) == ([], [])
        assert len(outcome.codes) == len(contents)
        assert None not in outcome.codes


def test_many_row_groups_keep_their_order(tmp_path: Path) -> None:
    content = b"a,n\n" + b"".join(b"x,%d\n" % r for r in range(1, 300_001))
    outcome = load(tmp_path, OF, content, threads=4)
    assert [row[-1] for row in outcome.accepted] == list(range(1, 300_001)) == [row[1] for row in outcome.accepted]


def test_same_input_gives_the_same_rows(tmp_path: Path) -> None:
    contents = [b"a,n\n1,1\nx\n2,y\n", b"n,a\n5,5\n"]
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    one, two = (load(tmp_path / name, OF, *contents, threads=2) for name in ("one", "two"))
    assert (one.accepted, one.quarantined) == (two.accepted, two.quarantined)


def test_lineage_is_on_every_row(tmp_path: Path) -> None:
    names = "_object_key, _version_id, _file_id, _record, _arrival, _load_id, _run_id, _contract_version"
    (file,) = stage(tmp_path, [b"a,n\n1,1\n2,x\n"])
    file = StagedFile(file.file_id, file.key, file.version_id, file.arrival, file.path, load_id="jan")
    options = {"field_ids": field_ids(OF), "keyring": Keyring("k", KEY), "run_id": "r9", "limits": Limits(256)}
    output = run(OF, [file], workdir=tmp_path / "work", **options)  # type: ignore[arg-type]
    lineage = ("shop/sales/delta/0.csv", "v0", "f0")
    rest = ("2026-01-01#000000", "jan", "r9", "1.2.0")
    assert read(output.accepted, names) == [(*lineage, 1, *rest)]
    assert read(output.quarantined, names) == [(*lineage, 2, *rest)]
    assert sorted(p.name for p in (tmp_path / "work").iterdir()) == ["accepted.parquet", "quarantined.parquet"]


def test_parquet_carries_iceberg_types_and_field_ids(tmp_path: Path) -> None:
    kinds = [typed(kind.value, kind) for kind in Kind]
    of = contract(*kinds)
    header = ",".join(k.value for k in Kind)
    outcome = load(
        tmp_path,
        of,
        f"{header}\n".encode() + b"a,1,1.5,1.5,true,2021-01-01,10:00,2021-01-01 10:00,2021-01-01 10:00Z,[],{}\n,x,,,,,,,,,\n",
    )
    assert outcome.output.accepted is not None
    assert outcome.output.quarantined is not None
    schema = pq.read_schema(outcome.output.accepted)
    types = [
        "string",
        "int64",
        "decimal128(10, 2)",
        "double",
        "bool",
        "date32[day]",
        "time64[us]",
        "timestamp[us]",
        "timestamp[us, tz=UTC]",
        "string",
        "string",
    ]
    assert [str(schema.field(k.value).type) for k in Kind] == types
    ids = {field.name: int(field.metadata[b"PARQUET:field_id"]) for field in schema}
    assert ids == field_ids(of)["bronze"]
    reasons = pq.read_schema(outcome.output.quarantined).field("reasons")
    element = reasons.type.value_field
    found = [f.metadata[b"PARQUET:field_id"] for f in (reasons, element, element.type.field("rule"), element.type.field("column"))]
    assert [int(f) for f in found] == [110, 111, 112, 113]


def test_missing_field_id_is_said_before_anything_is_written(tmp_path: Path) -> None:
    files = stage(tmp_path, [b"a,n\n1,1\n"])
    ids = {"bronze": {"a": 1}, "quarantine": {}}
    with pytest.raises(ValueError, match="no field ids for n, _object_key"):
        run(OF, files, field_ids=ids, keyring=Keyring("k", KEY), run_id="r", workdir=tmp_path / "w", limits=Limits(256))


def test_lost_row_fails_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rowset, "count_by_file", lambda *_: {"f0": 1})
    with pytest.raises(BooksUnbalanced, match="f0: 3 rows read"):
        load(tmp_path, contract(text("a")), b"a\n1\n2\n3\n")


def test_names_are_data(tmp_path: Path) -> None:
    evil = "x\"'; DROP TABLE files; --"
    column = Column(evil, ColumnType(Kind.STRING), sources=(evil,), valid_values=("it's",))
    header = '"' + evil.replace('"', '""') + '",b'
    outcome = load(tmp_path, contract(column, text("b")), f"{header}\nit's,1\nno,2\n".encode(), keys=["it's/a\"key.csv"])
    assert outcome.accepted == [("it's", "1", "f0", 1)]
    assert outcome.rules == [[("valid_values", evil)]]


def test_a_thousand_files_cost_one_read(tmp_path: Path) -> None:
    contents = [
        b"a,n\n" + b"".join(b"%d,%d\n" % (f, r) for r in range(3)) + (b"bad\n" if f % 100 == 0 else b"") for f in range(1000)
    ]
    outcome = load(tmp_path, OF, *contents)
    assert len(outcome.accepted) == 3000
    assert [(f, n) for f, n, *_ in outcome.quarantined] == [(f"f{f}", 4) for f in range(0, 1000, 100)]


def test_contract_whose_columns_all_come_from_the_key_loads_every_record(tmp_path: Path) -> None:
    day = Column("day", ColumnType(Kind.DATE), from_key=r"([0-9-]+)\.csv$")
    outcome = load(tmp_path, contract(day, schema_drift="ignore"), b"a\n1\n2\n", keys=["2020-01-02.csv"])
    assert [(str(row[0]), row[-1]) for row in outcome.accepted] == [("2020-01-02", 1), ("2020-01-02", 2)]
