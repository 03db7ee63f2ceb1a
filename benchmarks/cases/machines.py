"""Case h: what the Glue job's way costs beside one machine, for one large file and for many that together are as large."""

import shutil
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import duckdb

from benchmarks.cases.load import ours
from benchmarks.cases.options import Options
from benchmarks.data import planted, write_files, write_rows
from benchmarks.figures import Contender, Figures, compete, ratio
from benchmarks.meter import cpu_of_tree, memory_of_processes
from benchmarks.report import Section
from benchmarks.work.as_function import AS_FUNCTION
from benchmarks.work.ours import CONTRACT
from local.control import has_spark
from local.laptop import TEMPLATE, Laptop, laptop

ROWS = 8.5  # times the rows of the other cases: 2 GB
FILES = 200
MEMORY_MB = 1024  # of DuckDB, on one machine
PATIENCE = 1800  # seconds
DRIVER_MB = 3072  # the template's DRIVER_MEMORY_MB
_TIMES = (1, 2, 4)
_EVERY = 0.25  # seconds
_HEAD = ("", "CPU s", "ratio", "wall s", "ratio", "cores", "peak MiB", "largest", "what it does")


@dataclass(frozen=True, slots=True)
class Job:
    """One run of the job: seconds of CPU and wall, and peak MiB of all its processes and of the largest of them."""

    cpu: float
    wall: float
    memory: float
    largest: float


