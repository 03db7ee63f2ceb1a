"""Gold over tables that a test makes, without a lake."""

from collections.abc import Mapping, Sequence

import duckdb
import pyarrow as pa
import yaml

from local.gold import PROJECT, Gold


def sources() -> dict[str, dict[str, str]]:
    """The tables of the lake that gold reads, `<layer>.<table>`, with the types of their columns."""
    told = yaml.safe_load((PROJECT / "models/sources.yml").read_text(encoding="utf-8"))["sources"]
    return {
        f"{source['name']}.{table['name']}": {column["name"]: column["data_type"] for column in table["columns"]}
        for source in told
        for table in source["tables"]
    }


class Warehouse(Gold):
    """Gold of a stack named `tidegate` in a folder of a test."""

    def put(self, table: str, rows: pa.Table, columns: Mapping[str, str]) -> None:
        """Make `<layer>.<name>` of some rows."""
        layer, _, name = table.partition(".")
        with duckdb.connect(str(self.file)) as db:
            db.execute(f"SET TimeZone = 'UTC'; CREATE SCHEMA IF NOT EXISTS tidegate_{layer}")
            db.register("made", rows)
            listed = ", ".join(f'"{name}"::{kind} AS "{name}"' for name, kind in columns.items())
            db.execute(f'CREATE OR REPLACE TABLE tidegate_{layer}."{name}" AS SELECT {listed} FROM made')  # noqa: S608 - names of ours

    def export(self, table: str, order: Sequence[str]) -> bytes:
        """Return a table as the bytes of a Parquet file in an order."""
        target = self.folder / f"{table}.parquet"
        with duckdb.connect(str(self.file), read_only=True) as db:
            db.execute(f"COPY (FROM tidegate_gold.{table} ORDER BY {', '.join(order)}) TO '{target}'")
        return target.read_bytes()
