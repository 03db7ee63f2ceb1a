"""Paths into records, and records inside documents."""

import json
from pathlib import Path

import pytest

from tests.unit.engine.rig import Outcome, contract, load, text, typed
from tidegate.contracts.contract import Column, Contract, Format, JsonFormat, Kind
from tidegate.engine.json_window import MAX_HELD


def of(*columns: Column, records: str = "") -> Contract:
    return contract(*columns, format=Format.JSON, json=JsonFormat(records=records))


def one(folder: Path, source: str, record: object) -> object:
    """Return what a path takes from a record, or the rule that it breaks."""
    outcome = load(folder, of(text("v", sources=(source,)), text("k", sources=("a", "k"))), json.dumps(record).encode())
    return outcome.accepted[0][0] if outcome.accepted else outcome.rules


PATIENT = {"a": {"b": {"c": 1.50}}, "name": [{"use": "old", "given": ["A", "B"]}, {"use": "official", "given": ["C"], "x": None}]}


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("a.b.c", "1.5"),
        ("a.b", '{"c":1.5}'),
        ("a.x.y", None),
        ("a.b.x", None),
        ("name[0].given[1]", "B"),
        ("name[1].given[1]", None),
        ("name[7].given[0]", None),
        ("name[use=official].given[0]", "C"),
        ("name[use=official].x.y", None),
        ("name[use=none].given[0]", None),
        ("name[given=x].use", None),
        ("name[1].given", '["C"]'),
        ("a[b=x].b", None),
        ("name[0].use[o*]", "ld"),
        ("name[0].use[x*]", None),
    ],
)
def test_path_takes_a_value_or_null(tmp_path: Path, source: str, value: object) -> None:
    assert one(tmp_path, source, PATIENT) == value


@pytest.mark.parametrize("source", ["a.b.c.d", "a[0]", "name.given", "name[0].use.x", "name[0].use[0]", "a.b[x*]", "a.b.c[k=v]"])
def test_value_of_another_shape_than_the_path_is_not_lost_silently(tmp_path: Path, source: str) -> None:
    assert one(tmp_path, source, PATIENT) == [[("path", "")]]


def test_first_source_with_a_value_is_taken_in_each_record(tmp_path: Path) -> None:
    records = ['{"on":"1"}', '{"period":{"start":"2"}}', '{"on":"","period":{"start":"3"}}', '{"on":"4","period":{"start":"5"}}']
    contents = "\n".join([*records, '{"period":"6"}']).encode()
    outcome = load(tmp_path, of(text("v", sources=("on", "period.start"))), contents)
    assert [row[0] for row in outcome.accepted] == ["1", "2", "3", "4"]
    assert outcome.rules == [[("path", "")]]


def test_source_of_another_shape_does_no_harm_where_the_next_one_has_the_value(tmp_path: Path) -> None:
    outcome = load(tmp_path, of(text("v", sources=("city.name", "city"))), b'{"city":"A"}\n{"city":{"name":"B"}}\n')
    assert [row[0] for row in outcome.accepted] == ["A", "B"]


BUNDLE = of(text("a"), text("doc", sources=("$.id",)), text("url", sources=("^.u",)), records="entry[*].resource[t=P]")


def bundle(*resources: object, **around: object) -> bytes:
    """Return a document with resources in it."""
    return json.dumps(around | {"entry": [{"u": f"u{n}", "resource": r} for n, r in enumerate(resources)]}).encode()


def loaded(outcome: Outcome) -> list[tuple[object, ...]]:
    return [row[:3] for row in outcome.accepted]


def test_rows_are_the_chosen_elements_of_a_document(tmp_path: Path) -> None:
    content = bundle({"t": "P", "a": 1}, {"t": "Q", "a": 2}, {"a": 3}, {"t": "P", "a": 4}, id="D")
    outcome = load(tmp_path, BUNDLE, content)
    assert loaded(outcome) == [("1", "D", "u0"), ("4", "D", "u3")]
    assert outcome.file.rows_read == 2
    assert [row[-1] for row in outcome.accepted] == [1, 2]


@pytest.mark.parametrize("layout", ["lines", "array", "pretty"])
def test_many_documents_in_a_file(tmp_path: Path, layout: str) -> None:
    documents = [bundle({"t": "P", "a": n}, {"t": "P", "a": -n}, id=f"D{n}") for n in (1, 2)]
    if layout == "pretty":
        documents = [json.dumps(json.loads(d), indent=1).encode() for d in documents[:1]]
    content = b"[" + b",".join(documents) + b"]" if layout == "array" else b"\n".join(documents)
    wanted = [("1", "D1", "u0"), ("-1", "D1", "u1"), ("2", "D2", "u0"), ("-2", "D2", "u1")]
    assert loaded(load(tmp_path, BUNDLE, content)) == wanted[: 2 * len(documents)]


def test_key_behind_the_array_reaches_the_rows_before_it(tmp_path: Path) -> None:
    assert loaded(load(tmp_path, BUNDLE, b'{"entry":[{"resource":{"t":"P","a":1}}],\n"id":"late"}')) == [("1", "late", None)]


