"""The arrivals queue: SQS with delayed messages and a dead-letter queue, as template.yaml sets it up."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

RECEIVES = 5  # before a message goes to the dead-letter queue
LONGEST_DELAY = 900  # seconds
_MICROSECONDS = 1_000_000


@dataclass(eq=False)
class Message:
    """One message. Before `due` (microseconds) nobody sees it."""

    id: str
    body: str
    due: int = 0
    receives: int = 0


class Queue:
    """Messages that can be received, that are not due yet, and that nobody could answer for."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self.waiting: list[Message] = []
        self.later: list[Message] = []
        self.dead: list[Message] = []
        self._sent = 0

    def send(self, body: str, seconds: int = 0) -> None:
        """Add a message that shows itself after so many seconds."""
        assert 0 <= seconds <= LONGEST_DELAY, "SQS refuses it"
        self._sent += 1
        message = Message(f"m{self._sent}", body, self._now() + seconds * _MICROSECONDS)
        (self.later if seconds else self.waiting).append(message)

    def show(self) -> None:
        """Let those be received whose time has come."""
        now = self._now()
        self.waiting += [m for m in self.later if m.due <= now]
        self.later = [m for m in self.later if m.due > now]

    def receive(self, messages: Sequence[Message]) -> None:
        """Hide messages: somebody works on them."""
        for message in messages:
            self.waiting.remove(message)
            message.receives += 1

    def give_back(self, messages: Sequence[Message]) -> None:
        """Take messages back that were not answered for."""
        for message in messages:
            (self.waiting if message.receives < RECEIVES else self.dead).append(message)

    def redrive(self) -> None:
        """Put the dead letters back, as new messages: what a person does."""
        self.waiting += [Message(m.id, m.body) for m in self.dead]
        self.dead.clear()
