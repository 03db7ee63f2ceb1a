"""Processes that take turns: one runs until its next call to the outside, then the scheduler decides who is next and what goes wrong."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError
from greenlet import getcurrent, greenlet

from simulator.choices import Choices
from tidegate.errors import Throttled

CONTINUE, CRASH_BEFORE, CRASH_AFTER, REFUSE, LOSE_ANSWER, OUTAGE = range(6)
_FAULTS = ("", "crash before", "crash after", "throttled", "answer lost", "outage")
_LONG = 12  # calls that fail in an outage


class Crash(BaseException):
    """The process is gone: nothing catches it and nothing it does after this counts."""


@dataclass(eq=False)
class Process:
    """One running thing: a Lambda invocation, an execution. `waits_for` another one to be done before it goes on."""

    name: str
    work: Callable[[], Any]
    waits_for: "Process | None" = None
    result: Any = None
    error: BaseException | None = None
    done: bool = False
    dead: bool = False
    frozen: bool = False
    thread: greenlet | None = field(default=None, repr=False)
    then: Callable[[], None] | None = field(default=None, repr=False)

    @property
    def is_ready(self) -> bool:
        """Whether it can run now."""
        return not self.done and not self.frozen and (self.waits_for is None or self.waits_for.done)


class Scheduler:
    """Runs processes by turns and injects faults at their calls to the outside."""

    def __init__(self, choices: Choices, faults: int, calls_between: int, focus: str = "") -> None:
        """Inject up to so many faults, one in so many calls; with a `focus` only in processes whose name begins with it."""
        self.choices, self.faults_left, self._calls_between, self._focus = choices, faults, calls_between, focus
        self.processes: list[Process] = []
        self.trace: list[str] = []
        self.injected: Counter[str] = Counter()
        self.steps = 0
        self._outage: dict[str, int] = {}
        self._current: Process | None = None

    def spawn(self, name: str, work: Callable[[], Any]) -> Process:
        """Add a process; it runs when its turn comes."""
        process = Process(name, work)
        process.thread = greenlet(lambda: self._run(process))
        self.processes.append(process)
        return process

    def _run(self, process: Process) -> None:
        try:
            process.result = process.work()
        except Crash as crash:
            process.error = crash
        except Exception as error:  # noqa: BLE001 - it is kept, and looked at by whoever waits for it
            process.error = error
        process.done = True

    def turn(self, process: Process) -> None:
        """Let a process run until its next call."""
        assert process.thread is not None
        self.steps += 1
        self._current = process
        process.thread.parent = getcurrent()
        process.thread.switch()
        if process.done:
            self.processes.remove(process)
            if process.then:
                process.then()

    def ready(self) -> list[Process]:
        """Return who can run, the one that ran last first."""
        able = [p for p in self.processes if p.is_ready]
        return sorted(able, key=lambda p: p is not self._current)

    def pause(self) -> None:
        """Give the turn away. A process that was killed meanwhile ends here."""
        me = self._current
        assert me is not None
        assert me.thread is not None
        if me.dead:
            raise Crash
        me.thread.parent.switch()
        if me.dead:
            raise Crash

    def wait(self, other: Process) -> None:
        """Give the turn away until another process is done, or until somebody says that it took too long."""
        me = self._current
        assert me is not None
        me.waits_for = other
        self.pause()
        me.waits_for = None

    def call(self, service: str, operation: str, effect: Callable[[], Any]) -> Any:
        """Make one call to the outside: the point at which turns change and things go wrong."""
        me = self._current
        if me is None or getcurrent() is not me.thread:  # the person at the keyboard: nothing goes wrong there
            return effect()
        self.pause()
        fault = self._fault(service, me)
        if fault in (CRASH_BEFORE, CRASH_AFTER, REFUSE, LOSE_ANSWER):
            self.note(f"    {_FAULTS[fault]}: {operation} by {me.name}")
        if fault == CRASH_BEFORE:
            me.dead = True
            raise Crash
        if fault == REFUSE:
            raise throttled(service, operation)
        result = effect()
        if fault == CRASH_AFTER:
            me.dead = True
            raise Crash
        if fault == LOSE_ANSWER:
            raise throttled(service, operation)
        return result

    def heal(self) -> None:
        """From now on nothing goes wrong."""
        self.faults_left = 0
        self._outage.clear()

    def note(self, line: str) -> None:
        """Write a line of the history."""
        self.trace.append(line)

    def _fault(self, service: str, process: Process) -> int:
        if self._outage.get(service, 0):
            self._outage[service] -= 1
            return REFUSE
        if self.faults_left <= 0 or not process.name.startswith(self._focus):
            return CONTINUE
        fault = self.choices.draw(len(_FAULTS), dull=1 - 1 / self._calls_between)
        if fault == CONTINUE:
            return fault
        self.faults_left -= 1
        self.injected[_FAULTS[fault]] += 1
        if fault == OUTAGE:
            self._outage[service] = _LONG
            self.note(f"    outage of {service}")
            return REFUSE
        return fault


def throttled(service: str, operation: str) -> Exception:
    """Return what is raised when a service asks to slow down, after the client's own retries: by botocore, or by our adapter."""
    if service != "dynamodb":
        return Throttled(operation)
    return ClientError({"Error": {"Code": "ThrottlingException"}, "ResponseMetadata": {"HTTPStatusCode": 400}}, operation)
