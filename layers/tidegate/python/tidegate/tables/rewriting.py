"""Plan which data files of silver are written anew, with what; all others stay.

A data file covers a stretch of places, which are keys unless the contract says otherwise, and its rows are in their order. A file that
is rewritten keeps its stretch and takes in the new rows of it, so that the next run still finds most files untouched by their bounds.
Besides those that lose rows these are the files of a crowd (see `crowding`), which lose none.
Rows of places outside every such stretch get files of their own. Neighbours that together are no larger than a file should be are
joined, one that has outgrown it is split. In a table with partitions all of this is within one of them: no file has rows of two.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import duckdb
import pyarrow as pa

from tidegate.engine import Limits
from tidegate.engine.sql import name as identifier
from tidegate.ports import DataFile, LiveFile, Table
from tidegate.tables.copying import copy_kept
from tidegate.tables.duck import count_rows, reading, row_group_of
from tidegate.tables.order import Order
from tidegate.tables.pruning import order_files, slices_of
from tidegate.tables.writing import OUTGROWN, Base, Form, Piece, cut, cut_query, write_piece

_LOOKED_FOR = 97  # one key in so many
_OPENED = 1.5  # row groups that may hold a key, on average, in rows that are not sorted for it: sorting is a third of writing
_FEW = 50_000  # rows that are handed on in memory
_SAMPLE = 100_000  # rows of which borders are told
_HOMELESS = "FROM come ANTI JOIN homes USING (source, rn)"


@dataclass(frozen=True, slots=True)
class Decided:
    """What a fold decided, in tables of a database.

    `gone` (source, rn) are the rows that leave the files `held_in`, numbered from 0; `coming` (source, rn, home, place, slice) those that
    come from the files `sources`. Home is the number of the piece that a row comes to. `origins` are the URIs of the sources that are data
    files of bronze.
    """

    db: duckdb.DuckDBPyConnection
    order: Order
    form: Form
    held_in: Sequence[tuple[LiveFile, Path]]
    sources: Mapping[int, Path]
    origins: Mapping[int, str]
    pieces: Sequence[Piece]

    def count(self, rows: str) -> int:
        """Count the rows of a query that begins with FROM."""
        return int(self.db.execute(f"SELECT count(*) {rows}").fetchall()[0][0])


Write = Callable[[Decided], Sequence[DataFile]]
"""Writes the pieces that a fold decided on."""


class Rewriting:
    """Makes pieces of the tables `come`, `gone` and `held` of `silver._Fold`."""

    def __init__(
        self,
        db: duckdb.DuckDBPyConnection,
        order: Order,
        silver: Table,
        form: Form,
        held_in: Sequence[tuple[LiveFile, Path]],
        sources: Mapping[int, Path],
    ) -> None:
        """Take the numbered files that `held` and `come` speak of."""
        self.db, self.order, self.silver, self.form = db, order, silver, form
        self.held_in, self.sources = held_in, sources

    def pieces(self, leaving: Mapping[int, int], stretch: int) -> list[Piece]:
        """Make the table `coming`, and return the pieces that its homes are the numbers of.

        `leaving` are the rows that leave by the number of their file. Rows that come to no file are cut into stretches of about so
        many bytes.
        """
        self.db.execute("CREATE TEMP TABLE homes (source INTEGER, rn BIGINT, home INTEGER)")
        slices = slices_of(self.db, self.silver, self.order.slicing, self.order.slice)
        groups = self._groups(leaving, slices)
        pieces: list[Piece] = []
        if groups:
            self._assign_homes(groups, slices)
            pieces = self._of_groups(groups, slices, stretch)
        return pieces + self._outside(len(pieces), stretch)

    def _groups(self, leaving: Mapping[int, int], slices: Mapping[str, str]) -> list[list[Base]]:
        """The files that keep rows, in the order of their keys; neighbours without a file between them are joined up to the target."""
        places: dict[str, int] = {}
        before: Counter[str] = Counter()  # files of a partition
        for path in order_files(self.db, self.silver, self.order.place):
            places[path] = before[slices[path]]
            before[slices[path]] += 1
        bases = [
            Base(number, file.path, file.rows, path.stat().st_size, file.rows - gone)
            for number, gone in leaving.items()
            for file, path in [self.held_in[number]]
            if file.rows > gone
        ]
        groups: list[list[Base]] = []
        for base in sorted(bases, key=lambda b: (slices[b.uri], places.get(b.uri, -1))):
            if groups and self._joins(groups[-1], base, slices, places):
                groups[-1].append(base)
            else:
                groups.append([base])
        return groups

    def _joins(self, group: Sequence[Base], base: Base, slices: Mapping[str, str], places: Mapping[str, int]) -> bool:
        """Whether a file is the next one of the partition, as far as anybody knows, and there is room for it in one file."""
        last = group[-1].uri
        follows = slices[last] == slices[base.uri] and last in places and places.get(base.uri) == places[last] + 1
        return follows and sum(b.bytes for b in group) + base.bytes <= self.form.target

    def _assign_homes(self, groups: Sequence[Sequence[Base]], slices: Mapping[str, str]) -> None:
        """Give each coming row a group: the one that held its key, when places are keys, otherwise one that covers its place."""
        place, same = identifier(self.order.place), self.order.same_key("h", "c")
        listed = [(number, base.number, base.uri, slices[base.uri]) for number, group in enumerate(groups) for base in group]
        self.db.execute(
            "CREATE TEMP TABLE bases AS SELECT unnest($homes) AS home, unnest($sources) AS source, unnest($paths) AS path,"
            " unnest($slices) AS slice",
            dict(zip(("homes", "sources", "paths", "slices"), map(list, zip(*listed, strict=True)), strict=True)),
        )
        self.db.execute(
            "INSERT INTO homes SELECT c.source, c.rn, min(b.home) FROM come c"
            f" JOIN held h ON {same} JOIN bases b ON b.source = h.source AND b.slice = c.slice"
            f" WHERE {self.order.by_key} GROUP BY c.source, c.rn"
        )
        covering = (
            "SELECT b.home, b.slice, min(s.low) AS low, max(s.high) AS high FROM bases b JOIN stretches s USING (path)"
            " GROUP BY b.home, b.slice"
        )
        self.db.execute(
            "INSERT INTO homes SELECT c.source, c.rn, s.home FROM (FROM come ANTI JOIN homes USING (source, rn)) c"
            f" ASOF JOIN ({covering}) s ON c.slice = s.slice AND c.{place} >= s.low WHERE c.{place} <= s.high"
        )

    def _of_groups(self, groups: Sequence[Sequence[Base]], slices: Mapping[str, str], stretch: int) -> list[Piece]:
        """Make a piece of each group, or several by place where more comes to it than is written at once, and renumber homes."""
        coming: dict[int, int] = dict(self.db.execute("SELECT home, count(*) FROM homes GROUP BY home").fetchall())
        pieces: list[Piece] = []
        borders: list[tuple[int, int, str | None]] = []  # the number of a group, that of a piece, and where it begins
        for number, group in enumerate(groups):
            kept, fresh = sum(b.kept for b in group), coming.get(number, 0)
            size = sum(b.bytes for b in group) * (kept + fresh) // kept
            parts = 1 if size <= stretch * OUTGROWN else size // stretch + 1
            lows = [None, *self._borders(number, fresh, parts)]
            borders += [(number, len(pieces) + part, low) for part, low in enumerate(lows)]
            share = size // len(lows)
            pieces += [Piece(tuple(group), fresh, share, slices[group[0].uri], low, high) for low, high in pairwise([*lows, None])]
        if len(pieces) == len(groups):
            return pieces
        kind, place = self.silver.columns[self.order.place], identifier(self.order.place)
        named = dict(zip(("home", "piece", "low"), map(list, zip(*borders, strict=True)), strict=True))
        cuts = f"SELECT unnest($home) AS home, unnest($piece) AS piece, unnest($low::VARCHAR[])::{kind} AS low"
        self.db.execute(f"CREATE TEMP TABLE cuts AS {cuts}", named)
        self.db.execute(
            "CREATE TEMP TABLE cut_homes AS SELECT c.source, c.rn, coalesce(b.piece, f.piece) AS home"
            f" FROM (SELECT source, rn, home, {place} AS place FROM come JOIN homes USING (source, rn)) c"
            " JOIN (FROM cuts WHERE low IS NULL) f USING (home)"
            " ASOF LEFT JOIN (FROM cuts WHERE low IS NOT NULL) b ON b.home = c.home AND c.place >= b.low"
        )
        self.db.execute("DROP TABLE homes; ALTER TABLE cut_homes RENAME TO homes")
        counted: dict[int, int] = dict(self.db.execute("SELECT home, count(*) FROM homes GROUP BY home").fetchall())
        return [replace(piece, coming=counted.get(number, 0)) for number, piece in enumerate(pieces)]

    def _borders(self, home: int, rows: int, parts: int) -> list[str]:
        """Return places that cut the rows of a home into about equal parts, as texts that DuckDB casts to the column's type."""
        if parts == 1 or not rows:
            return []
        wanted = [part / parts for part in range(1, parts)]
        some = f"rn % {1 + rows // _SAMPLE} = 0"
        lows = (
            f"SELECT unnest(quantile_disc({identifier(self.order.place)}, {wanted})) AS low FROM come JOIN homes USING (source, rn)"
            f" WHERE home = {home} AND {some}"
        )
        found = self.db.execute(f"SELECT low::VARCHAR FROM (SELECT DISTINCT low FROM ({lows}) WHERE low IS NOT NULL) ORDER BY low")
        return [low for (low,) in found.fetchall()]

    def _outside(self, first: int, stretch: int) -> list[Piece]:
        """Cut the rows without a home into stretches of places, whose homes are the numbers from `first` on."""
        rows, size = Counter[str](), Counter[str]()
        width = {number: path.stat().st_size / max(1, count_rows(path)) for number, path in self.sources.items()}
        counted = f"SELECT slice, source, count(*) {_HOMELESS} GROUP BY slice, source ORDER BY slice, source"
        for slice_, source, count in self.db.execute(counted).fetchall():
            rows[slice_] += count
            size[slice_] += int(count * width[source])
        parts = {slice_: min(rows[slice_], 1 + size[slice_] // stretch) for slice_ in rows}
        pieces: list[Piece] = []
        homes: list[int] = []
        for slice_, total in rows.items():
            homes.append(first + len(pieces))
            ends = [total * part // parts[slice_] for part in range(parts[slice_] + 1)]
            pieces += [Piece((), b - a, size[slice_] // parts[slice_], slice_) for a, b in pairwise(ends)]
        if not first and len(pieces) == 1:
            self.db.execute("CREATE TEMP VIEW coming AS SELECT *, 0 AS home FROM come")
            return pieces
        if len(pieces) > 1:
            self._spread(list(rows), homes, list(parts.values()), list(rows.values()))
        self.db.execute(
            f"CREATE TEMP TABLE coming AS SELECT c.*, coalesce(h.home, {first}) AS home FROM come c LEFT JOIN homes h USING (source, rn)"
        )
        return pieces

    def _spread(self, slices: list[str], homes: list[int], parts: list[int], rows: list[int]) -> None:
        """Give rows homes in the order of their places: from a home on so many parts of a partition, of as many rows each."""
        named = {"slice": slices, "first": homes, "parts": parts, "total": rows}
        cuts = ", ".join(f"unnest(${name}) AS {name}" for name in named)
        place = f"{identifier(self.order.place)}, {self.order.key}"
        numbered = f"row_number() OVER (PARTITION BY slice ORDER BY {place}, source, rn) AS n"
        # The n-th row is in the part that ends at or behind it: part p of P ends with row total * p // P.
        self.db.execute(
            "INSERT INTO homes SELECT o.source, o.rn, c.first + (o.n * c.parts - 1) // c.total"
            f" FROM (SELECT source, rn, slice, {numbered} {_HOMELESS}) o JOIN (SELECT {cuts}) c USING (slice)",
            named,
        )


def write_here(decided: Decided, room: Path, limits: Limits) -> list[Path]:
    """Write the pieces one after the other, on one machine."""
    row_group = row_group_of((*decided.sources.values(), *(path for _, path in decided.held_in)), limits)
    numbers = list(range(len(decided.pieces)))
    alone = [number for number in numbers if not decided.pieces[number].bases]
    written: list[Path] = []
    if _copies(decided, alone, row_group):
        outside, form = f"FROM coming WHERE home >= {alone[0]}", decided.form

        def kept(first: int, rows: int) -> pa.Array:
            """The places of the rows that come to no file among some of the arriving ones."""
            here = f"SELECT rn - {first} AS place {outside} AND rn BETWEEN {first} AND {first + rows - 1} ORDER BY place"
            return decided.db.sql(here).to_arrow_table()["place"].combine_chunks()

        written += copy_kept(decided.sources[0], kept, form.field_ids, room, form.target)
        numbers = numbers[: alone[0]]
    coming = _handed_on(decided, numbers, room, row_group)
    needed = Counter(base.number for number in numbers for base in decided.pieces[number].bases)
    for number in numbers:
        piece = decided.pieces[number]
        bases = {base.number: decided.held_in[base.number][1] for base in piece.bases}
        written += write_piece(
            decided.db, decided.form, decided.order, piece, bases, coming[number], room / f"piece-{number}", row_group
        )
        needed.subtract(bases.keys())
        for base, path in bases.items():
            if not needed[base]:
                path.unlink()
    return written


def _copies(decided: Decided, alone: Sequence[int], row_group: int) -> bool:
    """Whether the rows that come to no file may be left in the order that they have in the one file that they are in.

    They are more than a row group, and who looks for a place in them would hardly open more than one.
    """
    if decided.sources.keys() != {0} or len({decided.pieces[number].partition for number in alone}) != 1:
        return False
    place, outside = identifier(decided.order.place), f"FROM coming WHERE home >= {alone[0]}"
    bounds = f"SELECT rn // {row_group} AS chunk, min({place}) AS low, max({place}) AS high {outside} GROUP BY chunk"
    chunks, some = decided.count(f"FROM ({bounds})"), f"FROM (SELECT {place} AS place {outside} AND rn % {_LOOKED_FOR} = 0)"
    return chunks > 1 and decided.count(f"{some} JOIN ({bounds}) ON place BETWEEN low AND high") <= _OPENED * decided.count(some)


def _handed_on(decided: Decided, numbers: Sequence[int], room: Path, row_group: int) -> dict[int, str]:
    """Return a query of the rows that come to each piece. Many rows of several pieces are put on disk for it, in one pass."""
    form, db = decided.form, decided.db
    receive = [number for number in numbers if decided.pieces[number].coming]
    wide = [cut_query(form, path, f"SELECT rn, home FROM coming WHERE source = {n}") for n, path in decided.sources.items()]
    rows = f"SELECT * FROM ({' UNION ALL '.join(wide)}) WHERE home < {len(numbers)}"
    if len(receive) < 2:  # noqa: PLR2004
        return dict.fromkeys(numbers, rows)
    if sum(decided.pieces[number].coming for number in receive) <= _FEW:
        db.execute(f"CREATE TEMP TABLE fresh AS {rows} ORDER BY home")
        return {number: f"FROM fresh WHERE home = {number}" for number in numbers}
    parcels = cut(db, rows, "home", room / "parcels", row_group)
    return {number: reading(form.columns, parcels.get(number, [])) for number in numbers}
