"""Cases a, b, c: the whole contract over one large file, beside its floors and beside what a user would write instead."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.cases.options import Options
from benchmarks.data import planted, write_rows
from benchmarks.figures import Check, Contender, Figures, compete, ratio, table
from benchmarks.report import Section
from benchmarks.same import differences, reasons_of, shaped
from benchmarks.work.as_function import AS_FUNCTION

FLOOR = "DuckDB text to Parquet"
OURS = "Tidegate"
SPARK = "PySpark"


def measure(options: Options, folder: Path, say: Callable[[str], None]) -> list[Section]:
    """Measure ours beside the floors."""
    return [_section(options, folder, say, peers=False)]


def measure_peers(options: Options, folder: Path, say: Callable[[str], None]) -> list[Section]:
    """Measure ours beside the floors and what a user would write instead."""
    return [_section(options, folder, say, peers=True)]


def _section(options: Options, folder: Path, say: Callable[[str], None], *, peers: bool) -> Section:
    files = folder / "files"
    files.mkdir()
    write_rows(files / "claims.csv", options.rows)
    size = (files / "claims.csv").stat().st_size
    kept = folder / "ours"
    others = written_by_hand(files, kept, options.peers) if peers else []
    contenders = [*floors(files), ours(files, kept, options.rows), *others]
    found = compete(contenders, options.times, folder, say)
    return table(
        f"A first load of {options.rows:,} rows, {size / 1e6:.0f} MB of CSV",
        "22 columns of eight types; one record in a thousand is rejected; one key in a hundred comes twice. Ours parses, types, checks and"
        " masks every row, gives reasons, and writes accepted rows, quarantine and the newest row per key.",
        found,
        FLOOR,
        _notes(found),
    )


def floors(files: Path) -> list[Contender]:
    """What the same file costs when nothing is checked."""

    def floor(what: str) -> Callable[[Path], list[str]]:
        return lambda out: [sys.executable, "-m", "benchmarks.work.floor", str(files), str(out), what]

    return [
        Contender("parse only", "DuckDB reads every field as text and keeps none", floor("parse")),
        Contender(FLOOR, "every field as text into zstd Parquet, nothing checked", floor("copy")),
    ]


def ours(files: Path, kept: Path, rows: int, memory_mb: int = 4096) -> Contender:
    """The row engine and the fold; what it made is kept in `kept` to compare the peers with."""
    return Contender(
        OURS,
        "types, checks, reasons, masks, lineage, raw text of rejects, newest per key; three Parquet files",
        lambda out: [sys.executable, "-m", AS_FUNCTION, "benchmarks.work.ours", str(files), str(out), str(memory_mb)],
        _as_planted(kept, rows),
    )


def _as_planted(kept: Path, rows: int) -> Check:
    def check(out: Path) -> str:
        shaped(out)
        shutil.copytree(out, kept, dirs_exist_ok=True)
        return "" if reasons_of(out) == planted(rows) else "rejects others than those that were planted"

    return check


def written_by_hand(files: Path, kept: Path, python: Path) -> list[Contender]:
    """What a user would write instead, as well as we can write it; each makes the same three outputs as ours."""

    def peer(name: str, module: str, interpreter: str, what: str) -> Contender:
        command = [interpreter, "-m", f"benchmarks.work.{module}", str(files)]
        return Contender(name, what, lambda out: [*command, str(out)], lambda out: differences(kept, out))

    found = [
        peer(
            "DuckDB by hand",
            "load_duckdb",
            sys.executable,
            "the same SQL written for this file: no lineage, no raw text, no records",
        ),
        peer("polars", "load_polars", str(python), "lazy, streaming; masks once for each distinct value"),
        peer("pandas", "load_pandas", str(python), "pyarrow's types, all in memory, written as awswrangler writes but locally"),
    ]
    if shutil.which("java"):
        found.append(peer(SPARK, "load_spark", str(python), "Spark SQL, local[2], 4 GiB; with the start of the JVM"))
    return found


def _notes(found: dict[str, Figures]) -> list[str]:
    mine = found[OURS]
    if not mine.runs:
        return []
    floor = found[FLOOR].median("cpu")
    steps = mine.runs[0].notes["steps"]
    parts = []
    for name in steps:
        cpu = mine.note("steps", name, "cpu")
        parts.append(f"{name} {cpu:.2f} s ({ratio(cpu, floor)})")
    notes = [f"CPU of ours by step, and to {FLOOR}: " + ", ".join(parts) + "."]
    spark = found.get(SPARK)
    if spark and spark.runs:
        started = [f"{spark.median(what) - spark.note('start', what):.2f} s {what}" for what in ("cpu", "wall")]
        notes.append(f"PySpark without its start-up: {', '.join(started)}.")
    return notes
