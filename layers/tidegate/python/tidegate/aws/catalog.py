"""What the Glue catalog and the tables' metadata files say, read without an Iceberg library: audit and reconcile are light functions."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import urlparse

from tidegate.aws.errors import speaking_to_aws
from tidegate.errors import NotFound
from tidegate.model.runs import Commit

RUN_ID = "tidegate.run-id"
LAYERS = ("bronze", "quarantine", "silver")
Snapshots = Mapping[int | None, Mapping[str, Any]]


class GlueMetadata:
    """Tables `<stack>_<layer>.<domain>_<dataset>`."""

    def __init__(self, stack: str, glue: Any, s3: Any) -> None:  # noqa: ANN401 - boto3 clients have no static type
        """Keep the clients."""
        self._stack, self._glue, self._s3 = stack, glue, s3

    def totals(self, table: str) -> Mapping[str, tuple[int, str]]:
        """Read `<layer>.<table>` -> rows and the author of the newest commit, of every layer that has the table."""
        newest = ((name, snapshots.get(current, {}).get("summary", {})) for name, snapshots, current in self._tables(table))
        return {name: (int(summary.get("total-records", 0)), str(summary.get(RUN_ID, ""))) for name, summary in newest}

    def commits(self, table: str, run_id: str) -> Sequence[Commit]:
        """Read what a run committed in every layer, from Iceberg's own record counts and not from what the run wrote about itself."""
        found = []
        for name, snapshots, _ in self._tables(table):
            mine = [s for s in snapshots.values() if s.get("summary", {}).get(RUN_ID) == run_id]
            found += [_observed(name, snapshot, snapshots) for snapshot in mine]
        return found

    def versions(self, tables: Sequence[str]) -> Mapping[str, str]:
        """Name the current version of each `<layer>.<table>` that is there: the place of its metadata, which every commit moves."""
        found = {}
        for name in tables:
            layer, _, table = name.partition(".")
            with suppress(NotFound):
                found[name] = self._place(f"{self._stack}_{layer}", table)
        return found

    def _tables(self, table: str) -> Iterator[tuple[str, Snapshots, int | None]]:
        for layer in LAYERS:
            try:
                metadata = self._metadata(f"{self._stack}_{layer}", table)
            except NotFound:
                continue
            snapshots = {s["snapshot-id"]: s for s in metadata.get("snapshots", ())}
            yield f"{layer}.{table}", snapshots, metadata.get("current-snapshot-id")

    def _metadata(self, database: str, table: str) -> Mapping[str, Any]:
        place = urlparse(self._place(database, table))
        with speaking_to_aws():
            body = self._s3.get_object(Bucket=place.netloc, Key=place.path.lstrip("/"))["Body"].read()
        metadata: Mapping[str, Any] = json.loads(body)
        return metadata

    def _place(self, database: str, table: str) -> str:
        with speaking_to_aws():
            return str(self._glue.get_table(DatabaseName=database, Name=table)["Table"]["Parameters"]["metadata_location"])


def _observed(name: str, snapshot: Mapping[str, Any], snapshots: Snapshots) -> Commit:
    numbers = snapshot["summary"]
    before = snapshots.get(snapshot.get("parent-snapshot-id"), {}).get("summary", {})
    kept = int(numbers["tidegate.kept"])
    return Commit(
        name,
        int(numbers.get("added-records", 0)) - kept,
        int(numbers.get("deleted-records", 0)) - kept,
        int(before.get("total-records", 0)),
        int(numbers["total-records"]),
    )
