"""Contenders, the medians of their measurements, and ratios between them."""

import shutil
import statistics
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.meter import Measured, MeasuringFailed, TooSlow, measure
from benchmarks.report import Section

Command = Callable[[Path], Sequence[str]]
Check = Callable[[Path], str]


@dataclass(frozen=True, slots=True)
class Contender:
    """Something to be measured: `command` gets an empty folder for its output; `check` looks at it and says what is wrong, or ''.

    `what` is one line for the reader. After `limit` seconds it is stopped and shown as too slow.
    """

    name: str
    what: str
    command: Command
    check: Check | None = None
    limit: float = 900


@dataclass(slots=True)
class Figures:
    """The measurements of one contender; `error` says why there are none that count."""

    contender: Contender
    runs: list[Measured] = field(default_factory=list)
    error: str = ""

    def median(self, name: str) -> float:
        """Return the median of `cpu`, `wall` or `memory`."""
        return float(statistics.median(getattr(run, name) for run in self.runs))

    def note(self, *path: str) -> float:
        """Return the median of a number in the notes."""
        return statistics.median(_at(run, path) for run in self.runs)


def _at(run: Measured, path: Sequence[str]) -> float:
    value: Any = run.notes
    for name in path:
        value = value[name]
    return float(value)


def compete(contenders: Sequence[Contender], times: int, folder: Path, say: Callable[[str], None]) -> dict[str, Figures]:
    """Measure every contender so many times, in turns, so that a slow spell of the machine meets all of them.

    The output of the first turn is checked; one that is wrong has an error and no figures.
    """
    found = {c.name: Figures(c) for c in contenders}
    for turn in range(times):
        for figures in found.values():
            if figures.error:
                continue
            out = Path(tempfile.mkdtemp(prefix="out-", dir=folder))
            try:
                _one(figures, out, say, check=turn == 0)
            finally:
                shutil.rmtree(out)
    return found


def _one(figures: Figures, out: Path, say: Callable[[str], None], *, check: bool) -> None:
    contender = figures.contender
    try:
        run = measure(contender.command(out), seconds=contender.limit)
    except TooSlow as error:
        figures.error = str(error)
        figures.runs.clear()
    except MeasuringFailed as error:
        figures.error = "failed: " + (str(error).strip().splitlines() or ["?"])[-1][:200]
        figures.runs.clear()
        say(str(error))
    else:
        figures.error = contender.check(out) if check and contender.check is not None else ""
        if not figures.error:
            figures.runs.append(run)
    last = figures.error or f"cpu {run.cpu:.2f} s, wall {run.wall:.2f} s, {run.memory:.0f} MiB"
    say(f"  {contender.name}: {last}")


def ratio(value: float, base: float) -> str:
    """Return how many times the base a value is."""
    return f"{value / base:.2f}x" if base else ""


def table(title: str, intro: str, found: dict[str, Figures], base: str, notes: Sequence[str] = ()) -> Section:
    """Lay the contenders out beside each other, with ratios to the one named `base`."""
    floor = found.get(base)
    rows = []
    for name, figures in found.items():
        if not figures.runs:
            rows.append((name, *[""] * 5, f"**{figures.error}**"))
            continue
        cells = [name]
        for measure_, form in (("cpu", "{:.2f}"), ("wall", "{:.2f}")):
            value = figures.median(measure_)
            cells.append(form.format(value))
            cells.append(ratio(value, floor.median(measure_)) if floor and floor.runs else "")
        rows.append((*cells, f"{figures.median('memory'):.0f}", figures.contender.what))
    head = ("", "CPU s", "ratio", "wall s", "ratio", "peak MiB", "what it does")
    return Section(title, f"{intro} Ratios are to {base}.", head, tuple(rows), tuple(notes))
