"""The splitter against json.loads: equal on what is JSON, without a byte lost on what is not, wherever the pieces of a file end."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.engine.rig import contract, load, text
from tidegate.contracts.contract import Format
from tidegate.contracts.json_paths import RecordsPath, parse_records
from tidegate.engine.json_records import Found, Records
from tidegate.engine.json_values import compact
from tidegate.errors import FileRefused

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4), max_leaves=12)
OBJECTS = st.dictionaries(TEXTS, VALUES, max_size=5)
INDENTS = st.sampled_from([None, 0, 1, "\t"])
PIECES = st.sampled_from([*'[]{},:"\\ \n', '"a"', '{"a":1}', "1", "null", "\\u0061", '\\"', "é", '{"a":"x"},', '{"a":"x"}\n'])


def pieces(whole: str, size: int) -> Iterator[str]:
    return (whole[place : place + size] for place in range(0, len(whole), size))


def found(whole: str, size: int, path: RecordsPath = RecordsPath(), delimiter: str = "") -> list[Found]:  # noqa: B008 - frozen
    return list(Records(pieces(whole, size), path, delimiter, None))


def plain(value: Any) -> Any:
    return json.loads(compact(value))


@settings(max_examples=150, deadline=None)
@given(st.lists(OBJECTS, max_size=5), INDENTS, st.booleans(), st.integers(1, 40))
def test_array_splits_as_json_loads_reads_it(rows: list[Any], indent: Any, ascii_only: bool, size: int) -> None:  # noqa: FBT001
    whole = json.dumps(rows, indent=indent, ensure_ascii=ascii_only)
    records = found(whole, size)
    assert [plain(r.value) for r in records] == rows
    assert [json.loads(r.raw) for r in records] == rows


@settings(max_examples=100, deadline=None)
@given(st.lists(OBJECTS, min_size=1, max_size=5), st.sampled_from(["\n", "\r\n", "\n\n", " \n\t"]), st.integers(1, 40))
def test_lines_split_as_json_loads_reads_them(rows: list[Any], newline: str, size: int) -> None:
    records = found(newline.join(json.dumps(row) for row in rows), size)
    assert [plain(r.value) for r in records] == rows


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(OBJECTS, max_size=3), min_size=1, max_size=3), TEXTS, INDENTS, st.booleans(), st.integers(1, 40))
def test_records_inside_documents_are_those_of_json_loads(
    documents: list[list[Any]],
    other: str,
    indent: Any,
    behind: bool,  # noqa: FBT001
    size: int,
) -> None:
    around = [{"d": {"x": other, "r": [{"v": row} for row in rows]}} for rows in documents]
    whole = json.dumps([d | {"z": 1} if behind else {"z": 1} | d for d in around], indent=indent)
    records = found(whole, size, parse_records("d.r[*].v"))
    assert [plain(r.value) for r in records] == [row for rows in documents for row in rows]


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=14).map("".join), st.integers(1, 9), st.sampled_from(["", "array", "new_line"]))
def test_no_character_of_a_broken_file_is_lost(inside: str, size: int, delimiter: str) -> None:
    whole = inside if delimiter == "new_line" else f"[{inside}]"
    try:
        records = found(whole, size, delimiter=delimiter)
    except FileRefused:
        return
    between = whole if delimiter == "new_line" else whole[1:]
    for record in records:
        before, raw, between = between.partition(record.raw)
        assert raw
        assert not before.strip(" \t\r\n,")
    assert not between.strip(" \t\r\n]")
    try:
        rows = [json.loads(line) for line in whole.splitlines() if line.strip()] if delimiter == "new_line" else json.loads(whole)
    except ValueError:
        return
    assert [json.loads(r.raw) for r in records] == rows


@settings(max_examples=100, deadline=None)
@given(st.lists(PIECES, max_size=14).map("".join), st.integers(1, 9))
def test_size_of_the_pieces_changes_nothing(whole: str, size: int) -> None:
    def outcome(length: int) -> object:
        try:
            return [(r.raw, r.value, r.rules) for r in found(whole, length)]
        except FileRefused as error:
            return error.code

    assert outcome(size) == outcome(1000)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.one_of(st.binary(max_size=20), PIECES.map(str.encode)), max_size=8).map(b"".join),
    st.sampled_from([b"", b"[", b"{"]),
)
def test_random_bytes_never_lose_a_row(data: bytes, start: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        outcome = load(Path(folder), contract(text("a"), format=Format.JSON), start + data, b'{"a":"2"}\n')
    first, second = outcome.output.files
    numbers = sorted([r[-1] for r in outcome.accepted if r[-2] == "f0"] + [q[1] for q in outcome.quarantined if q[0] == "f0"])  # type: ignore[type-var, operator]
    assert numbers == list(range(1, first.rows_read + 1))
    assert (second.rows_read, second.rows_accepted, second.refused) == (1, 1, None)
