"""The tables of a stack in the Glue catalog, through pyiceberg."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from pyiceberg.exceptions import NoSuchTableError, TableAlreadyExistsError
from pyiceberg.partitioning import UNPARTITIONED_PARTITION_SPEC, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table import Table

from tidegate.aws.careful import glue_catalog
from tidegate.aws.catalog import LAYERS
from tidegate.aws.errors import speaking_to_aws
from tidegate.aws.fitting import check_partitions, grow_columns
from tidegate.aws.swap_table import SwapTable
from tidegate.contracts.contract import Contract
from tidegate.ports import Layers
from tidegate.tables.schema import quarantine_schema, row_schema, silver_partitions

_PROPERTIES = {
    "format-version": "2",
    "commit.retry.num-retries": "0",
    "write.metadata.previous-versions-max": "20",
    "write.metadata.delete-after-commit.enabled": "true",
    "write.parquet.compression-codec": "zstd",
}
_FULL_BOUNDS = "write.metadata.metrics.column."  # + a key's name: bounds that are cut could not tell keys of one prefix apart


class GlueLake:
    """The tables `<stack>_<layer>.<domain>_<dataset>` under `s3://<lake>/warehouse/`."""

    def __init__(self, stack: str, bucket: str, s3: Any, glue: Any) -> None:  # noqa: ANN401 - boto3 clients
        """Open the catalog with the environment's credentials, region and endpoint."""
        self._stack, self._bucket, self._s3 = stack, bucket, s3
        self._catalog = glue_catalog(s3, glue)

    def open(self, contract: Contract) -> Layers:
        """Open a dataset's tables, creating them and adding columns as the contract says."""
        rows, keys = row_schema(contract), ("_object_key", *contract.primary_key)
        slicing = (column.name for column in contract.partitioned)
        return Layers(
            bronze=self._open("bronze", contract.table, rows, keys),
            quarantine=self._open("quarantine", contract.table, quarantine_schema(), keys[:1]),
            silver=self._open("silver", contract.table, rows, (*keys, *slicing), silver_partitions(contract)),
        )

    def silver(self, table: str, version: str = "") -> SwapTable | None:
        """Open the silver of any dataset for reading, at a version or as it is now; None when there is no such table."""
        try:
            opened = self.load("silver", table)
        except NoSuchTableError:
            return None
        return SwapTable(f"silver.{table}", opened, self._s3, version)

    def tables(self, table: str) -> Sequence[SwapTable]:
        """Open those tables of `<domain>_<dataset>` that are there, as they are."""
        found = []
        for layer in LAYERS:
            with suppress(NoSuchTableError):
                found.append(SwapTable(f"{layer}.{table}", self.load(layer, table), self._s3))
        return found

    def load(self, layer: str, table: str) -> Table:
        """Open one table as it is; raise NoSuchTableError when there is none."""
        with speaking_to_aws():
            return self._catalog.load_table((f"{self._stack}_{layer}", table))

    def quarantine(self, table: str) -> SwapTable | None:
        """Open the quarantine of a dataset as it is now, for reading; None when there is none."""
        try:
            return SwapTable(f"quarantine.{table}", self.load("quarantine", table), self._s3)
        except NoSuchTableError:
            return None

    def _open(
        self, layer: str, table: str, schema: Schema, keys: Sequence[str], partitions: PartitionSpec = UNPARTITIONED_PARTITION_SPEC
    ) -> SwapTable:
        try:
            opened = self.load(layer, table)
        except NoSuchTableError:
            location = f"s3://{self._bucket}/warehouse/{layer}/{table}"
            try:
                properties = _PROPERTIES | {f"{_FULL_BOUNDS}{key}": "full" for key in keys}
                with speaking_to_aws():
                    opened = self._catalog.create_table(
                        (f"{self._stack}_{layer}", table), schema, location, partitions, properties=properties
                    )
            except TableAlreadyExistsError:  # another try of this step was faster
                opened = self.load(layer, table)
        check_partitions(opened, schema, partitions)
        return SwapTable(f"{layer}.{table}", grow_columns(opened, schema), self._s3)
