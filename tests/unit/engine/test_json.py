"""JSON files: what a record becomes, which one is rejected alone, which file is refused, what a key that nobody named becomes."""

import gzip
import json
from decimal import Decimal
from pathlib import Path

import pytest

from tests.unit.engine.rig import Outcome, contract, load, stage, text, typed
from tidegate.contracts.contract import Column, ColumnType, CsvFormat, Format, JsonFormat, Kind, SchemaDrift
from tidegate.contracts.json_paths import RecordsPath
from tidegate.engine import inspect
from tidegate.engine.json_records import Records
from tidegate.engine.json_window import MAX_HELD
from tidegate.engine.sources import MAX_RECORD_BYTES
from tidegate.errors import BatchRefused

AN = contract(text("a"), typed("n", Kind.INTEGER), format=Format.JSON)


def accepted(folder: Path, *contents: bytes, of: object = AN) -> list[tuple[object, ...]]:
    """Load files that have nothing wrong; return the rows without file id."""
    outcome = load(folder, of, *contents)  # type: ignore[arg-type]
    assert outcome.codes == [None] * len(contents)
    assert outcome.quarantined == []
    return [row[:-2] for row in outcome.accepted]


def only_rule(outcome: Outcome) -> tuple[str, str]:
    """Return text and rule of the only rejected record."""
    ((_, _, raw, reasons),) = outcome.quarantined
    ((rule, column),) = reasons
    assert column == ""
    return raw, rule


SAME = [("x", 1), ("y", None)]


@pytest.mark.parametrize(
    "content",
    [
        b'{"a":"x","n":1}\n{"a":"y","n":null}\n',
        b'{"a":"x","n":1}\n{"a":"y"}',
        b'\r\n {"a":"x","n":1} \r\n\r\n\t{"n":"","a":"y"}\r\n',
        b'[{"a":"x","n":1},{"a":"y"}]',
        b' [ {"a" : "x" , "n" : 1 }\n, {\n"a":"y"} ] \n',
        b'\xef\xbb\xbf[{"a":"x","n":"1"},{"a":"y"}]',
        gzip.compress(b'{"a":"x","n":1}\n{"a":"y"}\n'),
    ],
    ids=["lines", "missing key", "blank lines and crlf", "array", "pretty array", "bom", "gzip"],
)
def test_the_same_records_however_they_are_laid_out(tmp_path: Path, content: bytes) -> None:
    assert accepted(tmp_path, content) == SAME


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1", "cp1252"])
def test_declared_encodings(tmp_path: Path, encoding: str) -> None:
    of = contract(text("a"), format=Format.JSON, csv=CsvFormat(encoding=encoding))
    assert accepted(tmp_path, '{"a":"Zoë"}\n'.encode(encoding), of=of) == [("Zoë",)]


def test_single_document_over_several_lines_is_one_record(tmp_path: Path) -> None:
    assert accepted(tmp_path, b'{\n  "a": "x",\n  "n": 1\n}\n') == [("x", 1)]


def test_number_keeps_its_thirty_digits(tmp_path: Path) -> None:
    digits = "123456789012345678901234567890.12345678"
    of = contract(text("a"), Column("d", ColumnType(Kind.DECIMAL, 38, 8), sources=("d",)), format=Format.JSON)
    assert accepted(tmp_path, f'{{"a":{digits},"d":{digits}}}'.encode(), of=of) == [(digits, Decimal(digits))]


@pytest.mark.parametrize("written", ["1e2", "1.0", "-0.0", '"1e2"', "true", "[1]", "{}", '{"x":1}', "9223372036854775808"])
def test_what_is_no_integer_is_rejected_as_in_csv(tmp_path: Path, written: str) -> None:
    outcome = load(tmp_path, AN, f'{{"a":"x","n":{written}}}\n'.encode())
    assert outcome.rules == [[("type", "n")]]


def test_words_numbers_and_nested_values_as_text(tmp_path: Path) -> None:
    values = b'[{"a":true},{"a":false},{"a":1.50},{"a":[ 1.0, "\\u00e9\\n", null, {"k" : true} ]},{"a":{}},{"a":[]},{"a":""},{"a":null},{}]'
    found = [a for a, _ in accepted(tmp_path, values)]
    assert found == ["true", "false", "1.50", '[1.0,"é\\n",null,{"k":true}]', "{}", "[]", None, None, None]


def test_null_values_of_the_contract_hold_for_json(tmp_path: Path) -> None:
    of = contract(text("a", null_values=("-1",)), text("b"), null_values=("n/a",), format=Format.JSON)
    assert accepted(tmp_path, b'{"a":-1,"b":"n/a"}\n{"a":"n/a","b":"-1"}', of=of) == [(None, None), (None, "-1")]


