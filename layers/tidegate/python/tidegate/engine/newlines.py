"""Line endings of a text: which kinds it has, and how many."""

from collections.abc import Iterable, Iterator


def only_newline(data: bytes) -> bytes | None:
    """The line ending of a text that has one kind only."""
    if b"\r" not in data:
        return b"\n"
    pairs, returns, feeds = data.count(b"\r\n"), data.count(b"\r"), data.count(b"\n")
    if pairs == returns == feeds:
        return b"\r\n"
    return b"\r" if not feeds else None


class LineCounts:
    """Line endings counted while a text passes."""

    def __init__(self) -> None:
        """Start at nothing."""
        self._pairs = self._returns = self._feeds = 0
        self._last = b""

    def watch(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Pass chunks on and count them."""
        for chunk in chunks:
            self._feeds += chunk.count(b"\n")
            returns = chunk.count(b"\r")
            if returns or self._last == b"\r":
                self._returns += returns
                self._pairs += chunk.count(b"\r\n") + (self._last == b"\r" and chunk.startswith(b"\n"))
            self._last = chunk[-1:]
            yield chunk

    @property
    def mixed(self) -> bool:
        """More than one kind, inside quotes or out."""
        return bool(self._returns) and not (self._pairs == self._returns == self._feeds or not self._feeds)

    @property
    def lines(self) -> int:
        """Lines, the last one counted even without an ending."""
        return max(self._feeds, self._returns) + (self._last not in {b"\n", b"\r"})
