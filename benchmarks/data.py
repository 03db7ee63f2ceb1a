"""The benchmark's files: 22 columns of claims, about 240 bytes a row, the same bytes on every machine.

One record in a thousand breaks the contract, in ten ways that careless casts do not notice. One in a hundred has the key of a record
before it and another `updated_at`. Notes hold quoted commas and quotes, but no line breaks, so that every reader may cut the file.
"""

from collections import Counter
from pathlib import Path

import duckdb

from benchmarks.work.claims import COLUMNS

FAULT_EVERY, FAULT_AT = 1000, 500
FAULTS = (  # what is written instead, and the reasons for which the record has to be rejected
    ({"units": "many"}, ("type:units",)),
    ({"service_date": "2021-02-30"}, ("type:service_date",)),
    ({"service_date": ""}, ("required:service_date",)),
    ({"claim_id": ""}, ("primary_key:claim_id",)),
    ({"kind": "Z"}, ("valid_values:kind",)),
    ({"diagnosis": "E119"}, ("pattern:diagnosis",)),
    ({"billed": "12.345", "urgent": "maybe"}, ("type:billed", "type:urgent")),
    ({"billed": "-5.00"}, ("minimum:billed",)),
    ({"units": "1e2"}, ("type:units",)),
    ({"distance_km": "NaN", "units": "1000"}, ("maximum:units", "type:distance_km")),
)
MACROS = """
CREATE MACRO dice(n, salt) AS
    (((n * 1103515245 + salt * 69069 + 12345) % 2147483647) * ((n * 31 + salt * 7919) % 46337 + 1)) % 2147483647
"""
_DAY = "CAST(DATE '{first}' + CAST(dice(n, {salt}) % {days} AS INTEGER) AS VARCHAR)"
_WORDS = (
    "['follow-up visit', 'sent by the family doctor', 'no complaint', 'x-ray, two views', 'said \"better\"', 'medication changed',"
    " 'laboratory pending', 'asked for a second opinion', 'seen in the ward', 'discharged the same day', 'payer was called']"
)
_CITIES = (
    "['Springfield', 'Riverside', 'Franklin', 'Greenville', 'Saint-Étienne', 'Clinton', 'Fairview', 'Salem', 'Köln', 'Madison']"
)


def _note() -> str:
    words = [f"({_WORDS})[1 + dice(n, {salt}) % 11]" for salt in (60, 61, 62)]
    text = f"{words[0]} || ' / ' || {words[1]} || CASE WHEN dice(n, 63) % 4 > 0 THEN ' / ' || {words[2]} ELSE '' END"
    return f"CASE WHEN dice(n, 64) % 10 = 0 THEN '' ELSE {text} END"


def _cents(salt: int, most: int) -> str:
    return f"(dice(n, {salt}) % {most}) || '.' || lpad(CAST(dice(n, {salt + 1}) % 100 AS VARCHAR), 2, '0')"


