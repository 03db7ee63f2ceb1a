"""What docs/contracts.md says between its tables, which `contract_docs` makes from the vocabulary in the code."""

from tidegate.contracts.signatures import MAX_SCALE

INTRODUCTION = """\
# Contracts

<!-- Written by scripts/contract_docs.py from the vocabulary in the code; do not edit. -->

A contract says what a dataset's files look like and what becomes of them. It is one YAML file in the
[Open Data Contract Standard](https://bitol-io.github.io/open-data-contract-standard/) (v3), so other tools read it too.

    tidegate contract propose orders.csv --domain shop          a first contract from sample files, its evidence as comments
    tidegate contract check contracts/shop/orders.odcs.yaml     every finding with its line and what to write instead
    tidegate contract check orders.odcs.yaml --published        what it changes against the current version, and what breaks
    tidegate contract publish contracts/shop/orders.odcs.yaml   the next run of the dataset uses it; no deployment

A published version never changes: to change a contract, raise its `version`. Each receipt says which version a file was checked
against. Examples: `contracts/`.

```yaml
apiVersion: v3.2.0
kind: DataContract
id: shop.orders                      # <domain>.<name>, lower-case words joined by _
version: 1.0.0
servers:
  - {server: landing, type: s3, location: "s3://landing/shop/orders/", format: csv}
schema:
  - name: shop_orders                # <domain>_<name>: the name of the table in every layer
    properties:
      - {name: order_id, logicalType: string, primaryKey: true, transformSourceObjects: [Id]}
      - {name: buyer, logicalType: string, classification: personal}
      - {name: amount, logicalType: number, physicalType: "decimal(18,2)", required: true}
      - {name: paid_at, logicalType: timestamp, logicalTypeOptions: {format: "yyyy-MM-dd HH:mm:ssX", timezone: true}}
customProperties:
  - {property: loadMode, value: upsert}
  - {property: orderBy, value: paid_at}
```

What is not on this page is refused, with its line: a field is never ignored in silence.
"""
COLUMNS = """\
## Columns

`transformSourceObjects` lists the header names under which the column may come: the first that the header has is taken (with
`transformLogic`, the names that it uses). Without it the header name is the column's own. A column that is in no header is null; if
it is `required` or of the primary key, the file is refused. Every field of a file is read as text; an empty one is null.
"""
MAPPING = f"""\
## From the file's columns to the table's

A field that is empty or a null value is null. Then, in this order: `transformLogic`, `valueMap`, `default`, the type, the checks, the
mask.

```yaml
# renamed, under two generations of headers
- {{name: province, logicalType: string, transformSourceObjects: [Province/State, Province_State]}}
# computed: pounds to kilograms, exact, rounded once
- {{name: weight_kg, logicalType: number, physicalType: "decimal(9,3)", transformSourceObjects: [Weight],
   transformLogic: "round(number(Weight) * 0.45359237, 3)"}}
# one source split into two columns, two sources joined to one
- {{name: last_name, logicalType: string, transformSourceObjects: [Name], transformLogic: "split_part(Name, ', ', 1)"}}
- {{name: first_name, logicalType: string, transformSourceObjects: [Name], transformLogic: "split_part(Name, ', ', 2)"}}
- {{name: place, logicalType: string, transformSourceObjects: [City, State], transformLogic: "concat_ws(', ', City, State)"}}
# codes, a value for null, a value for every record, a number as 1.234,50
- {{name: sex, logicalType: string, customProperties: [{{property: valueMap, value: {{M: male, F: female}}}}]}}
- {{name: copies, logicalType: integer, customProperties: [{{property: default, value: 1}}]}}
- {{name: provider, logicalType: string, customProperties: [{{property: constant, value: jhu}}]}}
- {{name: price, logicalType: number, physicalType: "decimal(18,2)",
   customProperties: [{{property: decimalComma, value: true}}, {{property: thousands, value: "."}}]}}
```

`transformLogic` is an expression in a small part of SQL; nothing else of SQL is accepted. A header name stands in it as it is, or in
double quotes when it is no plain word; a text stands in single quotes. Every source that it uses is in `transformSourceObjects`, and
every one there is used. A source that a header does not have is null, so that several generations of headers are
`coalesce("Province/State", "Province_State")`; when a header has none of them, the column is missing.

There are texts, numbers, dates, timestamps without zone, times and conditions, and no conversion between them but by a function: a
field is a text. Numbers are exact decimals of at most 38 digits, of them at most {MAX_SCALE} behind the point. An empty text is null
everywhere. What a function is given as null gives null, unless the list says otherwise.

A part that cannot be computed (no number, no such date, a division by zero, too many digits) rejects the record with rule
`expression`; it never becomes null. It may be left out where the result is null anyway, or where `CASE` and `coalesce` do not take it.

The result is checked and masked as a field with its text would be. A date, timestamp or time needs no formats; a number needs a
`round` when its column has fewer digits than it may have. A column made of classified columns needs a classification of its own.
"""
PATTERNS = """\
### Patterns of dates and times

Other letters are refused. Other characters stand for themselves, except `[ ] { } #`, which have to be quoted. A single letter may
not be followed at once by other digits.
"""
PARTITIONS = """\
## Partitions

```
- {name: service_date, logicalType: date, partitioned: true}          # by month, unless partitionTransform says year or day
- {name: state, logicalType: string, partitioned: true}               # by state
```

Silver has a partition for each combination of the columns that say `partitioned: true`, in the order of the columns; rows without a
value have one of their own. Queries that name the column (`WHERE service_date >= DATE '2021-02-01'`) read only the partitions that may
have such rows. A row whose value changes moves. Partitions of fewer than some hundred thousand rows cost more than they save: a run
writes a data file for each partition that it touches. They are chosen when silver is made; a version of the contract with others is
breaking, and its runs fail with what the table has.

Text, integers, booleans and dates can be partitioned by `identity`, dates and timestamps by `year`, `month` and `day`, instants in UTC.
Not by a column that is tokenised, redacted or dropped.
"""
CHANGING = """\
## Changing a contract

`check --against OLDER` and `check --published` compare two versions; `publish` prints the same and refuses a breaking change whose
version does not raise its first number (while that is 0, its second one), unless it is forced.
"""
SEVERITIES = (
    (
        "breaking",
        (
            "something that worked stops: a table refuses the change, files or records that were accepted are refused, old and new"
            " values do not fit, a hidden value is shown"
        ),
        (
            "another type, fewer digits or another scale; other partitions; a column removed, renamed or added as required; another key,"
            " load mode or time zone;"
            " a source name or format less; narrower values, bounds or patterns; weaker privacy; another delimiter"
        ),
    ),
    (
        "careful",
        "old and new rows differ until the files are replayed, or readers may meet something new",
        "`orderBy`, `deleteWhen`, `nullValues`, stronger privacy, more accepted values, no longer required",
    ),
    (
        "safe",
        "nothing that was loaded or is sent is read in another way",
        "a column added; a source name or, at the end, a format more; more digits; wider bounds",
    ),
)
CHANGED = """\
A column that is removed stays in the tables, null in new rows. Rows that were loaded stay as they were until `tidegate replay`.
"""
LIMITS = """\
A primary key may be tokenised, but not redacted or generalised; `orderBy` has to name a column that is kept, not a shifted one either:
shifts of persons differ, and so would the watermark and, while a key is rotated, the order of a key's rows. What is left is
pseudonymous, not anonymous: dates of service, states and tokens stay.

```yaml
- {name: patient_id, logicalType: string, classification: personal}
- {name: admitted, logicalType: date, classification: personal,
   customProperties: [{property: privacy, value: date_shift}, {property: privacyBy, value: patient_id}]}
```

`date_shift` keeps the order of one person's dates and the days between them, not week days or seasons. The number of days follows from the
text of `privacyBy` and the stack's key, so all datasets that write a person in the same way shift them alike; where it is null the date is
null. A date that means something else, such as 1900-01-01 for unknown, gives the shift away: name it in `nullValues`. Dates of the years 1
and 9999 become null by themselves.

The safe harbour of HIPAA (45 CFR 164.514(b)(2)) wants `zip3_safe`, `age10` or `age90`, and no dates finer than `year`; of persons older
than 89 not even the year of birth, so that `redact` or an age is what is left there. Shifted dates are not safe harbour.
"""
CHECKS = """\
## Checks

A record that breaks a rule goes to quarantine with the rule, the column and the class of the value; the others are loaded. Checks
see the value as sent; masking comes last.

| in the contract | rule | a record breaks it when |
|---|---|---|
| `primaryKey: true` | primary_key | a part of the key is null |
| `required: true` | required | the value is null |
| `transformLogic` | expression | the value cannot be computed |
| `valueMap` | value_map | the map does not have the text, unless `valueMapElse: keep` |
| `logicalType` | type | the text is not exactly of the type |
| `minLength` and the other options | min_length max_length pattern minimum maximum exclusive_minimum … | it breaks the option |
| `quality: [{metric: invalidValues, arguments: {validValues: [M, F]}, mustBe: 0}]` | valid_values | the text is none of them |
| `quality: [{metric: invalidValues, arguments: {pattern: "[0-9]{5}"}, mustBe: 0}]` | pattern | the pattern does not match all of the text |
| `quality: [{metric: nullValues, mustBe: 0}]` | null_values | the value is null |
| `quality: [{metric: missingValues, arguments: {missingValues: [null, n/a]}, mustBe: 0}]` | missing_values | the text is one of them |
| `unique: true`, or `quality: [{metric: duplicateValues, mustBe: 0}]` | unique | an earlier record of its file has the value |
| `quality: [{type: sql, query: "SELECT count(*) FROM {object} WHERE a < b", mustBe: 0}]` | expression | the condition is true |
| `relationships: [{to: shop_buyers.buyer_id}]` with severity error | relationship | no row there has the value |

Every rule of `quality` has a `severity` and may have an `id`, which is then its name in reasons and warnings.

| bound | severity | what follows |
|---|---|---|
| `mustBe: 0` | `error` (default) | each record that breaks the rule goes to quarantine |
| `mustBe: 0` | `warning` | the records are loaded, and counted for each file |
| any other, such as `mustBeLessThan: 5` | `error` | accepted rows that break it are counted; the batch is held if the bound breaks |
| any other | `warning` | the same, but the batch is loaded |

The bounds are `mustBe`, `mustBeGreaterThan`, `mustBeGreaterOrEqualTo`, `mustBeLessThan`, `mustBeLessOrEqualTo` and `mustBeBetween`
(both ends belong to it), of `unit: rows` (default) or `percent` of the accepted rows. A batch is what one run loads: the files that
waited when it began. A batch that is held commits nothing. When all that broke counts rows, smaller batches are tried, until the files
whose rows they are stand alone; otherwise, or alone, files are FAILED with the reason, and `tidegate replay --run RUN --force` loads
them as they are. Warnings are in the receipt of each file, in the run's record, in the message on the topic, and in `tidegate files`
and `tidegate runs`.

On the schema, `quality: [{metric: rowCount, …}]` bounds the accepted rows of a batch.

### Relationships

`relationships: [{to: <domain>_<dataset>.<column>}]` on a column says that its values are in a column of that dataset's silver; on the
schema, `from` and `to` list several columns together. A null refers to nothing, neither does a tombstone.

* A fact may come before its dimension, so a row that refers to nobody is a warning. With `customProperties: [{property: severity, value:
  error}]` it goes to quarantine, and a replay of its file after the other row came finds it.
* The other table is read as it is when the batch is loaded; a dataset without a table has no rows. A reference to the own table also finds
  the accepted rows of the batch, whether or not they are rejected for a reference of their own, and no row that the batch replaces.
* Values are compared as the tables hold them: tokens with tokens, so both columns are tokenised, or neither. Their types are the same.

### Compared with what came before

`{metric: rowCount, unit: percent, arguments: {comparedTo: median, runs: 7}, mustBeBetween: [50, 200]}` on the schema bounds the accepted
rows in percent of the median of the last `runs` loads (1 to 30, 7 if it is not said; rule volume). A full load is compared with full loads
by all of its rows; deltas with deltas by their rows a file, because a batch has as many files as waited. Replays are not remembered, and
before three loads nothing is usual.

`slaProperties` are read where they say one of two things; all others describe only:

| `slaProperties` | what follows |
|---|---|
| `{property: freshness, value: 24, unit: h}` | the newest `orderBy` value that was ever loaded may be so old when a batch is loaded |
| `{property: frequency, value: 1, unit: d}` | something new is loaded at least so often, or an alarm tells it once |

Frequency is looked at every SurveySeconds. Freshness is a warning, or with `customProperties: [{property: severity, value: error}]`
holds the batch. A date lasts until its end, and a time without zone is taken as UTC. Units are `s`, `min`, `h`, `d` and `w`.

### SQL

`type: sql` has a `query` of one SELECT in DuckDB's words. `{object}` (or `${object}`, `{table}`) are the batch's accepted rows,
`{silver}` the table as it is before the batch, and on a column `{property}` (or `{column}`) is its name.

* `SELECT count(*) FROM {object} WHERE …` and nothing else is a condition on each row: a check like those above, which rejects, warns
  or has a bound, and sees values as sent. A condition that is null or cannot be computed, as where a number overflows or a cast fails, is
  not true. The reason names the first column of the condition. Columns from the key cannot be in it.
* Any other query gives one number for the batch, which the bound compares (rule sql); it sees values as the tables hold them. NULL
  keeps no bound. The number is told only when no column of the query is classified as more than `internal`.

A query is parsed and made anew from an allow-list: comparisons, logic, arithmetic, CASE, text functions, dates, intervals, `count sum avg
min max median stddev_samp`, joins with a condition, subqueries, WITH, GROUP BY. Functions that read files, settings, time or chance are not
among them, and the database that answers has no access to anything but the two tables. `tidegate contract check` tries each on empty ones.

### Unique values

`unique: true` on a column is `duplicateValues` with `mustBe: 0`; on the schema, `arguments: {properties: [state, day]}` names columns
that are unique together. A null is like no other value, and in an upsert dataset rows of one key repeat nothing.

* Within one file the first record that has the values stays; later ones go to quarantine. A record that is rejected for something else
  takes no value. Files of one batch do not decide on each other's rows, because they may come in other batches another time.
* Between files the order of loading would decide which row stays, and a replay could turn it round. So there the batch is held: when an
  accepted row would share its values with a row of another key in silver as it would be after the batch. A row of the batch that is not
  the newest of its key, or of an older version of the same file, counts for nothing. Rows that come back because a newer row of their
  key was taken out by this very batch are compared by the next one.
* With `severity: warning` nothing is rejected or held: the rows of the batch that share their values are counted. A bound such as
  `mustBeLessThan: 5` is about the same number.

Values are compared as the table holds them, so a unique column may be tokenised but not redacted or generalised.
"""

