"""The walls of the house: what the core may not know, and what each entry point may not be."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tidegate import errors

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "layers" / "tidegate" / "python" / "tidegate"
CORE = sorted(
    [
        *(
            p
            for folder in ("cost", "model", "contracts", "engine", "ports", "propose", "tables", "usecases")
            for p in (PACKAGE / folder).glob("*.py")
        ),
        PACKAGE / "errors.py",
    ]
)
FORBIDDEN = {"boto3", "botocore", "aws_lambda_powertools", "awswrangler", "typer", "rich"}
HANDLERS = sorted((ROOT / "functions").glob("*/handler.py"))
LIGHT = ("ingest", "claim", "settle", "fail", "replay", "reconcile")
HANDLER_LINES = 30


def names(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def imported(tree: ast.AST) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").split(".")[0])
    return found


@pytest.mark.parametrize("path", CORE, ids=names)
def test_core_module_imports_no_aws_sdk_and_reads_no_environment(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert not imported(tree) & FORBIDDEN
    inside = {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    assert not {
        m for m in inside if m and m.startswith(("tidegate.aws", "tidegate.cli", "tidegate.bootstrap", "tidegate.settings"))
    }
    assert not [n for n in ast.walk(tree) if isinstance(n, ast.Attribute) and n.attr in ("environ", "getenv")]


def run_without(blocked: set[str], statement: str, *paths: Path) -> subprocess.CompletedProcess[str]:
    """Run a statement in a fresh interpreter where some packages cannot be imported."""
    script = f"import sys\nfor name in {sorted(blocked)!r}: sys.modules[name] = None\n{statement}"
    environment = {"PYTHONPATH": os.pathsep.join(map(str, [PACKAGE.parent, *paths])), "PATH": os.environ["PATH"]}
    environment |= {"AWS_DEFAULT_REGION": "us-east-1", "POWERTOOLS_SERVICE_NAME": "tidegate", "POWERTOOLS_TRACE_DISABLED": "1"}
    command = [sys.executable, "-c", script]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)  # noqa: S603 - our own words


def test_core_runs_where_no_aws_sdk_is_installed() -> None:
    modules = [f"tidegate.{names(p).removesuffix('.py').replace('/', '.')}".removesuffix(".__init__") for p in CORE]
    done = run_without(FORBIDDEN, f"import {', '.join(modules)}")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("verb", LIGHT)
def test_light_function_starts_without_the_engine(verb: str) -> None:
    """DuckDB, Arrow and Iceberg are 200 MB that these functions neither need nor have in their layers."""
    heavy = {"duckdb", "pyarrow", "pyiceberg"}
    done = run_without(heavy, "import handler", ROOT / "functions" / verb)
    assert done.returncode == 0, done.stderr


def test_command_line_starts_without_what_only_some_commands_need() -> None:
    """DuckDB and Arrow alone take longer to import than a question to the ledger takes."""
    done = run_without({"duckdb", "pyarrow", "pyiceberg", "numpy", "pandas", "awswrangler", "sqlglot"}, "import tidegate.cli.app")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", HANDLERS, ids=lambda p: p.parent.name)
def test_handler_decodes_calls_one_use_case_and_encodes(path: Path) -> None:
    (handle,) = [n for n in ast.parse(path.read_text()).body if isinstance(n, ast.FunctionDef)]
    assert handle.name == "handle"
    assert (handle.end_lineno or 0) - handle.lineno < HANDLER_LINES
    assert [ast.unparse(d) for d in handle.decorator_list] == ["entry"]


def test_tree_of_errors_is_the_one_that_is_drawn() -> None:
    drawn = re.findall(r"(?:├──|└──) (\w+)", errors.__doc__ or "")
    classes = [c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, errors.TidegateError)]
    assert sorted([*drawn, "TidegateError"]) == sorted(c.__name__ for c in classes)
    for branch in ("Permanent", "Transient"):
        below = re.split(r"\n ├── |\n └── ", errors.__doc__ or "")
        text = next(part for part in below if part.startswith(branch))
        listed = re.findall(r"(?:├──|└──) (\w+)", text)
        assert {c.__name__ for c in getattr(errors, branch).__subclasses__()} == set(listed)
