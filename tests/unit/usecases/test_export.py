"""Exported records are what the sender sent, byte for byte: run through the engine, and compared with the lines of the file."""

import gzip
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fakes import FakeObjects
from tests.unit.model.test_corrections import record
from tests.unit.tables.lake import KEYRING, LIMITS
from tidegate.contracts.contract import Column, ColumnType, Contract, CsvFormat, Format, JsonFormat, Kind, LoadMode
from tidegate.errors import NotFound, Permanent
from tidegate.tables.rejects import Wanted, opened
from tidegate.tables.workshop import LocalWorkshop
from tidegate.usecases.export import check_format, corrected_form, form_of, lines_form, names_of, reasons_of
from tidegate.usecases.trial import stage, trial

KEY = "shop/sales/delta/2026/day.csv"


def contract(*, keeps_raw: bool = True, **csv: str) -> Contract:
    columns = (
        Column("id", ColumnType(Kind.STRING), sources=("id", "the\nid"), primary_key=True),
        Column("amount", ColumnType(Kind.INTEGER), sources=("amount",)),
        Column("name", ColumnType(Kind.STRING), sources=("name",)),
    )
    return Contract("shop", "sales", "1.0.0", "0" * 64, columns, LoadMode.APPEND, csv=CsvFormat(**csv), keeps_raw=keeps_raw)


def exported(body: bytes, folder: Path, of: Contract) -> tuple[bytes, list[tuple[int, int, str, str]]]:
    """Run a file through the engine; return what would be exported of it, and the reasons."""
    landing = FakeObjects()
    landing.put(KEY, body, "v1")
    path = folder / "day.csv"
    path.write_bytes(body)
    room = folder / "room"
    room.mkdir()
    tried = trial(of, stage(of, [path], KEY), LocalWorkshop(room, LIMITS, KEYRING))
    assert tried.output.quarantined, tried.output.files
    with opened([tried.output.quarantined], room, LIMITS) as rejects:
        form = lines_form(KEY, of) if of.format is Format.JSON else form_of(record(key=KEY), of.csv, landing)
        made = b"".join(corrected_form(form, rejects.records(Wanted(), raw=True)))
        return made, list(reasons_of(rejects.records(Wanted(), raw=False)))


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (b"id,amount,name\n1,1,a\n2,x,b\n3,3,c\n", b"id,amount,name\n2,x,b\n"),
        (b"id,amount,name\r\n1,1,a\r\n2,x,b\r\n3,y,c", b"id,amount,name\r\n2,x,b\r\n3,y,c\r\n"),
        (b'\xef\xbb\xbf"id", amount ,name\n2,x,"b\nb ""q"""\n', b'\xef\xbb\xbf"id", amount ,name\n2,x,"b\nb ""q"""\n'),
        (b'"the\nid",amount,name\n1,1,a\n2,x,b\n', b'"the\nid",amount,name\n2,x,b\n'),
        ("id,amount,name\n1,1,ü\n2,x,漢\n".encode(), "id,amount,name\n2,x,漢\n".encode()),
        (
            b"id,amount,name\n1,1,a\n2,2,\xe9t\xe9\n,,\\xe9\n",
            b"id,amount,name\n2,2,\xe9t\xe9\n,,\\xe9\n",
        ),  # bytes that are no UTF-8
    ],
    ids=["lf", "crlf", "bom", "quoted-header", "utf-8", "undecodable"],
)
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_header_and_rejected_records_come_out_byte_for_byte(tmp_path: Path, body: bytes, wanted: bytes, *, packed: bool) -> None:
    made, _ = exported(gzip.compress(body) if packed else body, tmp_path, contract())
    assert made == wanted


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16", "utf-16-le"])
def test_declared_encodings_come_out_as_they_came(tmp_path: Path, encoding: str) -> None:
    text = "id;amount;name\r\n1;1;é\r\n2;x;é\r\n"
    made, _ = exported(text.encode(encoding), tmp_path, contract(encoding=encoding, delimiter=";"))
    assert made == "id;amount;name\r\n2;x;é\r\n".encode(encoding)


def test_bytes_that_the_declared_encoding_does_not_have_come_out_as_they_came(tmp_path: Path) -> None:
    made, _ = exported(b"id,amount,name\n1,1,\xe9\n2,2,\xe9\x81\n", tmp_path, contract(encoding="cp1252"))
    assert made == b"id,amount,name\n2,2,\xe9\x81\n"


