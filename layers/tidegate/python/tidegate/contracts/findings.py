"""Findings in one contract, collected: a user sees all of them at once, each with its line and what to write instead."""

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tidegate.errors import ContractInvalid, Problem


@dataclass(slots=True)
class Findings:
    """The problems found so far; `source` names the contract in messages."""

    source: str
    _found: dict[tuple[int, str, str], Problem] = field(default_factory=dict)

    def add(self, line: int, path: str, message: str, hint: str = "") -> None:
        """Record one problem; the same one twice counts once."""
        self._found.setdefault((line, path, message), Problem(line, path or "contract", message, hint))

    def __iter__(self) -> Iterator[Problem]:
        """Iterate in the order of lines."""
        return iter(sorted(self._found.values(), key=lambda p: (p.line, p.path)))

    def __len__(self) -> int:
        """Count the problems."""
        return len(self._found)

    def __bool__(self) -> bool:
        """Whether anything was found."""
        return bool(self._found)

    def check(self) -> None:
        """Stop here if anything was found.

        Raises:
            ContractInvalid: with every problem so far.
        """
        if self._found:
            raise ContractInvalid(self.source, tuple(self))


def suggest(word: str, known: Iterable[str]) -> str:
    """Return `did you mean '…'?` for the nearest known word, or all of them when they are few, or nothing."""
    words = {k.lower(): k for k in known}
    near = difflib.get_close_matches(word.lower(), list(words), n=1, cutoff=0.6)
    if near:
        return f"did you mean '{words[near[0]]}'?"
    few = 8
    return one_of(words.values()) if 0 < len(words) <= few else ""


def one_of(words: Iterable[str]) -> str:
    """Return `one of a, b, c`."""
    return f"one of {', '.join(sorted(words))}"
