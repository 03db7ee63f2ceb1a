"""What the command line says."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Options:
    """`times` measurements of each contender, `rows` in the large file, the Python of the peers' environment."""

    times: int
    rows: int
    peers: Path
