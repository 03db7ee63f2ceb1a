"""One simulated account without turns: every process runs to its end at once, and at most one call to the outside goes wrong.

The services, the Lambdas and the state machine's retries are the simulator's. It draws faults at random in long histories; here a
short story is told again for each call that it makes, and must end as it does when nothing goes wrong.
"""

import json
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from simulator import invariants
from simulator.cloud import LANDING, LONGEST_LEASE, Cloud
from simulator.machine import TaskFailed
from simulator.processes import Crash, Process, throttled
from simulator.rows import body
from simulator.story import CONTRACT
from tidegate.contracts.publish import publish
from tidegate.errors import BooksUnbalanced
from tidegate.model.files import FileState
from tidegate.usecases.batch import Limits
from tidegate.usecases.claim import read_manifest

EVENTS = "demo.events"
DELTA = "demo/events/delta/"
FULL = "demo/events/full/"
_OF_RUNS = {"loaded by", "runs", "lease", "letters"}
_JOB_RUN = re.compile(r"jr_[0-9]+")
_MANIFEST = re.compile(r"manifest-[0-9a-f]+\.json")  # its digest has the times of arrival in it


class Fault(StrEnum):
    """What happens to a call. A process that is killed does nothing any more; the others raise a transient error."""

    REFUSED = "refused"
    ANSWER_LOST = "answer lost"
    KILLED_BEFORE = "killed before"
    KILLED_AFTER = "killed after"
    DIED_BEFORE = "died before"  # and its execution with it: nobody tries again until the lease has expired
    DIED_AFTER = "died after"


RETRIED = [Fault.REFUSED, Fault.ANSWER_LOST, Fault.KILLED_BEFORE, Fault.KILLED_AFTER]
DIED = [Fault.DIED_BEFORE, Fault.DIED_AFTER]
_AFTER = (Fault.ANSWER_LOST, Fault.KILLED_AFTER, Fault.DIED_AFTER)
_RAISED = (Fault.REFUSED, Fault.ANSWER_LOST)


@dataclass
class Straight:
    """Runs processes one inside the other, and breaks the `nth` call of the processes whose name begins with `verb`."""

    verb: str
    fault: Fault | None = None
    nth: int = -1
    made: list[str] = field(default_factory=list)
    running: list[str] = field(default_factory=list)
    died: bool = False

    def spawn(self, name: str, work: Callable[[], Any]) -> Process:
        return Process(name, work)

    def wait(self, process: Process) -> None:
        self.running.append(process.name)
        try:
            process.result = process.work()
        except (Crash, Exception) as error:  # noqa: BLE001 - whoever waits for it looks at it
            process.error = error
        self.running.pop()
        process.done = True
        if process.then:
            process.then()

    def note(self, line: str) -> None:
        """Nobody reads it."""

    def call(self, service: str, operation: str, effect: Callable[[], Any]) -> Any:
        if not self.running or not self.running[-1].startswith(self.verb):
            return effect()
        self.made.append(f"{self.running[-1]}: {operation}")
        if self.fault is None or len(self.made) - 1 != self.nth:
            return effect()
        if self.fault in _AFTER:
            with suppress(Exception):  # a write that was refused: the caller does not hear of that either
                effect()
        self.died = self.fault in DIED and len(self.running) > 1  # a step takes its execution along
        raise throttled(service, operation) if self.fault in _RAISED else Crash


