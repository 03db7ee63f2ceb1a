"""A whole Tidegate in memory: the real use cases on fake ports. Load is played by a receipt for each file."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tests.dynamo import FakeDynamo
from tests.fakes import SECOND, FakeCatalog, FakeLetters, FakeObjects, FakeTimer, FakeWorkflow, ManualClock
from tidegate.aws.ledger import DynamoLedger
from tidegate.aws.table import Table
from tidegate.contracts.publish import publish
from tidegate.model.arrivals import Arrival
from tidegate.model.files import FileRecord, FileState
from tidegate.model.runs import Account, Books, Manifest, Receipt
from tidegate.model.selection import Selection
from tidegate.ports import Ledger, Objects, Workflow
from tidegate.usecases.account import write_account
from tidegate.usecases.answer import Correspondence, answer_all
from tidegate.usecases.batch import Desk, Limits
from tidegate.usecases.claim import Claimed, claim
from tidegate.usecases.fail import Failed, fail
from tidegate.usecases.ingest import Outcome, Register, ingest
from tidegate.usecases.reconcile import Pace, Reconciled, reconcile
from tidegate.usecases.replay import Care, Replayed, replay
from tidegate.usecases.settle import settle
from tidegate.usecases.wake import Waker

LEASE_SECONDS = 60
LEASE = LEASE_SECONDS * SECOND
EVENTS = "demo.events"
DELTA = "demo/events/delta/"
FULL = "demo/events/full/"

_CONTRACT = """\
apiVersion: v3.2.0
kind: DataContract
id: {domain}.{name}
name: {name}
domain: {domain}
version: {version}
status: active
servers:
  - {{server: landing, type: s3, location: "s3://landing/{domain}/{name}/", format: csv, delimiter: ","}}
schema:
  - name: {domain}_{name}
    logicalType: object
    properties:
      - {{name: event_id, logicalType: string, primaryKey: true, required: true, transformSourceObjects: [id], description: Key.}}
customProperties:
  - {{property: loadMode, value: {mode}}}
