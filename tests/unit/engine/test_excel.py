"""Excel workbooks: what is a record, what a cell is worth, and what is refused."""

import datetime as dt
import io
import re
import warnings
import zipfile
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.unit.engine.rig import contract, load, text, typed
from tidegate.contracts.contract import Format, Kind, SchemaDrift
from tidegate.engine import workbooks

EXCEL: dict[str, Any] = {"format": Format.EXCEL}
AB = contract(text("a", required=True), typed("b", Kind.INTEGER), **EXCEL)


def workbook(*rows: Sequence[object], **more: Sequence[Sequence[object]]) -> bytes:
    """Return a workbook with a sheet of rows, and others by name; a text such as `#N/A` becomes an error."""
    book = openpyxl.Workbook()
    sheets = {"First": rows, **more}
    for name, lines in sheets.items():
        sheet = book.create_sheet(name)
        for line in lines:
            sheet.append(list(line))
    book.remove(book.worksheets[0])
    return saved(book)


def saved(book: openpyxl.Workbook) -> bytes:
    """Return a workbook's bytes."""
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def edited(content: bytes, part: str, pattern: str, new: str) -> bytes:
    """Return a workbook with a part of its XML changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as changed:
        for name in old.namelist():
            data = old.read(name)
            if name == part:
                after = re.sub(pattern, new, data.decode(), count=1)
                assert after.encode() != data
                data = after.encode()
            changed.writestr(name, data)
    return out.getvalue()


SHEET = "xl/worksheets/sheet1.xml"
GOOD = workbook(("a", "b"), ("x", 1))


@pytest.mark.parametrize(
    ("cell", "wanted"),
    [
        (5, "5"),
        (5.0, "5"),
        (0.1, "0.1"),
        (1e-7, "0.0000001"),
        (1e20, "100000000000000000000.0"),
        (True, "true"),
        (dt.datetime(2021, 1, 2, 3, 4, 5), "2021-01-02T03:04:05"),  # noqa: DTZ001 - without zone
        (dt.date(2021, 1, 2), "2021-01-02T00:00:00"),
        (dt.time(9, 30), "09:30:00"),
        (dt.timedelta(hours=30, seconds=5), "30:00:05"),
        ("007", "007"),
        ("é\n", "é\n"),
        (None, None),
    ],
)
def test_cell_has_one_text(tmp_path: Path, cell: object, wanted: str | None) -> None:
    outcome = load(tmp_path, contract(text("k"), text("v"), **EXCEL), workbook(("k", "v"), ("x", cell)))
    assert outcome.accepted == [("x", wanted, "f0", 1)]


def test_formats_are_for_texts_and_dates_of_excel_do_not_need_them(tmp_path: Path) -> None:
    day, n = typed("day", Kind.DATE, formats=("d.M.yyyy",)), typed("n", Kind.DECIMAL, decimal_comma=True)
    content = workbook(("day", "n"), (dt.date(2021, 1, 2), 1.5), ("2.1.2021", "1,5"), ("2021-01-02", 1), ("1.1.2021", "1.5"))
    outcome = load(tmp_path, contract(day, n, **EXCEL), content)
    assert [row[:2] for row in outcome.accepted] == [(dt.date(2021, 1, 2), Decimal("1.50"))] * 2
    assert outcome.rules == [[("type", "day")], [("type", "n")]]


def test_dates_that_count_from_1904_are_not_four_years_off(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    for row in (("day",), (dt.date(2021, 1, 2),)):
        book.active.append(row)
    outcome = load(tmp_path, contract(typed("day", Kind.DATE), **EXCEL), saved(book))
    assert outcome.accepted == [(dt.date(2021, 1, 2), "f0", 1)]


def test_error_in_a_cell_rejects_its_record_and_is_not_read_as_null(tmp_path: Path) -> None:
    outcome = load(tmp_path, AB, workbook(("a", "b"), ("x", "#N/A"), ("y", 2), ("z", "#DIV/0!")))
    assert outcome.accepted == [("y", 2, "f0", 2)]
    assert outcome.quarantined == [
        ("f0", 1, '{"a": "x", "b": "#N/A"}', [("cell_error", "")]),
        ("f0", 3, '{"a": "z", "b": "#DIV/0!"}', [("cell_error", "")]),
    ]


def test_date_that_no_calendar_has_is_an_error_and_no_warning_quotes_it(tmp_path: Path) -> None:
    content = edited(workbook(("a", "day"), ("x", dt.date(2021, 1, 2))), SHEET, "<v>44198</v>", "<v>99999999</v>")
    with warnings.catch_warnings(record=True) as told:
        outcome = load(tmp_path, contract(text("a"), typed("day", Kind.DATE), **EXCEL), content)
    assert outcome.rules == [[("cell_error", "")]]
    assert not told


def test_formula_gives_the_value_that_was_saved_with_it(tmp_path: Path) -> None:
    content = edited(workbook(("a", "b"), ("x", "=1+1")), SHEET, r"<v\s*/>|<v></v>", "<v>2</v>")
    assert load(tmp_path, AB, content).accepted == [("x", 2, "f0", 1)]


def test_blank_rows_are_no_records_and_surplus_cells_reject_theirs(tmp_path: Path) -> None:
    content = workbook(("a", "b"), (None, None), ("x", 1), ("", None), ("y", 2, "more"), ("z",), (None, None))
    outcome = load(tmp_path, AB, content)
    assert outcome.accepted == [("x", 1, "f0", 1), ("z", None, "f0", 3)]
    assert outcome.quarantined == [("f0", 2, '{"a": "y", "b": "2"}', [("columns", "")])]
    assert outcome.file.rows_read == 3


def test_merged_cells_have_their_value_in_the_first(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (("a", "b"), ("x", 1), ("y", 2)):
        book.active.append(row)
    book.active.merge_cells("A2:A3")
    outcome = load(tmp_path, AB, saved(book))
    assert outcome.accepted == [("x", 1, "f0", 1)]
    assert outcome.rules == [[("required", "a")]]


def test_sheet_is_the_first_when_no_other_has_rows_or_the_one_that_the_contract_names(tmp_path: Path) -> None:
    assert load(tmp_path / "1", AB, workbook(("a", "b"), ("x", 1), Empty=[(None, "")])).accepted == [("x", 1, "f0", 1)]
    content = workbook(("a", "b"), ("x", 1), Orders=[("a", "b"), ("y", 2)])
    named = contract(*AB.columns, sheet="Orders", **EXCEL)
    outcome = load(tmp_path / "2", named, content, GOOD)
    assert outcome.accepted == [("y", 2, "f0", 1)]
    assert outcome.codes == [None, "WRONG_HEADER"]


def test_workbook_with_rows_in_a_sheet_that_nobody_would_read_is_refused(tmp_path: Path) -> None:
    outcome = load(tmp_path, AB, workbook(("a", "b"), ("x", 1), Orders=[("a", "b"), ("y", 2)]), GOOD)
    assert outcome.codes == ["UNSUPPORTED_CONTENT", None]


def test_dimensions_that_a_writer_got_wrong_lose_no_row(tmp_path: Path) -> None:
    wrong = edited(workbook(("a", "b"), ("x", 1), ("y", 2)), SHEET, r'<dimension ref="[^"]*"', '<dimension ref="A1"')
    assert load(tmp_path, AB, wrong).file.rows_accepted == 2


def test_header_alone_is_a_file_of_no_rows(tmp_path: Path) -> None:
    outcome = load(tmp_path, AB, workbook(("a", "b", None)))
    assert (outcome.file.rows_read, outcome.file.refused) == (0, None)


def test_column_that_is_ignored_may_hold_errors(tmp_path: Path) -> None:
    of = contract(*AB.columns, schema_drift=SchemaDrift.IGNORE, **EXCEL)
    assert load(tmp_path, of, workbook(("a", "z", "b"), ("x", "#N/A", 1))).accepted == [("x", 1, "f0", 1)]


def zipped(**parts: bytes) -> bytes:
    """Return a zip archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return out.getvalue()


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500)


