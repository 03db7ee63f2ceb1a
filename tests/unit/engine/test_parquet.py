"""Parquet files: what is read, what is refused, and that none of it stops a batch."""

import datetime as dt
import io
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.unit.engine.rig import contract, load, stage, text, typed
from tidegate.contracts.contract import Column, Format, Kind, SchemaDrift
from tidegate.engine.forms import form_of
from tidegate.engine.segments import records_of
from tidegate.engine.values import FilePlan

PARQUET: dict[str, Any] = {"format": Format.PARQUET}
AB = contract(text("a", required=True), typed("b", Kind.INTEGER), **PARQUET)
GOOD = pa.table({"a": ["x"], "b": [1]})


def parquet(table: pa.Table, **options: object) -> bytes:
    """Return a table as a Parquet file."""
    out = io.BytesIO()
    pq.write_table(table, out, **options)
    return out.getvalue()


def one(tmp_path: Path, array: pa.Array, *columns: Column, **options: object) -> list[object]:
    """Return what an array as column `v` becomes in the contract's first column; the file is read whole."""
    outcome = load(tmp_path, contract(*(columns or (text("v"),)), **PARQUET), parquet(pa.table({"v": array}), **options))
    assert outcome.codes == [None]
    assert outcome.quarantined == []
    return [row[0] for row in outcome.accepted]


@pytest.mark.parametrize(
    ("array", "texts"),
    [
        (pa.array([-(2**63), 2**63 - 1]), ["-9223372036854775808", "9223372036854775807"]),
        (pa.array([2**64 - 1], pa.uint64()), ["18446744073709551615"]),
        (pa.array([5.0, -0.5, 1e-7, 1e22, 2.0**53]), ["5", "-0.5", "0.0000001", "10000000000000000000000.0", "9007199254740992.0"]),
        (pa.array([0.1, 2.0**24], pa.float32()), ["0.1", "16777216.0"]),
        (pa.array([1e300, float("nan"), float("-inf")]), ["1e+300", "nan", "-inf"]),
        (pa.array([1.5], pa.float16()), ["1.5"]),
        (pa.array([Decimal("0.000000001"), Decimal("-5.000000000")]), ["0.000000001", "-5.000000000"]),
        (pa.array([Decimal("1." + "3" * 50)], pa.decimal256(60, 50)), ["1." + "3" * 50]),
        (pa.array([True, False]), ["true", "false"]),
        (pa.array([dt.date(2021, 1, 31), dt.date(9999, 12, 31)]), ["2021-01-31", "9999-12-31"]),
        (pa.array([dt.time(9, 30), dt.time(9, 30, 0, 250000)]), ["09:30:00", "09:30:00.25"]),
        (pa.array([dt.datetime(2021, 1, 2, 3, 4, 5)]), ["2021-01-02T03:04:05"]),  # noqa: DTZ001 - without zone
        (pa.array([1], pa.timestamp("ns")), ["1970-01-01T00:00:00.000000001"]),
        (pa.array([0], pa.timestamp("us", "Europe/Berlin")), ["1970-01-01T00:00:00Z"]),
        (pa.array(["", "x\0y", "é"]), [None, "x\0y", "é"]),
        (pa.array(["x", None], pa.large_string()), ["x", None]),
        (pa.array([b"caf\xc3\xa9"]), ["café"]),
        (pa.array(["x", "y", "x"]).dictionary_encode(), ["x", "y", "x"]),
        (pa.nulls(2), [None, None]),
        (pa.array([b"0123456789abcdef"], pa.uuid()), ["30313233-3435-3637-3839-616263646566"]),
        (pa.array([[1, None], None, []]), ["[1,null]", None, "[]"]),
        (pa.array([{"k": 'q"', "n": 5.0, "t": dt.date(2021, 1, 2)}, None]), ['{"k":"q\\"","n":5,"t":"2021-01-02"}', None]),
        (pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int32())), ['{"k":1}', None]),
        (pa.array([[{"a": [Decimal("1.50")]}]]), ['[{"a":[1.50]}]']),
    ],
    ids=lambda value: str(value.type) if isinstance(value, pa.Array) else "",
)
def test_every_type_has_one_exact_text(tmp_path: Path, array: pa.Array, texts: list[str | None]) -> None:
    assert one(tmp_path, array) == texts


