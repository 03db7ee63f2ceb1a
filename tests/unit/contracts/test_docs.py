from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_page_about_contracts_is_equal_to_the_code() -> None:
    spec = spec_from_file_location("contract_docs", ROOT / "scripts/contract_docs.py")
    assert spec
    assert spec.loader
    script = module_from_spec(spec)
    spec.loader.exec_module(script)
    assert (ROOT / "docs/contracts.md").read_text("utf-8") == script.page(), "run: python scripts/contract_docs.py"