@pytest.mark.parametrize(
    ("content", "code", "message"),
    [
        (b"", "EMPTY_FILE", "no bytes"),
        (b"a,b\nx,1\n", "UNSUPPORTED_CONTENT", "text"),
        (b"PAR1\x15" + bytes(20), "UNSUPPORTED_CONTENT", "Parquet"),
        (OLE, "UNSUPPORTED_CONTENT", ".xls"),
        (OLE + "EncryptedPackage".encode("utf-16-le"), "UNSUPPORTED_CONTENT", "password"),
        (zipped(data=b"a,b\n"), "UNSUPPORTED_CONTENT", "zip archive"),
        (zipped(**{"xl/workbook.bin": b""}), "UNSUPPORTED_CONTENT", "xlsb"),
        (zipped(**{"xl/workbook.xml": b"<workbook/>"}), "UNREADABLE", "damaged"),
        (GOOD[:-30], "UNREADABLE", "damaged"),
        (GOOD[:400] + bytes(200) + GOOD[600:], "UNREADABLE", "damaged"),
        (edited(GOOD, SHEET, "</sheetData>", ""), "UNREADABLE", "damaged"),
        (edited(GOOD, SHEET, '<row r="2"', '<row r="1"'), "UNREADABLE", "damaged"),
        (edited(GOOD, SHEET, '<row r="2"', '<row r="99999999999"'), "UNREADABLE", "damaged"),
        (edited(GOOD, SHEET, 'r="B2"', 'r="ZZZZZZZ2"'), "UNREADABLE", "damaged"),
        (edited(GOOD, SHEET, r"<v>1</v>", "<v>one</v>"), "UNREADABLE", "damaged"),
        (workbook((None, None), ("a", "b")), "WRONG_HEADER", "first row"),
        (workbook(("a", "a"), ("x", 1)), "DUPLICATE_HEADER", "a: give"),
        (workbook(("b",), (1,)), "WRONG_HEADER", "missing columns: a"),
    ],
)
def test_file_that_cannot_be_loaded_is_refused_and_the_batch_goes_on(
    tmp_path: Path, content: bytes, code: str, message: str
) -> None:
    outcome = load(tmp_path, AB, content, GOOD)
    assert outcome.codes == [code, None]
    refused = outcome.output.files[0].refused
    assert refused is not None
    assert message in refused.message
    assert outcome.accepted == [("x", 1, "f1", 1)]


def test_archive_that_unpacks_to_too_much_is_refused_before_it_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbooks, "MAX_UNPACKED", 1 << 20)
    bomb = zipped(**{"xl/workbook.xml": bytes(2 << 20)})
    assert len(bomb) < 1 << 14
    assert load(tmp_path, AB, bomb, GOOD).codes == ["TOO_LARGE", None]


def test_entities_that_multiply_do_not_fill_the_memory(tmp_path: Path) -> None:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 100}">' for n in range(1, 6))
    doctype = f'<!DOCTYPE x [<!ENTITY e0 "xxxxxxxxxx">{entities}]><worksheet'
    bomb = edited(edited(GOOD, SHEET, "<worksheet", doctype), SHEET, r"<v>1</v>", "<v>&e5;</v>")
    assert load(tmp_path, AB, bomb, GOOD).codes == ["UNREADABLE", None]
