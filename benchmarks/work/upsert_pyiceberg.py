"""pyiceberg's own upsert into the same table of the same catalog.

python -m benchmarks.work.upsert_pyiceberg ARRIVING DATABASE TABLE
"""

import json
import os
import sys
from pathlib import Path

import pyarrow.parquet as pq
from pyiceberg.catalog import load_catalog


def main(arriving: Path, database: str, table: str) -> None:
    """Upsert by key."""
    endpoint = os.environ["AWS_ENDPOINT_URL"]
    region = {"client.region": "us-east-1", "s3.region": "us-east-1"}
    catalog = load_catalog("glue", **{"type": "glue", "glue.endpoint": endpoint, "s3.endpoint": endpoint, **region})
    done = catalog.load_table((database, table)).upsert(pq.read_table(arriving), join_cols=["claim_id"])
    print(json.dumps({"updated": done.rows_updated, "inserted": done.rows_inserted}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
