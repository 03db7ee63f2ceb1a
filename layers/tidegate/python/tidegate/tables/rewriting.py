"""Write anew the data files of silver that lose rows, and new ones for what comes; all others stay.

A data file covers a stretch of places, which are keys unless the contract says otherwise, and its rows are in their order. A file that
is rewritten keeps its stretch and takes in the new rows of it, so that the next run still finds most files untouched by their bounds.
Rows of places outside every such stretch get files of their own. Neighbours that together are no larger than a file should be are
joined, one that has outgrown it is split. In a table with partitions all of this is within one of them: no file has rows of two.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from tidegate.engine import Limits
from tidegate.engine.sql import name as identifier
from tidegate.engine.sql import text
from tidegate.ports import LiveFile, Swap, Table
from tidegate.tables.copying import copy_kept
from tidegate.tables.duck import copy_into, copy_to, reading, row_group_of
from tidegate.tables.order import Order
from tidegate.tables.pruning import order_files, slices_of

TARGET_BYTES = 128 * 1024 * 1024
_OUTGROWN = 1.5  # times the target
_OUTSIDE = "FROM come WHERE home IS NULL"
_LOOKED_FOR = 97  # one key in so many
_OPENED = 1.5  # row groups that may hold a key, on average, in rows that are not sorted for it: sorting is a third of writing
_DISORDER = 0.25  # share of a file's rows that may lie out of order before it is sorted again: sorting is a third of rewriting


@dataclass(frozen=True, slots=True)
class _Base:
    """A data file of which rows stay; `kept` is their number, `slice` its partition.

    `place` is its own in the order of the partition's files, None where nobody knows it.
    """

    number: int
    file: LiveFile
    path: Path
    kept: int
    slice: str
    place: int | None

    def precedes(self, other: "_Base") -> bool:
        """Whether the other one is the next file of the partition."""
        return self.slice == other.slice and self.place is not None and other.place == self.place + 1

    @property
    def bytes(self) -> int:
        return self.path.stat().st_size * self.kept // max(1, self.file.rows)


class Rewriting:
    """What a fold decided (the tables `come`, `gone` and `held` of `silver._Fold`), written down."""

    def __init__(
        self,
        db: duckdb.DuckDBPyConnection,
        order: Order,
        silver: Table,
        room: Path,
        held_in: Sequence[tuple[LiveFile, Path]],
        sources: Mapping[int, Path],
        limits: Limits,
        target_mb: int | None,
    ) -> None:
        """Take the numbered files that `held` and `come` speak of; `target_mb` is about the size of a file."""
        self.db, self.order, self.silver, self.room = db, order, silver, room
        self.held_in, self.sources, self.target = held_in, sources, target_mb << 20 if target_mb else TARGET_BYTES
        self.row_group = row_group_of((*sources.values(), *(path for _, path in held_in)), limits)
        self.names = ", ".join(map(identifier, silver.columns))

    def swap(self) -> Swap:
        """Write the files and say which ones they replace."""
        leaving = dict(self.db.execute("SELECT source, count(*) FROM gone GROUP BY source ORDER BY source").fetchall())
        coming = self._count("FROM come")
        remove = [self.held_in[number][0] for number in leaving]
        groups = self._groups(leaving)
        add: list[Path] = []
        self.db.execute(f"CREATE TEMP TABLE fresh AS SELECT NULL::INTEGER AS home, * FROM ({reading(self.silver.columns, [])})")
        self.db.execute("ALTER TABLE come ADD COLUMN home INTEGER")
        if groups and coming:
            self._assign_homes(groups)
        for number, group in enumerate(groups):
            add += self._rewrite(number, group)
        return Swap(remove, add + self._outside(), coming, sum(leaving.values()))

    def _outside(self) -> list[Path]:
        """Write the rows that come to no file, in files of their own."""
        slices = self.db.execute(f"SELECT DISTINCT slice {_OUTSIDE} ORDER BY slice").fetchall()
        if not slices:
            return []
        if len(slices) == 1 and self.sources.keys() == {0} and self._in_order():
            return copy_kept(self.sources[0], self._kept, self.silver.field_ids, self.room, self.target)
        wide = self._wide("slice, ", "WHERE home IS NULL")
        if len(slices) > 1:  # which are written one after the other
            self.db.execute(f"CREATE TEMP TABLE outside AS {wide} ORDER BY slice")
            wide = "FROM outside"
        written = []
        for number, (slice_,) in enumerate(slices):
            rows = f"SELECT {self.names} FROM ({wide}) WHERE slice = {text(slice_)} ORDER BY {self.order.layout}"
            place = self.room / f"outside-{number}"
            written += copy_into(self.db, rows, place, self.silver.field_ids, self.target, self.row_group)
        return written

    def _in_order(self) -> bool:
        """Whether the rows are more than a row group, and who looks for a place in them would hardly open more than one."""
        place = identifier(self.order.place)
        bounds = f"SELECT rn // {self.row_group} AS chunk, min({place}) AS low, max({place}) AS high {_OUTSIDE} GROUP BY chunk"
        chunks, some = self._count(f"FROM ({bounds})"), f"FROM (SELECT {place} AS place {_OUTSIDE} AND rn % {_LOOKED_FOR} = 0)"
        return chunks > 1 and self._count(f"{some} JOIN ({bounds}) ON place BETWEEN low AND high") <= _OPENED * self._count(some)

    def _kept(self, first: int, rows: int) -> pa.Array:
        """The places of the rows that come to no file among some of the arriving ones."""
        here = f"SELECT rn - {first} AS place {_OUTSIDE} AND rn BETWEEN {first} AND {first + rows - 1} ORDER BY place"
        return self.db.sql(here).to_arrow_table()["place"].combine_chunks()

    def _groups(self, leaving: dict[int, int]) -> list[list[_Base]]:
        """The files that keep rows, in the order of their keys; neighbours without a file between them are joined up to the target."""
        slices = slices_of(self.db, self.silver, self.order.slicing, self.order.slice)
        places: dict[str, int] = {}
        before: Counter[str] = Counter()  # files of a partition
        for path in order_files(self.db, self.silver, self.order.place):
            places[path] = before[slices[path]]
            before[slices[path]] += 1
        bases = [
            _Base(number, file, path, file.rows - gone, slices[file.path], places.get(file.path))
            for number, gone in leaving.items()
            for file, path in [self.held_in[number]]
            if file.rows > gone
        ]
        groups: list[list[_Base]] = []
        for base in sorted(bases, key=lambda b: (b.slice, -1 if b.place is None else b.place)):
            if groups and groups[-1][-1].precedes(base) and sum(b.bytes for b in groups[-1]) + base.bytes <= self.target:
                groups[-1].append(base)
            else:
                groups.append([base])
        return groups

    def _assign_homes(self, groups: Sequence[Sequence[_Base]]) -> None:
        """Give each coming row a group, then read those rows whole, in order.

        It is the group that held its key, when places are keys, otherwise one that covers its place.
        """
        place, same = identifier(self.order.place), self.order.same_key("h", "c")
        listed = [(number, base.number, base.file.path, base.slice) for number, group in enumerate(groups) for base in group]
        self.db.execute(
            "CREATE TEMP TABLE bases AS SELECT unnest($homes) AS home, unnest($sources) AS source, unnest($paths) AS path,"
            " unnest($slices) AS slice",
            dict(zip(("homes", "sources", "paths", "slices"), map(list, zip(*listed, strict=True)), strict=True)),
        )
        self.db.execute(
            "CREATE TEMP TABLE homes AS SELECT c.source, c.rn, min(b.home) AS home FROM come c"
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
        self.db.execute("UPDATE come SET home = h.home FROM homes h WHERE h.source = come.source AND h.rn = come.rn")
        if self._count("FROM homes"):
            fresh = self._wide("home, ", "WHERE home IS NOT NULL")
            self.db.execute(f"INSERT INTO fresh {fresh} ORDER BY home, {self.order.layout}")

    def _rewrite(self, number: int, group: Sequence[_Base]) -> list[Path]:
        """Write what one group of files holds now."""
        rows, fresh = sum(b.kept for b in group), self._count(f"FROM fresh WHERE home = {number}")
        size = sum(b.bytes for b in group) * (rows + fresh) // rows
        kept = " UNION ALL ".join(
            f"SELECT {self.names} FROM ({reading(self.silver.columns, [b.path], numbered=True)}) r"
            f" ANTI JOIN (SELECT rn FROM gone WHERE source = {b.number}) g ON g.rn = r.rn"
            for b in group
        )
        query = f"{kept} UNION ALL (SELECT {self.names} FROM fresh WHERE home = {number} ORDER BY {self.order.layout})"
        outgrown = size > self.target * _OUTGROWN
        loose = _disorder(group[0].path, self.order.place) + fresh + group[0].file.rows - group[0].kept
        if len(group) > 1 or outgrown or loose > _DISORDER * (rows + fresh):
            query = f"FROM ({query}) ORDER BY {self.order.layout}"
        place = self.room / f"rewritten-{number}"
        if outgrown:
            written = copy_into(self.db, query, place, self.silver.field_ids, self.target, self.row_group)
        else:
            one = copy_to(self.db, query, place.with_suffix(".parquet"), self.silver.field_ids, self.row_group)
            written = [one] if one else []
        for base in group:
            base.path.unlink()
        return written

    def _wide(self, also: str, where: str) -> str:
        """The rows of `come` where a condition holds, whole, from the files that they are in."""
        numbers = [number for (number,) in self.db.execute(f"SELECT DISTINCT source FROM come {where} ORDER BY source").fetchall()]
        parts = [
            f"SELECT {also}{self.names} FROM ({reading(self.silver.columns, [self.sources[number]], numbered=True)}) r"
            f" JOIN (SELECT source, rn AS place, home, slice FROM come {where}) c ON c.place = r.rn AND c.source = {number}"
            for number in numbers
        ]
        return f"FROM ({' UNION ALL '.join(parts)})"

    def _count(self, rows: str) -> int:
        return int(self.db.execute(f"SELECT count(*) {rows}").fetchall()[0][0])


def _disorder(path: Path, column: str) -> int:
    """Count the rows in row groups that begin below where an earlier one ended; a file of one row group counts whole."""
    metadata = pq.read_metadata(path)
    number = metadata.schema.to_arrow_schema().get_field_index(column)
    if metadata.num_row_groups == 1 or number < 0:
        return int(metadata.num_rows)
    rows, highest = 0, None
    for group in (metadata.row_group(g) for g in range(metadata.num_row_groups)):
        statistics = group.column(number).statistics
        if statistics is None or not statistics.has_min_max:
            return int(metadata.num_rows)
        rows += group.num_rows if highest is not None and statistics.min < highest else 0
        highest = statistics.max if highest is None else max(highest, statistics.max)
    return rows
