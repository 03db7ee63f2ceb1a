"""A file read in splits gives the rows of the whole file, or it is told that it cannot be read so."""

import io
import random
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from tests.unit.engine.rig import contract, load, load_staged, text, typed
from tidegate.contracts.contract import Contract, CsvFormat, Format, Kind
from tidegate.contracts.rules import Rules, Unique
from tidegate.engine import StagedFile, splits, structure
from tidegate.engine.splits import head_of, ranges_of, splits_of, survey
from tidegate.engine.texts import NOT_PLAIN
from tidegate.engine.values import Split

OF = contract(text("a"), typed("n", Kind.INTEGER))
RECORDS = ["x,1", "y,", ',"2"', '"a,b",3', '"line\nbreak",4', '"d""q",5', '"",6', "z,seven", "short", "a,b,c", "é,8"]
ODD = ['"\r",9', '5" pipe,1', '"a"b,2', '"open,3', "", "\r"]


def cut(content: bytes, of: Contract, wanted: int) -> list[Split]:
    """Return the splits of a file, each range surveyed by itself."""
    head = head_of(content, of)
    assert head is not None
    found = [survey(io.BytesIO(content[a:b]), a, b, of) for a, b in ranges_of(head, len(content), wanted)]
    return splits_of(found)


def read_in_splits(folder: Path, of: Contract, content: bytes, wanted: int) -> tuple[list[object], list[object], int] | None:
    """Return the accepted and the quarantined rows by record, and the number of records; None when a split is refused."""
    head = head_of(content, of) or 0
    accepted: list[object] = []
    quarantined: list[object] = []
    records = 0
    for number, split in enumerate(cut(content, of, wanted)):
        path = folder / f"split-{number}"
        path.write_bytes(content[:head] + content[split.start : split.stop])
        file = StagedFile("f0", "shop/sales/delta/0.csv", "v0", "2026-01-01#000000", path, split=split)
        room = folder / f"out-{number}"
        room.mkdir()
        outcome = load_staged(room, of, [file])
        if outcome.codes != [None]:
            assert outcome.codes == [NOT_PLAIN]
            return None
        assert split.before == records
        records += outcome.file.rows_read
        accepted += outcome.accepted
        quarantined += outcome.quarantined
    return accepted, quarantined, records


@settings(deadline=None, max_examples=30)
@given(
    records=st.lists(st.sampled_from(RECORDS), min_size=1, max_size=12),
    odd=st.sampled_from(["none"] * 8 + ODD),
    newline=st.sampled_from(["\n", "\r\n"]),
    last=st.sampled_from(["ended", "open"]),
    mark=st.sampled_from([b"", b"\xef\xbb\xbf"]),
    wanted=st.integers(1, 40),
    block=st.sampled_from([1, 3, 1 << 19]),
)
def test_splits_give_the_rows_of_the_whole_file_or_are_refused(
    tmp_path_factory: pytest.TempPathFactory,
    records: list[str],
    odd: str,
    newline: str,
    last: str,
    mark: bytes,
    wanted: int,
    block: int,
) -> None:
    folder = tmp_path_factory.mktemp("splits")
    if odd != "none":
        records.insert(len(records) // 2, odd)
    body = "\n".join(["a,n", *records, *([""] if last == "ended" else [])])
    content = mark + body.replace("\n", newline).encode()
    with pytest.MonkeyPatch.context() as patch:
        for module in (structure, splits):
            patch.setattr(module, "BLOCK", block)
        found = read_in_splits(folder, OF, content, wanted)
    event(f"{odd}: {'refused' if found is None else 'read'}")
    if found is None:
        return
    whole = load(folder, OF, content)
    assert whole.codes == [None]
    assert found == (whole.accepted, whole.quarantined, whole.file.rows_read)


def test_every_plain_file_is_read_in_splits(tmp_path: Path) -> None:
    chosen = random.Random(7)  # noqa: S311 - no secret
    records = [chosen.choice(RECORDS) for _ in range(3_000)]
    content = ("a,n\n" + "\n".join(records)).encode()
    whole = load(tmp_path, OF, content)
    for wanted in (1_000, 7_777, len(content)):
        folder = tmp_path / str(wanted)
        folder.mkdir()
        assert len(cut(content, OF, wanted)) == -(-(len(content) - 4) // wanted)
        assert read_in_splits(folder, OF, content, wanted) == (whole.accepted, whole.quarantined, 3_000)


def test_a_record_longer_than_a_range_is_in_one_split() -> None:
    content = b'a,n\n1,1\n"' + b"\n" * 100 + b'",2\n3,3\n'
    assert cut(content, OF, 20) == [Split(4, 113, 0), Split(113, 117, 2)]


@pytest.mark.parametrize(
    ("content", "of"),
    [
        (b"\x1f\x8b\x08\x00", OF),
        ("a,n\n1,1\n".encode("utf-16"), OF),
        (b"a,n", OF),
        (b"a,n\n1,1\n", replace(OF, csv=CsvFormat(encoding="utf-16"))),
        (b"a,n\n1,1\n", replace(OF, csv=CsvFormat(encoding="shift_jis"))),
        (b"a,n\n1,1\n", replace(OF, csv=CsvFormat(comment="#"))),
        (b"a,n\n1,1\n", replace(OF, csv=CsvFormat(delimiter="¦"))),
        (b"a,n\n1,1\n", replace(OF, format=Format.JSON)),
        (b"a,n\n1,1\n", replace(OF, rules=Rules(uniques=(Unique("unique", ("a",)),)))),
    ],
    ids=["packed", "utf-16", "no record", "declared utf-16", "multi-byte", "comments", "long delimiter", "json", "unique"],
)
def test_files_that_only_make_sense_as_a_whole_are_told(content: bytes, of: Contract) -> None:
    assert head_of(content, of) is None


def test_a_range_that_is_shorter_than_its_file_said_is_an_error() -> None:
    with pytest.raises(EOFError, match="a range of 10 bytes ends after 3"):
        survey(io.BytesIO(b"abc"), 5, 15, OF)
