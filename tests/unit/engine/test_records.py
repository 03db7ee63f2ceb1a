"""Records that are not records: rules, true numbers, true bytes."""

import gzip
import itertools
from pathlib import Path

import pytest

from tests.unit.engine.rig import contract, load, text, typed
from tidegate.contracts.contract import CsvFormat, Kind
from tidegate.engine import rowset, sources

ABC = contract(text("a"), text("b"), typed("c", Kind.INTEGER))


@pytest.mark.parametrize(
    ("record", "rules"),
    [
        (b"1,2", [("columns", "")]),
        (b"1,2,3,4", [("columns", "")]),
        (b'"1"x,2,3', [("quoting", "")]),
        (b'1,"2"2",3', [("quoting", "")]),
        (b"\xff,2,3", [("encoding", "")]),
        (b"\xff,2", [("columns", ""), ("encoding", "")]),
        (b"1,2,x", [("type", "c")]),
        (b'1,"a\r\nb\n""c""",x', [("type", "c")]),
        (b'"1\n2"', [("columns", "")]),
    ],
)
@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_bad_record_keeps_its_bytes_and_its_number(
    tmp_path: Path, record: bytes, rules: list[tuple[str, str]], newline: bytes, bom: bytes
) -> None:
    content = bom + newline.join([b"a,b,c", b"x,y,1", b"broken", record, b'"q",y,2', record, b""])
    outcome = load(tmp_path, ABC, content, content)
    raw = record.decode("utf-8", "backslashreplace")
    assert outcome.output.files[0].rows_read == outcome.output.files[1].rows_read == 5
    assert outcome.accepted == [("x", "y", 1, "f0", 1), ("q", "y", 2, "f0", 4), ("x", "y", 1, "f1", 1), ("q", "y", 2, "f1", 4)]
    columns = [("columns", "")]
    assert outcome.quarantined == [
        (file, *row) for file in ("f0", "f1") for row in ((2, "broken", columns), (3, raw, rules), (5, raw, rules))
    ]


def test_too_long_record_is_rejected_alone(tmp_path: Path) -> None:
    long = b"x" * (sources.MAX_RECORD_BYTES + 1)
    outcome = load(tmp_path, ABC, b"a,b,c\n1,2,3\n" + long + b",2,3\n4,5,6\n")
    assert outcome.rules == [[("line_length", "")]]
    assert [row[-1] for row in outcome.accepted] == [1, 3]
    assert outcome.quarantined[0][2] == (long + b",2,3").decode()


def test_blank_lines_are_not_records(tmp_path: Path) -> None:
    outcome = load(tmp_path, ABC, b"a,b,c\n\n1,2,3\n\n\n4\n\n5,6,7\n\n")
    assert [row[-1] for row in outcome.accepted] == [1, 3]
    assert outcome.quarantined == [("f0", 2, "4", [("columns", "")])]


def test_blank_line_of_a_single_column_is_a_null(tmp_path: Path) -> None:
    outcome = load(tmp_path, contract(text("a")), b"a\n1\n\n2\n")
    assert outcome.accepted == [("1", "f0", 1), (None, "f0", 2), ("2", "f0", 3)]
    outcome = load(tmp_path, contract(text("a")), b"a\n\n\n\n1,2\n")
    assert outcome.quarantined == [("f0", 4, "1,2", [("columns", "")])]


def test_mixed_line_endings_are_read(tmp_path: Path) -> None:
    outcome = load(tmp_path, ABC, b'a,b,c\r\n1,2,3\n4,"5\r\n5",6\r7,8\r\n9,9,9')
    assert outcome.accepted == [("1", "2", 3, "f0", 1), ("4", "5\r\n5", 6, "f0", 2), ("9", "9", 9, "f0", 4)]
    assert outcome.quarantined[0][1:3] == (3, "7,8")


def test_gzip_is_seen_by_its_bytes(tmp_path: Path) -> None:
    outcome = load(tmp_path, ABC, gzip.compress(b"a,b,c\n1,2,3\n4,5,x\n"))
    assert outcome.accepted == [("1", "2", 3, "f0", 1)]
    assert outcome.quarantined == [("f0", 2, "4,5,x", [("type", "c")])]