REASONS = """\
### Reasons

`reasons` in quarantine has one entry for each broken rule: `rule`, `column` (empty where the record cannot be cut into fields), and
`value_class`, which says what the value looks like and never what it is (empty for rules about several rows or tables). The first class
that fits:
"""

FILES = """\
## Files

One server of type `s3`; its `format` is `csv`, `json`, `parquet` or `xlsx`. A file is known by its first bytes, not by its name: one
that is not what the contract says is refused, and the refusal says what it is. Text files may be packed by gzip, zstd, bzip2 or, one
file in an archive, zip.

### CSV

`delimiter` is one character, by default a comma.
"""
PARQUET = """\
### Parquet

Names come from the schema. A value becomes text first, then the same casts and checks follow as for a CSV file, so that both reject
the same rows; `nullValues` hold for these texts.

| in the file | its text |
|---|---|
| integers, booleans, texts, UUIDs | digits, `true` or `false`, as they are |
| decimals | all places of the scale, no exponent |
| floats, doubles | the shortest text that reads back as the same number. A whole number has no point, as pandas writes integers with \
nulls: `5`, not `5.0`; from 2^53 on (2^24 for floats) it has one, because it may have been another integer. `nan` and `inf` are no numbers |
| dates, times, timestamps | `2021-01-31`, `09:30:00.25`, `2021-01-31T09:30:00.25`, an instant in UTC with `Z`; nanoseconds only when \
they are not zero, which no column takes; int96 to the microsecond |
| bytes | the text, if they are UTF-8 |
| lists, structs, maps with text keys | compact JSON |

* Formats, decimal commas and thousands separators are for texts: a date or number that is typed in the file does not need them. A timestamp
  at midnight without zone is also a date, and a date a timestamp at midnight.
* `transformSourceObjects: [address.city]` reaches into a struct; the other members of that struct are then columns of their own.
* Only columns that the contract takes are read. One whose type has no text (fixed binary, interval, bytes that are not UTF-8) refuses the
  file, unless `schemaDrift: ignore` leaves it out. A text that is not UTF-8 rejects its record with rule `encoding`.
* Quarantine keeps a rejected row as one JSON object of the columns that were read.
* A page is unpacked in memory as a whole; row groups may be as large as they like. At most 10,000 columns.
"""
EXCEL = """\
### Excel

`xlsx` (and `xlsm`): the first worksheet, or the one that `sheet` names. A workbook in which another one has rows too, hidden or not, is
refused until the contract says which: rows that nobody reads would be lost. The first row has the names; every further row that
is not blank is a record. Cells become text as Parquet's values do.

* An error such as `#N/A` in a column that the contract takes rejects its record with rule `cell_error`; cells beyond the last name
  reject theirs with rule `columns`.
* A formula gives the value that was saved with it: null, when the program that wrote the file did not compute it.
* Of merged cells the first has the value, the others are null.
* Dates are as exact as Excel's numbers, a whole number has at most 15 digits there. Numbers that are shown with leading zeros do not
  have them; only texts do.
* Old `.xls`, `.xlsb` and workbooks with a password are refused. So are those that unpack to more than 1 GiB, or hold more than 256 MiB of
  shared texts, which stay in memory while a file is read.
"""
JSON = """\
### JSON files

With `format: json` a file is one object on each line (NDJSON), one array of objects, or one object alone; it shows which by itself, or
`delimiter` says it: `new_line` or `array`. Without `delimiter`, a file whose first line closes what it opens is read by lines. Files are
read piece by piece, whatever their size; a single value may have 32 MiB, a record 2 MB.

`transformSourceObjects` are paths into a record; the first that gives a value in this record is taken:

| path | value |
| --- | --- |
| `name.family` | of a key in an object |
| `name[0].given[0]` | of an element, from 0 |
| `identifier[system=urn:ssn].value` | of the first element whose `system` is `urn:ssn`; texts with `]` or `'` in quotes: `[use='a]b']` |
| `subject.reference[Patient/*]` | of a text that starts with `Patient/`, what is behind that; otherwise null |
| `['a.b'].c` | of a key with one of <code>. [ ] ' = * $ ^</code> in it; a quote is doubled |
| `$.id` | of the document around the record |
| `^.fullUrl` | of the array element around the record; of the document when there is none |

The word `records` says where the rows of a document are: `data.items[*]` makes a row of every element, `entry[*].resource` of what each
element has there, and `entry[*].resource[resourceType=Patient]` only of those with that text; `[type=order]` chooses among lines. An
array that is empty, null or not there gives no row; a file in which no document has it, or nothing is chosen, is refused. An element
without the rest of the path, or where something other than an array or object stands in the way, goes to quarantine by the rule
`records`. Records are counted as they come out, and `raw` in quarantine is the text of the element.

Numbers keep the text that they have in the file: `1.0` and `1e2` are no integers, and thirty digits stay thirty. `true` and `false` are
those words; null, a missing key and the empty text are null. An array or object under a column is its compact JSON text, which fits
string columns only. A key that no path starts with is drift; what lies beside a path below its first key, or around the records, is not
read. Every column's path is looked for in every record, so a required key that is missing costs the record, not the file; a file of
which no record has any key of the contract is refused.

| rule in quarantine | the record |
| --- | --- |
| json | is no JSON (`NaN`, a trailing comma), or no object |
| duplicate_key | has a key twice in one object |
| encoding | has bytes that are not of the encoding, half a surrogate pair or `\\u0000` |
| nesting | nests more than 100 levels deep |
| line_length | has more than 2 MB |
| path | has a value only where a path does not fit, such as a text where `a.b` wants an object |
| records | is not what `records` says |

A file is refused as UNREADABLE when it ends inside a value, when something stands behind its array or document, or when the borders of
its records are not certain; a bad line among lines costs that line. `[]` is a file with no rows; a file without any text is refused.
"""
YAML = """\
YAML aliases, tags, keys written twice and unquoted `yes`, `no`, `on`, `off` are refused: tools read them in different ways.
"""
