"""What the job's script does on a machine before it has Tidegate's code: it unpacks it once, whole, whoever asks for it."""

import importlib.util
import sys
import threading
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

import pytest

from tests.unit.stack.stack import ROOT


@pytest.fixture
def unpacked(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], Path]:
    """Return the script's function; Spark is another environment's."""
    spark = ModuleType("pyspark")
    spark.__dict__.update(SparkContext=object, SparkFiles=object)
    monkeypatch.setitem(sys.modules, "pyspark", spark)
    specification = importlib.util.spec_from_file_location("job_script", ROOT / "jobs/load.py")
    assert specification is not None
    assert specification.loader is not None
    script = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(script)
    found: Callable[[Path], Path] = script.unpacked
    return found


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    with zipfile.ZipFile(tmp_path / "Layer-1.zip", "w") as opened:
        for number in range(300):
            opened.writestr(f"python/package/m{number}.py", f"NUMBER = {number}")
    return tmp_path / "Layer-1.zip"


def test_processes_of_one_machine_that_ask_at_the_same_time_all_find_it_whole(
    unpacked: Callable[[Path], Path], archive: Path
) -> None:
    together = threading.Barrier(4)

    def ask(_: int) -> tuple[Path, int]:
        together.wait()
        folder = unpacked(archive)
        return folder, len(list(folder.rglob("*.py")))

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(ask, range(4))) == {(archive.with_suffix(""), 300)}


def test_what_a_process_that_died_in_it_left_is_not_taken_for_the_whole(unpacked: Callable[[Path], Path], archive: Path) -> None:
    torn = archive.with_suffix(".partial")
    (torn / "python/package").mkdir(parents=True)
    (torn / "python/package/torn.py").write_text("NUM")
    folder = unpacked(archive)
    assert sorted(path.name for path in folder.rglob("*.py")) == sorted(f"m{number}.py" for number in range(300))


def test_it_is_unpacked_once(unpacked: Callable[[Path], Path], archive: Path) -> None:
    (unpacked(archive) / "python/compiled.pyc").write_bytes(b"")
    assert (unpacked(archive) / "python/compiled.pyc").exists()