def test_missing_key_of_a_required_column_costs_the_record_not_the_file(tmp_path: Path) -> None:
    of = contract(text("a", required=True), text("b"), format=Format.JSON)
    outcome = load(tmp_path, of, b'{"b":"x"}\n{"a":"y","b":"x"}\n', b'{"b":"alone"}\n')
    assert outcome.codes == [None, None]
    assert outcome.accepted == [("y", "x", "f0", 2)]
    assert outcome.rules == [[("required", "a")], [("required", "a")]]


BAD = [
    (b'{"a":1', "json"),
    (b'{"a":1,}', "json"),
    (b'{"a":1} x', "json"),
    (b'{"a":1}{"a":2}', "json"),
    (b"{'a':1}", "json"),
    (b"oops", "json"),
    (b"3", "json"),
    (b"null", "json"),
    (b'[{"a":1}]', "json"),
    (b'"a"', "json"),
    (b'{"a":NaN}', "json"),
    (b'{"a":-Infinity}', "json"),
    (b'{"a":01}', "json"),
    (b'{"a":"\t"}', "json"),
    (b'{"a":"\\x41"}', "json"),
    (b'{"a":1]', "json"),
    (b'{"a":1,"a":1}', "duplicate_key"),
    (b'{"a":{"b":1,"c":2,"b":3}}', "duplicate_key"),
    (b'{"a":1,"\\u0061":1}', "duplicate_key"),
    (b'{"a":"\\ud800"}', "encoding"),
    (b'{"a":"\\udc00\\ud800"}', "encoding"),
    (b'{"z\\ud800":1}', "encoding"),
    (b'{"a":[["\\u0000"]]}', "encoding"),
    (b'{"a":"' + b"[" * 101 + b'","b":' + b"[" * 100 + b"]" * 100 + b"}", "nesting"),
    (b'{"a":' + b"[" * 50_000 + b"]" * 50_000 + b"}", "nesting"),
    (b'{"a":"' + b"x" * MAX_RECORD_BYTES + b'"}', "line_length"),
]


@pytest.mark.parametrize(("bad", "rule"), BAD, ids=[f"{b[:22]!r}" for b, _ in BAD])
def test_bad_line_is_rejected_alone_with_its_own_bytes(tmp_path: Path, bad: bytes, rule: str) -> None:
    outcome = load(tmp_path, AN, b'{"a":"x"}\n' + bad + b'\n{"a":"y"}\n')
    assert [row[0] for row in outcome.accepted] == ["x", "y"]
    assert [row[-1] for row in outcome.accepted] == [1, 3]
    assert only_rule(outcome) == (bad.decode(), rule)
    assert outcome.output.extra_columns == ()


IN_ARRAY = [(bad, rule) for bad, rule in BAD if bad not in {b'{"a":1', b'{"a":1]'}]


@pytest.mark.parametrize(("bad", "rule"), IN_ARRAY, ids=[f"{b[:22]!r}" for b, _ in IN_ARRAY])
def test_bad_element_is_rejected_alone_with_its_own_bytes(tmp_path: Path, bad: bytes, rule: str) -> None:
    outcome = load(tmp_path, AN, b'[{"a":"x"} , ' + bad + b' ,{"a":"y"}]')
    assert [row[0] for row in outcome.accepted] == ["x", "y"]
    assert only_rule(outcome) == (bad.decode(), rule)


def test_elements_without_a_comma_between_are_one_rejected_record_with_the_text_of_both(tmp_path: Path) -> None:
    outcome = load(tmp_path, AN, b'[{"a":"x"},{"a":1}\n{"a":2},{"a":"y"}]')
    assert [row[0] for row in outcome.accepted] == ["x", "y"]
    assert only_rule(outcome) == ('{"a":1}\n{"a":2}', "json")


def test_bracket_in_a_text_that_a_piece_of_the_file_cuts_is_no_border() -> None:
    for place in range(1, 14):
        whole = '[{"]":null}]'
        pieces = iter((whole[:place], whole[place:]))
        assert [r.value for r in Records(pieces, RecordsPath(), "", None)] == [{"]": None}]


def test_nesting_up_to_the_limit_is_loaded(tmp_path: Path) -> None:
    value = "[" * 99 + "]" * 99
    assert accepted(tmp_path, f'{{"a":{value}}}'.encode()) == [(value, None)]


def test_brackets_in_texts_are_no_nesting(tmp_path: Path) -> None:
    assert accepted(tmp_path, b'{"a":"' + b"[{" * 500 + b'"}') == [("[{" * 500, None)]


