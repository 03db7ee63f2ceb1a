"""Ours: fold the arriving rows into silver and commit it, as Load does.

python -m benchmarks.work.upsert_ours ARRIVING OUT BUCKET
"""

import json
import sys
import time
from pathlib import Path

import boto3

from benchmarks.work.ours import KEY, THREADS, read_contract
from tidegate.aws.iceberg import GlueLake
from tidegate.engine import Keyring, Limits
from tidegate.model.runs import Epoch, Manifest
from tidegate.tables.workshop import LocalWorkshop
from tidegate.usecases.commit import commit_silver

STACK = "bench"


def main(arriving: Path, out: Path, bucket: str) -> None:
    """Open, fold, commit; print the books and the seconds."""
    began = time.monotonic()
    contract = read_contract()
    session = boto3.Session()
    layers = GlueLake(STACK, bucket, session.client("s3"), session.client("glue")).open(contract)
    workshop = LocalWorkshop(out, Limits(memory_mb=4096, threads=THREADS), Keyring("bench", KEY))
    manifest = Manifest(contract.dataset, 1, "run-2", "k", contract.version, Epoch(), Epoch(), ())
    opened = time.monotonic()
    _, books = commit_silver(contract, manifest, layers, arriving, [], workshop)
    done = time.monotonic()
    notes = {
        "updated": books.rows_updated,
        "inserted": books.rows_inserted,
        "open": opened - began,
        "fold and commit": done - opened,
    }
    print(json.dumps(notes))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
