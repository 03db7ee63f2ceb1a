"""The services of one simulated account, and the Lambdas on them: the real use cases, wired the way `bootstrap` wires them."""

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from simulator.lake import MemoryLake, MemoryStore, PlainWorkshop
from simulator.machine import TaskFailed, run
from simulator.processes import Crash, Process, Scheduler
from simulator.queue import LONGEST_DELAY, Message, Queue
from tests.dynamo import ConditionalCheckFailedException, FakeDynamo
from tests.fakes import FakeObjects, ManualClock
from tidegate.aws.envelopes import open_envelope
from tidegate.aws.events import messages
from tidegate.aws.ledger import DynamoLedger
from tidegate.aws.table import Table
from tidegate.errors import NothingWaits, TidegateError, Unexpected
from tidegate.model.run_names import execution_name
from tidegate.model.runs import Manifest
from tidegate.model.selection import MOST_REPLAYS, DeadLetter, Selection
from tidegate.model.upkeep import LONGEST_WORK, Policy
from tidegate.ports import ObjectVersion
from tidegate.usecases.answer import answer_all
from tidegate.usecases.audit import audit
from tidegate.usecases.batch import Desk, Limits
from tidegate.usecases.claim import claim, read_manifest
from tidegate.usecases.fail import fail
from tidegate.usecases.ingest import Register, ingest
from tidegate.usecases.job import run_job
from tidegate.usecases.load import load
from tidegate.usecases.maintain import maintain
from tidegate.usecases.maintain_dataset import Keeping
from tidegate.usecases.reconcile import Pace, reconcile
from tidegate.usecases.replay import Care, replay
from tidegate.usecases.routing import keep_to_lambda
from tidegate.usecases.settle import settle
from tidegate.usecases.wake import Waker

LANDING = "landing"
LEASE = 1800 * 1_000_000  # microseconds
LONGEST_LEASE = 2 * LEASE  # of a run that waits for Glue: it may wait there as long as a lease lasts
UPKEEP = Policy(
    target_bytes=60,  # rows, here
    least_files=2,
    version_seconds=0,
    least_versions=1,
    worth_expiring=1,
    orphan_seconds=LONGEST_WORK,  # no process sleeps for longer
    sweep_seconds=0,
)
_DISK = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - thousands of small folders: memory is faster than a disk


class Bucket(FakeObjects):
    """A bucket whose calls are calls to the outside."""

    def __init__(self, scheduler: Scheduler) -> None:
        super().__init__()
        self._call = scheduler.call

    def get(self, key: str) -> bytes | None:
        return self._call("s3", f"GetObject {key}", lambda: super(Bucket, self).get(key))

    def put(self, key: str, body: bytes, version_id: str = "") -> None:
        self._call("s3", f"PutObject {key}", lambda: super(Bucket, self).put(key, body, version_id))

    def versions(self, prefix: str, after: str = "") -> Iterator[ObjectVersion]:
        listing = super().versions
        return iter(self._call("s3", "ListObjectVersions", lambda: list(listing(prefix, after))))

    def download(self, key: str, version_id: str, path: Path) -> None:
        self._call("s3", f"GetObject {key}", lambda: super(Bucket, self).download(key, version_id, path))


