"""The wire between S3 and ingest in the test's own hands: what is announced of an object, when, in which order and how often."""

import itertools
import json
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from local.laptop import Laptop, send
from tests.e2e.datasets import contract
from tests.e2e.moments import loaders, until
from tests.messages import batch
from tidegate.aws.iceberg import GlueLake
from tidegate.model.arrivals import Arrival
from tidegate.model.files import FileRecord, FileState

_sequence = itertools.count(time.time_ns() // 1000)


class Wire:
    """A stack whose bucket says nothing by itself."""

    def __init__(self, laptop: Laptop) -> None:
        self.laptop, self.ledger = laptop, laptop.stack.ledger
        self.lake = GlueLake(laptop.stack.name, laptop.stack.lake.bucket, laptop.client("s3"), laptop.client("glue"))

    def publish(self, folder: Path, *datasets: str) -> None:
        """Publish contracts of datasets of readings, all by one command."""
        paths = [folder / f"{dataset}.odcs.yaml" for dataset in datasets]
        for path, dataset in zip(paths, datasets, strict=True):
            path.write_text(contract(dataset), encoding="utf-8")
        self.laptop.run("contract", "publish", *map(str, paths))

    def put(self, key: str, body: bytes) -> Arrival:
        """Put an object; what S3 would say of it is returned and not yet heard by anyone."""
        version = self.laptop.put(key, body)
        return Arrival(self.laptop.stack.landing.bucket, key, version, f"{next(_sequence):018X}", len(body))

    def hear(self, *messages: object) -> list[str]:
        """Have ingest hear of a batch of messages; return the ids of those that come again."""
        function = self.laptop.stack.outputs["IngestFunction"]
        answer = self.laptop.client("lambda").invoke(FunctionName=function, Payload=json.dumps(batch(*messages)).encode())
        told: dict[str, Any] = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, told
        return [failure["itemIdentifier"] for failure in told["batchItemFailures"]]

    def file(self, arrival: Arrival) -> FileRecord:
        """Return what the ledger has of an arrival."""
        return self.ledger.files([arrival.file_id])[arrival.file_id]

    def states(self, *arrivals: Arrival) -> list[FileState]:
        """Return the states of arrivals."""
        return [self.file(a).state for a in arrivals]

    def rest(self, *datasets: str) -> None:
        """Wait until nothing of the datasets waits or runs."""
        until(
            lambda: not any(self.ledger.queue(d, 1) or self.ledger.lease(d).held for d in datasets),
            f"{datasets} never came to rest",
        )

    @contextmanager
    def during_its_load(self, arrival: Arrival) -> Iterator[None]:
        """Hold the run that has the file for the length of a block: nothing of it is settled before the block ends."""
        until(lambda: self.file(arrival).state is FileState.CLAIMED, f"{arrival.key} was never claimed", pause=0.02)
        workers = loaders(self.laptop)
        send(workers, signal.SIGSTOP)
        try:
            yield
        finally:
            send(workers, signal.SIGCONT)

    def rows(self, layer: str, dataset: str, *columns: str) -> list[tuple[Any, ...]]:
        """Read columns of a table as every reader does, through the catalog; sorted."""
        table = self.lake.load(layer, dataset.replace(".", "_")).scan(selected_fields=columns).to_arrow()
        return sorted(zip(*(table.column(c).to_pylist() for c in columns), strict=True))

    def ids(self, layer: str, dataset: str) -> list[str]:
        """Read the keys of the rows of a table."""
        return [row[0] for row in self.rows(layer, dataset, "reading_id")]

    def runs(self, dataset: str) -> list[str]:
        """Return how the dataset's runs ended, oldest first."""
        return [run.state for run in self.ledger.list_runs(dataset)]

    def trace(self, dataset: str) -> Any:
        """Return everything that a message that changes nothing must not change."""
        snapshots = [
            self.lake.load(layer, dataset.replace(".", "_")).metadata.current_snapshot_id for layer in ("bronze", "silver")
        ]
        return list(self.ledger.list_files(dataset)), self.ledger.lease(dataset), self.runs(dataset), snapshots


@contextmanager
def cut(laptop: Laptop) -> Iterator[Wire]:
    """Take the bucket's notifications away for the length of a block."""
    s3, bucket = laptop.client("s3"), laptop.stack.landing.bucket
    before = s3.get_bucket_notification_configuration(Bucket=bucket)
    before.pop("ResponseMetadata")
    assert before, "the bucket announces nothing"
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
    try:
        yield Wire(laptop)
    finally:
        s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=before)


def names(count: int, first: int = 0) -> Sequence[str]:
    """Return the keys of `readings(count, first=first)`."""
    return [f"r{number:07d}" for number in range(first, first + count)]