def test_every_reason_names_the_row_of_the_export_and_the_record_of_the_original(tmp_path: Path) -> None:
    _, reasons = exported(b"id,amount,name\n1,1,a\n,x,b\n3,3,c\n4,y,d\n", tmp_path, contract())
    assert sorted(reasons) == [(1, 2, "primary_key", "id"), (1, 2, "type", "amount"), (2, 4, "type", "amount")]


def test_an_object_that_is_gone_is_an_error_that_says_so() -> None:
    with pytest.raises(NotFound, match="gone from the landing bucket"):
        form_of(record(key=KEY), CsvFormat(), FakeObjects())


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("day.csv", ("day.00000000.rejected.csv", "day.00000000.reasons.csv")),
        ("day.csv.GZ", ("day.00000000.rejected.csv", "day.00000000.reasons.csv")),
        ("day", ("day.00000000.rejected", "day.00000000.reasons.csv")),
    ],
)
def test_names_are_of_the_original_and_its_version(name: str, wanted: tuple[str, str]) -> None:
    assert names_of(record(key=f"shop/sales/delta/{name}")) == wanted


def test_rejects_are_narrowed_by_rule_and_file(tmp_path: Path) -> None:
    of = contract()
    path = tmp_path / "day.csv"
    path.write_bytes(b"id,amount,name\n,1,a\n2,x,b\n,y,c\n")
    room = tmp_path / "room"
    room.mkdir()
    tried = trial(of, stage(of, [path], KEY), LocalWorkshop(room, LIMITS, KEYRING))
    assert tried.output.quarantined
    with opened([tried.output.quarantined], room, LIMITS) as rejects:
        assert [r.record for r in rejects.records(Wanted(rule="type"), raw=False)] == [2, 3]
        assert [r.record for r in rejects.records(Wanted(), raw=False, limit=1, skip=1)] == [2]
        assert rejects.count(Wanted(file_ids=())) == 0
        assert {r.raw for r in rejects.records(Wanted(), raw=False)} == {None}


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (b'{"id":1,"amount":1}\n{"id":2,"amount":"x"}\n{"id":3', b'{"id":2,"amount":"x"}\n{"id":3\n'),
        (b'[{"id":1,"amount":1},{"id":2,\r\n "amount":"x"}]', b'{"id":2,  "amount":"x"}\n'),
        (b'{"id":1}\n{"id":2,"name":"\xe9"}\n', b'{"id":2,"name":"\xe9"}\n'),
    ],
    ids=["lines", "array over several lines", "undecodable"],
)
def test_json_records_go_out_one_on_each_line(body: bytes, wanted: bytes, tmp_path: Path) -> None:
    assert exported(body, tmp_path, replace(contract(), format=Format.JSON))[0] == wanted


def test_utf16_json_has_its_mark_and_comes_back(tmp_path: Path) -> None:
    of = replace(contract(encoding="utf-16"), format=Format.JSON)
    made, _ = exported('{"id":1,"amount":"x"}\n'.encode("utf-16"), tmp_path, of)
    assert made.decode("utf-16") == '{"id":1,"amount":"x"}\n'


@pytest.mark.parametrize("form", [JsonFormat(delimiter="array"), JsonFormat(records="entry[*].resource")])
def test_json_records_that_cannot_be_read_alone_are_not_exported_as_lines(form: JsonFormat) -> None:
    with pytest.raises(Permanent, match="whole file"):
        lines_form(KEY, replace(contract(), format=Format.JSON, json=form))


def test_records_without_text_are_not_exported_as_empty_ones(tmp_path: Path) -> None:
    with pytest.raises(Permanent, match=r"record 2 \(quarantineRaw: none\): correct the whole file"):
        exported(b"id,amount,name\n1,1,a\n2,x,b\n", tmp_path, contract(keeps_raw=False))


@pytest.mark.parametrize("format_", [Format.PARQUET, Format.EXCEL])
def test_records_that_are_no_text_are_not_exported_as_a_file_that_nobody_could_send(format_: Format) -> None:
    with pytest.raises(Permanent, match=f"comes as {format_}.*correct the whole file"):
        check_format(replace(contract(), format=format_))
    check_format(contract())
