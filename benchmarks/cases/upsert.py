"""Case d: an upsert of 100,000 rows into a table of 5,000,000."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
from pyiceberg.catalog import Catalog
from pyiceberg.catalog.glue import GlueCatalog
from pyiceberg.table import StaticTable

from benchmarks.cases.options import Options
from benchmarks.figures import Contender, Figures, compete, table
from benchmarks.loopback import catalog_server
from benchmarks.report import Section
from benchmarks.same import different
from benchmarks.silver import write_arriving, write_table
from benchmarks.work.as_function import AS_FUNCTION
from benchmarks.work.ours import read_contract
from tidegate.aws.iceberg import GlueLake

UPSERT = 100_000
PER_LARGE_ROW = 5  # the table has five times the rows of the large file
BUCKET, STACK, NAME = "bench-lake", "bench", "bench_claims"
PATIENCE = 300  # seconds
REWRITE, OURS = "bare rewrite", "Tidegate"
Say = Callable[[str], None]


def measure(options: Options, folder: Path, say: Say) -> list[Section]:
    """Measure ours, pyiceberg's and Spark's upsert beside a rewrite without a commit."""
    rows = options.rows * PER_LARGE_ROW
    upsert = min(UPSERT, rows // 50)
    contract = read_contract()
    base, arriving = folder / "table.parquet", folder / "arriving.parquet"
    write_table(base, contract, rows)
    write_arriving(arriving, contract, rows, upsert)
    say(f"  a table of {rows:,} rows, {base.stat().st_size / 1e6:.0f} MB of Parquet in one data file")
    with catalog_server():
        lake = _Lake(base)
        contenders = [*_rewrites(base, arriving, folder, lake), *_in_catalog(arriving, folder, lake)]
        if shutil.which("java") and options.peers.exists():
            contenders.append(_spark(base, arriving, folder, options.peers))
        found = compete(contenders, options.times, folder, say)
    intro = (
        "Nine of ten rows are newer versions of keys all over the table, the others are new. The table is one data file of"
        f" {base.stat().st_size / 1e6:.0f} MB, sorted by key. Ours keeps the newest row by `updated_at` and counts what became of each"
        " row; the others take whatever arrives. Glue and S3 are moto's on loopback, whose own CPU is not counted but slows the wall"
        " clock of whoever copies files there."
    )
    return [table(f"{upsert:,} rows into {rows:,}", intro, found, REWRITE, _notes(found))]


def _notes(found: dict[str, Figures]) -> list[str]:
    notes = []
    copied, mine = found[f"{REWRITE} with copies"], found[OURS]
    if copied.runs and mine.runs:
        against = [f"{mine.median(what) / copied.median(what):.2f}x in {what}" for what in ("cpu", "wall")]
        notes.append(f"Ours beside the rewrite that copies its file from S3 and back, as ours has to: {', '.join(against)}.")
    spark = found.get("Spark MERGE INTO")
    if spark and spark.runs:
        cpu, wall = (spark.median(what) - spark.note("start", what) for what in ("cpu", "wall"))
        notes.append(f"Spark without its start-up: {cpu:.2f} s CPU, {wall:.2f} s wall.")
    if spark is None:
        notes.append("Spark was not measured: there is no Java here.")
    return notes


class _Lake:
    """The seeded table in the catalog, and the way back to it."""

    def __init__(self, base: Path) -> None:
        session = boto3.Session()  # of its own: the default one would keep these credentials for the cases that follow
        self.s3, self.glue = session.client("s3"), session.client("glue")
        self.s3.create_bucket(Bucket=BUCKET)
        for layer in ("bronze", "silver", "quarantine"):
            self.glue.create_database(DatabaseInput={"Name": f"{STACK}_{layer}"})
        self.lake = GlueLake(STACK, BUCKET, self.s3, self.glue)
        silver = self.lake.open(read_contract()).silver
        silver.commit("run-1", remove=[], add=[base], summary=_summary(base))
        self.metadata = self.lake.load("silver", NAME).metadata_location
        (live,) = self.lake.open(read_contract()).silver.live()
        self.key = live.path.removeprefix(f"s3://{BUCKET}/")
        self.seeded = {o["Key"] for o in self._objects()}

    def _objects(self) -> list[dict[str, Any]]:
        return list(self.s3.list_objects_v2(Bucket=BUCKET).get("Contents", []))

    def reset(self) -> None:
        """Bring the table back to what it was, and delete what was written since."""
        for each in self._objects():
            if each["Key"] not in self.seeded:
                self.s3.delete_object(Bucket=BUCKET, Key=each["Key"])
        self.glue.delete_table(DatabaseName=f"{STACK}_silver", Name=NAME)
        catalog: Catalog = GlueCatalog("glue", self.glue, **{"s3.region": "us-east-1", "s3.endpoint": self.s3.meta.endpoint_url})
        catalog.register_table((f"{STACK}_silver", NAME), self.metadata)

    def fetch(self, folder: Path) -> str:
        """Copy the live data files to a folder; return a glob of them."""
        folder.mkdir()
        silver = self.lake.open(read_contract()).silver
        silver.fetch(silver.live(), folder)
        return f"{folder}/*.parquet"


def _summary(base: Path) -> dict[str, str]:
    import pyarrow.parquet as pq

    rows = str(pq.read_metadata(base).num_rows)
    return {"tidegate.added": rows, "tidegate.removed": "0", "tidegate.before": "0", "tidegate.after": rows}


def _rewrites(base: Path, arriving: Path, folder: Path, lake: _Lake) -> list[Contender]:
    command = [sys.executable, "-m", "benchmarks.work.upsert_rewrite", str(base), str(arriving)]

    def keep(out: Path) -> str:
        shutil.copy(out / "rewritten.parquet", folder / "expected.parquet")
        return ""

    return [
        Contender(REWRITE, "DuckDB on local files: read, replace, sort, write; no commit", lambda out: [*command, str(out)], keep),
        Contender(
            f"{REWRITE} with copies",
            "the same, its file copied from S3 and the new one to it; no commit",
            lambda out: [*command, str(out), BUCKET, lake.key],
        ),
    ]


def _in_catalog(arriving: Path, folder: Path, lake: _Lake) -> list[Contender]:
    def run(*words: str) -> Callable[[Path], list[str]]:
        def command(out: Path) -> list[str]:
            lake.reset()
            return [sys.executable, "-m", *(str(out) if word == "OUT" else word for word in words)]

        return command

    def check(out: Path) -> str:
        return different(str(folder / "expected.parquet"), lake.fetch(out / "live"), "table")

    ours = run(AS_FUNCTION, "benchmarks.work.upsert_ours", str(arriving), "OUT", BUCKET)
    theirs = run("benchmarks.work.upsert_pyiceberg", str(arriving), f"{STACK}_silver", NAME)
    return [
        Contender(
            OURS, "fold by the newest row, every row's fate counted, fenced commit to Iceberg in the Glue catalog", ours, check
        ),
        Contender("pyiceberg upsert", "`Table.upsert` on the same table and catalog", theirs, check, PATIENCE),
    ]


def _spark(base: Path, arriving: Path, folder: Path, python: Path) -> Contender:
    warehouse, scratch = folder / "warehouse", folder / "scratch"
    module = [str(python), "-m", "benchmarks.work.upsert_spark"]
    root = Path(__file__).resolve().parents[2]
    subprocess.run([*module, "prepare", base, warehouse, scratch], check=True, capture_output=True, cwd=root)  # noqa: S603 - ours
    metadata = warehouse / "bench" / "claims" / "metadata"
    shutil.copytree(metadata, folder / "metadata")

    def command(out: Path) -> list[str]:
        shutil.rmtree(metadata)
        shutil.copytree(folder / "metadata", metadata)
        shutil.rmtree(warehouse / "bench" / "claims" / "data", ignore_errors=True)
        return [*module, "merge", str(arriving), str(warehouse), str(out)]

    def check(_: Path) -> str:
        newest = max(metadata.glob("v*.metadata.json"), key=lambda p: int(p.name[1:].partition(".")[0]))
        live = [task.file.file_path.removeprefix("file:") for task in StaticTable.from_metadata(str(newest)).scan().plan_files()]
        return different(str(folder / "expected.parquet"), live, "table")

    return Contender(
        "Spark MERGE INTO",
        "Spark 3.5.6 local[2] with Iceberg on local disk, copy-on-write; with the start of the JVM",
        command,
        check,
    )
