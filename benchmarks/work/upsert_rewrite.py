"""The floor of an upsert: DuckDB rewrites the table's file with the arriving rows in it, and nobody commits it.

    python -m benchmarks.work.upsert_rewrite TABLE ARRIVING OUT [BUCKET KEY]

With a bucket the file is copied from S3 first and the new one is copied there.
"""

import sys
from pathlib import Path

import duckdb

THREADS = 2


def main(table: Path, arriving: Path, out: Path, bucket: str = "", key: str = "") -> None:
    """Rewrite, sorted by key as the table is."""
    if bucket:
        import boto3

        s3 = boto3.client("s3")
        table = out / "table.parquet"
        s3.download_file(bucket, key, str(table))
    stays = f"SELECT * FROM '{table}' t WHERE NOT EXISTS (FROM '{arriving}' a WHERE a.claim_id = t.claim_id)"
    rewritten = f"SELECT * FROM ({stays} UNION ALL SELECT * FROM '{arriving}') ORDER BY claim_id"
    with duckdb.connect(config={"threads": THREADS, "memory_limit": "4GB", "temp_directory": str(out)}) as db:
        db.execute(f"COPY ({rewritten}) TO '{out}/rewritten.parquet' (FORMAT parquet, COMPRESSION zstd)")
    if bucket:
        s3.upload_file(str(out / "rewritten.parquet"), bucket, "rewritten.parquet")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), *sys.argv[4:])
