"""One random history: what people and partners do, in which order the world hears of it, what goes wrong, and how it comes to rest."""

import json
from dataclasses import dataclass, field
from typing import Any

from simulator import invariants
from simulator.choices import Choices
from simulator.cloud import LANDING, LEASE, LONGEST_LEASE, UPKEEP, Cloud
from simulator.processes import Process, Scheduler
from simulator.queue import Message
from simulator.rows import body
from tidegate.contracts.publish import publish
from tidegate.model.selection import Selection
from tidegate.usecases.batch import Limits
from tidegate.usecases.routing import NEVER, Thresholds

DATASETS = ("demo.events", "demo.visits")
_STEPS = 30_000  # a history that does more does not come to rest
_FOCUS = (
    "",
    "load",
    "settle",
    "fail",
    "claim",
    "load",
    "audit",
    "fail",
    "",
    "reconcile",
    "replay",
    "ingest",
    "maintain",
)  # where calls go wrong
_IDS = ("a", "b", None, "c", "d")
_KINDS = ("A", "D", "B", "C")
_TIMES = (0, 1, 2, 3, None)
CONTRACT = """\
apiVersion: v3.2.0
kind: DataContract
id: {dataset}
name: {name}
domain: demo
version: {version}
status: active
servers:
  - {{server: landing, type: s3, location: "s3://landing/demo/{name}/", format: csv, delimiter: ","}}
schema:
  - name: demo_{name}
    logicalType: object
    properties:
      - {{name: id, logicalType: string, primaryKey: true, required: true, description: Key.}}
      - {{name: at, logicalType: integer, description: Order.}}
      - name: kind
        logicalType: string
        description: Kind.
        quality: [{{metric: invalidValues, arguments: {{validValues: [{kinds}]}}, mustBe: 0}}]
customProperties:
  - {{property: loadMode, value: upsert}}
  - {{property: orderBy, value: at}}
"""
VERSIONS = {"1.0.0": "A, B, D", "2.0.0": "A, B, C, D"}
TOMBSTONES = "  - {property: deleteWhen, value: {column: kind, values: [D]}}\n"
SHRINK = "  - {property: maxShrink, value: 0.5}\n"
CRAWL = "  - {property: crawl, value: true}\n"
WINDOW = "  - {{property: batchWindow, value: {seconds}}}\n"


@dataclass
class Outcome:
    """What a history came to. `calm`: nothing went wrong in it, so nothing had to be put right."""

    drawn: list[int]
    violations: list[str]
    trace: list[str]
    steps: int
    injected: dict[str, int]
    calm: bool
    states: dict[str, int] = field(default_factory=dict)