class Account(Cloud):
    """The account, and what people and time do to it."""

    def __init__(self, outside: Straight) -> None:
        super().__init__(outside, Limits(files=3, bytes=10_000))  # type: ignore[arg-type]
        self.outside = outside
        self.stop_before = ""  # the verb before which the execution is stopped, once
        self.unbalanced: set[str] = set()  # keys with which an audit finds that a row is missing
        self.versions = 0
        self.publish()

    def publish(self) -> None:
        publish(CONTRACT.format(dataset=EVENTS, name="events", version="1.0.0", kinds="A, B"), "test", store=self.lake_bucket)

    def put(self, key: str, *rows: list[Any], announced: bool = True, content: bytes | None = None, **flaws: bool) -> None:
        self.versions += 1
        version = f"v{self.versions}"
        content = body(list(rows), **flaws) if content is None else content
        self.landing.put(key, content, version)
        item = {"key": key, "versionId": version, "sequencer": f"{self.versions:016X}", "size": len(content)}
        record = {"eventSource": "aws:s3", "eventVersion": "2.1", "eventName": "ObjectCreated:Put"}
        record |= {"s3": {"bucket": {"name": LANDING}, "object": item}}
        if announced:
            self.arrivals.send(json.dumps({"Records": [record]}))

    def hear(self) -> None:
        """Deliver messages until none comes again."""
        while self.arrivals.waiting:
            self.outside.wait(self.deliver(self.arrivals.waiting[:10]))

    def rest(self) -> None:
        """Let everything that was begun come to its end. Only who died is found by time and reconcile: a retry needs neither."""
        self._end_executions()
        if self.outside.fault in DIED:
            self.recover()

    def _end_executions(self) -> None:
        self.hear()
        while left := [p for _, p in self.executions.values() if not p.done]:
            self.outside.wait(left[0])
            self.hear()

    def look(self, seconds: int = 61) -> None:
        """Let time pass and reconcile run, as its schedule does."""
        self.clock.now += seconds * 1_000_000
        self.outside.wait(self.reconcile())

    def recover(self) -> None:
        """Let the lease of whoever died expire, and reconcile find what it left."""
        self.clock.now += LONGEST_LEASE
        for _ in range(2):
            self.look()
            self._end_executions()

    def _invoked(self, verb: str, function: Callable[[Any], Any], payload: Any) -> Any:
        if verb == self.stop_before:
            self.stop_before = ""
            raise Crash
        try:
            return super()._invoked(verb, function, payload)
        except TaskFailed:
            if self.outside.died:
                self.outside.died = False
                raise Crash from None
            raise

    def _audit(self, event: Any) -> Any:
        manifest = read_manifest(event["manifest_key"], self.lake_bucket)
        if self.unbalanced & {f.key for f in manifest.files}:
            raise BooksUnbalanced("a row is missing")
        return super()._audit(event)

    def end(self) -> dict[str, Any]:
        """What must not depend on how often something was tried: no times, no counts of tries, each letter once."""
        ledger = self.ledger()
        state = ledger.state(EVENTS)
        files = {f"{f.key} {f.version_id}": f for d in (EVENTS, "") for f in ledger.list_files(d)}
        names = ("state", "rows_read", "rows_accepted", "rows_quarantined", "most", "failures", "forced")
        lease = asdict(ledger.lease(EVENTS))
        return {
            "broken": [*self.bugs, *invariants.check(self, [EVENTS])],
            "files": {n: tuple(getattr(f, name) for name in names) + _reason(f.state, f.reason) for n, f in files.items()},
            "loaded by": {n: f.loaded_by for n, f in files.items()},
            "waiting": sorted(f.key for f in ledger.queue(EVENTS, 100)),
            "runs": {r.run_id: (r.state, r.files, r.error, r.again, r.books) for r in ledger.list_runs(EVENTS)},
            "tables": {name: _values(self.lake.rows(name)) for name in self.lake.tables},
            "lease": {n: bool(v) if n.endswith("s_at") else v for n, v in lease.items()},
            "kept": (state.watermark, state.rows, state.epoch.load),
            "letters": sorted({_MANIFEST.sub("manifest.json", json.dumps(letter, sort_keys=True)) for letter in self.letters}),
            "undelivered": self.arrivals.dead,
        }


def _reason(state: FileState, reason: str) -> tuple[str, ...]:
    """An overtaken version may learn of it in more than one way."""
    return () if state is FileState.SUPERSEDED else (_JOB_RUN.sub("jr", reason),)


def _values(rows: list[Any]) -> list[str]:
    return sorted(str(row._replace(arrival="")) for row in rows)


Story = Callable[[Account], None]


def tell(story: Story, outside: Straight) -> Account:
    account = Account(outside)
    story(account)
    return account


def differences(story: Story, verb: str, fault: Fault, least: int) -> dict[str, Any]:
    """Break each call that the verb makes in the story, one at a time; return what then ends otherwise, by the broken call.

    A story in which the verb makes fewer than `least` calls does not test what it seems to. Who died with its execution is
    followed by another run, and what reconcile finds late goes into another one: there what names runs may differ, nothing else.
    """
    calm = tell(story, Straight(verb))
    wanted, calls = calm.end(), calm.outside.made
    assert (wanted["broken"], len(calls) >= least) == ([], True)
    found: dict[str, Any] = {}
    for nth, call in enumerate(calls):
        end = tell(story, Straight(verb, fault, nth)).end()
        parts = wanted.keys() - (_OF_RUNS if fault in DIED or verb == "reconcile" else ())
        if other := {part: (end[part], wanted[part]) for part in parts if end[part] != wanted[part]}:
            found[f"{nth} {call}"] = other
    return found
