"""Facts about the machine and the versions, without its name or any path."""

import datetime as dt
import json
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

_OURS = ("duckdb", "pyarrow", "pyiceberg")
_PEERS = ("polars", "pandas", "pyarrow", "pyspark")


def circumstances(times: int, peers: Path | None) -> str:
    """Return one paragraph: when, on what, with what, how often."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    parts = [
        f"Measured on {dt.datetime.now(dt.UTC):%Y-%m-%d}, medians of {times}",
        f"{os.cpu_count()} cores of {_cpu_model()}, {memory:.0f} GiB of memory, {platform.system()} {platform.machine()}",
        f"Python {platform.python_version()}, " + _listed([(name, version(name)) for name in _OURS]),
    ]
    if peers is not None and peers.exists():
        parts.append("peers with " + _listed(_versions(peers)) + f" and {_java()}")
    return ". ".join(parts) + "."


def _listed(versions: Sequence[tuple[str, str]]) -> str:
    return ", ".join(f"{name} {number}" for name, number in versions)


def _versions(python: Path) -> list[tuple[str, str]]:
    code = f"import json, importlib.metadata as m; print(json.dumps([(n, m.version(n)) for n in {_PEERS!r}]))"
    done = subprocess.run([python, "-c", code], check=True, capture_output=True, text=True)  # noqa: S603 - our own environment
    return [(str(name), str(number)) for name, number in json.loads(done.stdout)]


def _java() -> str:
    java = shutil.which("java")
    if java is None:
        return "no Java"
    done = subprocess.run([java, "-version"], check=False, capture_output=True, text=True)  # noqa: S603 - found on the path
    found = re.search(r'version "([^"]+)"', done.stderr + done.stdout)
    return f"Java {found[1]}" if found else "an unknown Java"


def _cpu_model() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or "an unknown processor"
    found = re.search(r"model name\s*:\s*(.+)", text)
    return found[1].strip() if found else platform.processor() or "an unknown processor"