def test_surrogate_pair_is_one_character(tmp_path: Path) -> None:
    assert accepted(tmp_path, b'{"a":"\\ud83d\\ude00 \\\\ud800"}') == [("\U0001f600 \\ud800", None)]


def test_bytes_that_are_not_utf8_reject_their_record_and_stay_readable(tmp_path: Path) -> None:
    outcome = load(tmp_path, AN, b'{"a":"x"}\n{"a":"caf\xe9"}\n{"a":"\xed\xa0\x80"}\n{"a":"caf\xc3\xa9"}\n')
    assert [row[0] for row in outcome.accepted] == ["x", "café"]
    assert [(raw, reasons) for _, _, raw, reasons in outcome.quarantined] == [
        ('{"a":"caf\\xe9"}', [("encoding", "")]),
        ('{"a":"\\xed\\xa0\\x80"}', [("encoding", "")]),
    ]


REFUSED = {
    "no bytes": (b"", "EMPTY_FILE"),
    "blanks": (b" \r\n\t", "EMPTY_FILE"),
    "bom alone": (b"\xef\xbb\xbf", "EMPTY_FILE"),
    "scalar": (b"3", "UNREADABLE"),
    "csv": (b"a,n\nx,1\n", "UNREADABLE"),
    "truncated array": (b'[{"a":"x"},{"a":"y"}', "UNREADABLE"),
    "array truncated in an element": (b'[{"a":"x"},{"a":"y', "UNREADABLE"),
    "array with garbage behind it": (b'[{"a":"x"}] x', "UNREADABLE"),
    "two arrays": (b'[{"a":"x"}]\n[{"a":"y"}]', "UNREADABLE"),
    "array, then lines": (b'[{"a":"x"}]\n{"a":"y"}\n', "UNREADABLE"),
    "trailing comma in an array": (b'[{"a":"x"},]', "UNREADABLE"),
    "missing element": (b'[{"a":"x"},,{"a":"y"}]', "UNREADABLE"),
    "brackets of other kinds": (b'[{"a":"x"},{"a":[1},{"a":"y"}]', "UNREADABLE"),
    "truncated document": (b'{\n"a":"x"', "UNREADABLE"),
    "two documents over several lines": (b'{\n"a":"x"}\n{\n"a":"y"}', "UNREADABLE"),
    "nul": (b'{"a":"\0"}', "UNDECODABLE"),
    "utf-16 that was not declared": ('{"a":"x"}'.encode("utf-16"), "UNDECODABLE"),
    "other records": (b'{"x":1}\n{"y":2}\n', "WRONG_HEADER"),
    "no key at all, of other records": (b'{}\n{"y":2}\n', "WRONG_HEADER"),
    "gzip cut short": (gzip.compress(b'{"a":"x"}\n' * 100)[:-9], "UNREADABLE"),
}


@pytest.mark.parametrize(("content", "code"), REFUSED.values(), ids=REFUSED.keys())
def test_file_whose_records_are_not_certain_is_refused_alone(tmp_path: Path, content: bytes, code: str) -> None:
    outcome = load(tmp_path, AN, b'{"a":"before"}', content, b'{"a":"behind"}')
    assert outcome.codes == [None, code, None]
    assert [row[0] for row in outcome.accepted] == ["before", "behind"]
    assert (outcome.output.files[1].rows_read, outcome.quarantined) == (0, [])


def test_refusal_shows_no_value_of_the_file(tmp_path: Path) -> None:
    for number, (content, _) in enumerate(REFUSED.values()):
        (folder := tmp_path / str(number)).mkdir()
        refused = load(folder, AN, content.replace(b"x", b"secret")).file.refused
        assert refused
        assert "secret" not in refused.message


def test_empty_array_is_a_file_without_rows(tmp_path: Path) -> None:
    outcome = load(tmp_path, contract(text("a", required=True), format=Format.JSON), b" [ ] ")
    assert (outcome.file.refused, outcome.file.rows_read, outcome.accepted) == (None, 0, [])


def test_value_that_never_ends_does_not_fill_the_memory(tmp_path: Path) -> None:
    outcome = load(tmp_path, AN, b'[{"a":"x"},{"a":"' + b"y" * (2 * MAX_HELD + 10) + b'"}]')
    assert outcome.codes == ["UNREADABLE"]


@pytest.mark.parametrize(
    ("delimiter", "content", "code", "rows"),
    [
        ("new_line", b'oops\n{"a":"x"}\n', None, 2),
        ("new_line", b'{"a":\n{"a":"x"}\n', None, 2),
        ("new_line", b'[{"a":"x"}]\n{"a":"x"}\n', None, 2),
        ("array", b'{"a":"x"}\n', "UNREADABLE", 0),
        ("array", b'[{"a":"x"}]\n', None, 1),
    ],
)
def test_declared_delimiter_is_not_guessed(tmp_path: Path, delimiter: str, content: bytes, code: str | None, rows: int) -> None:
    outcome = load(tmp_path, contract(text("a"), format=Format.JSON, json=JsonFormat(delimiter)), content)
    assert (outcome.codes, outcome.file.rows_read) == ([code], rows)


