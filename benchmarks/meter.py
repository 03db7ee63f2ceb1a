"""One measurement: a command as a process of its own, with the CPU of every process that it starts and the memory of all of them.

`measure` starts this module, light as it is, between itself and the command. It makes itself the reaper of orphans (Linux), so that a
JVM that outlives its Python is waited for and counted. CPU is what the kernel says of all descendants once they have ended. Memory is
the peak of the sum of resident sets, looked at every 20 ms, and never less than the kernel's own peak of the largest one. Wall time
ends with the command itself. What the command writes to its standard output as a last line of JSON comes back as `notes`.
"""

import ctypes
import json
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
_PR_SET_CHILD_SUBREAPER = 36
_EVERY = 0.02  # seconds
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Measured:
    """One measurement: seconds of CPU and wall, peak memory in MiB, and what the command said of itself."""

    cpu: float
    wall: float
    memory: float
    notes: Mapping[str, Any] = field(default_factory=dict)


class MeasuringFailed(RuntimeError):
    """The command of a measurement failed or took too long; the message has the end of what it printed."""


class TooSlow(MeasuringFailed):
    """The command was stopped at its time limit."""


def measure(command: Sequence[str], *, seconds: float = 1800, environment: Mapping[str, str] | None = None) -> Measured:
    """Run a command and measure it; it is stopped, with all that it started, after so many seconds.

    Raises:
        TooSlow: it did not end in time.
        MeasuringFailed: it exited with something else than 0.
    """
    if not Path("/proc/self/task").exists():
        raise MeasuringFailed("measuring needs Linux: it reads /proc")
    wrapped = [sys.executable, "-m", "benchmarks.meter", str(seconds), *command]
    variables = {**os.environ, **(environment or {}), "PYTHONPATH": str(ROOT)}
    variables.pop("PYTHONDONTWRITEBYTECODE", None)
    done = subprocess.run(wrapped, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)  # noqa: S603 - our own commands
    if done.returncode:
        raise MeasuringFailed(f"{' '.join(command[-4:])}: the meter failed\n{done.stderr[-2000:]}")
    found = json.loads(done.stdout)
    if found["late"]:
        raise TooSlow(f"stopped after {seconds:.0f} s")
    if found["exit"]:
        raise MeasuringFailed(f"{' '.join(command[-4:])} exited {found['exit']}\n{found['errors'][-2000:]}")
    return Measured(found["cpu"], found["wall"], found["memory"], found["notes"])


def compile_libraries(python: Path) -> None:
    """Compile what is installed beside a Python, which its installer left undone: no contender shall pay for its first import."""
    code = "import compileall, sysconfig; compileall.compile_dir(sysconfig.get_path('purelib'), quiet=2, workers=0)"
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run([python, "-c", code], check=True, env=variables, capture_output=True)  # noqa: S603 - our own environments


def cpu_of_tree(pid: int) -> float:
    """Return the CPU seconds that a process and its living descendants have used, and those of descendants that they waited for."""
    total = 0
    for each in _tree(pid):
        try:
            fields = Path(f"/proc/{each}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            continue
        total += sum(int(n) for n in fields[11:15])
    return total / _TICKS


def _tree(pid: int) -> Iterator[int]:
    yield pid
    try:
        threads = list(Path(f"/proc/{pid}/task").iterdir())
    except OSError:
        return
    for thread in threads:
        try:
            children = (thread / "children").read_text(encoding="utf-8").split()
        except OSError:
            continue
        for child in children:
            yield from _tree(int(child))


def memory_of_processes(pid: int) -> list[int]:
    """Return the resident sets in bytes of a process and its descendants, its own first."""
    held = []
    for each in _tree(pid):
        try:
            held.append(int(Path(f"/proc/{each}/statm").read_text(encoding="ascii").split()[1]) * _PAGE)
        except OSError:
            continue
    return held


def _watch(peak: list[int], ended: threading.Event) -> None:
    while not ended.wait(_EVERY):
        peak[0] = max(peak[0], sum(memory_of_processes(os.getpid())[1:]))


def _stop_all() -> None:
    for pid in [p for p in _tree(os.getpid()) if p != os.getpid()]:
        try:
            os.kill(pid, 9)
        except ProcessLookupError:
            continue


def _reap() -> None:
    """Wait for orphans that came to us; one that does not end by itself is stopped."""
    deadline = time.monotonic() + 10
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            if time.monotonic() > deadline:
                _stop_all()
            time.sleep(_EVERY)


def main(seconds: float, command: Sequence[str]) -> None:
    """Run the command below us and print what it used as JSON."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    peak, ended = [0], threading.Event()
    watcher = threading.Thread(target=_watch, args=(peak, ended), daemon=True)
    watcher.start()
    began = time.monotonic()
    late = False
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:  # noqa: S603 - our caller's own
        try:
            printed, errors = child.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            late = True
            _stop_all()
            printed, errors = child.communicate()
    wall = time.monotonic() - began
    _reap()
    ended.set()
    watcher.join()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        json.dumps(
            {
                "cpu": used.ru_utime + used.ru_stime,
                "wall": wall,
                "memory": max(peak[0] / 2**20, used.ru_maxrss / 1024),
                "exit": child.returncode,
                "late": late,
                "errors": errors[-4000:],
                "notes": _last_json(printed),
            }
        )
    )


def _last_json(printed: str) -> dict[str, Any]:
    last = next((line for line in reversed(printed.splitlines()) if line.strip()), "")
    try:
        found = json.loads(last)
    except json.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


if __name__ == "__main__":
    main(float(sys.argv[1]), sys.argv[2:])
