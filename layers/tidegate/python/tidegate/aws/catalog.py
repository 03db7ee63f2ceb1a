"""What the Glue catalog and the tables' metadata files say, read without an Iceberg library: audit and reconcile are light functions."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlparse

from tidegate.aws.errors import speaking_to_aws
from tidegate.errors import NotFound
from tidegate.model.runs import Commit

RUN_ID = "tidegate.run-id"  # whose commit a snapshot is
UNDOES = "tidegate.undoes"  # the run whose commit it takes back
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

    def history(self, name: str) -> Sequence[tuple[str, str]]:
        """List the versions of `<layer>.<table>`, newest first, each with the last run whose rows are in it; empty without such a table.

        The run is empty where the catalog does not know it any more.
        """
        layer, _, table = name.partition(".")
        try:
            snapshots, current = _snapshots(self._metadata(f"{self._stack}_{layer}", table))
        except NotFound:
            return ()
        line = []
        while current in snapshots:
            line.append(snapshots[current])
            current = line[-1].get("parent-snapshot-id")
        runs: list[str] = []
        for snapshot in reversed(line):
            runs.append(_last_run(snapshot["summary"], runs))
        return [(str(snapshot["snapshot-id"]), run) for snapshot, run in zip(line, reversed(runs), strict=True)]

    def _tables(self, table: str) -> Iterator[tuple[str, Snapshots, int | None]]:
        for layer in LAYERS:
            try:
                metadata = self._metadata(f"{self._stack}_{layer}", table)
            except NotFound:
                continue
            yield f"{layer}.{table}", *_snapshots(metadata)

    def _metadata(self, database: str, table: str) -> Mapping[str, Any]:
        with speaking_to_aws():
            place = urlparse(self._glue.get_table(DatabaseName=database, Name=table)["Table"]["Parameters"]["metadata_location"])
            body = self._s3.get_object(Bucket=place.netloc, Key=place.path.lstrip("/"))["Body"].read()
        metadata: Mapping[str, Any] = json.loads(body)
        return metadata


def _snapshots(metadata: Mapping[str, Any]) -> tuple[Snapshots, int | None]:
    return {s["snapshot-id"]: s for s in metadata.get("snapshots", ())}, metadata.get("current-snapshot-id")


def _last_run(summary: Mapping[str, str], before: Sequence[str]) -> str:
    """Return the run whose rows a snapshot shows; `before` are those of the snapshots before it, oldest first."""
    if RUN_ID in summary:
        return summary[RUN_ID]
    # What takes a commit back leaves what was before that one; maintenance changes no row.
    seen = before[:-1] if UNDOES in summary else before
    return seen[-1] if seen else ""


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
