"""The floors: DuckDB reads the same files as text, and counts them (`parse`) or writes them as zstd Parquet (`copy`). Nothing is checked.

python -m benchmarks.work.floor FILES OUT parse|copy
"""

import sys
from pathlib import Path

import duckdb

THREADS = 2


def main(folder: Path, out: Path, what: str) -> None:
    """Do one of the two."""
    read = f"read_csv('{folder}/*.csv', all_varchar = true, header = true, delim = ',', quote = '\"', escape = '\"')"
    with duckdb.connect(config={"threads": THREADS}) as db:
        if what == "copy":
            db.execute(f"COPY (SELECT * FROM {read}) TO '{out}/out.parquet' (FORMAT parquet, COMPRESSION zstd)")
        else:  # every field is made, none is kept
            names = [row[0] for row in db.execute(f"DESCRIBE SELECT * FROM {read}").fetchall()]
            db.execute(f"SELECT {', '.join(f'max(length({n}))' for n in names)} FROM {read}").fetchall()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
