"""Measure the row engine beside its floor, in one run: `make bench` or `python scripts/bench.py [--rows N] [--times N]`.

The floor is DuckDB reading the same file as text and writing Parquet, with nothing checked. Each measurement is a process of its
own; printed are medians of CPU seconds, wall seconds and peak memory, and the ratio of each to the floor.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

COLUMNS = 22
CONTRACT = """\
apiVersion: v3.2.0
kind: DataContract
id: bench.rows
name: rows
domain: bench
version: 1.0.0
status: active
servers:
  - {server: landing, type: s3, location: "s3://landing/bench/rows/", format: csv}
schema:
  - name: bench_rows
    logicalType: object
    properties:
      - {name: row_id, logicalType: string, primaryKey: true, required: true}
      - {name: person, logicalType: string, classification: personal}
      - {name: seen, logicalType: date, required: true}
      - {name: amount, logicalType: number, physicalType: "decimal(18,2)"}
      - {name: visits, logicalType: integer, logicalTypeOptions: {minimum: 0}}
      - {name: kind, logicalType: string, quality: [{metric: invalidValues, arguments: {validValues: [A, B, C]}, mustBe: 0}]}
%s
customProperties:
  - {property: loadMode, value: upsert}
"""


def write_file(path: Path, rows: int, first: int = 0) -> None:
    """Write a file of 22 columns; one row in a thousand breaks the contract."""
    names = ["row_id", "person", "seen", "amount", "visits", "kind", *(f"note_{n}" for n in range(COLUMNS - 6))]
    with path.open("w", encoding="utf-8") as out:
        out.write(",".join(names) + "\n")
        for n in range(first, first + rows):
            visits = "many" if n % 1000 == 0 else str(n % 50)
            day = f"2020-{n % 12 + 1:02d}-{n % 28 + 1:02d}"
            fixed = f"r{n:09d},person {n % 9973},{day},{n % 100000}.{n % 100:02d},{visits},{'ABC'[n % 3]}"
            out.write(fixed + "".join(f",note {n % (97 + k)}" for k in range(COLUMNS - 6)) + "\n")


def floor(files: list[Path], out: Path) -> None:
    """Text to Parquet, nothing checked."""
    import duckdb

    listed = ", ".join(f"'{f}'" for f in files)
    read = f"SELECT * FROM read_csv([{listed}], all_varchar = true, header = true)"  # noqa: S608 - names of our own files
    with duckdb.connect(config={"threads": 2}) as db:
        db.execute(f"COPY ({read}) TO '{out}' (FORMAT parquet, COMPRESSION zstd)")


def engine(files: list[Path], out: Path) -> None:
    """The whole contract: types, checks, reasons, masks, lineage, both outputs."""
    from tidegate import engine
    from tidegate.contracts.parse import parse_contract
    from tidegate.tables.schema import field_ids, quarantine_schema, row_schema

    notes = "\n".join(f"      - {{name: note_{n}, logicalType: string}}" for n in range(COLUMNS - 6))
    contract = parse_contract(CONTRACT % notes, "bench")
    staged = [engine.StagedFile(f"f{n}", f"bench/rows/delta/{f.name}", "v", f"{n:06d}", f) for n, f in enumerate(files)]
    output = engine.run(
        contract,
        staged,
        field_ids={"bronze": field_ids(row_schema(contract)), "quarantine": field_ids(quarantine_schema())},
        keyring=engine.Keyring("bench", b"k" * 64),
        run_id="bench",
        workdir=out,
        limits=engine.Limits(memory_mb=4096, threads=2),
    )
    if any(f.refused for f in output.files):
        sys.exit("the engine refused a file of the benchmark")


def measure(what: str, folder: Path) -> dict[str, float]:
    """Run one measurement in a process of its own; CPU and wall in seconds, memory in MiB."""
    started = time.monotonic()
    command = [sys.executable, __file__, "--child", what, str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - ourselves
    return {**json.loads(done.stdout.splitlines()[-1]), "wall": time.monotonic() - started}


def child(what: str, folder: Path) -> None:
    """Do the work of one measurement and print what it used."""
    with tempfile.TemporaryDirectory() as out:
        if what == "floor":
            floor(sorted(folder.glob("*.csv")), Path(out) / "out.parquet")
        else:
            engine(sorted(folder.glob("*.csv")), Path(out))
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({"cpu": used.ru_utime + used.ru_stime, "memory": used.ru_maxrss / 1024}))


def main() -> None:
    """Generate, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.child[0], Path(options.child[1]))
        return
    with tempfile.TemporaryDirectory() as folder:
        cases = {
            f"one file of {options.rows:,} rows": (1, options.rows),
            "one file of 100,000 rows": (1, 100_000),
            "1,000 files of 100 rows": (1000, 100),
        }
        for number, (title, (files, rows)) in enumerate(cases.items()):
            place = Path(folder) / str(number)
            place.mkdir()
            for n in range(files):
                write_file(place / f"{n:05d}.csv", rows, n * rows)
            size = sum(f.stat().st_size for f in place.iterdir()) / 2**20
            taken = {what: [measure(what, place) for _ in range(options.times)] for what in ("floor", "engine")}
            print(f"\n{title}, {size:.0f} MiB; medians of {options.times}")
            for what, runs in taken.items():
                medians = {name: statistics.median(run[name] for run in runs) for name in ("cpu", "wall", "memory")}
                base = {name: statistics.median(run[name] for run in taken["floor"]) for name in medians}
                figures = "   ".join(f"{name} {value:8.2f} ({value / base[name]:.2f}x)" for name, value in medians.items())
                print(f"  {what:7} {figures}")


if __name__ == "__main__":
    main()