def test_int96_timestamp_beyond_nanoseconds_does_not_wrap_around(tmp_path: Path) -> None:
    far = pa.array([dt.datetime(9999, 12, 31, 1), dt.datetime(2021, 1, 2)])  # noqa: DTZ001 - without zone
    found = one(tmp_path, far, typed("v", Kind.TIMESTAMP), use_deprecated_int96_timestamps=True)
    assert found == far.to_pylist()


@pytest.mark.parametrize(
    ("kind", "array", "wanted"),
    [
        (Kind.INTEGER, pa.array([5.0, None]), [5, None]),
        (Kind.DECIMAL, pa.array([0.1, 2e-2]), [Decimal("0.10"), Decimal("0.02")]),
        (Kind.DATE, pa.array([dt.datetime(2021, 1, 2)]), [dt.date(2021, 1, 2)]),  # noqa: DTZ001 - without zone
        (Kind.TIMESTAMP, pa.array([dt.date(2021, 1, 2)]), [dt.datetime(2021, 1, 2)]),  # noqa: DTZ001 - without zone
        (Kind.TIMESTAMPTZ, pa.array([0], pa.timestamp("ms", "UTC")), [dt.datetime(1970, 1, 1, tzinfo=dt.UTC)]),
    ],
)
def test_value_of_another_type_is_taken_when_it_is_exactly_one(
    tmp_path: Path, kind: Kind, array: pa.Array, wanted: list[object]
) -> None:
    assert one(tmp_path, array, typed("v", kind)) == wanted


@pytest.mark.parametrize(
    ("kind", "array"),
    [
        (Kind.INTEGER, pa.array([5.5])),
        (Kind.INTEGER, pa.array([2.0**53])),  # may have been another number
        (Kind.INTEGER, pa.array([2**63], pa.uint64())),
        (Kind.INTEGER, pa.array([float("nan")])),
        (Kind.DOUBLE, pa.array([float("inf")])),
        (Kind.DECIMAL, pa.array([Decimal("0.001")])),
        (Kind.DATE, pa.array([dt.datetime(2021, 1, 2, 1)])),  # noqa: DTZ001 - without zone
        (Kind.DATE, pa.array([0], pa.timestamp("us", "UTC"))),
        (Kind.TIMESTAMP, pa.array([1], pa.timestamp("ns"))),
        (Kind.TIMESTAMP, pa.array([0], pa.timestamp("us", "UTC"))),
        (Kind.TIMESTAMPTZ, pa.array([0], pa.timestamp("us"))),
        (Kind.TIMESTAMP, pa.array([2**62], pa.timestamp("us"))),
    ],
)
def test_value_that_is_not_exactly_of_the_type_is_rejected(tmp_path: Path, kind: Kind, array: pa.Array) -> None:
    outcome = load(tmp_path, contract(typed("v", kind), **PARQUET), parquet(pa.table({"v": array})))
    assert outcome.rules == [[("type", "v")]]


def test_formats_are_for_texts_and_typed_values_do_not_need_them(tmp_path: Path) -> None:
    day = typed("day", Kind.DATE, formats=("d.M.yyyy",))
    at = typed("at", Kind.TIMESTAMP, formats=("d.M.yyyy HH:mm",))
    when = dt.datetime(2021, 1, 2, 3, 4)  # noqa: DTZ001 - without zone
    table = pa.table({"day": [dt.date(2021, 1, 2)], "at": [when]})
    texts = pa.table({"day": ["2.1.2021", "2021-01-02"], "at": ["2.1.2021 03:04", "2.1.2021 03:04"]})
    outcome = load(tmp_path, contract(day, at, **PARQUET), parquet(table), parquet(texts))
    assert [row[:2] for row in outcome.accepted] == [(dt.date(2021, 1, 2), when)] * 2
    assert outcome.rules == [[("type", "day")]]


