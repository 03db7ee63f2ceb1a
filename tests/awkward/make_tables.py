"""Awkward Parquet files and Excel workbooks."""

import io
from collections.abc import Callable

import pyarrow as pa
import pyarrow.parquet as pq

from tests.awkward.make_formats import GOOD, zipped

PARTS = 64


def parquet(table: pa.Table) -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out, compression="none", use_dictionary=False)
    return out.getvalue()


def columns(**values: list[object]) -> bytes:
    return parquet(pa.table(values))


def without_rows() -> bytes:
    return parquet(pa.table({"a": pa.array([], pa.string()), "b": pa.array([], pa.string()), "c": pa.array([], pa.int64())}))


def damaged_page() -> bytes:
    """A text's length in the first data page points behind the page."""
    data = columns(a=["first", "second"], b=["y", "w"], c=[1, 2])
    at = data.index(b"\x05\0\0\0first")
    return data[:at] + b"\xff\xff\xff\x7f" + data[at + 4 :]


def damaged_footer() -> bytes:
    data = columns(a=["x"], b=["y"], c=[1])
    start = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    return data[:start] + b"\xff" * 16 + data[start + 16 :]


def sheet(*rows: str, more: str = "") -> str:
    body = "".join(f'<row r="{n}">{cells}</row>' for n, cells in enumerate(rows, 1))
    return f'<worksheet xmlns="{MAIN}"><sheetData>{body}</sheetData>{more}</worksheet>'


def text_cell(place: str, text: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


def number_cell(place: str, value: str, style: int = 0) -> str:
    return f'<c r="{place}" s="{style}"><v>{value}</v></c>'


MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
HEADER_ROW = text_cell("A1", "a") + text_cell("B1", "b") + text_cell("C1", "c")
FIRST_ROW = text_cell("A2", "x") + text_cell("B2", "y") + number_cell("C2", "1")
SECOND_ROW = text_cell("B3", "w") + number_cell("C3", "2")
DATES = number_cell("A2", "44197", 1) + number_cell("B2", "44197.75", 2) + number_cell("C2", "1")
ERROR = '<c r="C3" t="e"><v>#DIV/0!</v></c>'
MERGED = '<mergeCells count="1"><mergeCell ref="A2:A3"/></mergeCells>'


def workbook(*sheets: str) -> bytes:
    """An .xlsx of these sheets. Style 1 is a date, style 2 a date with its time."""
    numbers = range(1, len(sheets) + 1)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    overrides = "".join(f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{kind}.worksheet+xml"/>' for n in numbers)
    listed = "".join(f'<sheet name="Sheet{n}" sheetId="{n}" r:id="rId{n}"/>' for n in numbers)
    links = "".join(f'<Relationship Id="rId{n}" Type="{OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n in numbers)
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.'
        f'openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{kind}.styles+xml"/>{overrides}</Types>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" Type="{OFFICE}/officeDocument"'
        ' Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">{links}<Relationship Id="rId{PARTS}"'
        f' Type="{OFFICE}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{MAIN}"><fonts count="1"><font/></fonts><fills count="1"><fill>'
        '<patternFill patternType="none"/></fill></fills><borders count="1"><border/></borders>'
        '<cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="3"><xf numFmtId="0"/>'
        '<xf numFmtId="14" applyNumberFormat="1"/><xf numFmtId="22" applyNumberFormat="1"/></cellXfs></styleSheet>',
    } | {f"xl/worksheets/sheet{n}.xml": xml for n, xml in zip(numbers, sheets, strict=True)}
    return zipped(*((name, xml.encode()) for name, xml in parts.items()))


TABLE_FILES: dict[str, Callable[[], bytes]] = {
    # Parquet
    "parquet": lambda: columns(a=["x", "z"], b=["y", "w"], c=[1, 2]),
    "parquet cut short": lambda: columns(a=["x"], b=["y"], c=[1])[:-20],
    "parquet with a damaged footer": damaged_footer,
    "parquet with a damaged page": damaged_page,
    "parquet of another type": lambda: columns(a=[1, 2], b=["y", "w"], c=["1", "x"]),
    "parquet nested": lambda: columns(a=[{"k": 1}, {"k": 2}], b=[["p"], []], c=[1, 2]),
    "parquet without rows": without_rows,
    "parquet without columns": lambda: parquet(pa.table({})),
    "parquet encrypted": lambda: b"PARE" + bytes(64) + b"PARE",
    "parquet with nulls": lambda: columns(a=["x", None], b=[None, "w"], c=[1, None]),
    "parquet of the name only": lambda: b"PAR1PAR1",
    "csv named parquet": lambda: GOOD,
    # Excel
    "xlsx": lambda: workbook(sheet(HEADER_ROW, FIRST_ROW)),
    "xlsx with dates": lambda: workbook(sheet(HEADER_ROW, DATES)),
    "xlsx with merged cells": lambda: workbook(sheet(HEADER_ROW, FIRST_ROW, SECOND_ROW, more=MERGED)),
    "xlsx of several sheets": lambda: workbook(sheet(HEADER_ROW, FIRST_ROW), sheet(HEADER_ROW, FIRST_ROW)),
    "xlsx with an error": lambda: workbook(
        sheet(HEADER_ROW, FIRST_ROW, text_cell("A3", "z") + SECOND_ROW.replace(number_cell("C3", "2"), ERROR))
    ),
    "xlsx with an empty row": lambda: workbook(sheet(HEADER_ROW, "", text_cell("A3", "z") + SECOND_ROW)),
    "xlsx of nothing": lambda: workbook(sheet()),
    "xlsx cut short": lambda: workbook(sheet(HEADER_ROW, FIRST_ROW))[:-30],
}
