"""Spark's MERGE INTO an Iceberg table of a Hadoop catalog on local disk.

python -m benchmarks.work.upsert_spark prepare TABLE WAREHOUSE SCRATCH
python -m benchmarks.work.upsert_spark merge ARRIVING WAREHOUSE SCRATCH
"""

import json
import sys
from pathlib import Path

from benchmarks.work.spark import Clock, session

NAME = "local.bench.claims"


def prepare(parquet: Path, warehouse: Path, scratch: Path) -> None:
    """Make the table of a Parquet file, which becomes its only data file."""
    spark = session(scratch, warehouse)
    spark.read.parquet(str(parquet)).limit(0).createOrReplaceTempView("shape")
    properties = "('format-version' = '2', 'write.parquet.compression-codec' = 'zstd', 'write.merge.mode' = 'copy-on-write')"
    spark.sql(f"CREATE TABLE {NAME} USING iceberg TBLPROPERTIES {properties} AS SELECT * FROM shape")
    spark.sql(f"CALL local.system.add_files(table => 'bench.claims', source_table => '`parquet`.`{parquet}`')")
    spark.stop()


def merge(arriving: Path, warehouse: Path, scratch: Path) -> None:
    """Upsert by key."""
    clock = Clock()
    spark = session(scratch, warehouse)
    spark.sql("SELECT 1").collect()
    clock.mark("start")
    spark.read.parquet(str(arriving)).createOrReplaceTempView("arriving")
    spark.sql(
        f"MERGE INTO {NAME} t USING arriving a ON t.claim_id = a.claim_id"
        " WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *"
    )
    spark.stop()
    print(json.dumps(clock.marks))


if __name__ == "__main__":
    {"prepare": prepare, "merge": merge}[sys.argv[1]](*(Path(word) for word in sys.argv[2:]))
