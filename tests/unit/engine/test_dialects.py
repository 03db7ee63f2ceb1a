"""CSV files as they are written elsewhere: no header, comments, lines to skip, other quotes."""

from pathlib import Path

import pytest

from tests.unit.engine.rig import contract, load, text
from tidegate.contracts.contract import Column, ColumnType, CsvFormat, Kind
from tidegate.contracts.parse import parse_contract
from tidegate.engine import rowset, sources
from tidegate.errors import ContractInvalid

TWO = (text("a"), text("b"))


@pytest.fixture(params=[None, 16], ids=["whole", "in small pieces"])
def pieces(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut files as large ones are cut."""
    if request.param:
        monkeypatch.setattr(rowset, "_SMALLEST", request.param)
        monkeypatch.setattr(rowset, "_LARGEST", request.param)
        monkeypatch.setattr(sources, "CHUNK", 5)


@pytest.mark.usefixtures("pieces")
def test_file_without_a_header_has_the_contracts_order(tmp_path: Path) -> None:
    outcome = load(tmp_path, contract(*TWO, csv=CsvFormat(header=False)), b"1,x\n2,y\n3\n4,z")
    assert outcome.accepted == [("1", "x", "f0", 1), ("2", "y", "f0", 2), ("4", "z", "f0", 4)]
    assert outcome.quarantined[0][1:3] == (3, "3")


@pytest.mark.usefixtures("pieces")
@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r"])
def test_comments_are_no_records_wherever_they_stand(tmp_path: Path, newline: bytes) -> None:
    lines = [b'# made "today', b"a,b", b"#", b"1,x", b"# 2,y", b"#", b'3,"#', b'4,""z"', b"5,#", b"# end"]
    outcome = load(tmp_path, contract(*TWO, csv=CsvFormat(comment="#")), newline.join(lines))
    assert [(row[0], row[-1]) for row in outcome.accepted] == [("1", 1), ("3", 2), ("5", 3)]
    assert outcome.accepted[1][1] == "#" + newline.decode() + '4,"z'


@pytest.mark.usefixtures("pieces")
def test_lines_before_the_header_are_skipped_whatever_they_hold(tmp_path: Path) -> None:
    of = contract(*TWO, csv=CsvFormat(skip=2))
    outcome = load(tmp_path, of, b'Report "of\n\na,b\n1,x\n', b"one\r\ntwo\r\nb,a\r\nx,1\r\n")
    assert [row[:3] for row in outcome.accepted] == [("1", "x", "f0"), ("1", "x", "f1")]


@pytest.mark.parametrize("content", [b"one\n", b"one\ntwo", b"one"])
def test_file_that_ends_before_its_header_is_refused(tmp_path: Path, content: bytes) -> None:
    outcome = load(tmp_path, contract(*TWO, csv=CsvFormat(skip=2)), content)
    assert outcome.codes == ["WRONG_HEADER"]


@pytest.mark.usefixtures("pieces")
def test_line_break_in_a_header_name_is_no_end_of_the_header(tmp_path: Path) -> None:
    of = contract(text("a", sources=("a\nb",)), text("c"))
    outcome = load(tmp_path, of, b'"a\nb",c\r\n1,2\r\n3,4\r\n')
    assert [row[:2] for row in outcome.accepted] == [("1", "2"), ("3", "4")]


@pytest.mark.parametrize("header", [b'a,"b"7', b'a,"b" c', b'a, "b"'])
def test_text_beside_a_quoted_name_is_no_name(tmp_path: Path, header: bytes) -> None:
    outcome = load(tmp_path, contract(*TWO), header + b"\n1,2\n")
    assert outcome.codes == ["WRONG_HEADER"]


def test_absurdly_wide_header_is_refused_alone(tmp_path: Path) -> None:
    wide = b",".join(b"c%d" % n for n in range(10_000))
    outcome = load(tmp_path, contract(*TWO), b"a,b," + wide + b"\n", b"a,b\n1,2\n")
    assert outcome.codes == ["TOO_WIDE", None]
    assert len(outcome.accepted) == 1


@pytest.mark.parametrize(
    ("record", "rules"),
    [
        (b"Smith, John,,", [("columns", "")]),
        (b'1,2,""', [("columns", "")]),
        (b'1,"x" "y"', [("quoting", "")]),
        (b'"a" "",2', [("quoting", "")]),
        (b'1, "x"', [("quoting", "")]),
        (b'1,  "x"', [("quoting", "")]),
        ('"T",""\U0001f600'.encode(), [("quoting", "")]),
    ],
)
def test_record_that_others_read_otherwise_is_never_changed_in_silence(
    tmp_path: Path, record: bytes, rules: list[tuple[str, str]]
) -> None:
    for number, around in enumerate([b"", b'"q",r\n']):
        folder = tmp_path / str(number)
        folder.mkdir()
        outcome = load(folder, contract(*TWO), b"a,b\n0,0\n" + around + record + b"\n9,9\n")
        assert outcome.rules == [rules]
        assert outcome.quarantined[0][2] == record.decode()
        assert [row[0] for row in outcome.accepted] == (["0", "q", "9"] if around else ["0", "9"])


def test_bytes_that_are_no_text_are_seen_in_a_column_that_nobody_reads(tmp_path: Path) -> None:
    outcome = load(tmp_path, contract(text("a"), schema_drift="ignore"), b"a,b\n1,\xff\n2,x\n")
    assert outcome.rules == [[("encoding", "")]]
    assert [row[0] for row in outcome.accepted] == ["2"]


@pytest.mark.parametrize("tail", [b"", b"\n", b"\n8,9\n"])
@pytest.mark.parametrize("quote", [b"", b'"'])
def test_line_longer_than_the_readers_buffer_is_rejected_alone(tmp_path: Path, tail: bytes, quote: bytes) -> None:
    long = quote + b"x" * 40_000_000 + quote
    outcome = load(tmp_path, contract(*TWO), b"a,b\n1,2\n" + long + b",2" + tail, b"a,b\n3,4\n")
    assert outcome.codes == [None, None]
    assert outcome.rules == [[("line_length", "")]]
    assert len(outcome.quarantined[0][2]) == len(long) + 2
    assert [row[0] for row in outcome.accepted] == ["1", *(["8"] if tail[1:] else []), "3"]


def test_quote_that_is_never_closed_is_not_held_for_ever(tmp_path: Path) -> None:
    outcome = load(tmp_path, contract(*TWO), b'a,b\n1,"' + b"x\n" * 40_000_000, b"a,b\n3,4\n")
    assert outcome.codes == ["UNREADABLE", None]
    assert [row[0] for row in outcome.accepted] == ["3"]


@pytest.mark.parametrize("around", ["", '"q","r"\n'])
def test_field_too_many_is_told_as_such_beside_quotes_too(tmp_path: Path, around: str) -> None:
    outcome = load(tmp_path, contract(*TWO), f'a,b\n{around}1,2,\n"1","2",""\n1,2,3\n'.encode())
    assert outcome.rules == [[("columns", "")]] * 3


def test_file_whose_key_is_bad_keeps_its_broken_records(tmp_path: Path) -> None:
    day = Column("day", ColumnType(Kind.DATE), from_key=r"(x+|[0-9-]+)\.csv$")
    outcome = load(tmp_path, contract(*TWO, day), b"a,b\n1\n2,3\n", keys=["xx.csv"])
    assert outcome.accepted == []
    assert outcome.rules == [[("columns", "")], [("type", "day")]]


def test_words_of_a_contract_say_how_its_files_are_written(tmp_path: Path) -> None:
    words = [("quote", '"\'"'), ("escape", '"\\\\"'), ("header", "false"), ("comment", '"#"'), ("skipLines", "1")]
    lines = "\n".join(f"  - {{property: {name}, value: {value}}}" for name, value in words)
    of = parse_contract(
        f"""apiVersion: v3.2.0
kind: DataContract
id: shop.sales
version: 1.0.0
servers: [{{server: landing, type: s3, location: "s3://landing/shop/sales/", format: csv, delimiter: ";"}}]
schema: [{{name: shop_sales, properties: [{{name: a, logicalType: string}}, {{name: b, logicalType: string}}]}}]
customProperties:
  - {{property: loadMode, value: append}}
{lines}
""",
        "test",
    )
    assert of.csv == CsvFormat(";", "'", "\\", "utf-8", header=False, comment="#", skip=1)
    outcome = load(tmp_path, of, b"report\n#c\n'it\\'s; x';\"2\"\n")
    assert outcome.accepted == [("it's; x", '"2"', "f0", 1)]


@pytest.mark.parametrize(
    "word", ["{property: quote, value: none}", "{property: header, value: false}", "{property: skipLines, value: 2}"]
)
@pytest.mark.parametrize("written", ["json", "parquet", "xlsx"])
def test_word_about_csv_is_a_finding_beside_another_format(word: str, written: str) -> None:
    text = f"""apiVersion: v3.2.0
kind: DataContract
id: shop.sales
version: 1.0.0
servers: [{{server: landing, type: s3, location: "s3://landing/shop/sales/", format: {written}}}]
schema: [{{name: shop_sales, properties: [{{name: a, logicalType: string}}]}}]
customProperties:
  - {{property: loadMode, value: append}}
  - {word}
"""
    with pytest.raises(ContractInvalid, match=f"test:9: .*is for CSV files, not for {written}"):
        parse_contract(text, "test")


@pytest.mark.parametrize("tail", [b"'\\", b"'x\\", b"1,'\\", b"'\\\n"])
def test_open_quote_whose_last_character_is_an_escape_refuses_the_file(tmp_path: Path, tail: bytes) -> None:
    of = contract(*TWO, csv=CsvFormat(quote="'", escape="\\"))
    assert load(tmp_path, of, b"a,b\n1,2\n" + tail, b"a,b\n3,4\n").codes == ["UNREADABLE", None]


@pytest.mark.parametrize(
    ("record", "rule"),
    [
        (b"1,2,", "columns"),
        (rb"'C:\temp',2", "quoting"),
        (rb"'\N',2", "quoting"),
    ],
)
def test_escape_hides_no_field_and_no_character(tmp_path: Path, record: bytes, rule: str) -> None:
    of = contract(*TWO, csv=CsvFormat(quote="'", escape="\\"))
    outcome = load(tmp_path, of, rb"a,b" + b"\n" + rb"'a\'','x\\'" + b"\n" + record + b"\n")
    assert outcome.accepted == [("a'", "x\\", "f0", 1)]
    assert outcome.rules == [[(rule, "")]]
