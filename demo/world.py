"""The demo's hands and eyes on the deployed stack: drop files, wait, ask the ledger, the tables, SNS and the dead letters."""

import hashlib
import json
import time
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from tidegate.cli.query import select
from tidegate.cli.stack import Stack
from tidegate.cli.wait import watch
from tidegate.contracts.publish import load_current
from tidegate.model.files import FileRecord
from tidegate.model.runs import Books, RunRecord

_PATIENCE_SECONDS = 300
_PAUSE_SECONDS = 0.2  # the laptop announces an object at once
Plan = dict[str, Any]


class World:
    """One stack, and the plan's files on disk."""

    def __init__(self, stack: Stack, files: Path) -> None:
        """Keep both; the notifications' inbox is made on first use."""
        self.stack, self._files = stack, files
        self._inbox = ""

    def drop(self, wave: Plan) -> int:
        """Drop the files of a wave that are not there yet, in order; return how many were dropped.

        A drop is there when the key has as many versions with these bytes as the plan has drops of them up to here.
        """
        wanted: Counter[tuple[str, str]] = Counter()
        dropped = 0
        for drop in wave["drops"]:
            body = (self._files / drop["path"]).read_bytes()
            wanted[drop["key"], _md5(body)] += 1
            if self._versions(drop["key"])[_md5(body)] < drop["ordinal"]:
                self.stack.client("s3").put_object(Bucket=self.stack.landing.bucket, Key=drop["key"], Body=body)
                dropped += 1
        return dropped

    def _versions(self, key: str) -> Counter[str]:
        pages = self.stack.client("s3").get_paginator("list_object_versions").paginate(Bucket=self.stack.landing.bucket, Prefix=key)
        return Counter(v["ETag"].strip('"') for page in pages for v in page.get("Versions", ()) if v["Key"] == key)

    def rest(self) -> None:
        """Wait until nothing is pending or running; raise TimeoutError after five minutes."""
        work = watch(self.stack, time.monotonic() + _PATIENCE_SECONDS, _PAUSE_SECONDS)
        if work.left:
            raise TimeoutError(f"not at rest after {_PATIENCE_SECONDS} s: {work}; see .local/server.log")

    def files(self) -> list[FileRecord]:
        """List every file version, oldest first."""
        names = list(self.stack.ledger.datasets())
        return sorted((f for name in [*names, ""] for f in self.stack.ledger.list_files(name)), key=lambda f: f.arrival)

    def runs(self) -> list[RunRecord]:
        """List every run, oldest first."""
        names = list(self.stack.ledger.datasets())
        return sorted((r for name in names for r in self.stack.ledger.list_runs(name)), key=lambda r: r.started_at)

    def ask(self, sql: str, database: str = "") -> list[dict[str, Any]]:
        """Run SQL in Athena."""
        return select(self.stack, sql, database)[1]

    def rows(self, dataset: str) -> dict[str, int]:
        """Count the rows of a dataset in every layer."""
        table, name = dataset.replace(".", "_"), self.stack.name
        layers = ("bronze", "silver", "quarantine")
        return {layer: int(self.ask(f'SELECT count(*) AS n FROM "{name}_{layer}".{table}')[0]["n"]) for layer in layers}

    def rules(self, dataset: str) -> dict[str, int]:
        """Count the quarantined rows of a dataset by the rules they broke."""
        table = dataset.replace(".", "_")
        database = f"{self.stack.name}_quarantine"
        rows = "count(DISTINCT (q._file_id, q._record))"
        sql = f"SELECT r.rule AS rule, {rows} AS n FROM {table} q CROSS JOIN UNNEST(q.reasons) AS t(r)"
        return {row["rule"]: int(row["n"]) for row in self.ask(f"{sql} GROUP BY r.rule ORDER BY 1", database)}

    def sums(self, dataset: str, sources: Mapping[str, str]) -> dict[str, Decimal]:
        """Sum silver columns, named by the source columns they come from."""
        contract, _ = load_current(dataset, self.stack.lake)
        named = {source: next(c.name for c in contract.columns if source in c.sources) for source in sources}
        wanted = ", ".join(f'sum("{column}") AS s{n}' for n, column in enumerate(named.values()))
        row = self.ask(f"SELECT {wanted} FROM {dataset.replace('.', '_')}")[0]
        return {source: Decimal(str(row[f"s{n}"])) for n, source in enumerate(named)}

    def listen(self) -> None:
        """Subscribe an inbox to the topic, the way a team would subscribe its own queue."""
        sqs, topic = self.stack.client("sqs"), self.stack.outputs["Topic"]
        self._inbox = sqs.create_queue(QueueName=f"{self.stack.name}-demo-inbox")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=self._inbox, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        sqs.set_queue_attributes(QueueUrl=self._inbox, Attributes={"Policy": policy})
        self.stack.client("sns").subscribe(
            TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"}, ReturnSubscriptionArn=True
        )

    def heard(self) -> list[dict[str, Any]]:
        """Take what the topic said since the last call."""
        sqs = self.stack.client("sqs")
        said: list[dict[str, Any]] = []
        while got := sqs.receive_message(QueueUrl=self._inbox, MaxNumberOfMessages=10).get("Messages", []):
            for message in got:
                said.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=self._inbox, ReceiptHandle=message["ReceiptHandle"])
        return said


def total(runs: list[RunRecord]) -> Books:
    """Add up the books of runs."""
    words = Books.__dataclass_fields__
    return Books(**{word: sum(getattr(run.books, word) for run in runs) for word in words})


def _md5(body: bytes) -> str:
    return hashlib.md5(body, usedforsecurity=False).hexdigest()
