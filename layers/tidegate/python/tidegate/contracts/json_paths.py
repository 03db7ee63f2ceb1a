"""Paths into JSON values, as contracts write them: `name[0].family`, `extension[url=http://…].valueString`, `$.meta.lastUpdated`.

path    = ["$." | "^."] key {"." key | "[" number "]" | "[" key "=" text "]"}     a column's
records = [key {"." key | "[*]"}] {"[" key "=" text "]"}                          the contract's word `records`
key     = characters except . [ ] ' = * $ ^        or ['any characters, '' for one quote']
text    = characters except ] and '                or 'any characters, '' for one quote'
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Key:
    """The value of an object's key."""

    name: str


@dataclass(frozen=True, slots=True)
class Index:
    """The element of an array, from 0."""

    number: int


@dataclass(frozen=True, slots=True)
class Where:
    """The first element of an array, or the object itself, that has a text under a key."""

    key: str
    text: str


@dataclass(frozen=True, slots=True)
class Each:
    """Every element of an array."""


@dataclass(frozen=True, slots=True)
class After:
    """What a text has behind its start; nothing when it starts in another way."""

    start: str


Step = Key | Index | Where | Each | After


class Origin(StrEnum):
    """Where a column's path starts."""

    RECORD = ""
    DOCUMENT = "$"  # the line, element or file that the record is in
    ENCLOSING = "^"  # the array element around the record; the document when there is none


@dataclass(frozen=True, slots=True)
class Path:
    """A column's path."""

    origin: Origin
    steps: tuple[Step, ...]

    @property
    def first(self) -> str:
        """Return the key that it starts with."""
        (step, *_) = self.steps
        return step.name if isinstance(step, Key) else ""


@dataclass(frozen=True, slots=True)
class RecordsPath:
    """Where the records of a document are.

    `down` leads to the array of the last `[*]`, that one included; `inner` from its element to the record; `where` are conditions on it.
    """

    down: tuple[Key | Each, ...] = ()
    inner: tuple[Key, ...] = ()
    where: tuple[Where, ...] = ()


class PathInvalid(ValueError):
    """A path that says nothing; the message says why and quotes nothing but the path."""


_PLAIN = re.compile(r"[^.\[\]'=*$^]+\Z")
_QUOTED = r"'(?:[^']|'')*'"
_STEP = re.compile(
    rf"""(?P<dot>\.?)(?P<plain>[^.\[\]'=*$^]+)
    | \[(?P<quoted>{_QUOTED})\]
    | \[(?P<index>[0-9]{{1,6}})\]
    | \[(?P<each>\*)\]
    | \[(?P<start>[^\]'*=]+|{_QUOTED})\*\]
    | \[(?P<key>[^.\[\]'=*$^]+|{_QUOTED})=(?P<text>{_QUOTED}|[^\]']*)\]""",
    re.VERBOSE | re.DOTALL,
)


def parse_path(text: str) -> Path:
    """Read a column's path; raise PathInvalid."""
    origin = next((o for o in (Origin.DOCUMENT, Origin.ENCLOSING) if text.startswith(o.value)), Origin.RECORD)
    rest = text.removeprefix(origin.value)
    if origin is not Origin.RECORD and not rest.startswith((".", "['")):
        message = f"{origin} is followed by a key: {origin}.id"
        raise PathInvalid(message)
    steps = _steps(rest[1:] if origin is not Origin.RECORD and rest.startswith(".") else rest)
    if any(isinstance(step, Each) for step in steps):
        message = "[*] is for the word records: a column takes one value, such as [0]"
        raise PathInvalid(message)
    if any(isinstance(step, After) for step in steps[:-1]):
        message = "[start*] gives a text, so it comes last"
        raise PathInvalid(message)
    if not isinstance(steps[0], Key):
        message = "a path starts with a key"
        raise PathInvalid(message)
    return Path(origin, steps)


def parse_records(text: str) -> RecordsPath:
    """Read the word `records`; raise PathInvalid."""
    steps = _steps(text)
    if not any(isinstance(step, Each | Where) for step in steps):
        message = f"nothing is chosen or exploded: {text}[*]"
        raise PathInvalid(message)
    if any(isinstance(step, Index | After) for step in steps):
        message = "records are keys and [*], then conditions [key=text]"
        raise PathInvalid(message)
    chosen = [place for place, step in enumerate(steps) if isinstance(step, Where)]
    end = chosen[0] if chosen else len(steps)
    if any(not isinstance(step, Where) for step in steps[end:]):
        message = "conditions [key=text] come last"
        raise PathInvalid(message)
    if isinstance(steps[0], Each):
        message = "a document is an object: its path starts with a key"
        raise PathInvalid(message)
    exploded = max((place for place, step in enumerate(steps) if isinstance(step, Each)), default=-1) + 1
    return RecordsPath(
        down=tuple(step for step in steps[:exploded] if isinstance(step, Key | Each)),
        inner=tuple(step for step in steps[exploded:end] if isinstance(step, Key)),
        where=tuple(step for step in steps[end:] if isinstance(step, Where)),
    )


def spell(key: str) -> str:
    """Return the path of a key, quoted where it has to be."""
    return key if _PLAIN.match(key) and key == key.strip() else "['" + key.replace("'", "''") + "']"


def _steps(text: str) -> tuple[Step, ...]:
    steps: list[Step] = []
    place = 0
    while place < len(text):
        match = _STEP.match(text, place)
        wanted = "." if steps else ""
        if match is None or (match["plain"] is not None and match["dot"] != wanted):
            message = f"it cannot be read from character {place + 1} on"
            raise PathInvalid(message)
        steps.append(_step(match))
        place = match.end()
    if not steps:
        message = "it is empty"
        raise PathInvalid(message)
    return tuple(steps)


def _step(match: re.Match[str]) -> Step:
    if match["each"] is not None:
        return Each()
    if match["index"] is not None:
        return Index(int(match["index"]))
    if match["start"] is not None:
        return After(_bare(match["start"]))
    if match["key"] is not None:
        return Where(_bare(match["key"]), _bare(match["text"]))
    return Key(match["plain"] if match["plain"] is not None else _bare(match["quoted"]))


def _bare(text: str) -> str:
    return text[1:-1].replace("''", "'") if text.startswith("'") else text


def keys_of(steps: Sequence[Step]) -> tuple[str, ...]:
    """Return the keys among steps."""
    return tuple(step.name for step in steps if isinstance(step, Key))
