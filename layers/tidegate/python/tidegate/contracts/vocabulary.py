"""Every word that a contract may use and what it does. The checks and docs/contracts.md are both made from here."""

from dataclasses import dataclass

from tidegate.contracts.contract import Kind, LoadMode, PartitionBy, Privacy, SchemaDrift


@dataclass(frozen=True, slots=True)
class Word:
    """One customProperty.

    `value` is what it takes: `choice`, `text`, `texts`, `number`, `whole` (between `bounds`), `condition`,
    `scalar` (a text, number or boolean as it is written), `flag` or `map` (with at most as many texts as `bounds` says).
    """

    name: str
    value: str
    meaning: str
    example: str
    choices: tuple[str, ...] = ()
    required: bool = False
    bounds: tuple[int, int] = (0, 0)


CONTRACT_WORDS = (
    Word(
        "loadMode",
        "choice",
        "What a delta does. `append`: every row stays. `upsert`: the newest row per primary key wins. `replace`: every file is a"
        " full load; of rows with one primary key, if there is one, the newest stays.",
        "upsert",
        tuple(LoadMode),
        required=True,
    ),
    Word(
        "orderBy",
        "text",
        "Column whose greatest value is the newest row of a key; without it the newest arrival wins.",
        "updated_at",
    ),
    Word(
        "schemaDrift",
        "choice",
        "What to do with a source column that the contract does not name. `evolve` (default): a new column of text, or of what"
        " driftTypes says. `ignore`: drop the column, keep the rows. `quarantine`: refuse the file. `fail`: fail the run.",
        "evolve",
        tuple(SchemaDrift),
    ),
    Word(
        "driftTypes",
        "map",
        "With schemaDrift evolve: patterns of names (`*` and `?`) and the logicalType that a new column of such a name gets; the first"
        " that fits the header's name or the column's counts. One of string, integer, number, boolean, date, timestamp, time.",
        '{"*_date": date, "*_amount": number}',
        bounds=(1, 50),
    ),
    Word(
        "quarantineRaw",
        "choice",
        "`keep` (default): quarantine has each rejected record as it stands in its file, unmasked. `none`: it has none, only the file,"
        " the number of the record and the rules; `quarantine export` is not possible then.",
        "none",
        ("keep", "none"),
    ),
    Word(
        "sortBy",
        "texts",
        "Columns that the rows of silver are laid out by, for queries that ask for stretches of them; the primary key if it is not"
        " said. A run that changes keys all over the table then reads and rewrites more of it.",
        "[service_date]",
    ),
    Word(
        "targetFileMegabytes",
        "whole",
        "About the size of silver's data files; 128 if it is not said. Larger ones are cheaper to query, smaller ones to change.",
        "256",
        bounds=(8, 1024),
    ),
    Word("nullValues", "texts", "Texts that mean null in every column; the empty text always does.", '["NULL", "n/a"]'),
    Word("sheet", "text", "The worksheet of an xlsx file that has the rows. It can be left out where no other has any.", "Orders"),
    Word("maxShrink", "number", "Share of the rows, 0 to 1, that a full load may take away; a larger loss is held back.", "0.2"),
    Word(
        "deleteWhen",
        "condition",
        "A row in which a text column has one of some values is a tombstone: while it is the newest row of its key, silver does not"
        " have the key. It needs only its key, its order and that column. For loadMode upsert.",
        "{column: op, values: [D]}",
    ),
    Word(
        "attempts",
        "whole",
        "How often a file may fail by itself, where trying again can help, before it is FAILED; 3 if it is not said.",
        "5",
        bounds=(1, 10),
    ),
    Word(
        "batchWindow",
        "whole",
        "Seconds for which an idle dataset waits for more files before a run starts; the stack's BatchWindowSeconds if it is not said.",
        "60",
        bounds=(0, 900),
    ),
    Word(
        "crawl",
        "flag",
        "true: each run starts the crawler of the landing bucket, so that the files as they came can be queried in"
        " `<stack>_landing`. They are not masked there. No load waits for a crawl.",
        "true",
    ),
    Word(
        "records",
        "text",
        "For format json: the path of the array whose elements are the rows, and which of them; see JSON files.",
        "entry[*].resource[resourceType=Patient]",
    ),
    Word("quote", "text", 'For format csv: the character around fields, by default `"`; `none` when fields have no quotes.', "'"),
    Word(
        "escape", "text", "For format csv: the character before a quote in a quoted field; by default the quote is doubled.", "\\"
    ),
    Word(
        "header", "flag", "For format csv: false when files have no header line; fields then come in the contract's order.", "false"
    ),
    Word("comment", "text", "For format csv: lines that start with this character are no records.", "#"),
    Word(
        "skipLines",
        "whole",
        "For format csv: so many lines are skipped before the header or the first record.",
        "2",
        bounds=(1, 1000),
    ),
)
#: Words that say how CSV text is written.
DIALECT_WORDS = ("quote", "escape", "header", "comment", "skipLines")
COLUMN_WORDS = (
    Word(
        "privacy", "choice", "How a classified value is made safe, instead of the classification's default.", "year", tuple(Privacy)
    ),
    Word(
        "privacyWhen",
        "condition",
        "Limits `privacy` to the rows in which another text column has one of some values, or none; the other rows keep theirs.",
        '{column: code, values: ["56799-0"]}',
    ),
    Word(
        "privacyBy",
        "text",
        "With `privacy: date_shift`: the text column that says whose dates they are, such as the patient's id.",
        "patient_id",
    ),
    Word(
        "fromKey",
        "text",
        "The value is in the object's key, not in the file: a regular expression with exactly one group. The column then has no"
        " transformSourceObjects.",
        '"([0-9]{2}-[0-9]{2}-[0-9]{4})\\\\.csv$"',
    ),
    Word("formats", "texts", "Date and time patterns, tried in order; instead of logicalTypeOptions.format.", '["M/d/yy H:mm"]'),
    Word("nullValues", "texts", "Texts that mean null in this column, beside the contract's.", '["NaN"]'),
    Word("constant", "scalar", "The value of every record, written as a file would write it; the column is in no file.", "jhu"),
    Word(
        "default",
        "scalar",
        "Stands for null, also when no header has the column; written as a file would write it. Not for required columns and keys.",
        "0",
    ),
    Word("valueMap", "map", "Texts and what becomes of them, before the value is typed.", "{M: male, F: female}", bounds=(1, 500)),
    Word(
        "valueMapElse",
        "choice",
        "What becomes of a text that valueMap does not have. `reject` (default): the record is quarantined. `keep`: it stays.",
        "keep",
        ("reject", "keep"),
    ),
    Word(
        "partitionTransform",
        "choice",
        "With `partitioned: true`: what rows of one partition of silver have in common. A date or timestamp its `month` (default), `year`"
        " or `day`; text, an integer, a boolean or a date the value itself, `identity`.",
        "year",
        tuple(PartitionBy),
    ),
    Word("decimalComma", "flag", "The file writes 1,5 for one and a half.", "true"),
    Word(
        "thousands",
        "choice",
        "The file may write this between groups of three digits: a point, a comma, an apostrophe, a blank or a no-break blank.",
        '"."',
        (".", ",", "'", " ", "\u00a0", "\u202f"),
    ),
)

