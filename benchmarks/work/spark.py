"""A Spark session as a user of one machine of two cores would open it, with Iceberg, and what it had used when it was ready."""

import os
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.meter import cpu_of_tree

MEMORY = "4g"
ICEBERG = "org.apache.iceberg:iceberg-spark-runtime-3.5_2.12:1.10.0"
IVY = Path(sys.prefix) / "ivy"
_CATALOG = "spark.sql.catalog.local"


def session(scratch: Path, warehouse: Path | None = None) -> Any:  # noqa: ANN401 - pyspark is not typed
    """Open a session; with a warehouse, the catalog `local` has Iceberg tables there."""
    from pyspark.sql import SparkSession

    settings = {
        "spark.driver.memory": MEMORY,
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.local.dir": str(scratch),
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "4",
        "spark.sql.parquet.compression.codec": "zstd",
        "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
    }
    if warehouse is not None:
        jars = sorted((IVY / "jars").glob("*iceberg-spark-runtime*.jar"))
        settings |= {
            "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
            _CATALOG: "org.apache.iceberg.spark.SparkCatalog",
            f"{_CATALOG}.type": "hadoop",
            f"{_CATALOG}.warehouse": str(warehouse),
        }
        settings |= {"spark.jars": str(jars[0])} if jars else {"spark.jars.packages": ICEBERG, "spark.jars.ivy": str(IVY)}
    builder = SparkSession.builder.master("local[2]").appName("bench")
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


class Clock:
    """Seconds of wall and of CPU, the JVM's too, from the start of this process to a mark."""

    def __init__(self) -> None:
        """Start."""
        self._began = time.monotonic()
        self.marks: dict[str, dict[str, float]] = {}

    def mark(self, name: str) -> None:
        """Keep what was used until now."""
        self.marks[name] = {"wall": time.monotonic() - self._began, "cpu": cpu_of_tree(os.getpid())}