class Cloud:
    """Buckets, queues, ledger, tables, executions."""

    def __init__(self, scheduler: Scheduler, limits: Limits) -> None:
        self.scheduler, self.limits = scheduler, limits
        self.clock = ManualClock()
        self.dynamo = FakeDynamo(lambda operation, effect: scheduler.call("dynamodb", operation, effect))
        self.landing, self.lake_bucket = Bucket(scheduler), Bucket(scheduler)
        self.lake = MemoryLake(scheduler.call, lambda: self.clock.now)
        self.executions: dict[str, tuple[str, Process]] = {}  # name -> dataset, process
        self.arrivals = Queue(lambda: self.clock.now)
        self.letters: list[dict[str, Any]] = []
        self.bugs: list[str] = []
        self.seen: set[str] = set()
        self.runs_of_verbs: dict[str, int] = {}
        self.crawls_until = 0

    # Ports

    def ledger(self) -> DynamoLedger:
        """Return the ledger as a fresh process sees it."""
        return DynamoLedger(Table(self.dynamo, "ledger"), self.clock)

    def waker(self) -> Waker:
        return Waker(self.ledger(), self, self, self.clock, LEASE)

    def register(self) -> Register:
        return Register(self.waker(), self.landing, self.lake_bucket, self.limits.window)

    def desk(self) -> Desk:
        return Desk(self.waker(), self.landing, self.lake_bucket, self.limits)

    def start(self, dataset: str, token: int) -> None:
        """Start an execution, once per name."""
        name = execution_name(dataset, token)

        def start() -> None:
            if name not in self.executions:
                self.scheduler.note(f"execution {name} starts")
                work = lambda: run({"dataset": dataset, "token": token}, self._task, lambda _: None)  # noqa: E731 - a thunk
                self.executions[name] = dataset, self.scheduler.spawn(name, work)

        self.scheduler.call("states", f"StartExecution {name}", start)

    def ring(self, dataset: str, seconds: int) -> None:
        """Hold a wake-up call back."""
        body, delay = json.dumps({"wake": dataset}), min(seconds, LONGEST_DELAY)
        self.scheduler.call("sqs", "SendMessage", lambda: self.arrivals.send(body, delay))

    def send(self, letter: Mapping[str, Any]) -> None:
        """Put a letter into the failures DLQ."""
        body = json.loads(json.dumps(letter))
        self.scheduler.call("sqs", "SendMessage letter", lambda: self.letters.append(body))

    # Executions

    def _task(self, resource: str, parameters: Any) -> Any:
        if resource.endswith("dynamodb:updateItem"):
            update = json.loads(json.dumps(parameters).replace("${GlueWaitSeconds}", str(LEASE // 1_000_000)))
            return self._asked("DynamoDB", lambda: self.dynamo.update_item(**update))
        if resource.endswith("sns:publish"):
            return self._service("sns", "Publish", dict)
        if resource.endswith("sqs:sendMessage"):
            return self._service("sqs", "SendMessage letter", lambda: self.letters.append(json.loads(parameters["MessageBody"])))
        if resource.endswith("glue:startCrawler"):
            return self._service("glue", "StartCrawler", self._start_crawler)
        if resource.endswith("glue:startJobRun.sync"):
            return self._job_run(parameters["Arguments"])
        verb = parameters["FunctionName"].strip("${}").removesuffix("Function").lower()
        payload = json.loads(json.dumps(parameters["Payload"]))
        return {"Payload": self._invoked(verb, getattr(self, f"_{verb}"), payload)}

    def _start_crawler(self) -> None:
        """Start a crawl, which takes a minute."""
        if self.clock.now < self.crawls_until:
            raise TaskFailed("Glue.CrawlerRunningException", "")
        self.crawls_until = self.clock.now + LEASE // 30

    def _service(self, service: str, operation: str, effect: Callable[[], Any]) -> Any:
        return self._asked("SQS", lambda: self.scheduler.call(service, operation, effect))

    def _asked(self, service: str, call: Callable[[], Any]) -> Any:
        """Call a service as the state machine does; what goes wrong has the name that Step Functions gives it."""
        try:
            return call() or {}
        except (Crash, TaskFailed):
            raise
        except ConditionalCheckFailedException as error:
            raise TaskFailed(f"{service}.ConditionalCheckFailedException", str(error)) from error
        except Exception as error:
            raise TaskFailed(f"{service}.SdkClientException", str(error)) from error

    def _invoked(self, verb: str, function: Callable[[Any], Any], payload: Any) -> Any:
        process = self.invoke(verb, lambda: function(payload))
        self.scheduler.wait(process)
        if not process.done:
            self.scheduler.note(f"    {process.name} is given up for dead")
            raise TaskFailed("States.Timeout", "")
        if isinstance(process.error, Crash):
            raise TaskFailed("Runtime.ExitError", "")
        if process.error:
            raise TaskFailed(type(process.error).__name__, json.dumps({"errorMessage": str(process.error)}))
        return json.loads(json.dumps(process.result))

    def invoke(self, verb: str, work: Callable[[], Any]) -> Process:
        """Start a Lambda."""
        number = self.runs_of_verbs[verb] = self.runs_of_verbs.get(verb, 0) + 1
        return self.scheduler.spawn(f"{verb} {number}", lambda: self._watched(verb, work))

    def _watched(self, verb: str, work: Callable[[], Any]) -> Any:
        """Nothing but an error of our own tree may leave a Lambda."""
        try:
            return work()
        except Unexpected as error:
            self.bugs.append(f"{verb}: {error}")
            raise
        except TidegateError:
            raise
        except Exception as error:
            self.bugs.append(f"{verb} raised {type(error).__name__}: {error}")
            raise

    # Functions: what the handlers do

    def _claim(self, event: Any) -> Any:
        claimed = claim(event["dataset"], event["token"], self.desk())
        if claimed.manifest is None:
            raise NothingWaits(claimed.dataset)
        self.scheduler.note(f"{claimed.run_id} claims {[f.key.rsplit('/', 1)[1] for f in claimed.manifest.files]}")
        run = claimed.run
        where = {"route": run.route, "workers": run.workers, "reason": run.route_reason} if run else {}
        return {"run_id": claimed.run_id, "manifest_key": claimed.manifest_key, **where}

    def _load(self, event: Any) -> Any:
        keep_to_lambda(event["route"], event["reason"])
        self._load_run(read_manifest(event["manifest_key"], self.lake_bucket))
        return {}

    def _load_run(self, manifest: Manifest) -> None:
        with tempfile.TemporaryDirectory(dir=_DISK) as directory:
            account = load(
                manifest,
                ledger=self.ledger(),
                landing=self.landing,
                objects=self.lake_bucket,
                lake=self.lake,
                clock=self.clock,
                lease_us=LEASE,
                workshop=PlainWorkshop(Path(directory), self.lake, self._poisoned),
            )
        self.scheduler.note(f"{manifest.run_id} is loaded: {account.books.rows_accepted} rows")

    def _job_run(self, arguments: Mapping[str, str]) -> Any:
        """Run a Glue job. Of how it ended Step Functions knows the state."""
        number = self.runs_of_verbs["job"] = self.runs_of_verbs.get("job", 0) + 1
        name = f"jr_{number}"

        def work() -> None:
            manifest = read_manifest(arguments["--manifest_key"], self.lake_bucket)
            run_job(
                manifest,
                arguments["--reason"],
                name,
                lambda: self._load_run(manifest),
                ledger=self.ledger(),
                objects=self.lake_bucket,
                clock=self.clock,
                lease_us=LEASE,
            )

        process = self.scheduler.spawn(f"job {number}", lambda: self._watched("job", work))
        self.scheduler.wait(process)
        if not process.done or process.error:
            state = "FAILED" if process.done else "TIMEOUT"
            raise TaskFailed("States.TaskFailed", json.dumps({"Id": name, "JobName": "load", "JobRunState": state}))
        return {"JobRunState": "SUCCEEDED"}

    def _poisoned(self) -> None:
        self.scheduler.note("    a poison file kills its loader")
        raise Crash

    def _audit(self, event: Any) -> Any:
        audit(read_manifest(event["manifest_key"], self.lake_bucket), objects=self.lake_bucket, catalog=self.lake)
        return {}

    def _settle(self, event: Any) -> Any:
        manifest = read_manifest(event["manifest_key"], self.lake_bucket)
        message, _ = settle(manifest, self.desk())
        self.scheduler.note(f"{manifest.run_id} is settled")
        return {"message": message, "subject": "", "crawl": manifest.crawl}

    def _fail(self, event: Any) -> Any:
        error = event["error"]
        failed = fail(
            event["dataset"],
            event["token"],
            event["state"],
            error["Error"],
            error["Cause"],
            ledger=self.ledger(),
            objects=self.lake_bucket,
            letters=self,
            clock=self.clock,
        )
        self.scheduler.note(f"{event['dataset']} failed at {event['state']} ({error['Error']}), again: {failed.again}")
        return {"tell": failed.message is not None, "message": failed.message, "subject": "", "proceed": failed.proceed}

    # What is not invoked by executions

    def deliver(self, batch: Sequence[Message]) -> Process:
        """Hand messages to ingest; those that it does not answer for come back."""
        self.arrivals.receive(batch)
        event = {"Records": [{"eventSource": "aws:sqs", "messageId": m.id, "body": m.body} for m in batch]}
        process: Process

        def work() -> list[str]:
            read = messages(event)
            done = ingest([a for m in read for a in m.arrivals], [m.wake for m in read if m.wake], self.register())
            errors = {m.message_id: m.error or done.error_of(m.arrivals, m.wake) for m in read}
            return [message_id for message_id, error in errors.items() if error]

        def answered() -> None:
            self.arrivals.give_back([m for m in batch if process.error or m.id in process.result])

        process = self.invoke("ingest", work)
        process.then = answered
        return process

    def reconcile(self) -> Process:
        """Run reconcile."""
        pace = Pace(versions=1000, seconds=60, every_seconds=60)
        return self.invoke("reconcile", lambda: reconcile(self.register(), catalog=self.lake, bucket=LANDING, pace=pace))

    def maintain(self) -> Process:
        """Run maintain."""

        def work() -> None:
            store, ends_at = MemoryStore(self.lake), self.clock() + 300 * 1_000_000
            done = maintain(Keeping(self.desk(), store, store, UPKEEP, ends_at, self._nap), urgent=True)
            for tended in done.datasets:
                self.scheduler.note(f"tended {tended}")

        return self.invoke("maintain", work)

    def _nap(self, seconds: float) -> None:
        """Sleep until an execution has ended, if there is one: time passes in jumps here."""
        busy = [p for _, p in self.executions.values() if not p.done]
        if busy:
            self.scheduler.wait(busy[0])
        self.clock.pass_seconds(seconds)
        self.arrivals.show()

    def replay(self, selection: Selection, letters: list[dict[str, Any]], most_replays: int = MOST_REPLAYS) -> Process:
        """Run replay on files and on letters, which are deleted one by one."""
        found = [DeadLetter(str(n), open_envelope(json.dumps(letter)), 0, json.dumps(letter)) for n, letter in enumerate(letters)]

        def work() -> None:
            register, care = self.register(), Care(most_replays)
            replay(selection, waker=register.waker, objects=self.lake_bucket, dry_run=False, care=care)
            answer_all(
                found,
                letters=self,
                register=register,
                objects=self.lake_bucket,
                care=care,
                forced=selection.forced,
                dry_run=False,
            )

        return self.invoke("replay", work)

    def discard(self, letters: Sequence[DeadLetter]) -> None:
        """Delete letters."""
        for letter in letters:
            body = json.loads(letter.handle)
            self.scheduler.call("sqs", "DeleteMessage letter", lambda body=body: body in self.letters and self.letters.remove(body))

    def give_back(self, letters: Sequence[DeadLetter]) -> None:
        """Nothing is hidden here."""