def test_key_that_nobody_named_becomes_a_column_even_when_only_the_last_record_has_it(tmp_path: Path) -> None:
    content = b'{"a":"x"}\n' * 5000 + b'{"a":"y","new.Key":{"b":[1, 2]},"other":false}\n'
    outcome = load(tmp_path, AN, content)
    assert [(c.name, c.sources) for c in outcome.output.extra_columns] == [("new_key", ("['new.Key']",)), ("other", ("other",))]
    assert outcome.accepted[0] == ("x", None, None, None, "f0", 1)
    assert outcome.accepted[-1] == ("y", None, '{"b":[1,2]}', "false", "f0", 5001)


def test_nested_value_that_a_path_reaches_is_no_drift(tmp_path: Path) -> None:
    of = contract(text("a", sources=("x.y[0].z",)), format=Format.JSON)
    assert accepted(tmp_path, b'{"x":{"y":[{"z":"v"}],"w":1}}', of=of) == [("v",)]


def test_key_of_a_rejected_record_is_no_column(tmp_path: Path) -> None:
    assert load(tmp_path, AN, b'{"a":"x"}\n{"a":"y","b":1,"b":2}\n').output.extra_columns == ()


def test_keys_that_nobody_named_are_ignored_or_refuse_the_file_or_fail_the_batch(tmp_path: Path) -> None:
    def of(drift: SchemaDrift) -> object:
        return contract(text("a"), format=Format.JSON, schema_drift=drift)

    content = b'{"a":"x"}\n{"a":"y","b":1}\n'
    assert accepted(tmp_path, content, of=of(SchemaDrift.IGNORE)) == [("x",), ("y",)]
    assert load(tmp_path, of(SchemaDrift.QUARANTINE), content).codes == ["UNEXPECTED_COLUMNS"]  # type: ignore[arg-type]
    with pytest.raises(BatchRefused, match=r"does not name: \(column 2\)"):
        load(tmp_path, of(SchemaDrift.FAIL), content)  # type: ignore[arg-type]


def test_map_by_id_does_not_become_a_thousand_columns(tmp_path: Path) -> None:
    content = json.dumps({"a": "x"} | {f"id-{n}": n for n in range(2000)}).encode()
    assert load(tmp_path, AN, content).codes == ["UNEXPECTED_COLUMNS"]
    assert load(tmp_path, contract(text("a"), format=Format.JSON, schema_drift=SchemaDrift.IGNORE), content).codes == [None]


def test_files_with_different_keys_share_a_batch(tmp_path: Path) -> None:
    outcome = load(tmp_path, AN, b'{"a":"1"}', b'{"a":"2","b":"n"}', b'{"n":3}', b'{"b":"only","a":"4"}')
    assert sorted(outcome.accepted, key=lambda row: row[-2]) == [  # type: ignore[arg-type, return-value]
        ("1", None, None, "f0", 1),
        ("2", None, "n", "f1", 1),
        (None, 3, None, "f2", 1),
        ("4", None, "only", "f3", 1),
    ]


def test_overwritten_file_of_the_same_name_is_read_anew(tmp_path: Path) -> None:
    first = inspect(AN, stage(tmp_path, [b'{"a":"x"}']))
    assert first.extra_columns == ()
    again = inspect(AN, stage(tmp_path, [b'{"a":"x","b":"y"}']))
    assert [c.name for c in again.extra_columns] == ["b"]


def test_large_file_is_cut_where_records_end(tmp_path: Path) -> None:
    rows = [{"a": "é" * 400 + str(n), "n": n} for n in range(4000)]
    content = json.dumps(rows, ensure_ascii=False).encode()
    assert len(content) > 3 << 20
    assert accepted(tmp_path, content, b'{"a":"last"}') == [(r["a"], r["n"]) for r in rows] + [("last", None)]


def test_large_file_that_breaks_at_its_end_leaves_no_row(tmp_path: Path) -> None:
    content = b'[{"a":"' + b"x" * 1000 + b'"}' + b',{"a":"y"}' * 300_000
    outcome = load(tmp_path, AN, b'{"a":"before"}', content, b'{"a":"behind"}')
    assert outcome.codes == [None, "UNREADABLE", None]
    assert [row[0] for row in outcome.accepted] == ["before", "behind"]
