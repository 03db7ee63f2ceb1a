"""JSON, Parquet and Excel files get the contract that the same rows as CSV get, or a better one where they say more than text."""

import contextlib
import csv
import datetime as dt
import io
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.awkward.check import CASES
from tests.awkward.make_files import all_files
from tests.unit.propose.samples import comment_of, proposed, type_of
from tidegate.contracts.contract import Format, Kind
from tidegate.contracts.parse import parse_contract
from tidegate.errors import FileRefused

Rows = Sequence[Mapping[str, Any]]
DAY, AT = dt.date(2026, 1, 1), dt.datetime(2026, 1, 1, 8, 30)  # noqa: DTZ001 - a local time
ROWS: Rows = [
    {
        "order_id": f"{n:05d}",
        "units": n % 7 * 13,
        "amount": Decimal(n * 137) / 100,
        "ordered_on": DAY + dt.timedelta(days=n % 40),
        "packed_at": AT + dt.timedelta(minutes=n),
        "express": n % 3 == 0,
        "city": ("Graz", "Linz", None)[n % 3],
    }
    for n in range(1, 61)
]
SLOW = {case["file"] for case in CASES if case.get("slow")}
KINDS = {
    "order_id": Kind.STRING,
    "units": Kind.INTEGER,
    "amount": Kind.DECIMAL,
    "ordered_on": Kind.DATE,
    "packed_at": Kind.TIMESTAMP,
    "express": Kind.BOOLEAN,
    "city": Kind.STRING,
}


