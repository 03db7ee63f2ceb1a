import ast
import re
import sys
from pathlib import Path

import pytest

from tests.unit.stack.stack import ROOT, of_type, verbs

PACKAGE = ROOT / "layers/tidegate/python"
LOCKS = sorted([*ROOT.glob("requirements/*.txt"), *ROOT.glob("layers/*/requirements.txt")])
LAMBDA_RUNTIME = {"boto3", "botocore"}
# Modules whose name is not their package's.
SUPPLIERS = {
    "aws_lambda_powertools": "aws-lambda-powertools",
    "open_data_contract_standard": "open-data-contract-standard",
    "yaml": "pyyaml",
}
HEAVY = {"lake", "keyring", "engine_limits"}  # bootstrap imports the engine for these, and for nothing else


def pins(lock: Path) -> dict[str, str]:
    """Return the versions that a lock file pins."""
    return dict(re.findall(r"^([a-z0-9-]+)(?:\[[^\]]*\])?==([^ ;]+)", lock.read_text(encoding="utf-8"), flags=re.MULTILINE))


def layer_pins(*layers: str) -> dict[str, str]:
    """Return the versions in layers, together."""
    return {name: version for layer in layers for name, version in pins(ROOT / "layers" / layer / "requirements.txt").items()}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda p: str(p.relative_to(ROOT)))
def test_locks_pin_every_package_with_hashes_and_no_index(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    pinned = [block for block in re.split(r"\n(?=[a-z])", text) if "==" in block.splitlines()[0]]
    assert pinned
    assert all("--hash=sha256:" in block for block in pinned)
    assert not re.search(r"--(extra-)?index-url|--find-links|https?://", text)


def test_layers_run_the_versions_that_the_tests_run() -> None:
    app = pins(ROOT / "requirements/app.txt")
    assert layer_pins("base", "engine").items() <= app.items()


def test_the_runtimes_own_sdk_is_in_no_layer() -> None:
    assert not LAMBDA_RUNTIME & set(layer_pins("base", "engine"))


def test_no_package_is_in_both_layers() -> None:
    assert not set(layer_pins("base")) & set(layer_pins("engine"))


def imported(module: Path, seen: set[Path]) -> set[str]:
    """Return the outside modules that importing a file imports, through the package."""
    seen.add(module)
    found: set[str] = set()
    for node in ast.parse(module.read_text(encoding="utf-8")).body:
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [node.module or "", *(f"{node.module}.{a.name}" for a in node.names)]
        for name in names:
            if name.split(".")[0] != "tidegate":
                found.add(name.split(".")[0])
            for inside in _files(name):
                if inside not in seen:
                    found |= imported(inside, seen)
    return found - set(sys.stdlib_module_names)


def _files(name: str) -> list[Path]:
    parts = [PACKAGE.joinpath(*name.split(".")[: n + 1]) for n in range(len(name.split(".")))]
    return [f for part in parts for f in (part.with_suffix(".py"), part / "__init__.py") if f.is_file()]


@pytest.mark.parametrize("verb", sorted(verbs()))
def test_a_functions_layers_have_what_its_start_imports(verb: str) -> None:
    handler = ROOT / "functions" / verb / "handler.py"
    layers = of_type("AWS::Serverless::Function")[f"{verb.capitalize()}Function"]["Layers"]
    names = [layer["Ref"].removesuffix("Layer").lower() for layer in layers]
    assert names[:2] == ["tidegate", "base"]
    needed = {SUPPLIERS.get(module, module) for module in imported(handler, set())} - LAMBDA_RUNTIME
    assert needed <= set(layer_pins(*names[1:]))
    calls = {n.attr for n in ast.walk(ast.parse(handler.read_text(encoding="utf-8"))) if isinstance(n, ast.Attribute)}
    assert ("engine" in names) or not calls & HEAVY


def test_a_light_function_carries_no_engine() -> None:
    functions = of_type("AWS::Serverless::Function")
    light = {name for name, function in functions.items() if {"Ref": "EngineLayer"} not in function.get("Layers", [])}
    assert {"IngestFunction", "ClaimFunction", "FailFunction", "ReplayFunction", "ReconcileFunction"} <= light
