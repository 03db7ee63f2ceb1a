"""Golden cases: what a sample makes of the proposal. Every proposal is a valid contract and loads its sample."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.propose.samples import comment_of, proposed, type_of, write
from tidegate.contracts.contract import Column
from tidegate.contracts.parse import parse_contract
from tidegate.errors import FileRefused

FOLDER = Path(__file__).parents[2] / "cases/propose"
CASES = [
    case | {"name": f"{path.stem}: {case['name']}"}
    for path in sorted(FOLDER.glob("*.yaml"))
    for case in yaml.safe_load(path.read_text("utf-8"))
]
KNOWN = {
    "name",
    "header",
    "row",
    "rows",
    "count",
    "dataset",
    "files",
    "columns",
    "mode",
    "key",
    "order_by",
    "delete",
    "text",
    "notes",
    "secret",
    "csv",
    "rejected",
    "refused",
}
KNOWN_OF_COLUMN = {
    "type",
    "formats",
    "nulls",
    "required",
    "zone",
    "values",
    "pattern",
    "class",
    "privacy",
    "source",
    "sources",
    "comment",
}


@pytest.mark.parametrize("case", [c for c in CASES if "refused" not in c], ids=lambda c: c["name"])
def test_proposal(case: dict[str, Any], tmp_path: Path) -> None:
    assert set(case) <= KNOWN
    done = proposed(tmp_path, write(tmp_path, case), case.get("dataset", "lab.sample"))
    contract = parse_contract(done.text, "proposal")
    columns = {c.name: c for c in contract.columns}
    assert done.rows_read - done.rows_accepted == case.get("rejected", 0), done.rejected
    for name, wanted in case.get("columns", {}).items():
        assert set(wanted) <= KNOWN_OF_COLUMN
        found = _seen(columns[name])
        assert {k: found[k] for k in wanted if k != "comment"} == {k: v for k, v in wanted.items() if k != "comment"}, name
        assert wanted.get("comment", "") in comment_of(done.text, name)
    seen = {"mode": contract.load_mode.value, "key": list(contract.primary_key), "order_by": contract.order_by}
    seen["delete"] = {contract.delete_when.column: list(contract.delete_when.values)} if contract.delete_when else None
    seen["csv"] = {"delimiter": contract.csv.delimiter, "encoding": contract.csv.encoding}
    assert {k: seen[k] for k in seen if k in case} == {k: case[k] for k in seen if k in case}
    flat = " ".join(line.strip().removeprefix("# ") for line in done.text.splitlines())
    assert [t for t in case.get("text", ()) if t not in flat] == []
    assert [t for t in case.get("notes", ()) if not any(t in note for note in done.notes)] == []
    assert [s for s in case.get("secret", ()) if s in done.text or any(s in note for note in done.notes)] == []


def _seen(column: Column) -> dict[str, Any]:
    return {
        "type": type_of(column),
        "formats": list(column.formats),
        "nulls": list(column.null_values),
        "required": column.required,
        "zone": column.default_timezone,
        "values": list(column.valid_values),
        "pattern": column.pattern,
        "class": column.classification,
        "privacy": column.privacy.value,
        "source": column.sources[0] if column.sources else None,
        "sources": list(column.sources),
    }


@pytest.mark.parametrize("case", [c for c in CASES if "refused" in c], ids=lambda c: c["name"])
def test_what_is_no_table_is_refused_with_its_reason(case: dict[str, Any], tmp_path: Path) -> None:
    assert set(case) <= KNOWN
    with pytest.raises(FileRefused) as caught:
        proposed(tmp_path, write(tmp_path, case))
    assert caught.value.code == case["refused"]
    assert "Ada" not in str(caught.value)
    assert "example.org" not in str(caught.value)


def test_names_of_cases_are_different() -> None:
    names = [case["name"] for case in CASES]
    assert sorted(set(names)) == sorted(names)
