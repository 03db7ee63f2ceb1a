"""Case f: a batch of many small files beside one file of the same rows."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from benchmarks.cases.load import ours
from benchmarks.cases.options import Options
from benchmarks.data import write_files, write_rows
from benchmarks.figures import compete, table
from benchmarks.report import Section
from benchmarks.same import differences, shaped

FILES, ROWS = 1000, 100


def measure(options: Options, folder: Path, say: Callable[[str], None]) -> list[Section]:
    """Measure the same rows in one file and in a thousand."""
    one, many, kept = folder / "one", folder / "many", folder / "kept"
    one.mkdir()
    many.mkdir()
    write_rows(one / "claims.csv", FILES * ROWS)
    write_files(many, FILES, ROWS)

    def same(out: Path) -> str:
        shaped(out)
        return differences(kept, out)

    single, batch = "one file", f"{FILES:,} files"
    contenders = [
        replace(ours(one, kept, FILES * ROWS), name=single, what=f"{FILES * ROWS:,} rows in one file"),
        replace(ours(many, kept, FILES * ROWS), name=batch, what=f"{ROWS} rows in each of {FILES:,} files", check=same),
    ]
    found = compete(contenders, options.times, folder, say)
    notes = []
    if found[batch].runs:
        wall = found[batch].median("wall")
        notes.append(f"{FILES / wall:.0f} files/s, {FILES * ROWS / wall:,.0f} rows/s, with the start of Python and the fold.")
    intro = "The whole contract and the fold, as in a first load; both make the same rows."
    return [table("One batch of small files", intro, found, single, notes)]
