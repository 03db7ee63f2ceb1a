"""What Glue's built-in classifiers make of a file: its format, its columns with Hive's types, and how Athena would read it.

Known are Parquet, JSON (a document, or a line for each) and CSV (comma, pipe, tab, semicolon, Ctrl-A), each also packed by gzip or
bzip2. CSV is what has two columns and two rows at least; its first row is a header when all of it is text and some row below is not,
otherwise columns are col0, col1 …. Texts, dates and times of CSV and JSON are `string`. What no classifier knows gives no table.
"""

import bz2
import csv
import io
import json
import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

#: So much of a text file is looked at.
SAMPLE_BYTES = 1024 * 1024
DELIMITERS = ",|\t;\x01"
HEADER_LENGTH = 150
WHOLE, REAL = re.compile(r"[+-]?[0-9]{1,18}\Z"), re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\Z")
LARGEST_INT = 2**31
WIDER = ("int", "bigint", "double")
TEXT_INPUT = "org.apache.hadoop.mapred.TextInputFormat"
TEXT_OUTPUT = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
PARQUET = "org.apache.hadoop.hive.ql.io.parquet"

Columns = dict[str, str]


@dataclass(frozen=True)
class Classified:
    """One file's format. `columns` are Hive types by name, in order; `reader` says how text is cut."""

    classification: str
    columns: Columns
    records: int
    packed: str = "none"
    reader: Mapping[str, str] = field(default_factory=dict)

    def storage(self) -> dict[str, Any]:
        """The parts of a storage descriptor that say how to read."""
        if self.classification == "parquet":
            formats, library, parameters = (f"{PARQUET}.MapredParquetInputFormat", f"{PARQUET}.MapredParquetOutputFormat"), (
                f"{PARQUET}.serde.ParquetHiveSerDe"
            ), {"serialization.format": "1"}  # fmt: skip
        elif self.classification == "json":
            formats, library = (TEXT_INPUT, TEXT_OUTPUT), "org.openx.data.jsonserde.JsonSerDe"
            parameters = {"paths": ",".join(sorted(self.columns))}
        else:
            formats, library = (TEXT_INPUT, TEXT_OUTPUT), "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
            parameters = {"field.delim": self.reader["delimiter"]}
        return {
            "InputFormat": formats[0], "OutputFormat": formats[1], "Compressed": self.packed != "none", "NumberOfBuckets": -1,
            "SerdeInfo": {"SerializationLibrary": library, "Parameters": parameters}, "StoredAsSubDirectories": False,
        }  # fmt: skip


def classify(body: bytes) -> Classified | None:
    """Find out what a file is; None when no classifier knows it."""
    if body[:4] == b"PAR1":
        return _parquet(body)
    packed, text, cut = _unpacked(body)
    if text is None:
        return None
    lines = text.splitlines()
    if cut and lines and len(lines) > 1:
        lines.pop()  # its end was not read
    found = _json(text, lines) if text.lstrip()[:1] in ("{", "[") else _csv(lines)
    return found and Classified(found.classification, found.columns, found.records, packed, found.reader)


def merged(files: Iterable[Columns]) -> Columns:
    """The columns of several files: each once, where it came first, of a type that takes them all."""
    found: Columns = {}
    for columns in files:
        for name, kind in columns.items():
            found[name] = wider(found[name], kind) if name in found else kind
    return found


def wider(one: str, other: str) -> str:
    """The type that takes both."""
    if one == other or not other:
        return one
    if not one:
        return other
    if one in WIDER and other in WIDER:
        return max(one, other, key=WIDER.index)
    return "string"


def _unpacked(body: bytes) -> tuple[str, str | None, bool]:
    """How it is packed, its text (None: it is none) and whether it goes on."""
    packed, data, cut = "none", body, len(body) >= SAMPLE_BYTES
    try:
        if body[:2] == b"\x1f\x8b":
            packed, data = "gzip", zlib.decompressobj(31).decompress(body, SAMPLE_BYTES)
            cut = cut or len(data) >= SAMPLE_BYTES
        elif body[:3] == b"BZh":
            packed, data = "bzip2", bz2.BZ2Decompressor().decompress(body, SAMPLE_BYTES)
            cut = cut or len(data) >= SAMPLE_BYTES
        text = data.decode("utf-8-sig", errors="ignore" if cut else "strict")
    except (zlib.error, OSError, UnicodeDecodeError):
        return packed, None, cut
    return packed, None if "\0" in text else text, cut