CLASSIFICATIONS = {
    "public": "anybody may see it (default)",
    "internal": "nothing about a person or a contract",
    "confidential": "business secrets, facts about a person that do not identify them",
    "personal": "identifies a person: text becomes a token, a date or timestamp its year, anything else must say `privacy: redact`",
    "sensitive": "nobody downstream needs it: redacted",
}
PRIVACY = {
    Privacy.KEEP: ("any type", "the value as it is; an error on personal and sensitive columns"),
    Privacy.TOKENISE: ("string", "HMAC-SHA-256 under the stack's key, its first 32 hex digits: equal values give equal tokens"),
    Privacy.REDACT: ("any type", "null"),
    Privacy.YEAR: ("date, timestamp", "the first instant of the year"),
    Privacy.MONTH: ("date, timestamp", "the first instant of the month"),
    Privacy.DATE_SHIFT: (
        "date, timestamp",
        "moved by -182 to 182 days, never by 0: the same number for all dates of one person (`privacyBy`), in all tables",
    ),
    Privacy.AGE10: ("integer", "the start of its ten years, 90 for everyone older than 89; null below 0"),
    Privacy.AGE90: ("integer", "the age, 90 for everyone older than 89; null below 0"),
    Privacy.ZIP3: ("string", "the first three characters"),
    Privacy.ZIP3_SAFE: (
        "string",
        "the first three digits of a US ZIP or ZIP+4, `000` for the 17 areas of at most 20,000 people; null for any other text",
    ),
    Privacy.DROP: ("any type", "not in the tables at all: the column is read and checked, and that is all"),
}
LOGICAL_TYPES = {
    "string": ("string", "text as it is"),
    "integer": ("long", "digits with an optional sign, 64 bits"),
    "number": ("decimal(p,s)", "with physicalType `decimal(p,s)`: exact, p up to 38; without it a double"),
    "boolean": ("boolean", "true false t f yes no y n 1 0"),
    "date": ("date", "`yyyy-MM-dd`, or the formats"),
    "timestamp": (
        "timestamp",
        "`yyyy-MM-dd'T'HH:mm:ss`, or the formats; with `timezone: true` an instant, kept in UTC (timestamptz)",
    ),
    "time": ("time", "`HH:mm:ss`, or the formats"),
    "array": ("string", "a JSON array: kept as JSON text without blanks between its parts, numbers digit by digit"),
    "object": ("string", "a JSON object: the same"),
}
#: What physicalType may say beside decimal(p,s): the type that the table has anyway.
PHYSICAL_TYPES = {
    Kind.STRING: ("string", "varchar", "text"),
    Kind.INTEGER: ("long", "bigint"),
    Kind.DOUBLE: ("double",),
    Kind.BOOLEAN: ("boolean",),
    Kind.DATE: ("date",),
    Kind.TIME: ("time",),
    Kind.TIMESTAMP: ("timestamp",),
    Kind.TIMESTAMPTZ: ("timestamptz",),
    Kind.ARRAY: ("string", "varchar", "text"),
    Kind.OBJECT: ("string", "varchar", "text"),
}
OPTIONS = {
    "format": "date, time, timestamp: a pattern (below)",
    "timezone": "timestamp: true means an instant; the format then has an offset, or defaultTimezone says what a local time means",
    "defaultTimezone": "timestamp with `timezone: true`: a name such as `Etc/UTC` or `Europe/Berlin`",
    "minimum": "numbers, dates, times: inclusive bounds, in the type's own notation (`2020-01-31`), whatever the format",
    "maximum": "the same",
    "exclusiveMinimum": "the same, exclusive",
    "exclusiveMaximum": "the same, exclusive",
    "minLength": "string: fewest characters",
    "maxLength": "string: most characters",
    "pattern": "string: a regular expression (RE2 syntax) that has to match all of the text",
}
FORMAT_LETTERS = {
    "yyyy uuuu": "year, four digits",
    "yy": "year 2000 to 2099, two digits",
    "MM M": "month; a doubled letter wants two digits, a single one takes one or two",
    "dd d": "day of the month",
    "HH H": "hour 0 to 23",
    "hh h": "hour 1 to 12, together with `a`",
    "mm m": "minute",
    "ss s": "second",
    "S … SSSSSSSSS": "fraction of a second, as many digits as letters; digits behind the sixth have to be zeros",
    "a": "AM or PM",
    "X XX XXX": "`Z` or an offset: `+02` or `+0200`; `+0200`; `+02:00`",
    "'text'": "text as it is; `''` is a quote",
}
#: What `delimiter` says of a JSON file, in the words of the standard.
JSON_DELIMITERS = ("new_line", "array")
ENCODINGS = ("utf-8", "utf-16", "latin-1", "cp1252")
