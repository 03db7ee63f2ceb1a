"""Holds one file of the awkward corpus to its case."""

import gzip
import json
import tempfile
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.awkward.contracts import CONTRACTS
from tests.awkward.make_files import all_files
from tests.awkward.make_tables import TABLE_FILES
from tests.fuzz.compare import unlawful
from tests.fuzz.observe import observe
from tests.reference.batch import Given
from tidegate.contracts.contract import Contract

#: A good file of each format, to stand beside the awkward one; CSV's follows from the contract.
GOOD_FILES = {"json": lambda: b'{"a": "1"}\n', "parquet": TABLE_FILES["parquet"], "xlsx": TABLE_FILES["xlsx"]}
KEPT = Path(__file__).parents[1] / "cases"


def format_cases() -> Iterator[dict[str, Any]]:
    """The cases of the other formats, each with the contract of its group."""
    for group in yaml.safe_load((KEPT / "awkward_formats.yaml").read_text(encoding="utf-8")):
        for case in group["cases"]:
            yield {"contract": group["contract"]} | case


CASES: list[dict[str, Any]] = [*yaml.safe_load((KEPT / "awkward.yaml").read_text(encoding="utf-8")), *format_cases()]


def check(folder: Path, case: dict[str, Any]) -> None:
    """Read the file between two good ones, which have to be loaded whatever becomes of it."""
    of = CONTRACTS[case.get("contract", "abc")]
    content = all_files()[case["file"]]()
    good = Given("shop/sales/delta/good", GOOD_FILES[case["contract"]]() if case.get("contract") in GOOD_FILES else good_csv(of))
    given = [good, Given("shop/sales/delta/odd", content), good]
    observed = observe(of, given, folder)
    assert list(unlawful(observed, given)) == []
    assert [(observed.files[at].code, observed.files[at].quarantined) for at in (0, 2)] == [(None, 0)] * 2
    assert observed.files[0].accepted == observed.files[2].accepted > 0
    seen, quarantined = observed.files[1], case.get("quarantined", {})
    assert (seen.code, seen.read) == (case.get("refused"), case.get("read", 0))
    assert {
        r: [f"{rule}:{c}" if c else rule for rule, c, _ in reasons] for f, r, _, reasons in observed.rejects if f == 1
    } == quarantined
    rows = {record: values for f, record, values in observed.rows if f == 1}
    assert sorted([*rows, *quarantined]) == list(range(1, seen.read + 1))
    for record, values in case.get("values", {}).items():
        assert [None if v is None else str(v) for v in rows[record]] == values
    raws = [raw for file, _, raw, _ in observed.rejects if file == 1]
    if case.get("raw") == "json":
        assert all(isinstance(json.loads(raw), dict) for raw in raws)
    elif raws:
        content = gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content
        text = content.decode(of.csv.encoding if case.get("raw") == "text" else "utf-8", "backslashreplace")
        check_raw(raws, text, lines=case.get("raw") != "piece")


def good_csv(of: Contract) -> bytes:
    header = of.csv.delimiter.join(f'"{column.sources[0]}"' for column in of.columns)
    return f"{header}\n1{of.csv.delimiter * (len(of.columns) - 1)}\n".encode(of.csv.encoding)


def check_raw(raws: list[str], text: str, lines: bool) -> None:  # noqa: FBT001 - two kinds of files
    """The raw texts are pieces of the file in its order; those of `lines` stand between two line ends, or the file's own ends."""
    at, ends = 0, {"", "\n", "\r"}
    for raw in raws:
        at = text.find(raw, at)
        while lines and at >= 0 and not (text[at - 1 : at] in ends and text[at + len(raw) : at + len(raw) + 1] in ends):
            at = text.find(raw, at + 1)
        assert at >= 0, raw[:80]
        at += len(raw)


def slow_cases() -> Iterator[tuple[str, str | None]]:
    """Hold the large files to their cases; name and error of each."""
    for case in CASES:
        if not case.get("slow"):
            continue
        error = None
        with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
            try:
                check(Path(folder), case)
            except AssertionError:
                error = traceback.format_exc(limit=-1)
        yield case["file"], error
