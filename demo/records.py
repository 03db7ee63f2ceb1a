"""Rows, records and files: what a dataset's file is made of before it is written."""

import codecs
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

Row = dict[str, str]  # header name → text of the cell; '' is null


@dataclass(frozen=True, slots=True)
class Record:
    """One record as it stands in the file (`raw`, without its line end).

    `row` is what the sender meant. `rules` are the rules it breaks, empty for a good record.
    """

    raw: bytes
    row: Row
    rules: tuple[str, ...] = ()

    @property
    def accepted(self) -> bool:
        """Whether the record belongs in a table."""
        return not self.rules


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file that opens and has a header Tidegate knows."""

    header: tuple[str, ...]
    records: tuple[Record, ...]
    newline: bytes = b"\n"
    bom: bool = False
    content: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Write the bytes once."""
        lines = [render(self.header), *(r.raw for r in self.records)]
        body = b"".join(line + self.newline for line in lines)
        object.__setattr__(self, "content", (codecs.BOM_UTF8 if self.bom else b"") + body)

    @property
    def accepted(self) -> tuple[Record, ...]:
        """The records that belong in tables, in the file's order."""
        return tuple(r for r in self.records if r.accepted)

    def reasons(self) -> dict[str, int]:
        """Return rule → number of records that break it."""
        return dict(sorted(Counter(rule for r in self.records for rule in set(r.rules)).items()))


def render(cells: Iterable[str], verbatim: Mapping[int, str] | None = None) -> bytes:
    """Return one record without its line end.

    A cell is quoted where RFC 4180 asks for it. Positions in `verbatim` take that text as it is, quoted well or not. A lone
    surrogate becomes the byte it stands for (U+DCE9 is 0xE9), which is how an undecodable byte gets into a file.
    """
    given = verbatim or {}
    return ",".join(given.get(i, quoted(cell)) for i, cell in enumerate(cells)).encode("utf-8", "surrogateescape")


def quoted(cell: str) -> str:
    """Return the cell with quotes around it if it needs them."""
    return '"' + cell.replace('"', '""') + '"' if any(c in cell for c in ',"\r\n') else cell


def cells_of(header: Sequence[str], row: Row) -> list[str]:
    """Return the row's cells in the header's order."""
    return [row[name] for name in header]


def good(header: Sequence[str], row: Row) -> Record:
    """Return the row as a record without fault."""
    return Record(render(cells_of(header, row)), row)