def _parquet(body: bytes) -> Classified | None:
    try:
        file = pq.ParquetFile(io.BytesIO(body))
    except (pa.ArrowException, OSError):
        return None
    columns = {column.name.lower(): _hive(column.type) for column in file.schema_arrow}
    return Classified("parquet", columns, file.metadata.num_rows)


def _hive(kind: pa.DataType) -> str:
    names = {
        "bool": "boolean", "int8": "tinyint", "int16": "smallint", "int32": "int", "int64": "bigint", "float": "float",
        "double": "double", "string": "string", "large_string": "string", "binary": "binary", "date32[day]": "date",
    }  # fmt: skip
    if pa.types.is_timestamp(kind):
        return "timestamp"
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return f"array<{_hive(kind.value_type)}>"
    if pa.types.is_struct(kind):
        return f"struct<{','.join(f'{part.name.lower()}:{_hive(part.type)}' for part in kind)}>"
    if pa.types.is_map(kind):
        return f"map<{_hive(kind.key_type)},{_hive(kind.item_type)}>"
    return names.get(str(kind), "string")


def _json(text: str, lines: Sequence[str]) -> Classified | None:
    try:
        records = [json.loads(line) for line in lines if line.strip()]
    except ValueError:
        try:
            records = [json.loads(text)]
        except ValueError:
            return None
    if any(isinstance(record, list) for record in records):
        return Classified("json", {"array": _kind([one for r in records if isinstance(r, list) for one in r])}, len(records))
    if not all(isinstance(record, dict) for record in records):
        return None
    columns = merged({name.lower(): _kind(value) for name, value in record.items()} for record in records)
    return Classified("json", {name: kind or "string" for name, kind in columns.items()}, len(records))


def _kind(value: Any) -> str:  # noqa: ANN401, PLR0911 - any JSON; one answer a kind
    """The Hive type of a JSON value; empty for null, which fits all."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "int" if -LARGEST_INT <= value < LARGEST_INT else "bigint"
    if isinstance(value, float):
        return "double"
    if isinstance(value, list):
        if value and all(isinstance(one, dict) for one in value):
            return f"array<{_struct(value)}>"
        inner = ""
        for one in value:
            inner = wider(inner, _kind(one))
        return f"array<{inner or 'string'}>"
    return _struct([value]) if isinstance(value, dict) else "string"


def _struct(records: Iterable[Mapping[str, Any]]) -> str:
    parts = merged({name.lower(): _kind(value) for name, value in record.items()} for record in records)
    return "struct<" + ",".join(f"{name}:{kind or 'string'}" for name, kind in parts.items()) + ">"


def _csv(lines: Sequence[str]) -> Classified | None:
    rows, delimiter = _rows(lines)
    if len(rows) < 2:  # noqa: PLR2004 - Glue's own least
        return None
    width = len(rows[0])
    below = _column_types(rows[1:], width)
    texts = all(_text_type(cell) == "string" and len(cell) <= HEADER_LENGTH for cell in rows[0])
    header = texts and any(kind != "string" for kind in below)
    kinds = below if header else _column_types(rows, width)
    names = [cell.strip().lower() for cell in rows[0]] if header else [f"col{n}" for n in range(width)]
    if len(set(names)) < width:
        return None
    columns = dict(zip(names, kinds, strict=True))
    quoted = any('"' in line for line in lines)
    reader = {"delimiter": delimiter, "columnsOrdered": "true", "areColumnsQuoted": str(quoted).lower()}
    return Classified("csv", columns, len(rows) - header, reader=reader | ({"skip.header.line.count": "1"} if header else {}))


def _rows(lines: Sequence[str]) -> tuple[list[list[str]], str]:
    """The records under the first delimiter that cuts all of them into as many fields, two at least."""
    for delimiter in DELIMITERS:
        try:
            rows = [row for row in csv.reader(lines, delimiter=delimiter) if row]
        except csv.Error:
            continue
        if rows and len(rows[0]) > 1 and all(len(row) == len(rows[0]) for row in rows):
            return rows, delimiter
    return [], ""


def _column_types(rows: Sequence[Sequence[str]], width: int) -> list[str]:
    kinds = [""] * width
    for row in rows:
        kinds = [wider(kind, _text_type(cell) if cell else "") for kind, cell in zip(kinds, row, strict=True)]
    return [kind or "string" for kind in kinds]


def _text_type(cell: str) -> str:
    if WHOLE.match(cell):
        return "bigint"
    return "double" if REAL.match(cell) else "string"
