import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from demo.generate import generate, main

Plan = dict[str, Any]


def _tree(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_two_runs_in_two_processes_give_the_same_bytes(out: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "demo.generate", str(tmp_path)]
    root = Path(__file__).parents[3]
    done = subprocess.run(command, cwd=root, env={"PYTHONHASHSEED": "7"}, check=True, capture_output=True, text=True)  # noqa: S603 - our own command
    assert _tree(tmp_path) == _tree(out)
    lines = "".join(f"{hashlib.sha256(body).hexdigest()}  {name}\n" for name, body in sorted(_tree(out).items()))
    assert done.stdout.split()[0] == hashlib.sha256(lines.encode()).hexdigest()


def test_bytes_do_not_change_by_accident(tmp_path: Path) -> None:
    """Change this digest together with the story: every number that the demo prints follows from these bytes."""
    assert generate(tmp_path) == "2a285e8f25b1883088f4ebdf3ba021ca4fd44a2b8c17eb73cc0799fd05297e8c"


def test_scale_multiplies_rows_and_keeps_the_faults(plan: Plan, tmp_path: Path) -> None:
    generate(tmp_path, scale=2)
    large = json.loads((tmp_path / "plan.json").read_text("utf-8"))
    for name in ("healthcare.patients", "healthcare.encounters"):
        small_table, large_table = plan["totals"]["tables"][name], large["totals"]["tables"][name]
        assert large_table["silver"] == 2 * small_table["silver"]
        assert large_table["quarantine_by_rule"] == small_table["quarantine_by_rule"]


def test_an_earlier_output_is_replaced_whole(tmp_path: Path) -> None:
    generate(tmp_path)
    (tmp_path / "files" / "left_over.csv").write_bytes(b"x")
    generate(tmp_path)
    assert "files/left_over.csv" not in _tree(tmp_path)


def test_a_folder_with_files_of_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    with pytest.raises(FileExistsError, match="choose another folder"):
        generate(tmp_path)


@pytest.mark.parametrize("scale", ["0", "-1", "two"])
def test_scale_must_be_a_whole_number_above_zero(scale: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([str(tmp_path), f"--scale={scale}"])
    assert "whole number above zero" in capsys.readouterr().err