def test_key_behind_an_array_that_cannot_be_held_refuses_the_file(tmp_path: Path) -> None:
    element = b'{"resource":{"t":"P","a":"' + b"x" * 1_000_000 + b'"}}'
    content = b'{"entry":[' + b",".join([element] * (MAX_HELD // 1_000_000 + 2)) + b'],\n"id":"late"}'
    assert load(tmp_path, BUNDLE, content).codes == ["UNREADABLE"]
    assert load(tmp_path, of(text("a"), records="entry[*].resource"), content).codes == [None]
    assert load(tmp_path, BUNDLE, b'{"id":"early",' + content[1:].replace(b',\n"id":"late"', b"")).codes == [None]


def test_arrays_in_arrays(tmp_path: Path) -> None:
    deep = of(typed("n", Kind.INTEGER), text("mid", sources=("^.m",)), text("top", sources=("$.h.t",)), records="h.a[*].b[*]")
    content = b'{"h":{"t":"T","a":[{"m":"1","b":[{"n":1},{"n":2}]},{"b":[]},{"b":null},{},{"b":[{"n":3}],"m":"2"}]}}'
    assert loaded(load(tmp_path, deep, content)) == [(1, "1", "T"), (2, "1", "T"), (3, "2", "T")]


def test_rejected_element_brings_its_own_text_not_the_documents(tmp_path: Path) -> None:
    outcome = load(tmp_path, BUNDLE, b'{"id":"D","entry":[{"u":1},7,{"resource":{"t":"P","a":1,"a":2}},{"resource":[]},{"u":2,}]}')
    assert [(n, raw, reasons[0][0]) for _, n, raw, reasons in outcome.quarantined] == [
        (1, '{"u":1}', "records"),
        (2, "7", "json"),
        (3, '{"resource":{"t":"P","a":1,"a":2}}', "duplicate_key"),
        (4, '{"resource":[]}', "records"),
        (5, '{"u":2,}', "json"),
    ]


def test_bad_document_among_lines_is_one_rejected_record(tmp_path: Path) -> None:
    good = bundle({"t": "P", "a": 1}, id="D")
    bad = [
        b'{"entry":[{"resource":',
        b"[]",
        b'{"entry":[]} x',
        b'{"entry":{"resource":1}}',
        b'{"id":1,"id":2,"entry":[]}',
        b'{"id":x}',
    ]
    outcome = load(tmp_path, BUNDLE, b"\n".join([good, *bad, good]))
    assert loaded(outcome) == [("1", "D", "u0")] * 2
    assert [raw.encode() for _, _, raw, _ in outcome.quarantined] == [*bad[:3], b'{"resource":1}', *bad[4:]]


@pytest.mark.parametrize("content", [b'{"entry":[]}', b'{"entry":null}', b"[]", b'[{"entry":[]},{}]', b'{"entry":[]}\n{"id":1}\n'])
def test_empty_array_gives_no_row_and_no_refusal(tmp_path: Path, content: bytes) -> None:
    outcome = load(tmp_path, BUNDLE, content)
    assert (outcome.codes, outcome.file.rows_read) == ([None], 0)


@pytest.mark.parametrize(
    "content", [b'{"error":"rate limit"}', b'{"entries":[{"resource":{"t":"P"}}]}', bundle({"t": "Q", "a": 1})]
)
def test_file_without_any_record_of_the_dataset_is_refused_not_loaded_as_nothing(tmp_path: Path, content: bytes) -> None:
    assert load(tmp_path, BUNDLE, content).codes == ["WRONG_HEADER"]


@pytest.mark.parametrize(
    "content",
    [
        b'{\n"entry":[{"resource":{"t":"P","a":1}}]',
        b'{\n"entry":[{"resource":{"t":"P","a":1}}]} x',
        b'{\n"id":NaN,"entry":[]}',
        b'{\n"id":"\\ud800","entry":[]}',
    ],
)
def test_document_that_is_broken_around_its_records_is_refused(tmp_path: Path, content: bytes) -> None:
    assert load(tmp_path, BUNDLE, content).codes == ["UNREADABLE"]


def test_drift_is_of_the_record_not_of_what_is_around_it(tmp_path: Path) -> None:
    outcome = load(tmp_path, BUNDLE, bundle({"t": "P", "a": 1, "b": [2]}, id="D", total=1))
    assert [c.name for c in outcome.output.extra_columns] == ["t", "b"]
    assert outcome.accepted == [("1", "D", "u0", "P", "[2]", "f0", 1)]


def test_only_document_on_one_line_is_read_piece_by_piece(tmp_path: Path) -> None:
    elements = ",".join('{"a":"' + "x" * 1000 + '"}' for _ in range(3000))
    outcome = load(
        tmp_path, of(text("a"), records="d[*]"), ('{"d":[' + elements + "]}\n").encode(), ('{"d":[' + elements + "]").encode()
    )
    assert (outcome.codes, len(outcome.accepted)) == ([None, "UNREADABLE"], 3000)
