"""What a contract says, as plain frozen values: the row engine, the tables and the use cases read these, never the YAML."""

from dataclasses import dataclass, field, replace
from enum import StrEnum

from tidegate.contracts.rules import Rules
from tidegate.contracts.terms import Term


class LoadMode(StrEnum):
    """What a delta does to the current state."""

    APPEND = "append"  # every row stays: events
    UPSERT = "upsert"  # the newest row per primary key wins
    REPLACE = "replace"  # every file is a full load


class Format(StrEnum):
    """How the files of a dataset are written."""

    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"
    EXCEL = "xlsx"


class SchemaDrift(StrEnum):
    """What to do with a source column that the contract does not name."""

    EVOLVE = "evolve"  # a new nullable column
    IGNORE = "ignore"  # drop the column, keep the rows
    QUARANTINE = "quarantine"  # refuse the file
    FAIL = "fail"  # fail the run


class PartitionBy(StrEnum):
    """The pieces of a column's values that silver has a partition for each of, by Iceberg's names of them."""

    IDENTITY = "identity"
    YEAR = "year"
    MONTH = "month"
    DAY = "day"


class Privacy(StrEnum):
    """How a classified value is made safe before it reaches a table."""

    KEEP = "keep"
    TOKENISE = "tokenise"  # keyed HMAC-SHA-256, its first 32 hex digits, equal values give equal tokens
    REDACT = "redact"  # null
    YEAR = "year"  # date or timestamp to the first instant of its year
    ZIP3 = "zip3"  # the first three characters
    MONTH = "month"  # date or timestamp to the first instant of its month
    ZIP3_SAFE = "zip3_safe"  # a US ZIP's first three digits, 000 where few people live
    AGE10 = "age10"  # the start of its ten years, 90 for everyone older than 89
    AGE90 = "age90"  # an age up to 89, 90 for everyone older
    DATE_SHIFT = "date_shift"  # moved by as many days as all dates of the person that `privacy_by` names
    DROP = "drop"  # checked, and not in the tables


class Kind(StrEnum):
    """The logical type of a column."""

    STRING = "string"
    INTEGER = "integer"  # 64 bit
    DECIMAL = "decimal"
    DOUBLE = "double"
    BOOLEAN = "boolean"
    DATE = "date"
    TIME = "time"
    TIMESTAMP = "timestamp"  # without zone
    TIMESTAMPTZ = "timestamptz"  # an instant, stored in UTC
    ARRAY = "array"  # JSON text, stored as a string
    OBJECT = "object"  # the same


JSON_KINDS = frozenset({Kind.ARRAY, Kind.OBJECT})
NUMBER_KINDS = frozenset({Kind.INTEGER, Kind.DECIMAL, Kind.DOUBLE})


@dataclass(frozen=True, slots=True)
class ColumnType:
    """A column's type; `precision` and `scale` are set for decimals only."""

    kind: Kind
    precision: int = 0
    scale: int = 0


@dataclass(frozen=True, slots=True)
class When:
    """Rows in which the text of another column, before masking, is one of `values`, or null (nobody knows it to be harmless)."""

    column: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """One target column.

    `sources` are the accepted header names (in JSON: paths), first present wins; with an `expression`, the names that it reads. They are
    empty when `from_key` (a regex with one group on the object key) or `constant` gives the value. `value_map` has pairs of a text and what
    becomes of it; another text is rejected unless `value_map_keeps`. `default` stands for null. `formats` are JDK date/time patterns.
    `decimal_comma` and `thousands` (the separator, or empty) are how the file writes numbers. `minimum`/`maximum` are texts in the
    column's own type. `privacy` holds for the rows of `privacy_when` only, for all when it is None. `privacy_by` names the
    column of the person whose dates are shifted together. `pattern` has to match all of the text.
    """

    name: str
    type: ColumnType
    sources: tuple[str, ...] = ()
    from_key: str | None = None
    expression: Term | None = None
    constant: str | None = None
    value_map: tuple[tuple[str, str], ...] = ()
    value_map_keeps: bool = False
    default: str | None = None
    decimal_comma: bool = False
    thousands: str = ""
    formats: tuple[str, ...] = ()
    default_timezone: str | None = None
    null_values: tuple[str, ...] = ()
    required: bool = False
    primary_key: bool = False
    classification: str = "public"
    privacy: Privacy = Privacy.KEEP
    privacy_when: When | None = None
    privacy_by: str | None = None
    valid_values: tuple[str, ...] = ()
    pattern: str | None = None
    min_length: int | None = None
    max_length: int | None = None
    minimum: str | None = None
    maximum: str | None = None
    exclusive_minimum: str | None = None
    exclusive_maximum: str | None = None
    description: str = ""
    partition: PartitionBy | None = None

    @property
    def stored(self) -> bool:
        """Whether the tables have the column: all but those whose privacy is `drop`."""
        return self.privacy is not Privacy.DROP


