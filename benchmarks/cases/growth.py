"""Case e: how time and memory grow with the rows, under one memory limit."""

import math
import shutil
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from benchmarks.cases.load import ours
from benchmarks.cases.options import Options
from benchmarks.data import write_rows
from benchmarks.figures import Figures, compete
from benchmarks.report import Section

MEMORY_MB = 1024
ONCE_FROM = 10_000_000  # rows; measured once, whatever the times are


def measure(options: Options, folder: Path, say: Callable[[str], None]) -> list[Section]:
    """Measure files of ten times `rows` and of a tenth, a hundredth of it."""
    found: list[tuple[int, int, Figures]] = []
    for rows in (options.rows // 100, options.rows // 10, options.rows, options.rows * 10):
        files, kept = folder / "files", folder / "kept"
        files.mkdir()
        write_rows(files / "claims.csv", rows)
        size = (files / "claims.csv").stat().st_size
        contender = replace(ours(files, kept, rows, MEMORY_MB), name=f"{rows:,} rows", limit=1800)
        times = 1 if rows >= ONCE_FROM else options.times
        found.append((rows, size, compete([contender], times, folder, say)[contender.name]))
        for each in (files, kept):
            shutil.rmtree(each, ignore_errors=True)
    title = f"From {found[0][0]:,} to {found[-1][0]:,} rows with a memory limit of {MEMORY_MB} MiB"
    intro = (
        "The whole contract and the fold, as in a first load. The slope is that of the logarithms from the line above: 1 is linear. The"
        " limit is DuckDB's; Python and its libraries come on top of it."
    )
    head = ("", "CSV MB", "runs", "CPU s", "slope", "wall s", "slope", "rows/s", "peak MiB")
    return [Section(title, intro, head, tuple(_lines(found)))]


def _lines(found: list[tuple[int, int, Figures]]) -> list[tuple[str, ...]]:
    lines: list[tuple[str, ...]] = []
    before: dict[int, tuple[int, Figures]] = {b[0]: (a[0], a[2]) for a, b in pairwise(found)}
    for rows, size, figures in found:
        name = f"{rows:,} rows"
        if not figures.runs:
            lines.append((name, f"{size / 1e6:.0f}", "", "", "", "", "", "", f"**{figures.error}**"))
            continue
        slopes = []
        for what in ("cpu", "wall"):
            fewer, smaller = before.get(rows, (0, figures))
            slopes.append(f"{slope(fewer, smaller.median(what), rows, figures.median(what)):.2f}" if fewer and smaller.runs else "")
        cpu, wall, memory = (figures.median(what) for what in ("cpu", "wall", "memory"))
        lines.append(
            (
                *(name, f"{size / 1e6:.0f}", str(len(figures.runs)), f"{cpu:.2f}", slopes[0], f"{wall:.2f}", slopes[1]),
                *(f"{rows / wall:,.0f}", f"{memory:.0f}"),
            )
        )
    return lines


def slope(rows_a: int, seconds_a: float, rows_b: int, seconds_b: float) -> float:
    """Return the slope between two points of a plot with logarithmic axes."""
    return math.log(seconds_b / seconds_a) / math.log(rows_b / rows_a)