class Story:
    """Plays a history from choices."""

    def __init__(self, choices: Choices) -> None:
        self.choices = choices
        focus = _FOCUS[choices.draw(len(_FOCUS))]
        between = ((3, 6, 12, 25) if focus else (15, 40, 100, 200))[choices.draw(4)]
        self.scheduler = Scheduler(choices, choices.draw(6), between, focus)
        self.mishaps_left = choices.draw(4)
        self.upkeeps_left = (2, 0, 6)[choices.draw(3)]
        self.dull = (0.75, 0.5, 0.3, 0.9)[choices.draw(4)]
        window = (0, 0, 0, 5)[choices.draw(4)]
        route = (NEVER, NEVER, NEVER, Thresholds(text=200, silver=1 << 40, batch=20_000, per_worker=1000, workers=3))[
            choices.draw(4)
        ]
        self.cloud = Cloud(self.scheduler, Limits(files=3, bytes=10_000, runs=4, window=window, route=route))
        self.ids, self.files = ((5, 6), (2, 3), (2, 3))[choices.draw(3)]  # few of them meet more often
        self.hurry = (5, 1, 0)[choices.draw(3)]  # how much happens before runs have come to rest
        self.narrow = choices.draw(3) == 2  # one dataset, to which deltas come and are overwritten
        self.keys: list[str] = []
        self.sequence = 0x0FF8
        self.healed = False  # time passed or reconcile ran: lost wake-ups cannot be told from found ones
        self.version = dict.fromkeys(DATASETS, "1.0.0")
        self.habits = {dataset: self._habits(crawl) for dataset, crawl in zip(DATASETS, ("", CRAWL), strict=True)}
        for dataset in DATASETS:
            self._publish(dataset)

    def _habits(self, crawl: str) -> dict[str, str]:
        """Return what the versions of a dataset's contract say beside their kinds: deletions never change, windows may."""
        always = ("", TOMBSTONES, TOMBSTONES)[self.choices.draw(3)] + ("", SHRINK)[self.choices.draw(2)] + crawl
        windows = ("", "", WINDOW.format(seconds=0), WINDOW.format(seconds=7))
        return {version: always + windows[self.choices.draw(4)] for version in VERSIONS}

    def play(self) -> Outcome:
        """Play until everything is at rest; return what was found."""
        plan = 1 + self.choices.draw(9)
        violations: list[str] = []
        try:
            while plan or self.scheduler.processes or self.cloud.arrivals.waiting:
                plan -= self._act(plan)
                self._check_steps()
            calm = not self.healed and not sum(self.scheduler.injected.values())
            self.scheduler.heal()
            if calm:
                self._let_timers_ring()
                violations += invariants.waiting(self.cloud, DATASETS)
            self._come_to_rest()
            violations += self.cloud.bugs + invariants.check(self.cloud, DATASETS)
            if self.choices.draw(3) == 2:
                violations += self._tidy_up()
            if self.choices.draw(2) and invariants.held_back(self.cloud, DATASETS):
                violations += self._force_what_is_held_back()
        except StoryStuckError as stuck:
            calm = False
            violations.append(str(stuck))
        states = invariants.states(self.cloud, DATASETS)
        injected = dict(self.scheduler.injected)
        return Outcome(self.choices.drawn, violations, self.scheduler.trace, self.scheduler.steps, injected, calm, states)

    # What happens next

    def _act(self, plan: int) -> int:
        """Do one thing; return 1 when it was one of the plan."""
        choice = self.choices.draw(23, dull=self.dull)
        ready = self.scheduler.ready()
        if 1 <= choice <= 4 and len(ready) > 1:
            self.scheduler.turn(ready[1 + self.choices.draw(len(ready) - 1)])
        elif 5 <= choice <= 8 and self.cloud.arrivals.waiting:
            self._deliver()
        elif 9 <= choice < 9 + self.hurry and plan:
            self._do()
            return 1
        elif 14 <= choice <= 17 and self._may_fail():
            (self._give_up_on_somebody, self._kill_an_execution, self._lose_the_lease, self._freeze_somebody)[choice - 14]()
        elif choice == 18 and plan:
            self.healed = True
            self.cloud.reconcile()
        elif choice >= 20 and self.upkeeps_left and self.cloud.lake.has_many_files():
            self.upkeeps_left -= 1
            self.scheduler.note("maintain")
            self.cloud.maintain()
        elif choice == 19 and self.cloud.arrivals.later:
            self._pass_time((2_000_000, 6_000_000, 9_000_000)[self.choices.draw(3)])
        else:
            return self._go_on(plan, ready)
        return 0

    def _go_on(self, plan: int, ready: list[Process]) -> int:
        """Do what is next when nothing special happens."""
        if ready:
            self.scheduler.turn(ready[0])
        elif self.cloud.arrivals.waiting:
            self._deliver()
        elif plan:
            self._do()
            return 1
        else:
            self._thaw()
        return 0

    def _lose_the_lease(self) -> None:
        self._fault("lease expires")
        self._pass_time(LONGEST_LEASE + 1)

    def _may_fail(self) -> bool:
        return self.mishaps_left > 0

    def _fault(self, kind: str) -> None:
        self.mishaps_left -= 1
        self.scheduler.injected[kind] += 1
        self.scheduler.note(f"    {kind}")

    def _give_up_on_somebody(self) -> None:
        """A step takes longer than its execution waits: it becomes a zombie."""
        waiting = [p for p in self.scheduler.processes if p.waits_for and not p.waits_for.done]
        if waiting:
            self._fault("step timed out")
            waiting[self.choices.draw(len(waiting))].waits_for = None

    def _freeze_somebody(self) -> None:
        """A step stands still for longer than its lease lasts, and goes on when everybody else is done: the classic zombie."""
        waiting = [(p, p.waits_for) for p in self.scheduler.processes if p.waits_for and not p.waits_for.done]
        if waiting:
            execution, step = waiting[self.choices.draw(len(waiting))]
            self._fault("step frozen")
            self.scheduler.note(f"    it is {step.name}")
            step.frozen, execution.done, execution.dead = True, True, True
            self.scheduler.processes.remove(execution)
            self._pass_time(LONGEST_LEASE + 1)
            self.cloud.reconcile()
            self.healed = True

    def _thaw(self) -> None:
        for process in self.scheduler.processes:
            if process.frozen:
                self.scheduler.note(f"    {process.name} goes on")
            process.frozen = False

    def _kill_an_execution(self) -> None:
        alive = [p for _, p in self.cloud.executions.values() if not p.done]
        if alive:
            victim = alive[self.choices.draw(len(alive))]
            self._fault("execution stopped")
            self.scheduler.note(f"    it is {victim.name}")
            victim.done = victim.dead = True
            self.scheduler.processes.remove(victim)

    def _pass_time(self, microseconds: int) -> None:
        self.cloud.clock.now += microseconds
        self.cloud.arrivals.show()

    def _deliver(self) -> None:
        waiting: list[Message] = self.cloud.arrivals.waiting
        first = self.choices.draw(len(waiting))
        size = 1 + self.choices.draw(3)
        self.cloud.deliver((waiting[first:] + waiting[:first])[:size])

    # What people do

    def _do(self) -> None:
        choice = (0, 0, 4, 6, 6)[self.choices.draw(5)] if self.narrow else self.choices.draw(17)
        if choice in (4, 5) and self.keys:
            self._put(self.keys[self.choices.draw(len(self.keys))], self._content())
        elif choice == 6 and self.keys:
            self._put(self.keys[self.choices.draw(len(self.keys))], body())  # what it said was a mistake
        elif choice in (7, 8):
            self._full_set()
        elif choice == 9:
            self._put(f"{self._folder()}/full/one{self.choices.draw(2)}.csv", self._content())
        elif choice == 10 and self.keys:
            self._delete(self.keys[self.choices.draw(len(self.keys))])
        elif choice == 11:
            self._publish(DATASETS[self.choices.draw(2)], other=True)
        elif choice in (12, 13):
            self._replay()
        elif choice == 14:
            self._message({"Event": "s3:TestEvent"} if self.choices.draw(2) else {"Records": [{"eventSource": "aws:s3"}]})
        elif choice == 15 and self.cloud.arrivals.dead:
            self.scheduler.note("redrive the arrivals queue")
            self.cloud.arrivals.redrive()
        else:
            self._put(f"{self._folder()}/delta/f{self.choices.draw(self.files)}.csv", self._content())

    def _folder(self) -> str:
        return ("demo/events", "demo/events", "demo/visits")[self.choices.draw(2 if self.narrow else 3)]

    def _content(self) -> bytes:
        flaw = self.choices.draw(16)
        if flaw == 15:
            return body(refused=True)
        if flaw == 14:
            return body(poison=True)
        if flaw == 13:
            return b""
        row = lambda: [_IDS[self.choices.draw(self.ids)], _TIMES[self.choices.draw(5)], _KINDS[self.choices.draw(4)]]  # noqa: E731 - a thunk
        return body([row() for _ in range(self.choices.draw(4))])

    def _full_set(self) -> None:
        folder = f"{self._folder()}/full/load{self.choices.draw(2)}"
        keys = [f"{folder}/part{n}.csv" for n in range(self.choices.draw(3) + 1)]
        for key in keys:
            self._put(key, self._content())
        self._put(f"{folder}/_SUCCESS", b"")

    def _put(self, key: str, content: bytes) -> None:
        self.sequence += 1 + self.choices.draw(3)
        sequencer = f"{self.sequence:016X}".rstrip("0")
        version = f"v{self.sequence:x}"
        self.cloud.landing.put(key, content, version)
        if key not in self.keys:
            self.keys.append(key)
        copies = (1, 1, 1, 2, 3, 0)[self.choices.draw(6, dull=0.5)]
        if not copies and not self._may_fail():
            copies = 1
        if not copies:
            self._fault("event lost")
        odd = self.choices.draw(8, dull=0.6)
        item: dict[str, Any] = {"key": key.replace(" ", "+"), "versionId": version, "sequencer": sequencer, "size": len(content)}
        if odd == 7:
            del item["sequencer"]
        named = "" if "sequencer" in item else ", without a sequencer"
        self.scheduler.note(f"put {key} {version} {content.decode()} announced {copies}x{named}")
        record = {
            "eventSource": "aws:s3",
            "eventVersion": "2.1",
            "eventName": "ObjectCreated:Put",
            "s3": {"bucket": {"name": LANDING}, "object": item},
        }
        for _ in range(copies):
            self._message({"Records": [record]})

    def _message(self, content: dict[str, Any]) -> None:
        self.cloud.arrivals.send(json.dumps(content))

    def _delete(self, key: str) -> None:
        if self.cloud.landing.get(key) is not None:
            self.cloud.landing.delete(key)
            self.scheduler.note(f"delete {key}")

    def _publish(self, dataset: str, *, other: bool = False) -> None:
        if other:
            self.version[dataset] = "2.0.0" if self.version[dataset] == "1.0.0" else "1.0.0"
        version = self.version[dataset]
        text = CONTRACT.format(dataset=dataset, name=dataset.split(".")[1], version=version, kinds=VERSIONS[version])
        text += self.habits[dataset][version]
        publish(text, "simulator", store=self.cloud.lake_bucket, force=True)
        said = " ".join(text.partition("value: at}")[2].split())
        self.scheduler.note(f"publish {dataset} {version} {said}")

    def _replay(self) -> None:
        choice = self.choices.draw(4)
        if choice in (0, 3) and self.cloud.letters:
            forced = choice == 3
            self.scheduler.note(f"replay the letters{' by force' if forced else ''}")
            self.cloud.replay(Selection(forced=forced), list(self.cloud.letters))
        else:
            dataset = DATASETS[self.choices.draw(2)]
            self.scheduler.note(f"replay {dataset}{' by force' if choice == 1 else ''}")
            self.cloud.replay(Selection(dataset=dataset, forced=choice == 1), [])

    # The end

    def _come_to_rest(self) -> None:
        """No more faults: everything that was begun ends, and what was lost is found by time and by reconcile."""
        self.mishaps_left = 0
        self._thaw()
        before = None
        for _ in range(40):
            self._run_all()
            now = invariants.fingerprint(self.cloud, DATASETS)
            if now == before and not self.cloud.arrivals.later:
                return
            before = now
            self._pass_time(LONGEST_LEASE)
            self.cloud.arrivals.redrive()
            self.cloud.reconcile()
        raise StoryStuckError("it does not come to rest: reconcile finds something to do again and again")

    def _let_timers_ring(self) -> None:
        """Where nothing went wrong, nothing but time has to pass until every file is at rest."""
        for _ in range(40):
            self._run_all()
            if not self.cloud.arrivals.later:
                return
            self._pass_time(min(m.due for m in self.cloud.arrivals.later) - self.cloud.clock.now)
        raise StoryStuckError("timers ring again and again")

    def _force_what_is_held_back(self) -> list[str]:
        """A person says that small full loads were meant: then they are loaded.

        A part that was heard of after the load was held back was not forced with it: the person looks again, and forces that too.
        """
        for _ in range(2):
            self.scheduler.note("replay the letters by force, at the end")
            self.cloud.replay(Selection(forced=True), list(self.cloud.letters), most_replays=1000)
            self._come_to_rest()
            held = invariants.held_back(self.cloud, DATASETS)
            if not held:
                break
        return [
            *self.cloud.bugs,
            *invariants.check(self.cloud, DATASETS),
            *(f"{f} is held back although it was forced" for f in held),
        ]

    def _tidy_up(self) -> list[str]:
        """Long after, only maintenance comes: it changes no row, and its leavings are not in anybody's way."""
        self.scheduler.note("maintain, long after")
        self._pass_time(UPKEEP.orphan_seconds * 1_000_000 + LEASE)
        self.cloud.maintain()
        self._run_all()
        found = invariants.check(self.cloud, DATASETS)
        return [*self.cloud.bugs, *found, *invariants.orphans(self.cloud)]

    def _run_all(self) -> None:
        while self.scheduler.processes or self.cloud.arrivals.waiting:
            ready = self.scheduler.ready()
            if ready:
                self.scheduler.turn(ready[0])
            elif self.cloud.arrivals.waiting:
                self.cloud.deliver(self.cloud.arrivals.waiting[:3])
            else:
                raise StoryStuckError(f"nobody can go on: {[p.name for p in self.scheduler.processes]}")
            self._check_steps()

    def _check_steps(self) -> None:
        if self.scheduler.steps > _STEPS:
            raise StoryStuckError(f"no rest after {_STEPS} steps")


class StoryStuckError(Exception):
    """A history does not end."""


def play(choices: Choices) -> Outcome:
    """Play one history."""
    return Story(choices).play()


__all__ = ["Outcome", "Process", "Story", "play"]
