import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.work.as_function import LEFT_OUT

ROOT = Path(__file__).parents[3]
LAYER = {re.split(r"[=<>~ ;]", line)[0] for line in (ROOT / "layers/engine/requirements.txt").read_text("utf-8").splitlines()}


@pytest.mark.parametrize("name", LEFT_OUT)
def test_the_benchmark_hides_no_library_that_a_function_has(name: str) -> None:
    assert "duckdb" in LAYER
    assert name not in LAYER


def test_the_module_runs_with_its_words_and_without_what_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "probe.py").write_text("import sys\nprint(sys.argv[1:])\nimport numpy\n")
    command = [sys.executable, "-m", "benchmarks.work.as_function", "probe", "a", "b"]
    path = f"{ROOT}:{tmp_path}"
    done = subprocess.run(command, env={"PYTHONPATH": path}, capture_output=True, text=True, check=False)  # noqa: S603 - our own words
    assert done.stdout == "['a', 'b']\n"
    assert "ModuleNotFoundError: No module named 'numpy'" in done.stderr
