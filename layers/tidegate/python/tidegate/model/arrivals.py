"""Arrivals: what landed, in which order, and where its key says it belongs."""

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum

MARKER = "_SUCCESS"
_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
_SEQUENCER_DIGITS = 64


@dataclass(frozen=True, slots=True)
class Arrival:
    """One object version that S3 says was created.

    `key` is decoded. `version_id` is empty in an unversioned bucket. `sequencer` is hexadecimal text that orders versions of one
    key only; it is empty for a version that was found by listing, which came next after the one whose order is `after`. `size` is in
    bytes. `etag` tells versions apart where nothing else does. Event times are not kept: they identify and order nothing.
    """

    bucket: str
    key: str
    version_id: str
    sequencer: str
    size: int
    etag: str = ""
    after: str = ""

    @property
    def file_id(self) -> str:
        """Identity of the object version: equal for every delivery of the same event, different for every overwrite."""
        unversioned = f"sequencer:{self.sequencer}" if self.sequencer else f"etag:{self.etag}"
        return _digest(self.bucket, self.key, self.version_id or unversioned)

    @property
    def object_id(self) -> str:
        """Identity of the key, shared by all its versions."""
        return _digest(self.bucket, self.key)

    @property
    def order(self) -> str:
        """Text that compares in arrival order: the sequencer, padded with zeros on the right.

        Without one it is just above the order of the version before: below every sequencer that S3 gave later.
        """
        if self.sequencer:
            return self.sequencer.upper().ljust(_SEQUENCER_DIGITS, "0")
        return (self.after or "0" * _SEQUENCER_DIGITS) + "~"


class Kind(StrEnum):
    """What a landing key says about its object."""

    DELTA = "delta"  # folds into the current state
    FULL = "full"  # a full load in one file
    PART = "part"  # one of several files of a full load
    MARKER = "marker"  # completes the parts of its load
    FOLDER = "folder"  # what consoles create for an empty prefix
    UNROUTED = "unrouted"  # no dataset can be read from the key


@dataclass(frozen=True, slots=True)
class Route:
    """Where a key leads. `dataset` is empty when unrouted; `load_id` is set for parts and markers; `problem` says what is wrong."""

    kind: Kind
    dataset: str = ""
    load_id: str = ""
    problem: str = ""


def route(key: str) -> Route:
    """Read `<domain>/<dataset>/delta/<name>`, `…/full/<file>` or `…/full/<load_id>/<file>` from a decoded object key."""
    if key.endswith("/"):
        return Route(Kind.FOLDER)
    parts = key.split("/")
    if len(parts) < 4 or not (_NAME.match(parts[0]) and _NAME.match(parts[1])) or parts[2] not in ("delta", "full"):  # noqa: PLR2004 - the shape in the docstring
        problem = (
            "the key is not <domain>/<dataset>/delta/<name> or <domain>/<dataset>/full/[<load_id>/]<file>; move the file there"
        )
        return Route(Kind.UNROUTED, problem=problem)
    dataset, below = f"{parts[0]}.{parts[1]}", parts[3:]
    if parts[2] == "delta":
        return Route(Kind.DELTA, dataset)
    if len(below) == 1:
        return Route(Kind.FULL, dataset)
    return Route(Kind.MARKER if below[-1] == MARKER else Kind.PART, dataset, load_id="/".join(below[:-1]))


def load_prefix(dataset: str, load_id: str) -> str:
    """Return the key prefix that holds the parts of one full load, with its trailing slash."""
    domain, name = dataset.split(".")
    return f"{domain}/{name}/full/{load_id}/"


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]
