"""How a healthcare table lives: a full load, then deltas of new, updated, repeated and twice-sent rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from demo.dice import Dice
from demo.faults import Fault, plant
from demo.records import DataFile, Record, Row, good

Create = Callable[[Dice], Row]
Change = Callable[[Dice, Row], Row]


@dataclass(frozen=True, slots=True)
class Shares:
    """Rows in the full load, and keys of each kind in a delta. A `twice` key comes in two rows: the first is out of date."""

    full: int
    new: int
    updated: int
    unchanged: int
    twice: int

    def times(self, scale: int) -> "Shares":
        """Return all numbers multiplied."""
        return Shares(self.full * scale, self.new * scale, self.updated * scale, self.unchanged * scale, self.twice * scale)


class Feed:
    """One sender's table. `rows` is its current state by Id; each file that is asked for moves it on."""

    def __init__(self, dice: Dice, header: Sequence[str], create: Create, change: Change, shares: Shares) -> None:
        """Keep how rows are created and changed; `start` makes the first ones."""
        self._dice = dice
        self._header = tuple(header)
        self._create = create
        self._change = change
        self._shares = shares
        self.rows: dict[str, Row] = {}

    def start(self) -> tuple[str, ...]:
        """Create the rows of the full load and return their ids."""
        self._add(self._shares.full)
        return tuple(self.rows)

    def full(self, faults: Sequence[Fault]) -> DataFile:
        """Return the current state as a file, with spoiled rows between."""
        return self._file(list(self.rows.values()), faults)

    def delta(self, faults: Sequence[Fault]) -> DataFile:
        """Return the next changes as a file, with spoiled rows between."""
        shares = self._shares
        picked = self._dice.sample(list(self.rows), shares.twice + shares.updated + shares.unchanged)
        moving, unchanged = picked[: shares.twice + shares.updated], picked[shares.twice + shares.updated :]
        outdated = [self._move(key) for key in moving[: shares.twice]]
        newest = [*(self._move(key) for key in moving), *(self.rows[key] for key in unchanged), *self._add(shares.new)]
        return self._file([*outdated, *self._dice.shuffled(newest)], faults)

    def take_back(self, sent: DataFile) -> DataFile:
        """Return another version of a delta: no faults, without its last twenty rows, and the ten before them changed again."""
        records = sent.accepted
        changed: list[Record] = [good(self._header, self._change(self._dice, r.row)) for r in records[-30:-20]]
        return DataFile(self._header, (*records[:-30], *changed))

    def _add(self, count: int) -> list[Row]:
        rows = [self._create(self._dice) for _ in range(count)]
        self.rows |= {row["Id"]: row for row in rows}
        return rows

    def _move(self, key: str) -> Row:
        self.rows[key] = self._change(self._dice, self.rows[key])
        return self.rows[key]

    def _file(self, rows: Sequence[Row], faults: Sequence[Fault]) -> DataFile:
        return DataFile(self._header, plant(self._dice, self._header, rows, faults, lambda: self._create(self._dice)))