@dataclass(frozen=True, slots=True)
class CsvFormat:
    """How a text file is cut into fields.

    Without a `header` the fields have the contract's order. Lines that start with `comment` are no records, nor are the first `skip`
    lines. `quote`, `escape` and `comment` may be empty: there are none.
    """

    delimiter: str = ","
    quote: str = '"'
    escape: str = '"'
    encoding: str = "utf-8"
    header: bool = True
    comment: str = ""
    skip: int = 0

    @property
    def doubles_quotes(self) -> bool:
        """Whether a quote in a quoted field is written twice; otherwise it stands behind the `escape`."""
        return self.escape in {self.quote, ""}


@dataclass(frozen=True, slots=True)
class JsonFormat:
    """Where the records of a JSON file are: `delimiter` is `new_line` or `array`, empty when the file shows it; see `json_paths`."""

    delimiter: str = ""
    records: str = ""


@dataclass(frozen=True, slots=True)
class RowCount:
    """Bounds on the accepted rows of a batch, both inclusive; None is unbounded."""

    at_least: int | None = None
    at_most: int | None = None
    severity: str = "error"


@dataclass(frozen=True, slots=True)
class Contract:
    """A dataset's contract. `dataset` is `<domain>.<name>`; `sha256` is of the published bytes.

    `attempts` is how often a file may fail by itself. `batch_window` is in seconds, None for the stack's. Rows for which
    `delete_when` holds are tombstones. `sheet` is the worksheet of a workbook, empty for its first. `drift_types` are patterns of
    names and the kinds of columns that drift brings under them. `keeps_raw`: quarantine has the text of rejected records. `sort_by`
    are the columns that silver's rows are laid out by, the key's when there are none; `target_file_mb` is about the size of its
    data files, None for Tidegate's own. `crawl`: each run asks for a crawl of the landing bucket.
    """

    domain: str
    name: str
    version: str
    sha256: str
    columns: tuple[Column, ...]
    load_mode: LoadMode
    order_by: str | None = None
    schema_drift: SchemaDrift = SchemaDrift.EVOLVE
    null_values: tuple[str, ...] = ()
    max_shrink: float | None = None
    csv: CsvFormat = CsvFormat()
    format: Format = Format.CSV
    json: JsonFormat = JsonFormat()
    sheet: str = ""
    row_count: RowCount | None = None
    rules: Rules = field(default_factory=Rules)
    description: str = ""
    attempts: int = 3
    batch_window: int | None = None
    delete_when: When | None = None
    drift_types: tuple[tuple[str, Kind], ...] = ()
    keeps_raw: bool = True
    sort_by: tuple[str, ...] = ()
    target_file_mb: int | None = None
    crawl: bool = False

    @property
    def dataset(self) -> str:
        """The dataset's id, such as `healthcare.patients`."""
        return f"{self.domain}.{self.name}"

    @property
    def table(self) -> str:
        """The name of the dataset's table in every layer, such as `healthcare_patients`."""
        return f"{self.domain}_{self.name}"

    @property
    def primary_key(self) -> tuple[str, ...]:
        """Names of the key columns, in the contract's order."""
        return tuple(c.name for c in self.columns if c.primary_key)

    @property
    def stored(self) -> tuple[Column, ...]:
        """The columns that the tables have."""
        return tuple(c for c in self.columns if c.stored)

    @property
    def partitioned(self) -> tuple[Column, ...]:
        """The columns that silver is partitioned by, in the contract's order."""
        return tuple(c for c in self.columns if c.partition is not None)

    @property
    def folds_by_key(self) -> bool:
        """Whether silver has one row for each primary key; otherwise it has every row."""
        return self.load_mode is not LoadMode.APPEND and bool(self.primary_key)

    @property
    def keyed(self) -> bool:
        """Whether the tables hold something that was made with a key."""
        return any(c.privacy in {Privacy.TOKENISE, Privacy.DATE_SHIFT} for c in self.columns)

    def with_columns(self, *extra: Column) -> "Contract":
        """Return the same contract with columns that drift brought, at the end."""
        return replace(self, columns=(*self.columns, *extra))