def test_gzip_cut_short_is_refused_alone(tmp_path: Path) -> None:
    packed = gzip.compress(bytes(i % 251 for i in range(200_000)).replace(b"\0", b"x").replace(b"\n", b"y"))
    outcome = load(tmp_path, ABC, packed[:-20], b"a,b,c\n1,2,3\n")
    assert outcome.codes[0] is not None
    assert outcome.codes[1] is None


def test_quote_that_is_never_closed_refuses_its_file_alone(tmp_path: Path) -> None:
    outcome = load(tmp_path, ABC, b"a,b,c\n1,2,3\n", b'a,b,c\n1,2,3\n"4,5,6\n7,8,9\n', b"a,b,c\n4,5,6\n")
    assert outcome.codes == [None, "UNREADABLE", None]
    assert [row[-2:] for row in outcome.accepted] == [("f0", 1), ("f2", 1)]


def test_file_that_the_reader_sees_differently_refuses_itself_alone(tmp_path: Path) -> None:
    odd = b'a,b,c\n  "x\ny" ,2,3\n4,5,6\n'  # two spaces before the first quote: DuckDB 2.0 reads it in its own way
    good = b"a,b,c\n1,2,3\n4\n"
    outcome = load(tmp_path, ABC, good, odd, good)
    assert outcome.codes == [None, "UNREADABLE", None]
    assert [(f.rows_read, f.rows_accepted, f.rows_quarantined) for f in outcome.output.files] == [(2, 1, 1), (0, 0, 0), (2, 1, 1)]


def test_other_delimiter_quote_and_escape(tmp_path: Path) -> None:
    of = contract(text("a"), text("b"), csv=CsvFormat(delimiter="|", quote="'", escape="\\"))
    outcome = load(tmp_path, of, b"a|b\n'x|\\'y'|1\nbroken\n'z'|2\n")
    assert outcome.accepted == [("x|'y", "1", "f0", 1), ("z", "2", "f0", 3)]
    assert outcome.quarantined == [("f0", 2, "broken", [("columns", "")])]


@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
@pytest.mark.parametrize("tail", [b"", b'9,"a\nb",9'], ids=["plain", "quoted newline"])
def test_large_file_is_cut_where_records_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, newline: bytes, tail: bytes) -> None:
    monkeypatch.setattr(rowset, "_SMALLEST", 64)
    monkeypatch.setattr(rowset, "_LARGEST", 64)
    monkeypatch.setattr(sources, "CHUNK", 16)
    rows = [b"%d,y,%d" % (n, n) for n in range(1, 40)]
    rows[4], rows[9], rows[19] = b"bro\xffken", b'1,"2\n2",x', b""
    rows.append(tail)
    outcome = load(tmp_path, ABC, b"\xef\xbb\xbf" + newline.join([b"a,b,c", *rows, b""]), b"a,b,c\n1,2,3\n")
    assert [(n, raw) for f, n, raw, _ in outcome.quarantined] == [(5, "bro\\xffken"), (10, '1,"2\n2",x')]
    numbers = [row[-1] for row in outcome.accepted if row[-2] == "f0"]
    last = 38 + bool(tail)
    assert numbers == [n for n in range(1, last + 1) if n not in {5, 10}]
    assert outcome.accepted[-1][-2:] == ("f1", 1)


def test_large_file_with_mixed_line_endings_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rowset, "_SMALLEST", 16)
    monkeypatch.setattr(rowset, "_LARGEST", 16)
    monkeypatch.setattr(sources, "CHUNK", 7)
    endings = itertools.cycle([b"\n", b"\r\n"])
    content = b"".join(b"%d,y,%d%b" % (n, n, next(endings)) for n in range(50))
    outcome = load(tmp_path, ABC, b"a,b,c\n" + content)
    assert [row[0] for row in outcome.accepted] == [str(n) for n in range(50)]
