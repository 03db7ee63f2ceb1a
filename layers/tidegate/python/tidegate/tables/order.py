"""What a contract says of the rows of silver, in SQL: the key, which row of a key is the newest, and whether that one is shown."""

from collections.abc import Mapping

from tidegate.contracts.contract import Contract, PartitionBy
from tidegate.engine.newest import deciding_columns, is_newest
from tidegate.engine.sql import name as identifier
from tidegate.engine.sql import texts

_PIECES: Mapping[PartitionBy, str] = {
    PartitionBy.IDENTITY: "{}::VARCHAR",
    PartitionBy.YEAR: "strftime({}, '%Y')",
    PartitionBy.MONTH: "strftime({}, '%Y-%m')",
    PartitionBy.DAY: "strftime({}, '%Y-%m-%d')",
}


class Order:
    """`columns` are the key's, `key` is their list, `hash` a number made of them; `is_newest`, `lives` and `dead` are conditions on a row.

    `layout` is the list of columns that data files are sorted by, `place` the first of them; `by_key`: it is one of the key's.
    `slice` is a text that rows of one partition have in common, empty for a table without partitions, made of the columns `slicing`.
    """

    def __init__(self, contract: Contract) -> None:
        """Read key, order and tombstones."""
        self.columns = contract.primary_key if contract.folds_by_key else ("_object_key", "_record")
        self.key = ", ".join(identifier(name) for name in self.columns)
        self.hash = f"hash({self.key})"
        laid_out = tuple(dict.fromkeys((*contract.sort_by, *self.columns)))
        self.place, self.layout = laid_out[0], ", ".join(identifier(name) for name in laid_out)
        self.by_key = self.place in self.columns
        self.slicing = tuple(column.name for column in contract.partitioned)
        pieces = [_PIECES[c.partition].format(identifier(c.name)) for c in contract.partitioned if c.partition is not None]
        self.slice = f"to_json([{', '.join(pieces)}])::VARCHAR" if pieces else "''"
        self.deciding, self.is_newest = deciding_columns(contract), is_newest(contract, self.columns)
        when = contract.delete_when
        self.deletes = when is not None
        self.dead = f"coalesce({identifier(when.column)} IN ({texts(when.values)}), false)" if when else "false"
        self.lives = f"NOT {self.dead}"

    def listed(self, row: str) -> str:
        """Return the columns of a row that say its key, its place and its partition."""
        return ", ".join(f"{row}.{identifier(name)}" for name in dict.fromkeys((*self.columns, self.place, *self.slicing)))

    def same_key(self, one: str, other: str, *, null_safe: bool = True) -> str:
        """Return the condition that two rows have one key. Plain equality also lets a scan skip row groups."""
        equals = "IS NOT DISTINCT FROM" if null_safe else "="
        return " AND ".join(f"{one}.{identifier(n)} {equals} {other}.{identifier(n)}" for n in self.columns)