def measure(options: Options, folder: Path, say: Callable[[str], None]) -> list[Section]:
    """Load 2 GB on one machine, and by the job as one file and as many."""
    rows = int(options.rows * ROWS)
    title = f"{rows:,} rows by Spark on this machine"
    if not TEMPLATE.exists() or not has_spark():
        return [Section(title, "", _HEAD, (("Tidegate", *[""] * 7, "**needs Java 17: `make spark`, then `make bench CASES=h`**"),))]
    one, many = folder / "one", folder / "many"
    for place in (one, many):
        place.mkdir()
    write_rows(one / "claims.csv", rows)
    write_files(many, FILES, rows // FILES)
    contender = ours(one, folder / "kept", rows, MEMORY_MB)
    alone = compete([contender], options.times, folder, say)[contender.name]
    deciding = _deciding(folder / "kept" / "accepted.parquet", folder, options, say) if alone.runs else []
    shutil.rmtree(folder / "kept", ignore_errors=True)
    jobs = {"one file": [_job(one, rows, folder, say) for _ in range(options.times)]}
    jobs[f"{FILES} files"] = [_job(many, rows, folder, say) for _ in range(options.times)]
    intro = (
        f"{(one / 'claims.csv').stat().st_size / 1e9:.1f} GB, a first load: as a delta of one file, and as a full load of {FILES}."
        f" One machine is the row engine and the fold as in case e, with {MEMORY_MB} MiB for DuckDB, without a stack."
        " The job is that of the template, on the laptop's AWS: its start, S3 over loopback and three commits are in its figures, the"
        " emulator's own CPU is not. Cores are CPU by wall; largest is the largest process."
    )
    return [Section(title, intro, _HEAD, tuple(_lines(alone, jobs))), *deciding]


def _lines(alone: Figures, jobs: dict[str, list[Job]]) -> Iterator[tuple[str, ...]]:
    if not alone.runs:
        yield ("one machine", *[""] * 7, f"**{alone.error}**")
        return
    cpu, wall, memory = (alone.median(what) for what in ("cpu", "wall", "memory"))
    yield (
        *("one machine", f"{cpu:.0f}", "1.00x", f"{wall:.0f}", "1.00x", f"{cpu / wall:.2f}", f"{memory:.0f}", f"{memory:.0f}"),
        "row engine and fold, local files",
    )
    for name, runs in jobs.items():
        used, took = (statistics.median(getattr(run, what) for run in runs) for what in ("cpu", "wall"))
        peak, largest = (statistics.median(getattr(run, what) for run in runs) for what in ("memory", "largest"))
        yield (
            *(
                name,
                f"{used:.0f}",
                ratio(used, cpu),
                f"{took:.0f}",
                ratio(took, wall),
                f"{used / took:.2f}",
                f"{peak:.0f}",
                f"{largest:.0f}",
            ),
            "the Glue job: tasks, three commits, silver written in tasks",
        )


def _deciding(accepted: Path, folder: Path, options: Options, say: Callable[[str], None]) -> list[Section]:
    """Measure what the driver decides by itself, of one, two and four times the rows, each time of other keys."""
    room = folder / "copies"
    room.mkdir()
    with duckdb.connect(config={"memory_limit": "2GB", "temp_directory": str(room)}) as db:
        for number in range(max(_TIMES)):
            keys = f"SELECT * REPLACE ('{number}-' || claim_id AS claim_id) FROM read_parquet('{accepted}')"
            db.execute(f"COPY ({keys}) TO '{room}/{number}.parquet' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)")

    def contender(files: int) -> Contender:
        words = [sys.executable, "-m", AS_FUNCTION, "benchmarks.work.decide", str(room)]
        return Contender(f"{files}", "", lambda out: [*words, str(out), str(DRIVER_MB), str(files)])

    found = compete([contender(files) for files in _TIMES], options.times, folder, say)
    shutil.rmtree(room)
    rows = []
    for figures in found.values():
        if not figures.runs:
            rows.append((figures.contender.name, *[""] * 5, f"**{figures.error}**"))
            continue
        cells = [f"{figures.note(name):,.0f}" for name in ("rows", "megabytes", "pieces")]
        measured = [f"{figures.median(name):.0f}" for name in ("cpu", "wall", "memory")]
        rows.append((f"{cells[0]} rows", *cells[1:], *measured, "narrow rows, all keys new"))
    intro = (
        f"The part of a fold that no task does, with the {DRIVER_MB} MiB that the template gives DuckDB on the driver. What does not fit"
        " spills to disk. Pieces are what tasks write then."
    )
    return [
        Section(
            "What the driver decides",
            intro,
            ("", "Parquet MB", "pieces", "CPU s", "wall s", "peak MiB", "what it does"),
            tuple(rows),
        )
    ]


def _job(files: Path, rows: int, folder: Path, say: Callable[[str], None]) -> Job:
    """Load a folder of files by the job of a fresh stack."""
    state = folder / "laptop"
    state.mkdir()
    try:
        with laptop(state, "tidegate", {"LambdaTextBytes": "1"}) as here:
            here.publish(CONTRACT.read_text(encoding="utf-8"), folder)
            _drop(here, files)
            with _Watch(here) as watch:
                here.rest(PATIENCE, pause=1)
            (run,) = here.json("runs", "--dataset", "bench.claims")
    finally:
        shutil.rmtree(state, ignore_errors=True)
    sound = rows - planted(rows).total()
    if (run["state"], run["route"], run["rows_accepted"]) != ("SUCCEEDED", "GLUE", sound):
        message = f"{sound} rows were to be loaded on Glue: {run}"
        raise RuntimeError(message)
    say(f"  {files.name}: {watch.job}")
    return watch.job


def _drop(here: Laptop, files: Path) -> None:
    s3, bucket, paths = here.client("s3"), here.stack.landing.bucket, sorted(files.iterdir())
    if len(paths) == 1:
        s3.upload_file(str(paths[0]), bucket, f"bench/claims/delta/{paths[0].name}")
        return
    for path in paths:
        s3.upload_file(str(path), bucket, f"bench/claims/full/all/{path.name}")
    here.put("bench/claims/full/all/_SUCCESS", b"")


class _Watch:
    """Looks at the job's processes, from outside of them."""

    def __init__(self, here: Laptop) -> None:
        self._here = f"AWS_ENDPOINT_URL={here.settings.endpoint}".encode()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.job = Job(0, 0, 0, 0)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _look(self) -> None:
        began, cpu, memory, largest = 0.0, 0.0, 0.0, 0.0
        while not self._done.wait(_EVERY):
            driver = self._driver()
            if driver is None:
                continue
            began = began or time.monotonic()
            held = memory_of_processes(driver)
            cpu, memory = max(cpu, cpu_of_tree(driver)), max(memory, sum(held) / 2**20)
            largest = max(largest, max(held, default=0) / 2**20)
            self.job = Job(cpu, time.monotonic() - began, memory, largest)

    def _driver(self) -> int | None:
        """The first process of the job, which began the session that all the others are in."""
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                words = (folder / "cmdline").read_bytes().split(b"\0")
                if words[1:2] and words[1].endswith(b"/load.py") and self._here in (folder / "environ").read_bytes().split(b"\0"):
                    return int(folder.name)
            except OSError:
                continue
        return None
