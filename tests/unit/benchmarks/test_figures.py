import sys
from pathlib import Path

import pytest

from benchmarks.figures import Contender, Figures, compete, ratio, table
from benchmarks.meter import Measured, MeasuringFailed, TooSlow, measure


def command(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def contender(name: str, code: str = "", **options: object) -> Contender:
    return Contender(name, f"what {name} does", lambda _: command(code), **options)  # type: ignore[arg-type]


def figures(name: str, *cpu: float) -> Figures:
    return Figures(contender(name), [Measured(c, 2 * c, 100 * c, {"steps": {"read": {"cpu": c / 2}}}) for c in cpu])


def test_one_slow_run_does_not_move_the_median() -> None:
    found = figures("ours", 3.0, 99.0, 2.0)
    assert (found.median("cpu"), found.median("wall"), found.median("memory")) == (3.0, 6.0, 300.0)
    assert found.note("steps", "read", "cpu") == 1.5
    assert figures("ours", 1.0, 2.0).median("cpu") == 1.5


def test_ratio_to_nothing_is_not_a_number_in_the_table() -> None:
    assert ratio(3.0, 2.0) == "1.50x"
    assert ratio(3.0, 0.0) == ""


def test_contender_with_an_error_has_no_figure_in_the_table() -> None:
    wrong = Figures(contender("peer"), [], "3 rows of ours are not there")
    section = table("title", "intro.", {"floor": figures("floor", 2.0), "ours": figures("ours", 3.0), "peer": wrong}, "floor")
    assert section.rows[1] == ("ours", "3.00", "1.50x", "6.00", "1.50x", "300", "what ours does")
    assert section.rows[2] == ("peer", "", "", "", "", "", "**3 rows of ours are not there**")


def test_output_that_is_wrong_gives_an_error_and_no_figures(tmp_path: Path) -> None:
    good, bad = contender("good", check=lambda _: ""), contender("bad", check=lambda _: "rows are missing")
    found = compete([good, bad], 2, tmp_path, lambda _: None)
    assert (len(found["good"].runs), found["good"].error) == (2, "")
    assert (found["bad"].runs, found["bad"].error) == ([], "rows are missing")
    assert list(tmp_path.iterdir()) == []


def test_contender_that_fails_later_loses_the_figures_it_had(tmp_path: Path) -> None:
    mark = str(tmp_path / "was-here")
    once = f"import pathlib, sys; p = pathlib.Path({mark!r}); seen = p.exists(); p.touch(); sys.exit(seen)"
    found = compete([contender("flaky", once)], 2, tmp_path, lambda _: None)
    assert found["flaky"].runs == []
    assert found["flaky"].error.startswith("failed")


def test_contender_that_is_too_slow_is_stopped_and_says_so(tmp_path: Path) -> None:
    found = compete([contender("slow", "import time; time.sleep(60)", limit=0.3)], 1, tmp_path, lambda _: None)
    assert found["slow"].error == "stopped after 0 s"


def test_cpu_and_memory_of_a_grandchild_that_outlives_its_parent_are_counted() -> None:
    work = "x = bytearray(150_000_000); [sum(range(1000)) for _ in range(30_000)]"
    quiet = "stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL"
    orphan = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {work!r}], {quiet})"
    alone, with_orphan = measure(command("")), measure(command(orphan))
    assert with_orphan.cpu > 3 * alone.cpu
    assert with_orphan.memory > 140


def test_memory_of_two_children_at_once_is_their_sum() -> None:
    hold = "import sys; x = bytearray(100_000_000); print(flush=True); sys.stdin.read()"
    both = (
        "import subprocess, sys, time\n"
        f"held = [subprocess.Popen([sys.executable, '-c', {hold!r}], stdin=-1, stdout=-1) for _ in range(2)]\n"
        "[h.stdout.readline() for h in held]\n"
        "time.sleep(0.3)\n"
        "[h.communicate() for h in held]\n"
    )
    assert measure(command(both)).memory > 195


def test_last_line_of_json_is_the_notes() -> None:
    assert measure(command("print('words'); print('{\"rows\": 7}')")).notes == {"rows": 7}
    assert measure(command("print('words')")).notes == {}


def test_command_that_fails_or_hangs_is_no_measurement() -> None:
    with pytest.raises(MeasuringFailed, match="exited 3"):
        measure(command("raise SystemExit(3)"))
    with pytest.raises(TooSlow):
        measure(command("import time; time.sleep(60)"), seconds=0.3)
