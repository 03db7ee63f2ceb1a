"""A plain text is cut alike by its bitmaps and record by record; what is not plain is left to the latter."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.contracts.contract import CsvFormat
from tidegate.engine import structure
from tidegate.engine.record_patterns import is_regular
from tidegate.engine.records import index_records
from tidegate.engine.structure import find_structure

PIECES = ["a", "bc", ",", ",", '"', '"', '""', ' "', "\n", "\r\n", "é"]
FORMS = [CsvFormat(), CsvFormat(escape="\\"), CsvFormat(quote="", escape="")]


def fields_of(record: bytes, of: CsvFormat) -> int:
    """Count the fields of a record that is regular."""
    outside = record.split(of.quote.encode())[0::2] if of.quote else [record]
    return 1 + sum(part.count(b",") for part in outside)


@settings(deadline=None)
@given(
    pieces=st.lists(st.sampled_from(PIECES), max_size=40), of=st.sampled_from(FORMS), block=st.sampled_from([1, 2, 3, 8, 1 << 19])
)
def test_plain_text_is_cut_as_record_by_record(pieces: list[str], of: CsvFormat, block: int) -> None:
    text = "".join(pieces).encode()
    newline = b"\r\n" if b"\r\n" in text else b"\n"
    if text.count(newline) != text.count(b"\n"):
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(structure, "BLOCK", block)
        found = find_structure(text, newline, of)
    if found is None:
        return
    index = index_records(text, of, 1)
    ends = [end for end in index.ends if end + len(newline) <= found.end]
    assert found.stops.to_pylist() == [end + len(newline) for end in ends]
    records = [text[start:end] for start, end in zip(index.starts, ends, strict=False)]
    assert all(is_regular(record, of) for record in records)
    assert found.delimiters == sum(fields_of(record, of) - 1 for record in records)
    if text.endswith(newline) and not index.open_quote:
        assert len(ends) == len(index)


@pytest.mark.parametrize("text", [b'a,b"c\n', b'"a"b,c\n', b'a, "b"\n', b'6" pipe,x\n1,2\n', b'x,""y\n', b'"a"\r,b\n'])
def test_text_with_a_quote_in_an_odd_place_is_not_plain(text: bytes) -> None:
    assert find_structure(text, b"\n", CsvFormat()) is None


def test_quote_at_the_end_of_a_text_may_still_be_closed() -> None:
    found = find_structure(b'a,"b"\n"c\n"', b"\n", CsvFormat())
    assert found is not None
    assert (found.end, found.delimiters) == (6, 1)


def test_blocks_end_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    text = b'"a""b",c\r\n"d\r\n,e","f"\r\n,\r\n' * 20
    whole = find_structure(text, b"\r\n", CsvFormat())
    assert whole is not None
    assert (len(whole.stops), whole.delimiters) == (60, 60)
    for _ in range(50):
        monkeypatch.setattr(structure, "BLOCK", random.randrange(1, 80))  # noqa: S311 - no secret
        cut = find_structure(text, b"\r\n", CsvFormat())
        assert cut is not None
        assert (cut.stops, cut.delimiters) == (whole.stops, whole.delimiters)
