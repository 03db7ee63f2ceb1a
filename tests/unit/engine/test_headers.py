"""Headers against the contract: refused files, missing and new columns."""

from pathlib import Path

import pytest

from tests.unit.engine.rig import contract, load, stage, text
from tidegate.contracts.contract import CsvFormat, SchemaDrift
from tidegate.engine import inspect
from tidegate.engine.headers import snake_name
from tidegate.errors import BatchRefused, ContractInvalid

AB = contract(text("a", required=True), text("b", sources=("b", "B/2")))


@pytest.mark.parametrize(
    ("content", "code", "message"),
    [
        (b"", "EMPTY_FILE", "no bytes"),
        (b"\xef\xbb\xbf", "EMPTY_FILE", "no text"),
        (b"\n\n", "EMPTY_FILE", "blank"),
        (b"\na,b\n1,2\n", "WRONG_HEADER", "first line is blank"),
        (b"b\n2\n", "WRONG_HEADER", "missing columns: a: expected a header line like a,b"),
        (b"1,2\n3,4\n", "WRONG_HEADER", "missing columns: a"),
        (b"a,b, a\n1,2,3\n", "DUPLICATE_HEADER", "a: give"),
        (b"a,b\xff\n1,2\n", "UNDECODABLE", "header"),
        (b"a,b\n1,\0\n", "UNDECODABLE", "NUL"),
        ("a,b\n1,2\n".encode("utf-16"), "UNDECODABLE", "UTF-16"),
        (b"PK\x03\x04....", "UNREADABLE", "zip"),
        (b"PAR1\x15\x04", "UNSUPPORTED_CONTENT", "Parquet"),
        (b"\x28\xb5\x2f\xfd....", "UNREADABLE", "zstd"),
        (b"\x1f\x8b\x08\x00broken", "UNREADABLE", "gzip"),
        (b'"a,b\n1,2\n', "WRONG_HEADER", "does not end"),
    ],
)
def test_file_that_cannot_be_loaded_is_refused_with_a_reason(tmp_path: Path, content: bytes, code: str, message: str) -> None:
    outcome = load(tmp_path, AB, content, b"a,b\n1,2\n")
    assert outcome.codes == [code, None]
    refused = outcome.output.files[0].refused
    assert refused is not None
    assert message in refused.message
    assert outcome.accepted == [("1", "2", "f1", 1)]


@pytest.mark.parametrize("content", [b"a,b", b"a,b\n", b"\xef\xbb\xbfa,b\r\n", b"a,b\n\n\n"])
def test_header_alone_is_a_file_of_no_rows(tmp_path: Path, content: bytes) -> None:
    outcome = load(tmp_path, AB, content)
    assert (outcome.file.rows_read, outcome.file.refused, outcome.output.accepted) == (0, None, None)


def test_no_contract_column_in_the_header_is_a_wrong_header(tmp_path: Path) -> None:
    outcome = load(tmp_path, contract(text("a"), text("b")), b"x,y\n1,2\n")
    assert outcome.codes == ["WRONG_HEADER"]


def test_names_are_stripped_and_the_first_source_wins(tmp_path: Path) -> None:
    outcome = load(tmp_path, AB, b" a ,B/2\n1,2\n", b'"a",b\n3,4\n', b"a\n5\n")
    assert outcome.accepted == [("1", "2", "f0", 1), ("3", "4", "f1", 1), ("5", None, "f2", 1)]


def test_evolve_loads_new_columns_as_text(tmp_path: Path) -> None:
    outcome = load(tmp_path, AB, b"a,New One\n1,x\n", b"a\n2\n", b"new_one,a\ny,3\n", b"a,a!\n4,z\n")
    names = [(c.name, c.sources) for c in outcome.output.extra_columns]
    assert names[0] == ("new_one", ("New One", "new_one"))
    assert names[1][0].startswith("a_")
    assert [(r[0], r[2], r[3]) for r in outcome.accepted] == [
        ("1", "x", None),
        ("2", None, None),
        ("3", "y", None),
        ("4", None, "z"),
    ]


def test_two_spellings_in_one_file_stay_apart(tmp_path: Path) -> None:
    files = stage(tmp_path, [b"a,x y,x-y,\n1,2,3,4\n"])
    names = [c.name for c in inspect(AB, files).extra_columns]
    assert names[0] == "x_y"
    assert names[1].startswith("x_y_")
    assert names[2] == "unnamed"


def test_ignore_drops_new_columns(tmp_path: Path) -> None:
    of = contract(text("a"), schema_drift=SchemaDrift.IGNORE)
    outcome = load(tmp_path, of, b"z,a\n9,1\n")
    assert outcome.accepted == [("1", "f0", 1)]
    assert outcome.output.extra_columns == ()


def test_quarantine_refuses_the_file(tmp_path: Path) -> None:
    of = contract(text("a"), schema_drift=SchemaDrift.QUARANTINE)
    assert load(tmp_path, of, b"a,z\n1,2\n", b"a\n1\n").codes == ["UNEXPECTED_COLUMNS", None]


def test_fail_refuses_the_batch(tmp_path: Path) -> None:
    with pytest.raises(BatchRefused, match=r"shop/sales/delta/0.csv: .*: z"):
        inspect(contract(text("a"), text("b"), schema_drift=SchemaDrift.FAIL), stage(tmp_path, [b"a,b,z\n1,2,3\n"]))


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16", "utf-16-le"])
def test_declared_encoding_is_read(tmp_path: Path, encoding: str) -> None:
    of = contract(text("a"), text("ü"), csv=CsvFormat(encoding=encoding, delimiter=";"))
    outcome = load(tmp_path, of, "a;ü\nJörg;é\n".encode(encoding))
    assert outcome.accepted == [("Jörg", "é", "f0", 1)]


def test_byte_without_meaning_in_the_declared_encoding_rejects_its_record(tmp_path: Path) -> None:
    of = contract(text("a"), text("b"), csv=CsvFormat(encoding="cp1252"))
    outcome = load(tmp_path, of, b"a,b\n1,\x81\n2,\xe9\n")
    assert outcome.accepted == [("2", "é", "f0", 2)]
    assert outcome.quarantined == [("f0", 1, "1,\\x81", [("encoding", "")])]


def test_unknown_encoding_is_the_contracts_fault(tmp_path: Path) -> None:
    with pytest.raises(ContractInvalid, match="klingon"):
        inspect(contract(text("a"), csv=CsvFormat(encoding="klingon")), stage(tmp_path, [b"a\n"]))


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("Province/State", "province_state"),
        ("birthDate", "birth_date"),
        ("1st", "c_1st"),
        ("é", "unnamed"),
        ("__x__", "x"),
        ("ID", "id"),
    ],
)
def test_snake_names(header: str, name: str) -> None:
    assert snake_name(header) == name


def test_long_names_stay_distinct() -> None:
    names = {snake_name("x" * 200), snake_name("x" * 201)}
    assert len(names) == 2
    assert max(map(len, names)) <= 120


def test_escape_outside_quotes_is_a_part_of_a_name(tmp_path: Path) -> None:
    of = contract(text("a"), schema_drift=SchemaDrift.QUARANTINE, csv=CsvFormat(escape="\\"))
    outcome = load(tmp_path, of, b"a\\\n1\n", b'"a"\n2\n')
    assert outcome.codes == ["WRONG_HEADER", None]
