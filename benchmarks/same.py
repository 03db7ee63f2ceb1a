"""Whether two contenders made the same: accepted rows, rejected records with their reasons, newest row per key.

Everybody writes three Parquet files; ours are named and shaped as the engine makes them, `shaped` brings its quarantine into the form
of the peers: the 22 texts as they stand in the file (NULL when empty) and `reasons`, texts `rule:column`.
"""

import csv
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.work.claims import COLUMNS

ACCEPTED, REJECTED, NEWEST = "accepted.parquet", "rejected.parquet", "newest.parquet"


def shaped(out: Path) -> None:
    """Give the engine's outputs the names and the quarantine the shape of the peers."""
    (out / "silver.parquet").rename(out / NEWEST)
    rows = pq.read_table(out / "quarantined.parquet", columns=["raw", "reasons"]).to_pylist()
    texts = [next(csv.reader([row["raw"]])) for row in rows]
    table = {name: pa.array([t[n] or None for t in texts], pa.string()) for n, name in enumerate(COLUMNS)}
    reasons = [[f"{r['rule']}:{r['column']}" for r in row["reasons"]] for row in rows]
    pq.write_table(pa.table({**table, "reasons": pa.array(reasons, pa.list_(pa.string()))}), out / REJECTED)


def differences(ours: Path, theirs: Path) -> str:
    """Say what differs between two folders of three files; '' when nothing does."""
    found = [d for name in (ACCEPTED, REJECTED, NEWEST) if (d := different(_files(ours, name), _files(theirs, name), name))]
    return "; ".join(found)


def _files(folder: Path, name: str) -> str:
    """A Parquet file, or the folder of them that Spark writes."""
    path = folder / name
    return f"{path}/*.parquet" if path.is_dir() else str(path)


def different(left: str, right: str | Sequence[str], name: str, columns: Sequence[str] = COLUMNS) -> str:
    """Compare two Parquet files (globs, lists) by types and as bags of rows; say what differs, or ''."""
    sources = [f"read_parquet({[f] if isinstance(f, str) else list(f)!r})" for f in (left, right)]
    with duckdb.connect(config={"memory_limit": "6GB"}) as db:
        db.execute("SET TimeZone = 'UTC'")
        types = [dict(db.execute(f"SELECT column_name, column_type FROM (DESCRIBE FROM {f})").fetchall()) for f in sources]
        names = [*columns, *(["reasons"] if "reasons" in types[0] else [])]
        wrong = [f"{n} is {types[1].get(n, 'missing')}, not {types[0][n]}" for n in names if types[1].get(n) != types[0][n]]
        if wrong:
            return f"{name}: " + ", ".join(wrong)
        listed = ", ".join(f"list_sort({n}) AS {n}" if n == "reasons" else n for n in names)
        sides = [f"SELECT {listed} FROM {f}" for f in sources]
        if _fingerprint(db, sides[0]) == _fingerprint(db, sides[1]):
            return ""
        counts = [db.execute(f"SELECT count(*) FROM ({a} EXCEPT ALL {b})").fetchall()[0][0] for a, b in (sides, reversed(sides))]
    return f"{name}: {counts[0]} rows of ours are not there, {counts[1]} are not ours" if any(counts) else ""


def _fingerprint(db: duckdb.DuckDBPyConnection, query: str) -> tuple[object, ...]:
    """Return what two bags of rows share only when they are the same: their number, and sum and xor of a hash of each row."""
    row = db.execute(f"SELECT count(*), sum(hash(r)::HUGEINT), bit_xor(hash(r)) FROM ({query}) r").fetchone()
    return tuple(row or ())


def reasons_of(out: Path) -> Counter[tuple[str, ...]]:
    """Count the rejected records by their reasons."""
    found = pq.read_table(_files(out, REJECTED), columns=["reasons"]).column("reasons").to_pylist()
    return Counter(tuple(sorted(reasons)) for reasons in found)