def text(value: object) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def as_csv(rows: Rows, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(rows[0])
        writer.writerows([text(v) for v in row.values()] for row in rows)


def spelled(value: object) -> Any:
    return float(value) if isinstance(value, Decimal) else value.isoformat() if isinstance(value, dt.date) else value


def as_lines(rows: Rows, path: Path) -> None:
    path.write_text("".join(json.dumps(row, default=spelled) + "\n" for row in rows), "utf-8")


def as_array(rows: Rows, path: Path) -> None:
    path.write_text(json.dumps(list(rows), default=spelled, indent=1), "utf-8")


def as_parquet(rows: Rows, path: Path) -> None:
    pq.write_table(pa.Table.from_pylist([dict(row) for row in rows]), path)


def as_excel(rows: Rows, path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(list(rows[0]))
    for row in rows:
        book.active.append(list(row.values()))
    book.save(path)


WRITERS: Mapping[str, tuple[Format, Callable[[Rows, Path], None]]] = {
    "csv": (Format.CSV, as_csv),
    "ndjson": (Format.JSON, as_lines),
    "json": (Format.JSON, as_array),
    "parquet": (Format.PARQUET, as_parquet),
    "xlsx": (Format.EXCEL, as_excel),
}


@pytest.mark.parametrize("ending", WRITERS)
def test_the_same_rows_get_the_same_types_in_every_format(ending: str, tmp_path: Path) -> None:
    form, write = WRITERS[ending]
    path = tmp_path / f"orders.{ending}"
    write(ROWS, path)
    done = proposed(tmp_path, [path])
    found = parse_contract(done.text, "proposal")
    assert (done.rejected, done.rows_read, done.rows_accepted) == ((), len(ROWS), len(ROWS))
    assert found.format is form
    assert {c.name: c.type.kind for c in found.columns} == KINDS
    assert found.primary_key == ("order_id",)


def test_what_a_parquet_file_says_of_its_types_counts_for_more_than_what_its_texts_look_like(tmp_path: Path) -> None:
    zone = dt.UTC
    rows = [
        {
            "batch": str(100 + n),
            "ratio": float(n),
            "price": Decimal(n),
            "seen": dt.datetime(2026, 1, 1, tzinfo=zone) + dt.timedelta(hours=n),
            "opens": dt.time(9, n % 60),
            "never": None,
        }
        for n in range(40)
    ]
    schema = pa.schema(
        {"batch": pa.string(), "ratio": pa.float64(), "price": pa.decimal128(12, 3), "seen": pa.timestamp("us", "UTC"),
         "opens": pa.time64("us"), "never": pa.date32()}
    )  # fmt: skip
    path = tmp_path / "shop.parquet"
    pq.write_table(pa.Table.from_pylist(rows, schema), path)
    done = proposed(tmp_path, [path])
    found = {c.name: type_of(c) for c in parse_contract(done.text, "proposal").columns}
    assert done.rejected == ()
    assert found == {
        "batch": "string", "ratio": "double", "price": "decimal(12,3)", "seen": "timestamptz", "opens": "time", "never": "date",
    }  # fmt: skip
    assert "text in the files, although all 40 are numbers" in comment_of(done.text, "batch")


NESTED = [
    {
        "id": f"p{n}",
        "birthDate": f"19{50 + n % 40}-03-04",
        "address": {"city": f"city {n}", "geo": {"lat": 47 + n / 100, "lon.x": 15.5}},
        "telecom": [{"system": "phone", "value": f"555-{n:04d}"}],
        "scores": [n, n + 1],
        "counts": {f"day {n}": 1, f"day {n + 1}": 2},
    }
    for n in range(80)
]


@pytest.mark.parametrize("ending", ["ndjson", "parquet"])
def test_members_of_objects_become_columns_and_what_repeats_stays_text(ending: str, tmp_path: Path) -> None:
    rows = [{k: v for k, v in row.items() if k != "counts"} for row in NESTED] if ending == "parquet" else NESTED
    path = tmp_path / f"people.{ending}"
    WRITERS[ending][1](rows, path)
    done = proposed(tmp_path, [path], "clinic.people")
    found = {c.sources[0]: c for c in parse_contract(done.text, "proposal").columns}
    assert (done.rejected, done.rows_accepted) == ((), 80)
    inner = "address.geo.lon.x" if ending == "parquet" else "address.geo['lon.x']"
    maps = [] if ending == "parquet" else ["counts"]
    assert list(found) == ["id", "birthDate", "address.city", "address.geo.lat", inner, "telecom", "scores", *maps]
    assert found["address.geo.lat"].name == "address_geo_lat"
    hidden = {source for source, c in found.items() if c.classification in {"personal", "sensitive"}}
    assert hidden == {"birthDate", "address.city", "address.geo.lat", inner, "telecom", *maps}


def test_objects_deeper_than_columns_are_made_of_stay_text(tmp_path: Path) -> None:
    path = tmp_path / "deep.ndjson"
    as_lines([{"a": {"b": {"c": {"d": {"e": {"f": n}}}}}} for n in range(30)], path)
    done = proposed(tmp_path, [path])
    (column,) = parse_contract(done.text, "proposal").columns
    assert (column.sources, column.type.kind) == (("a.b.c.d",), Kind.STRING)
    assert (done.rejected, done.rows_accepted) == ((), 30)


def test_a_long_file_of_lines_is_read_to_the_end_of_a_line(tmp_path: Path) -> None:
    path = tmp_path / "orders.ndjson"
    as_lines([*ROWS] * 200, path)
    done = proposed(tmp_path, [path], limit=2_000)
    assert 0 < done.rows_read < 200 * len(ROWS)
    assert done.rows_accepted == done.rows_read
    assert "SAMPLED" in done.text


@pytest.mark.parametrize(("ending", "code"), [("json", "UNREADABLE"), ("parquet", "TOO_LARGE"), ("xlsx", "TOO_LARGE")])
def test_a_long_file_that_cannot_be_read_in_part_is_refused(ending: str, code: str, tmp_path: Path) -> None:
    path = tmp_path / f"orders.{ending}"
    WRITERS[ending][1](ROWS, path)
    with pytest.raises(FileRefused, match="give a smaller sample, or raise --max-mb") as caught:
        proposed(tmp_path, [path], limit=1_000)
    assert caught.value.code == code


def test_files_of_two_formats_are_refused_by_name(tmp_path: Path) -> None:
    paths = [tmp_path / "a.csv", tmp_path / "a.parquet"]
    as_csv(ROWS, paths[0])
    as_parquet(ROWS, paths[1])
    with pytest.raises(FileRefused, match="the files are CSV and Parquet: one contract has one format") as caught:
        proposed(tmp_path, paths)
    assert caught.value.code == "MIXED_FORMATS"


def test_a_zip_with_a_csv_in_it_is_a_packed_csv(tmp_path: Path) -> None:
    as_csv(ROWS, tmp_path / "a.csv")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(tmp_path / "a.csv", "a.csv")
    path = tmp_path / "a.zip"
    path.write_bytes(packed.getvalue())
    done = proposed(tmp_path, [path])
    assert parse_contract(done.text, "proposal").format is Format.CSV
    assert done.rows_accepted == len(ROWS)


def test_a_damaged_parquet_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    as_parquet(ROWS, path)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(FileRefused) as caught:
        proposed(tmp_path, [path])
    assert caught.value.code == "UNREADABLE"


@pytest.mark.parametrize("name", sorted(set(all_files()) - SLOW))
def test_an_awkward_file_gets_a_contract_or_a_refusal(name: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(all_files()[name]())
    with contextlib.suppress(FileRefused):
        parse_contract(proposed(tmp_path, [path]).text, "proposal")
