"""`make bench`, or `python -m benchmarks [--cases a,f] [--times 3] [--rows 1000000]`."""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.cases import growth, load, machines, small, upsert, warm
from benchmarks.cases.options import Options
from benchmarks.machine import circumstances
from benchmarks.meter import compile_libraries
from benchmarks.report import Section, on_screen, write_page

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "benchmarks.md"
PEERS = ROOT / ".venvs" / "bench" / "bin" / "python"
Case = Callable[[Options, Path, Callable[[str], None]], Sequence[Section]]

CASES: dict[str, tuple[str, Case]] = {
    "a": ("A first load, beside its floors", load.measure),
    "c": ("A first load, beside what a user would write instead", load.measure_peers),
    "d": ("An upsert", upsert.measure),
    "e": ("Growth", growth.measure),
    "f": ("Many small files", small.measure),
    "g": ("One small file, warm", warm.measure),
    "h": ("Past one machine", machines.measure),
}
WORDS = """cases:
  a  a first load of 1,000,000 rows beside its floors (b: the floors, measured together with a)
  c  the same (so a and b are not measured by themselves) beside what a user would write instead: DuckDB by hand, polars, pandas, PySpark
  d  an upsert of 100,000 rows into 5,000,000: ours, pyiceberg's, Spark's, and a rewrite without a commit
  e  ours from 10,000 to 10,000,000 rows under one memory limit
  f  a batch of 1,000 files of 100 rows beside one file
  g  one file of 100 rows on the deployed local stack, from put to queryable
  h  8,500,000 rows by the Glue job on the deployed local stack, beside one machine (needs Java 17)
"""


def main() -> int:
    """Measure the cases that are asked for, print them, and write them into the page; 1 when something was wrong."""
    parser = argparse.ArgumentParser(description=__doc__, epilog=WORDS, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", default="", help="letters separated by commas; all when it is empty")
    parser.add_argument("--times", type=int, default=3, help="measurements of each contender")
    parser.add_argument(
        "--rows", type=int, default=1_000_000, help="rows of the large file; the page is written only for the default"
    )
    arguments = parser.parse_args()
    chosen = [c for c in arguments.cases.replace("b", "a").split(",") if c] or [c for c in CASES if c != "a"]
    unknown = sorted(set(chosen) - set(CASES))
    if unknown:
        parser.error(f"no such case: {', '.join(unknown)}")
    for python in (Path(sys.executable), PEERS):
        if python.exists():
            compile_libraries(python)
    options = Options(arguments.times, arguments.rows, PEERS)
    where, wrong = circumstances(options.times, PEERS), list[str]()
    for name in sorted(set(chosen)):
        sections = _measure(name, options)
        if arguments.rows == parser.get_default("rows"):  # at once: a later case may fail
            case = {name: (CASES[name][0], sections)}
            write_page(PAGE, case, where, stale="a" if name == "c" else "")
            _say(f"\nwritten to {PAGE.relative_to(ROOT)}")
        wrong += [row[0] for s in sections for row in s.rows if any("**" in cell for cell in row)]
    if wrong:
        _say(f"no figures for: {', '.join(wrong)}")
    return 1 if wrong else 0


def _measure(name: str, options: Options) -> Sequence[Section]:
    room = ROOT / ".local" / "bench"
    room.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=room))
    _say(f"\n{name}: {CASES[name][0]}")
    try:
        sections = CASES[name][1](options, folder, _say)
    finally:
        shutil.rmtree(folder)
    for section in sections:
        _say(on_screen(section))
    return sections


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
