"""docs/hazards.md names the tests that show what happens: they have to exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TABLE = (ROOT / "docs" / "hazards.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::([\w:]+)(?:\[[^`]*\])?`", TABLE)))
ROWS = [line for line in TABLE.splitlines() if line.startswith("| ") and not line.startswith("| Hazard")]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip())
def test_hazard_has_a_test(row: str) -> None:
    assert "`tests/" in row


@pytest.mark.parametrize(("path", "name"), NAMED, ids=lambda text: str(text).rsplit("/", 1)[-1])
def test_test_that_is_named_exists(path: str, name: str) -> None:
    text = (ROOT / path).read_text(encoding="utf-8")
    *classes, function = name.split("::")
    assert re.search(rf"def {function}\(", text)
    assert all(re.search(rf"class {one}\b", text) for one in classes)
