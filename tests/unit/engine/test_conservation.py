"""Rows are conserved, whatever the bytes; well-formed files read as Python's csv module reads them."""

import csv
import io
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.engine.rig import contract, load, text

CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
NEWLINES = st.sampled_from(["\n", "\r\n"])
PIECES = st.sampled_from(
    [b"a", b",", b",", b'"', b'"', b" ", b"\n", b"\n", b"\r\n", b'"x"', b'""', b"\xff", b"\xc3\xa9", b"1,2\n", b"3,4\n"]
)
ABX = contract(text("a"), text("b"))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.tuples(CELLS, CELLS), max_size=6), min_size=1, max_size=3), NEWLINES, st.booleans())
def test_well_formed_files_read_as_python_reads_them(tables: list[list[tuple[str, str]]], newline: str, quoted: bool) -> None:  # noqa: FBT001
    contents, expected = [], []
    for number, rows in enumerate(tables):
        out = io.StringIO()
        # Python before 3.11.5 leaves a lone carriage return unquoted, and such a file is not well formed.
        every = quoted or any("\r" in cell for row in rows for cell in row)
        writer = csv.writer(out, lineterminator=newline, quoting=csv.QUOTE_ALL if every else csv.QUOTE_MINIMAL)
        writer.writerow(["a", "b"])
        writer.writerows(rows)
        contents.append(out.getvalue().encode())
        expected += [(a or None, b or None, f"f{number}", place) for place, (a, b) in enumerate(rows, 1)]
    with tempfile.TemporaryDirectory() as folder:
        outcome = load(Path(folder), ABX, *contents)
    assert outcome.codes == [None] * len(tables)
    assert outcome.accepted == expected


@settings(max_examples=80, deadline=None)
@given(st.lists(st.lists(PIECES, max_size=14).map(b"".join), min_size=1, max_size=4))
def test_every_record_of_every_file_ends_somewhere(bodies: list[bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        outcome = load(Path(folder), ABX, *(b"a,b\n" + body for body in bodies))
    for file, body in zip(outcome.output.files, bodies, strict=True):
        records = [r for r in outcome.accepted if r[-2] == file.file_id], [q for q in outcome.quarantined if q[0] == file.file_id]
        numbers = sorted([r[-1] for r in records[0]] + [q[1] for q in records[1]])
        assert file.rows_read == file.rows_accepted + file.rows_quarantined == len(numbers)
        assert numbers == list(range(1, file.rows_read + 1))
        if file.refused is None and b'"' not in body:
            assert file.rows_read == sum(1 for line in body.replace(b"\r\n", b"\n").split(b"\n") if line)


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=60), st.booleans())
def test_random_bytes_never_lose_a_row(data: bytes, header: bool) -> None:  # noqa: FBT001
    with tempfile.TemporaryDirectory() as folder:
        outcome = load(Path(folder), ABX, (b"a,b\n" if header else b"") + data, b"a,b\n1,2\n")
    first, second = outcome.output.files
    assert first.rows_read == first.rows_accepted + first.rows_quarantined
    assert (second.rows_read, second.rows_accepted, second.refused) == (1, 1, None)
