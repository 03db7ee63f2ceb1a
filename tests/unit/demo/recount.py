"""An independent reading of the generated files: Python's csv module and rules written here, nothing of the generator's own."""

import csv
import datetime as dt
import io
import re
from collections import Counter
from pathlib import Path
from typing import Any

DECIMAL = re.compile(r"-?\d+(\.\d+)?\Z")
INTEGER = re.compile(r"-?\d+\Z")
ISO_TIMES = ("%Y-%m-%dT%H:%M:%SZ",)
DAILY_TIMES = ("%m/%d/%Y %H:%M", "%m/%d/%y %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S")
KEY = {"healthcare.patients": "Id", "healthcare.encounters": "Id", "healthcare.claims": "Id"}
REQUIRED = {
    "healthcare.patients": {"BIRTHDATE"},
    "healthcare.encounters": {"PATIENT"},
    "healthcare.claims": {"PATIENTID"},
    "covid.jhu_daily": {"Country/Region", "Country_Region"},
}
DECIMALS = {
    "HEALTHCARE_EXPENSES",
    "HEALTHCARE_COVERAGE",
    "LAT",
    "LON",
    "BASE_ENCOUNTER_COST",
    "TOTAL_CLAIM_COST",
    "PAYER_COVERAGE",
    "OUTSTANDING1",
    "OUTSTANDING2",
    "OUTSTANDINGP",
    "Latitude",
    "Longitude",
    "Lat",
    "Long_",
    "Incidence_Rate",
    "Case-Fatality_Ratio",
}
INTEGERS = {"Confirmed", "Deaths", "Recovered", "Active"}
DATES = {"BIRTHDATE", "DEATHDATE"}
TIMES = {"START", "STOP", "CURRENTILLNESSDATE", "SERVICEDATE", "LASTBILLEDDATE1", "LASTBILLEDDATE2", "LASTBILLEDDATEP"}
DAILY = {"Last Update", "Last_Update"}
UNDECODABLE = re.compile("[\udc80-\udcff]")

Record = tuple[dict[str, str], set[str]]  # cells by column, broken rules


def dataset_of(drop: dict[str, Any]) -> str:
    return ".".join(drop["key"].split("/")[:2])


def has_rows(drop: dict[str, Any]) -> bool:
    return bool(drop["expect"]["rows_read"])


def read(path: Path, dataset: str) -> list[Record]:
    """Return every record after the header. Bytes that are no UTF-8 come as lone surrogates."""
    text = path.read_bytes().decode("utf-8-sig", "surrogateescape")
    lines = list(csv.reader(io.StringIO(text, newline="")))
    strict = _strictly_readable(text)
    return [_record(dataset, lines[0], cells, well_quoted=ok) for cells, ok in zip(lines[1:], strict[1:], strict=True)]


def reasons(records: list[Record]) -> dict[str, int]:
    return dict(sorted(Counter(rule for _, rules in records for rule in rules).items()))


def _strictly_readable(text: str) -> list[bool]:
    """Say for each record whether a strict parser takes it: it is fed one record at a time, since it stops at an error."""
    verdicts: list[bool] = []
    pending = ""
    for line in io.StringIO(text, newline=""):
        pending += line
        if pending.count('"') % 2:
            continue
        try:
            list(csv.reader(io.StringIO(pending, newline=""), strict=True))
            verdicts.append(True)
        except csv.Error:
            verdicts.append(False)
        pending = ""
    return verdicts


def _record(dataset: str, header: list[str], cells: list[str], *, well_quoted: bool) -> Record:
    row = dict(zip(header, cells, strict=False))
    if not well_quoted:
        return row, {"quoting"}
    if any(UNDECODABLE.search(cell) for cell in cells):
        return row, {"encoding"}
    if len(cells) != len(header):
        return row, {"columns"}
    rules = {"type" for name, cell in row.items() if cell and not _fits(name, cell)}
    rules |= {"required" for name in REQUIRED[dataset] & row.keys() if not row[name]}
    if dataset in KEY and not row[KEY[dataset]]:
        rules.add("primary_key")
    if row.get("GENDER", "M") not in ("M", "F", ""):
        rules.add("valid_values")
    return row, rules


def _fits(name: str, cell: str) -> bool:
    if name in DECIMALS:
        return bool(DECIMAL.match(cell))
    if name in INTEGERS:
        return bool(INTEGER.match(cell))
    if name in DATES:
        return _parses(cell, ("%Y-%m-%d",))
    if name in TIMES:
        return _parses(cell, ISO_TIMES)
    return name not in DAILY or _parses(cell, DAILY_TIMES)


def _parses(cell: str, formats: tuple[str, ...]) -> bool:
    for wanted in formats:
        try:
            dt.datetime.strptime(cell, wanted)  # noqa: DTZ007 - only whether it parses
        except ValueError:
            continue
        return True
    return False
