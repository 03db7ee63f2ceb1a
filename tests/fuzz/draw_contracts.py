"""Random contracts: every kind, check, mask and policy that a published one may have."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from tests.fuzz.draw_values import good_text
from tests.reference.casts import NUMBERS, value_of
from tidegate.contracts.contract import (
    Column,
    ColumnType,
    Contract,
    CsvFormat,
    Kind,
    LoadMode,
    Privacy,
    SchemaDrift,
    When,
)
from tidegate.contracts.rules import Check, Limit, Metric, Rules, Severity, Unique

FORMATS = {
    Kind.DATE: ("yyyy-MM-dd", "dd.MM.yyyy", "M/d/yy", "yyyyMMdd", "d/M/uuuu H:mm", "yyyy-MM-dd'T'HH:mm:ssX"),
    Kind.TIME: ("HH:mm", "h:mm a", "HHmmss", "H:m:s.SSS", "HH'h'mm"),
    Kind.TIMESTAMP: (
        "yyyy-MM-dd HH:mm:ss",
        "M/d/yyyy H:mm",
        "dd.MM.yy h:mm:ss a",
        "yyyy-MM-dd'T'HH:mm:ss.SSSSSSSSS",
        "d 'o''clock' M yyyy, HH",
    ),
    Kind.TIMESTAMPTZ: ("yyyy-MM-dd HH:mm:ssX", "yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "yyyyMMddHHmmXX"),
}
LOCAL = ("yyyy-MM-dd HH:mm", "dd.MM.yyyy H:mm:ss")
ZONES = ("Etc/UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe")
BOUNDS = {
    Kind.INTEGER: ("-10", "0", "1000"),
    Kind.DECIMAL: ("-1.5", "0", "99.9"),
    Kind.DOUBLE: ("-0.5", "0", "1e3"),
    Kind.DATE: ("2000-02-29", "2020-01-01"),
    Kind.TIME: ("08:00:00", "17:30:00.5"),
    Kind.TIMESTAMP: ("2000-01-01T00:00:00", "2020-06-15 12:00:00"),
    Kind.TIMESTAMPTZ: ("2000-01-01T00:00:00Z", "2020-06-15T12:00:00+02:00"),
}
CONSTANTS = {Kind.STRING: "jhu", Kind.INTEGER: "007", Kind.DATE: "2021-02-03"}
QUOTES = (*[('"', '"')] * 7, ("'", "'"), ('"', "\\"), ("'", "\\"), ("", ""))
RULES = ("minimum", "maximum", "exclusive_minimum", "exclusive_maximum")
PATTERNS = ("[a-z]+", "[0-9]{3}|x", "a$", ".*", "(?:ab|c)*[^d]?", r"\d+", "[^ ]*")
HEADERS = ("Id", "birth date", "Größe", "a,b", 'say "x"', "LINE\nBREAK", "ΔΩ", "_", "c2")
NULLS = ("NULL", "n/a", "-", " ", "0", "\\N", "'")
DECIMALS = ((10, 2), (38, 10), (38, 0), (5, 5), (1, 0), (18, 6))
KEYED = r"([0-9]{4}-[0-9]{2}-[0-9]{2}|x+)\.csv$"


def draw_contract(dice: Random) -> Contract:
    """Return a contract of one to six columns that `check_contract` accepts."""
    names = [f"c{n}" for n in range(dice.choice((1, 2, 2, 3, 4, 6)))]
    columns = [draw_column(dice, name) for name in names]
    if dice.random() < 0.15:
        columns.append(Column("keyed", ColumnType(Kind.STRING), from_key=KEYED, required=True))
    if dice.random() < 0.1:
        kind = dice.choice(list(CONSTANTS))
        columns.append(Column("made", ColumnType(kind), constant=CONSTANTS[kind]))
    texts = [c.name for c in columns if c.type.kind is Kind.STRING and c.from_key is None and c.constant is None]
    columns = [conditioned(dice, column, texts) for column in columns]
    drift = dice.choice(
        (*[SchemaDrift.EVOLVE] * 6, SchemaDrift.IGNORE, SchemaDrift.IGNORE, SchemaDrift.QUARANTINE, SchemaDrift.FAIL)
    )
    quote, escape = dice.choice(QUOTES)
    csv = CsvFormat(
        quote=quote,
        escape=escape,
        delimiter=dice.choice((",", ",", ",", ";", "|", "\t")),
        encoding=dice.choice(("utf-8",) * 5 + ("latin-1", "cp1252", "utf-16")),
    )
    nulls = tuple(dice.sample(NULLS, 2)) if dice.random() < 0.3 else ()
    deletes, mode = None, LoadMode.APPEND
    if texts and dice.random() < 0.15:
        deletes, mode = When(dice.choice(texts), ("D", "x")), LoadMode.UPSERT
    return Contract(
        "shop",
        "sales",
        "1.2.0",
        "0" * 64,
        tuple(columns),
        mode,
        schema_drift=drift,
        null_values=nulls,
        csv=csv,
        delete_when=deletes,
        order_by=dice.choice(names) if deletes else None,
        rules=draw_rules(dice, columns, mode),
    )


def draw_column(dice: Random, name: str) -> Column:
    kind = dice.choice((Kind.STRING, *Kind))
    type_ = ColumnType(kind, *dice.choice(DECIMALS)) if kind is Kind.DECIMAL else ColumnType(kind)
    zone = dice.choice(ZONES) if kind is Kind.TIMESTAMPTZ and dice.random() < 0.5 else None
    formats: tuple[str, ...] = ()
    if kind in FORMATS and dice.random() < 0.6:
        known = FORMATS[kind] + (LOCAL if zone else ())
        formats = tuple(dice.sample(known, dice.choice((1, 1, 2, 3))))
    role = dice.random()
    column = Column(
        name,
        type_,
        sources=draw_sources(dice, name),
        formats=formats,
        default_timezone=zone,
        null_values=tuple(dice.sample(NULLS, 1)) if dice.random() < 0.15 else (),
        required=role < 0.3,
        primary_key=role < 0.15,
        **draw_checks(dice, type_),  # type: ignore[arg-type]
    )
    return draw_mapping(dice, column)


def draw_mapping(dice: Random, column: Column) -> Column:
    """Return the column with a notation of its numbers, a value map and a default, one in some columns."""
    kind = column.type.kind
    if kind in NUMBERS and dice.random() < 0.25:
        comma = kind is not Kind.INTEGER and dice.random() < 0.6
        thousands = dice.choice((".", "'", " ", "\u00a0", "") if comma else (",", "'", " "))
        column = replace(column, decimal_comma=comma, thousands=thousands)
    if dice.random() < 0.12:
        texts = [text for text in (good_text(dice, column) for _ in range(3)) if text and value_of(column, text) is not None]
        keys = dice.sample(("M", "F", "x", "1", "a'b", " "), len(texts))
        column = replace(column, value_map=tuple(zip(keys, texts, strict=True)), value_map_keeps=dice.random() < 0.5)
    if dice.random() < 0.12 and not column.required and not column.primary_key:
        text = good_text(dice, column)
        column = replace(column, default=text if text and value_of(column, text) is not None else None)
    return column


def draw_rules(dice: Random, columns: Sequence[Column], mode: LoadMode) -> Rules:
    """Return quality rules about some columns, and now and then one about unique values."""
    checks = [draw_rule(dice, column) for column in columns if column.from_key is None and dice.random() < 0.15]
    plain = [c.name for c in columns if c.privacy in {Privacy.KEEP, Privacy.TOKENISE} and c.privacy_when is None]
    if not plain or dice.random() < 0.8 or (mode is LoadMode.UPSERT and not any(c.primary_key for c in columns)):
        return Rules(checks=tuple(checks))
    names = tuple(dice.sample(plain, min(len(plain), dice.choice((1, 1, 2)))))
    return Rules(checks=tuple(checks), uniques=(Unique("only_once", names, severity=draw_severity(dice)),))


def draw_rule(dice: Random, column: Column) -> Check:
    severity = draw_severity(dice)
    limit = Limit("mustBeLessThan", (5,)) if dice.random() < 0.2 else None
    if column.type.kind is not Kind.STRING or dice.random() < 0.3:
        return Check("null_values", column.name, Metric.NULL_VALUES, severity, ("",), limit=limit)
    metric = dice.choice((Metric.MISSING_VALUES, Metric.VALID_VALUES, Metric.PATTERN))
    pattern = dice.choice(PATTERNS) if metric is Metric.PATTERN else None
    values = ("x", "M", "", "a'b") if metric is Metric.MISSING_VALUES else ("M", "F", "x", "D")
    return Check("a_rule", column.name, metric, severity, () if pattern else values, pattern, limit)


def draw_severity(dice: Random) -> Severity:
    return Severity.WARNING if dice.random() < 0.4 else Severity.ERROR


def draw_sources(dice: Random, name: str) -> tuple[str, ...]:
    if dice.random() < 0.7:
        return (name,)
    other = f"{dice.choice(HEADERS)} {name}"
    return (other, name) if dice.random() < 0.5 else (other,)


def draw_checks(dice: Random, type_: ColumnType) -> dict[str, object]:
    checks: dict[str, object] = {}
    if type_.kind is Kind.STRING:
        if dice.random() < 0.15:
            checks["valid_values"] = ("M", "F", "x", "é", "a'b")
        if dice.random() < 0.15:
            checks["pattern"] = dice.choice(PATTERNS)
        if dice.random() < 0.2:
            checks |= {"min_length": dice.choice((0, 1, 2)), "max_length": dice.choice((2, 5))}
    elif type_.kind in BOUNDS and type_.scale < type_.precision and type_.precision != 1 and dice.random() < 0.3:
        bounds = BOUNDS[type_.kind] if type_.scale or type_.kind is not Kind.DECIMAL else ("-1", "99")
        checks |= {rule: dice.choice(bounds) for rule in dice.sample(RULES, dice.choice((1, 1, 2)))}
    masks = {
        Kind.STRING: (Privacy.TOKENISE, Privacy.REDACT, Privacy.ZIP3),
        Kind.DATE: (Privacy.REDACT, Privacy.YEAR),
        Kind.TIMESTAMP: (Privacy.YEAR,),
        Kind.TIMESTAMPTZ: (Privacy.YEAR,),
    }.get(type_.kind, (Privacy.REDACT,))
    if dice.random() < 0.15:
        checks["privacy"] = dice.choice(masks)
    return checks


def conditioned(dice: Random, column: Column, texts: list[str]) -> Column:
    others = [name for name in texts if name != column.name]
    if column.privacy is Privacy.KEEP or not others or column.from_key is not None or dice.random() < 0.6:
        return column
    return replace(column, privacy_when=When(dice.choice(others), ("M", "x", "")))