def test_local_time_without_zone_is_read_in_the_default_time_zone(tmp_path: Path) -> None:
    at = typed("v", Kind.TIMESTAMPTZ, default_timezone="Europe/Berlin", formats=("d.M.yyyy HH:mm",))
    found = one(tmp_path, pa.array([dt.datetime(2021, 7, 1, 12)]), at)  # noqa: DTZ001 - without zone
    assert found == [dt.datetime(2021, 7, 1, 10, tzinfo=dt.UTC)]


def test_null_values_hold_for_typed_values_too(tmp_path: Path) -> None:
    column = typed("v", Kind.DOUBLE, null_values=("-999", "nan"))
    assert one(tmp_path, pa.array([-999.0, float("nan"), 1.0]), column) == [None, None, 1.0]


def damaged(content: bytes) -> bytes:
    """Return a file with other bytes in its first page."""
    return content[:30] + bytes(b ^ 0x5A for b in content[30:60]) + content[60:]


@pytest.mark.parametrize(
    ("content", "code", "message"),
    [
        (b"", "EMPTY_FILE", "no bytes"),
        (b"a,b\nx,1\n", "UNSUPPORTED_CONTENT", "text"),
        (b"PK\x03\x04" + bytes(40), "UNSUPPORTED_CONTENT", "zip"),
        (b"\x1f\x8b" + bytes(40), "UNSUPPORTED_CONTENT", "gzip"),
        (b"PARE" + bytes(40) + b"PARE", "UNSUPPORTED_CONTENT", "encrypted"),
        (b"PAR1" + bytes(40) + b"PARE", "UNSUPPORTED_CONTENT", "encrypted"),
        (b"PAR1PAR1", "UNREADABLE", "cut short"),
        (parquet(GOOD)[:-1], "UNREADABLE", "cut short"),
        (parquet(GOOD)[:-9] + b"\xff" * 5 + b"PAR1", "UNREADABLE", "damaged"),
        (damaged(parquet(GOOD, compression="snappy", write_page_checksum=True)), "UNREADABLE", "damaged"),
        (parquet(pa.table({"c": [1]})), "WRONG_HEADER", "missing columns: a"),
        (parquet(pa.table([pa.array(["x"]), pa.array(["y"])], ["a", "a"])), "DUPLICATE_HEADER", "a: give"),
        (parquet(pa.table([pa.array(["x"]), pa.array(["y"])], ["a", " a "])), "DUPLICATE_HEADER", "a: give"),
        (
            parquet(GOOD.append_column("k", pa.array([b"0123"], pa.binary(4)))),
            "UNSUPPORTED_TYPE",
            "column k has the Parquet type fixed",
        ),
        (parquet(GOOD.append_column("k", pa.array([1], pa.duration("us")))), "UNSUPPORTED_TYPE", "column k"),
        (parquet(GOOD.append_column("k", pa.array([b"\xff"]))), "UNSUPPORTED_TYPE", "column k holds bytes"),
        (parquet(GOOD.append_column("k", pa.array([[b"\xff"]]))), "UNSUPPORTED_TYPE", "column k holds bytes"),
    ],
)
def test_file_that_cannot_be_loaded_is_refused_and_the_batch_goes_on(
    tmp_path: Path, content: bytes, code: str, message: str
) -> None:
    outcome = load(tmp_path, AB, content, parquet(GOOD))
    assert outcome.codes == [code, None]
    refused = outcome.output.files[0].refused
    assert refused is not None
    assert message in refused.message
    assert [row[:2] for row in outcome.accepted] == [("x", 1)]


def test_file_without_a_column_is_refused(tmp_path: Path) -> None:
    outcome = load(tmp_path, AB, parquet(pa.table({})))
    assert outcome.codes == ["WRONG_HEADER"]