"""


class World:
    """Every port is a public field, so that a test can put an interruption in its place."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.dynamo, self.fake_workflow = FakeDynamo(), FakeWorkflow()
        self.fake_ledger = DynamoLedger(Table(self.dynamo, "ledger"), self.clock)
        self.ledger: Ledger = self.fake_ledger
        self.workflow: Workflow = self.fake_workflow
        self.timer, self.letters, self.catalog = FakeTimer(), FakeLetters(), FakeCatalog()
        self.bucket, self.lake_bucket = FakeObjects(), FakeObjects()
        self.landing: Objects = self.bucket
        self.lake: Objects = self.lake_bucket
        self.limits = Limits(files=100, bytes=1000)
        self.pace = Pace(versions=1000, seconds=60, every_seconds=3600)
        self._numbers = itertools.count(1)

    @property
    def waker(self) -> Waker:
        return Waker(self.ledger, self.workflow, self.timer, self.clock, LEASE)

    @property
    def register(self) -> Register:
        return Register(self.waker, self.landing, self.lake, self.limits.window)

    @property
    def desk(self) -> Desk:
        return Desk(self.waker, self.landing, self.lake, self.limits)

    # What people do

    def publish(self, dataset: str = EVENTS, mode: str = "upsert", version: str = "1.0.0", words: str = "") -> None:
        domain, name = dataset.split(".")
        publish(_CONTRACT.format(domain=domain, name=name, mode=mode, version=version) + words, "test", store=self.lake_bucket)

    def put(self, key: str, size: int = 10) -> Arrival:
        """Put an object into the landing bucket; what S3 says about it is returned and not yet heard by anyone."""
        number = next(self._numbers)
        version = f"v{number}"
        self.bucket.put(key, b"x" * size, version)
        return Arrival("landing", key, version, f"{number:016X}", size)

    def drop(self, *keys: str, size: int = 10) -> list[Arrival]:
        """Put objects and let ingest hear of each."""
        arrivals = [self.put(key, size) for key in keys]
        assert [o.error for o in self.ingest(*arrivals)] == [None] * len(arrivals)
        return arrivals

    # The use cases

    def ingest(self, *arrivals: Arrival, woken: Sequence[str] = ()) -> list[Outcome]:
        """Register and wake; each outcome has the error for which its message would come again."""
        done = ingest(arrivals, woken, self.register)
        return [replace(o, error=done.error_of([o.arrival])) for o in done.outcomes]

    def claim(self, dataset: str = EVENTS, token: int | None = None) -> Claimed:
        return claim(dataset, self.fake_ledger.lease(dataset).token if token is None else token, self.desk)

    def claim_manifest(self, dataset: str = EVENTS) -> Manifest:
        manifest = self.claim(dataset).manifest
        assert manifest is not None
        return manifest

    def account(
        self, manifest: Manifest, watermark: str = "", refused: Sequence[str] = (), rejected: Mapping[str, int] | None = None
    ) -> Account:
        """Leave behind what load would: five rows a file, of which so many are `rejected` by key, or a refusal for `refused` keys."""
        receipts = []
        for f in manifest.files:
            rows = 0 if f.marker else 5
            bad = (rejected or {}).get(f.key, 0)
            row = Receipt(f.file_id, f.key, f.version_id, FileState.LOADED, rows, rows - bad, bad, manifest.contract_version)
            if f.key in refused:
                row = replace(row, state=FileState.QUARANTINED, rows_read=0, rows_accepted=0, reason="BAD_HEADER: mend it")
            receipts.append(row)
        rows = sum(r.rows_read for r in receipts)
        bad = sum(r.rows_quarantined for r in receipts)
        books = Books(rows_read=rows, rows_accepted=rows - bad, rows_quarantined=bad, rows_inserted=rows - bad)
        account = Account(manifest.run_id, tuple(receipts), books, epoch=manifest.epoch, watermark=watermark)
        write_account(manifest, account, self.lake_bucket)
        return account

    def settle(
        self, manifest: Manifest, watermark: str = "", refused: Sequence[str] = (), rejected: Mapping[str, int] | None = None
    ) -> dict[str, Any]:
        self.account(manifest, watermark, refused, rejected)
        message, _ = settle(manifest, self.desk)
        return message

    def fail(
        self, step: str = "Load", error: str = "BatchRefused", cause: str = "too few rows", token: int | None = None
    ) -> Failed:
        token = self.fake_ledger.lease(EVENTS).token if token is None else token
        return fail(
            EVENTS, token, step, error, cause, ledger=self.ledger, objects=self.lake, letters=self.letters, clock=self.clock
        )

    def claim_and_fail(self, step: str, error: str) -> Failed:
        self.claim()
        return self.fail(step, error, "")

    def replay(self, selection: Selection, *, dry_run: bool = False, care: Care | None = None) -> Replayed:
        return replay(selection, waker=self.waker, objects=self.lake, dry_run=dry_run, care=care)

    def answer(self, *, dry_run: bool = False, forced: bool = False, care: Care | None = None) -> Correspondence:
        """Answer every letter of the failures DLQ."""
        return answer_all(
            self.letters.read(),
            letters=self.letters,
            register=self.register,
            objects=self.lake,
            care=care or Care(),
            forced=forced,
            dry_run=dry_run,
        )

    def reconcile(self) -> Reconciled:
        return reconcile(self.register, catalog=self.catalog, bucket="landing", pace=self.pace)

    def drain(self, dataset: str = EVENTS) -> list[list[str]]:
        """Run the newest execution of a dataset to its end; return the names in each batch."""
        batches = []
        while (manifest := self.claim(dataset).manifest) is not None:
            batches.append(names(manifest))
            self.settle(manifest)
            assert len(batches) < 50, "the execution does not come to an end"
        return batches

    # Looking

    def expire(self) -> None:
        self.clock.pass_seconds(LEASE_SECONDS + 1)

    def record(self, arrival: Arrival) -> FileRecord:
        return self.fake_ledger.files([arrival.file_id])[arrival.file_id]

    def state(self, arrival: Arrival) -> FileState:
        return self.record(arrival).state

    def states(self, *arrivals: Arrival) -> list[FileState]:
        return [self.state(a) for a in arrivals]

    @property
    def started(self) -> list[tuple[str, int]]:
        return self.fake_workflow.started


def names(manifest: Manifest) -> list[str]:
    return [f.key.rsplit("/", 1)[1] for f in manifest.files]