_VALUES = {
    "claim_id": "'CLM-' || lpad(CAST(CASE WHEN dice(n, 1) % 100 = 0 THEN greatest(n - 1 - dice(n, 2) % 1000, 0) ELSE n END AS VARCHAR),"
    " 9, '0')",
    "member_number": "'M' || lpad(CAST(dice(n, 3) % 400000 AS VARCHAR), 10, '0')",
    "birth_date": _DAY.format(first="1930-01-01", salt=4, days=32000),
    "service_date": _DAY.format(first="2021-01-01", salt=5, days=1000),
    "paid_on": "CASE WHEN dice(n, 6) % 10 = 0 THEN '' ELSE"
    " strftime(DATE '2021-02-01' + CAST(dice(n, 7) % 1000 AS INTEGER), '%m/%d/%Y') END",
    "received_at": "strftime(TIMESTAMP '2021-01-01' + to_seconds(CAST(dice(n, 8) % 86000000 AS BIGINT)), '%Y-%m-%dT%H:%M:%S')",
    # no two rows have the same moment, so the newest of a key is certain
    "updated_at": "strftime(TIMESTAMP '2021-01-01' + to_seconds((n * 7919) % 100000007), '%Y-%m-%dT%H:%M:%SZ')",
    "billed": _cents(10, 20000),
    "allowed": _cents(12, 15000),
    "paid": _cents(14, 9000),
    "copay": f"CASE WHEN dice(n, 16) % 20 = 0 THEN '' ELSE {_cents(17, 90)} END",
    "units": "CAST(dice(n, 20) % 40 AS VARCHAR)",
    "visits": "CASE WHEN dice(n, 21) % 30 = 0 THEN '' ELSE CAST(dice(n, 22) % 12 AS VARCHAR) END",
    "distance_km": "CASE WHEN dice(n, 23) % 20 = 0 THEN '' ELSE (dice(n, 24) % 300) || '.' || (dice(n, 25) % 1000) END",
    "urgent": "CASE WHEN dice(n, 26) % 4 = 0 THEN 'true' ELSE 'false' END",
    "kind": "['A', 'B', 'C'][1 + dice(n, 27) % 3]",
    "status": "['open', 'closed', 'denied', 'appealed'][1 + dice(n, 28) % 4]",
    "diagnosis": "chr(CAST(65 + dice(n, 29) % 26 AS INTEGER)) || lpad(CAST(dice(n, 30) % 100 AS VARCHAR), 2, '0') || '.'"
    " || (dice(n, 31) % 10)",
    "procedure": "lpad(CAST(dice(n, 32) % 100000 AS VARCHAR), 5, '0')",
    "provider": "'NPI' || lpad(CAST(dice(n, 33) % 5000 AS VARCHAR), 7, '0')",
    "city": f"({_CITIES})[1 + dice(n, 34) % 10]",
    "note": _note(),
}


def _cell(column: str) -> str:
    faults = [(number, fault[column]) for number, (fault, _) in enumerate(FAULTS) if column in fault]
    value = _VALUES[column]
    if faults:
        cases = " ".join(f"WHEN {number} THEN '{text}'" for number, text in faults)
        here = f"n % {FAULT_EVERY} = {FAULT_AT}"
        value = f"CASE WHEN {here} AND (n // {FAULT_EVERY}) % {len(FAULTS)} IN ({', '.join(str(k) for k, _ in faults)})"
        value += f" THEN CASE (n // {FAULT_EVERY}) % {len(FAULTS)} {cases} END ELSE {_VALUES[column]} END"
    return f"nullif({value}, '') AS {column}"  # an empty text would be written in quotes


def write_rows(path: Path, rows: int, first: int = 0) -> None:
    """Write the rows `first` to `first + rows` of the one endless table as a CSV file."""
    with _writer() as db:
        _write(db, path, rows, first)


def write_files(folder: Path, files: int, rows: int) -> None:
    """Write consecutive files of so many rows each."""
    with _writer() as db:
        for number in range(files):
            _write(db, folder / f"{number:06d}.csv", rows, number * rows)


def _writer() -> duckdb.DuckDBPyConnection:
    db = duckdb.connect(config={"preserve_insertion_order": True, "memory_limit": "2GB"})
    db.execute(MACROS)
    return db


def texts(numbers: str) -> str:
    """Return a SELECT of the texts of the rows whose numbers are `n` in a query, for a connection that knows `MACROS`."""
    return f"SELECT {', '.join(_cell(column) for column in COLUMNS)} FROM ({numbers})"


def _write(db: duckdb.DuckDBPyConnection, path: Path, rows: int, first: int) -> None:
    rows_of = texts(f"SELECT range AS n FROM range({first}, {first + rows})")
    db.execute(f"COPY ({rows_of}) TO '{path}' (FORMAT csv, HEADER true, QUOTE '\"')")


def planted(rows: int, first: int = 0) -> Counter[tuple[str, ...]]:
    """Count the records to be rejected by their reasons, each `rule:column`, sorted."""
    at = range(first + (FAULT_AT - first) % FAULT_EVERY, first + rows, FAULT_EVERY)
    return Counter(FAULTS[(n // FAULT_EVERY) % len(FAULTS)][1] for n in at)
