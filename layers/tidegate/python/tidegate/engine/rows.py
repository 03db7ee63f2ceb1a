"""Records with known fields: pieces of files joined to segments, and each record's own text as one JSON object."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import overload

import pyarrow as pa

from tidegate.contracts.contract import Contract, SchemaDrift
from tidegate.engine.segments import FieldSegment, Part


class Taken:
    """Which names of a file with typed columns a contract takes: the others are not read."""

    def __init__(self, contract: Contract) -> None:
        """Keep the contract's sources; under drift `evolve` every name is taken."""
        self.sources = frozenset(source for column in contract.columns for source in column.sources)
        self._evolves = contract.schema_drift is SchemaDrift.EVOLVE

    def __contains__(self, name: str) -> bool:
        """Whether a column of the file is read."""
        return self._evolves or name in self.sources


class JsonRows(Sequence[str]):
    """The rows of a table of texts as JSON objects under given names, made when they are asked for."""

    def __init__(self, names: Sequence[str], table: pa.Table) -> None:
        """Keep the table; `names` are those of its columns in the file."""
        self._names, self._table = [json.dumps(name, ensure_ascii=False) for name in names], table

    def __len__(self) -> int:
        """Count the rows."""
        count: int = self._table.num_rows
        return count

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> list[str]: ...
    def __getitem__(self, place: int | slice) -> str | list[str]:
        """Return a row's text, or those of several."""
        if isinstance(place, slice):
            return [self[row] for row in range(*place.indices(len(self)))]
        cells = (json.dumps(column[place].as_py(), ensure_ascii=False) for column in self._table.columns)
        return "{" + ", ".join(f"{name}: {cell}" for name, cell in zip(self._names, cells, strict=True)) + "}"


@dataclass(frozen=True, slots=True)
class Piece:
    """Records of one file: `texts` has a column for each field that is read, `marks` says which of them are typed values.

    `broken` has the rules of those that are no records, by row of `texts`.
    """

    part: Part
    texts: pa.Table
    marks: pa.Table
    broken: Mapping[int, tuple[str, ...]] = field(default_factory=dict)


class Joiner:
    """Joins pieces of files of one header to segments of about `size` bytes."""

    def __init__(self, header: tuple[str, ...], size: int) -> None:
        """Nothing waits yet."""
        self._header, self._size = header, size
        self._waiting: list[Piece] = []
        self._held = 0

    def add(self, piece: Piece) -> Iterator[FieldSegment]:
        """Take a piece, and give what was waiting if it would be too large with it."""
        large = piece.texts.nbytes
        if self._waiting and self._held + large > self._size:
            yield from self.rest()
        self._waiting.append(piece)
        self._held += large

    def forget(self, number: int) -> None:
        """Drop what waits of a file."""
        self._waiting = [piece for piece in self._waiting if piece.part.number != number]

    def rest(self) -> Iterator[FieldSegment]:
        """Give what waits."""
        pieces, self._waiting, self._held = self._waiting, [], 0
        if pieces:
            yield _joined(self._header, pieces)


def _joined(header: tuple[str, ...], pieces: Sequence[Piece]) -> FieldSegment:
    texts, marks = (pa.concat_tables(tables) for tables in ([p.texts for p in pieces], [p.marks for p in pieces]))
    broken: dict[int, tuple[str, ...]] = {}
    first = 0
    for piece in pieces:
        broken |= {first + row: rules for row, rules in piece.broken.items()}
        first += piece.texts.num_rows
    raws = JsonRows([header[int(name[1:])] for name in texts.column_names], texts)
    fields = pa.table([*texts.columns, *marks.columns], names=[*texts.column_names, *marks.column_names])
    if broken:
        fields = fields.take(pa.array([row for row in range(fields.num_rows) if row not in broken], pa.int64()))
    return FieldSegment(header, tuple(p.part for p in pieces), fields, broken, raws)
