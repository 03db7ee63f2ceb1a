"""docs/hazards.md names a test for each hazard: they have to exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TABLE = (ROOT / "docs" / "hazards.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::([\w:]+)`", TABLE)))


def test_every_row_of_the_table_names_a_test() -> None:
    rows = [line for line in TABLE.splitlines() if line.startswith("| ") and not line.startswith("| Hazard")]
    assert len(rows) > 40
    assert [row for row in rows if "`tests/" not in row and "`make " not in row] == []


@pytest.mark.parametrize(("path", "name"), NAMED, ids=lambda text: str(text).rsplit("/", 1)[-1])
def test_test_that_is_named_exists(path: str, name: str) -> None:
    text = (ROOT / path).read_text(encoding="utf-8")
    *classes, function = name.split("::")
    assert re.search(rf"def {function}\(", text)
    assert all(re.search(rf"class {one}\b", text) for one in classes)
