"""What a contract asks of its rows beyond their types, as plain frozen values."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """What follows when a rule is broken."""

    ERROR = "error"  # a row is rejected, a batch is held
    WARNING = "warning"  # it is counted and told


class Metric(StrEnum):
    """What a check asks of a value; also the name of its rule when it has no id."""

    NULL_VALUES = "null_values"
    MISSING_VALUES = "missing_values"
    VALID_VALUES = "valid_values"
    PATTERN = "pattern"
    EXPRESSION = "expression"


_HOLDS: dict[str, Callable[..., bool]] = {
    "mustBe": lambda x, a: x == a,
    "mustBeGreaterThan": lambda x, a: x > a,
    "mustBeGreaterOrEqualTo": lambda x, a: x >= a,
    "mustBeLessThan": lambda x, a: x < a,
    "mustBeLessOrEqualTo": lambda x, a: x <= a,
    "mustBeBetween": lambda x, a, b: a <= x <= b,
}
_SAID = {
    "mustBe": "be {}",
    "mustBeGreaterThan": "be greater than {}",
    "mustBeGreaterOrEqualTo": "be {} or more",
    "mustBeLessThan": "be less than {}",
    "mustBeLessOrEqualTo": "be {} or less",
    "mustBeBetween": "be from {} to {}",
}


@dataclass(frozen=True, slots=True)
class Limit:
    """A bound on what was measured: the standard's operator and its numbers, of rows or, with `percent`, of each hundred rows."""

    operator: str
    numbers: tuple[float, ...]
    percent: bool = False

    def holds(self, measured: float) -> bool:
        """Whether a measurement keeps the bound."""
        return _HOLDS[self.operator](measured, *self.numbers)

    def holds_of(self, rows: int, of: int) -> bool:
        """Whether so many rows out of `of` keep the bound; none of none are 0 percent."""
        return self.holds(100 * rows / of if self.percent and of else rows)

    def __str__(self) -> str:
        """Say the bound, such as `be less than 5 percent`."""
        return _SAID[self.operator].format(*(f"{n:g}" for n in self.numbers)) + (" percent" if self.percent else "")


@dataclass(frozen=True, slots=True)
class Check:
    """A question about one column's value, asked of each row.

    Without a `limit` a row that breaks it is rejected or, as a warning, counted. With one, the rows of the batch that break it are
    counted, and the batch is held, or warned of, when the limit does not hold. `values` are of the metric; `missing_values` has an
    empty text among them where null counts as missing. `expression` is true of a row that breaks the check: SQL and names of columns
    in turn.
    """

    rule: str
    column: str
    metric: Metric
    severity: Severity = Severity.ERROR
    values: tuple[str, ...] = ()
    pattern: str | None = None
    limit: Limit | None = None
    expression: tuple[str, ...] = ()

    @property
    def rejects(self) -> bool:
        """Whether each row that breaks it goes to quarantine."""
        return self.limit is None and self.severity is Severity.ERROR


@dataclass(frozen=True, slots=True)
class Unique:
    """No two rows of the table, of different keys, have the same values in all of `columns`; a null is like no other.

    Within one file the first record keeps the values and, where it `rejects`, later ones go to quarantine: what becomes of a file's
    rows depends on that file alone. Between files the order of loading would decide, so there it is the batch that is held.
    """

    rule: str
    columns: tuple[str, ...]
    severity: Severity = Severity.ERROR
    limit: Limit | None = None

    @property
    def rejects(self) -> bool:
        """Whether repeated records of one file go to quarantine."""
        return self.limit is None and self.severity is Severity.ERROR

    @property
    def column(self) -> str:
        """The columns as reasons and warnings name them."""
        return ", ".join(self.columns)


@dataclass(frozen=True, slots=True)
class Reference:
    """The values of `columns` are in the columns `to` of the silver of another dataset, or of this one and the batch itself.

    `table` is `<domain>_<dataset>`. A row with a null among its values refers to nothing. What refers to nobody is a warning, because
    it may be that the other row is late; as an error its record goes to quarantine.
    """

    rule: str
    columns: tuple[str, ...]
    table: str
    to: tuple[str, ...]
    severity: Severity = Severity.WARNING
    limit: None = None

    @property
    def rejects(self) -> bool:
        """Whether each row that refers to nobody goes to quarantine."""
        return self.severity is Severity.ERROR

    @property
    def column(self) -> str:
        """The columns as reasons and warnings name them."""
        return ", ".join(self.columns)


@dataclass(frozen=True, slots=True)
class Query:
    """One number asked of a batch: checked SQL over the tables that `contracts.queries` names, and the columns that it reads.

    It sees the values as the tables hold them. A NULL keeps no limit. Only a `shown` number is told: others may be a classified value.
    """

    rule: str
    sql: str
    columns: tuple[str, ...]
    silver: bool
    limit: Limit
    severity: Severity = Severity.ERROR
    column: str = ""
    shown: bool = True


@dataclass(frozen=True, slots=True)
class Volume:
    """How many rows come, in percent of what usually comes: the median of the last `runs` loads of the same kind.

    A delta is measured by its rows a file, because batches have as many files as waited; a full load by all of its rows.
    """

    rule: str
    limit: Limit
    severity: Severity = Severity.ERROR
    runs: int = 7


@dataclass(frozen=True, slots=True)
class Freshness:
    """How old, in seconds, the newest value of the contract's orderBy column may be when a batch is loaded."""

    seconds: int
    severity: Severity = Severity.WARNING


@dataclass(frozen=True, slots=True)
class Rules:
    """What a contract asks that is not part of a column; `every` is in how many seconds at the latest something new is loaded."""

    checks: tuple[Check, ...] = ()
    uniques: tuple[Unique, ...] = ()
    references: tuple[Reference, ...] = ()
    queries: tuple[Query, ...] = ()
    volumes: tuple[Volume, ...] = ()
    freshness: Freshness | None = None
    every: int | None = None

    @property
    def counted(self) -> tuple[Check | Reference, ...]:
        """The rules about rows that reject nothing: the rows that break them are counted, in this order."""
        return (*(c for c in self.checks if not c.rejects), *(r for r in self.references if not r.rejects))

    @property
    def measured(self) -> tuple[Unique | Query, ...]:
        """The rules that need the tables: they are measured of a batch before it is committed, in this order."""
        return (*self.uniques, *self.queries)