def test_file_that_turns_out_damaged_further_on_leaves_no_row(tmp_path: Path) -> None:
    rows = pa.table({"a": [f"{n:08}" for n in range(100_000)], "b": list(range(100_000))})
    content = bytearray(parquet(rows, row_group_size=10_000, compression="none", use_dictionary=False, write_page_checksum=True))
    content[len(content) * 2 // 3] ^= 0xFF
    outcome = load(tmp_path, AB, bytes(content), parquet(GOOD))
    assert outcome.codes == ["UNREADABLE", None]
    assert outcome.output.files[0].rows_read == 0
    assert [row[:2] for row in outcome.accepted] == [("x", 1)]


def test_record_whose_text_is_not_utf8_is_rejected_alone(tmp_path: Path) -> None:
    wrong = pa.array([b"ok", b"caf\xe9", b"ok"]).view(pa.string())
    outcome = load(tmp_path, AB, parquet(pa.table({"a": wrong, "b": [1, 2, 3]})))
    assert [row[:2] for row in outcome.accepted] == [("ok", 1), ("ok", 3)]
    assert outcome.quarantined == [("f0", 2, '{"a": "caf\\\\xe9", "b": "2"}', [("encoding", "")])]


def test_rejected_record_is_kept_as_json_of_its_own_row_only(tmp_path: Path) -> None:
    table = pa.table({"a": ["x", None, "z"], "b": pa.array([1, 2, 3]), 'odd "name"': ["p", "q", "r"]})
    outcome = load(tmp_path, AB, parquet(table))
    assert outcome.quarantined == [("f0", 2, '{"a": null, "b": "2", "odd \\"name\\"": "q"}', [("required", "a")])]


def test_file_without_rows_is_accepted(tmp_path: Path) -> None:
    outcome = load(tmp_path, AB, parquet(GOOD.slice(0, 0)))
    assert (outcome.file.rows_read, outcome.file.refused, outcome.output.accepted) == (0, None, None)


def test_rows_of_an_empty_row_group_and_of_many_small_files_are_counted_once(tmp_path: Path) -> None:
    out = io.BytesIO()
    with pq.ParquetWriter(out, GOOD.schema) as writer:
        for rows in (GOOD, GOOD.slice(0, 0), GOOD):
            writer.write_table(rows)
    outcome = load(tmp_path, AB, out.getvalue(), *[parquet(GOOD)] * 20)
    assert [f.rows_read for f in outcome.output.files] == [2] + [1] * 20
    assert [row[2:] for row in outcome.accepted] == [("f0", 1), ("f0", 2), *((f"f{n}", 1) for n in range(1, 21))]


STRUCT = pa.table({"id": ["1"], "o": [{"a": {"b": 7, "c": "x"}, "d": True}]})


@pytest.mark.parametrize(
    ("columns", "drift", "accepted"),
    [
        ((text("id"), typed("b", Kind.INTEGER, sources=("o.a.b",))), SchemaDrift.IGNORE, ("1", 7)),
        ((text("id"), text("o")), SchemaDrift.IGNORE, ("1", '{"a":{"b":7,"c":"x"},"d":true}')),
        ((text("id"), text("o"), text("c", sources=("o.a.c",))), SchemaDrift.IGNORE, ("1", '{"a":{"b":7,"c":"x"},"d":true}', "x")),
        ((text("id"), text("b", sources=("o.a.b",))), SchemaDrift.EVOLVE, ("1", "7", "x", "true")),
        ((text("id"),), SchemaDrift.EVOLVE, ("1", '{"a":{"b":7,"c":"x"},"d":true}')),
    ],
)
def test_member_of_a_struct_has_a_path(
    tmp_path: Path, columns: tuple[Column, ...], drift: SchemaDrift, accepted: tuple[object, ...]
) -> None:
    outcome = load(tmp_path, contract(*columns, schema_drift=drift, **PARQUET), parquet(STRUCT))
    assert [row[:-2] for row in outcome.accepted] == [accepted]


def test_member_of_a_struct_that_is_null_is_null(tmp_path: Path) -> None:
    of = contract(text("b", sources=("o.b",)), **PARQUET)
    outcome = load(tmp_path, of, parquet(pa.table({"o": pa.array([{"b": "x"}, None])})))
    assert [row[0] for row in outcome.accepted] == ["x", None]


@pytest.mark.parametrize(
    ("drift", "codes"),
    [(SchemaDrift.IGNORE, [None]), (SchemaDrift.QUARANTINE, ["UNEXPECTED_COLUMNS"]), (SchemaDrift.EVOLVE, [None])],
)
def test_column_that_the_contract_does_not_name_follows_the_drift_policy(
    tmp_path: Path, drift: SchemaDrift, codes: list[str | None]
) -> None:
    outcome = load(tmp_path, contract(text("a"), schema_drift=drift, **PARQUET), parquet(pa.table({"a": ["x"], "New One": [1.0]})))
    assert outcome.codes == codes
    wanted = {SchemaDrift.IGNORE: [("x", "f0", 1)], SchemaDrift.QUARANTINE: [], SchemaDrift.EVOLVE: [("x", "1", "f0", 1)]}
    assert outcome.accepted == wanted[drift]


def test_column_that_is_ignored_is_not_read_and_may_be_of_any_type(tmp_path: Path) -> None:
    table = pa.table({"a": ["x", None], "b": [1, 2], "k": pa.array([b"0123", b"4567"], pa.binary(4))})
    of = contract(*AB.columns, schema_drift=SchemaDrift.IGNORE, **PARQUET)
    outcome = load(tmp_path, of, parquet(table))
    assert [row[:2] for row in outcome.accepted] == [("x", 1)]
    assert outcome.quarantined[0][2] == '{"a": null, "b": "2"}'


def test_rows_are_counted_when_no_column_of_the_file_is_taken(tmp_path: Path) -> None:
    keyed, constant = text("n", from_key=r"([0-9]+)\.csv$", sources=()), text("c", constant="k", sources=())
    of = contract(keyed, constant, schema_drift=SchemaDrift.IGNORE, **PARQUET)
    outcome = load(tmp_path, of, parquet(pa.table({"z": [1, 2]})))
    assert outcome.accepted == [("0", "k", "f0", 1), ("0", "k", "f0", 2)]


def test_columns_without_a_name_are_told_apart_or_refused(tmp_path: Path) -> None:
    unnamed = pa.table([pa.array(["x"]), pa.array(["y"])], ["a", ""])
    twice = pa.table([pa.array(["x"]), pa.array(["y"]), pa.array(["z"])], ["a", "", " "])
    outcome = load(tmp_path, contract(text("a"), **PARQUET), parquet(unnamed), parquet(twice))
    assert outcome.codes == [None, "DUPLICATE_HEADER"]
    assert outcome.accepted == [("x", "y", "f0", 1)]


def test_three_thousand_columns_are_read(tmp_path: Path) -> None:
    table = pa.table({f"c{n}": [n, n + 1] for n in range(3000)})
    of = contract(text("c0"), typed("c2999", Kind.INTEGER), schema_drift=SchemaDrift.IGNORE, **PARQUET)
    outcome = load(tmp_path, of, parquet(table))
    assert outcome.accepted == [("0", 2999, "f0", 1), ("1", 3000, "f0", 2)]


def test_more_columns_than_anybody_needs_are_refused(tmp_path: Path) -> None:
    outcome = load(tmp_path, contract(text("c0"), **PARQUET), parquet(pa.table({f"c{n}": [n] for n in range(10_001)})))
    assert outcome.codes == ["TOO_LARGE"]


def test_long_value_that_a_dictionary_repeats_is_decoded_a_few_rows_at_a_time(tmp_path: Path) -> None:
    of = contract(text("a"), schema_drift=SchemaDrift.IGNORE, **PARQUET)
    long = pa.DictionaryArray.from_arrays(pa.array([0] * 20_000, pa.int32()), pa.array(["x" * 50_000]))
    content = parquet(pa.table({"a": long}))
    assert len(content) < 200_000
    form, (file,) = form_of(of), stage(tmp_path, [content])
    before, rows = pa.total_allocated_bytes(), 0
    for segment in form.segments([(0, FilePlan(file, form.header(file)))], 1 << 20, {}):
        assert pa.total_allocated_bytes() - before < 1 << 28  # of a gigabyte of text
        rows += records_of(segment)
    assert rows == 20_000
