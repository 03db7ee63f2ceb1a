"""What the tables must hold, worked out in plain Python: the newest loaded version of each key, folded, newest row wins."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from demo.records import DataFile, Row
from demo.story import Drop

APPEND = frozenset({"covid.jhu_daily"})  # a row is known by its file and record number; in the other datasets by its Id
SUMS = {
    "healthcare.patients": ("HEALTHCARE_EXPENSES", "HEALTHCARE_COVERAGE"),
    "healthcare.encounters": ("BASE_ENCOUNTER_COST", "TOTAL_CLAIM_COST", "PAYER_COVERAGE"),
    "healthcare.claims": ("OUTSTANDING1",),
    "covid.jhu_daily": ("Confirmed", "Deaths", "Recovered"),
}
RowKey = tuple[str, ...]
Winner = tuple[int, Row]  # the step of the drop that the row came in, and the row


@dataclass(frozen=True, slots=True)
class Loaded:
    """One drop whose rows are in the tables."""

    step: int
    key: str
    data: DataFile


@dataclass(slots=True)
class Dataset:
    """A dataset's tables as they stand after some waves."""

    name: str
    loaded: dict[str, Loaded] = field(default_factory=dict)  # by landing key: the newest version only

    def silver(self) -> dict[RowKey, Winner]:
        """Fold the loaded files by arrival. A full load starts again from nothing."""
        current: dict[RowKey, Winner] = {}
        for file in sorted(self.loaded.values(), key=lambda f: f.step):
            if "/full/" in file.key:
                current = {}
            for number, record in enumerate(file.data.records, start=1):
                if record.accepted:
                    current[self._row_key(file, number, record.row)] = (file.step, record.row)
        return current

    def load(self, wave: Iterable[Loaded]) -> dict[str, int]:
        """Load the files of one wave and return its books."""
        arrived = list(wave)
        before = self.silver()
        self.loaded |= {file.key: file for file in arrived}
        after = self.silver()
        read = sum(len(f.data.records) for f in arrived)
        accepted = sum(len(f.data.accepted) for f in arrived)
        won = Counter(_fate(before.get(key), row) for key, (step, row) in after.items() if step in {f.step for f in arrived})
        return {
            "rows_read": read,
            "rows_accepted": accepted,
            "rows_quarantined": read - accepted,
            "rows_inserted": won["inserted"],
            "rows_updated": won["updated"],
            "rows_unchanged": won["unchanged"],
            "rows_superseded": accepted - won.total(),
            "rows_removed": len(before.keys() - after.keys()),
        }

    def tables(self) -> dict[str, object]:
        """Return row counts of bronze, silver and quarantine, quarantined rows by rule, and sums over silver."""
        files = [f.data for f in self.loaded.values()]
        rules = Counter[str]()
        for data in files:
            rules.update(data.reasons())
        silver = [row for _, row in self.silver().values()]
        return {
            "bronze": sum(len(d.accepted) for d in files),
            "silver": len(silver),
            "quarantine": sum(len(d.records) - len(d.accepted) for d in files),
            "quarantine_by_rule": dict(sorted(rules.items())),
            "silver_sums": {column: str(_total(silver, column)) for column in SUMS[self.name]},
        }

    def _row_key(self, file: Loaded, number: int, row: Row) -> RowKey:
        return (file.key, str(number)) if self.name in APPEND else (row["Id"],)


def datasets() -> dict[str, Dataset]:
    """Return the demo's datasets, empty."""
    return {name: Dataset(name) for name in SUMS}


def loadable(drops: Iterable[tuple[int, Drop]], dataset: str) -> list[Loaded]:
    """Return the dataset's drops with rows, from (step, drop) pairs."""
    return [Loaded(step, drop.key, drop.data) for step, drop in drops if drop.data is not None and drop.dataset == dataset]


def _fate(known: Winner | None, row: Row) -> str:
    if known is None:
        return "inserted"
    return "unchanged" if known[1] == row else "updated"


def _total(rows: Iterable[Row], column: str) -> Decimal:
    return sum((Decimal(row[column]) for row in rows if row.get(column)), Decimal(0))
