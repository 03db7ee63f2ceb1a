import re
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from tests.unit.contracts.test_errors import BASE
from tidegate.contracts.parse import parse_contract

ROOT = Path(__file__).parents[3]
STATE = "      - {name: state, logicalType: string, logicalTypeOptions: {maxLength: 9}}\n"


def test_page_about_contracts_is_equal_to_the_code() -> None:
    spec = spec_from_file_location("contract_docs", ROOT / "scripts/contract_docs.py")
    assert spec
    assert spec.loader
    script = module_from_spec(spec)
    spec.loader.exec_module(script)
    assert (ROOT / "docs/contracts.md").read_text("utf-8") == script.page(), "run: python scripts/contract_docs.py"


def test_columns_that_the_page_shows_are_valid_and_do_what_it_says() -> None:
    page = (ROOT / "docs/contracts.md").read_text("utf-8")
    shown = next(block for block in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if "transformLogic" in block)
    lines = "".join(f"      {line}\n" for line in shown.splitlines())
    assert STATE in BASE
    columns = {c.name: c for c in parse_contract(BASE.replace(STATE, lines), "page").columns}
    assert columns["weight_kg"].expression
    assert columns["weight_kg"].expression.scale == columns["weight_kg"].type.scale
    assert columns["place"].sources == ("City", "State")
    assert columns["sex"].value_map == (("M", "male"), ("F", "female"))
    assert (columns["copies"].default, columns["provider"].constant) == ("1", "jhu")
    assert (columns["price"].decimal_comma, columns["price"].thousands) == (True, ".")
