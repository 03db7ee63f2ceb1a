"""A batch of files through the reference: one row after the other, without DuckDB and without a line of the engine."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.reference.cutting import Record, cut
from tests.reference.headers import LONGEST, RefusedAtHeader, header_of, key_texts, match, new_columns
from tests.reference.mapping import clear_text
from tests.reference.plain import Refused, plain
from tests.reference.rules import Clear, Reason, counted, reasons_of, row_of
from tests.reference.uniques import repeated
from tidegate.contracts.contract import Contract, SchemaDrift


@dataclass(frozen=True, slots=True)
class Given:
    """One file of a batch."""

    key: str
    content: bytes


@dataclass(slots=True)
class Read:
    """What became of one file. Rows and rejects are by record number, from 1.

    `odd_header`: readers do not agree about the header, so that nothing is known about the file. `header` is that of a file that was
    begun. `torn`: it has a record of which readers do not agree where it ends, so that it may be refused. `counted` are the accepted
    rows that break each rule that only counts.
    """

    code: str | None = None
    odd_header: bool = False
    header: tuple[str, ...] | None = None
    counted: tuple[int, ...] = ()
    records: int = 0
    rows: dict[int, tuple[object, ...]] = field(default_factory=dict)
    rejects: dict[int, tuple[str, list[Reason]]] = field(default_factory=dict)
    torn: bool = False


@dataclass(frozen=True, slots=True)
class Batch:
    """The contract with the columns that drift brought, and one `Read` by file."""

    contract: Contract
    files: tuple[Read, ...]


@dataclass(frozen=True, slots=True)
class Planned:
    header: tuple[str, ...]
    text: bytes
    key_texts: dict[str, str]
    records: tuple[Record, ...]
    open_quote: bool


def read_batch(contract: Contract, files: Sequence[Given], key: bytes) -> Batch:
    """Read all files as the contract says.

    Raises:
        BatchIsRefused: see there.
    """
    plans = [planned(contract, file) for file in files]
    if contract.schema_drift is SchemaDrift.EVOLVE:
        contract = contract.with_columns(*new_columns(contract, [p.header for p in plans if isinstance(p, Planned)]))
    return Batch(contract, tuple(read(contract, plan, key) for plan in plans))


def planned(contract: Contract, file: Given) -> Planned | Refused:
    try:
        text = plain(file.content, contract.csv.encoding)
        found = cut(text, contract.csv)
        header = header_of(found.records[0], text, open_quote=found.open_quote and len(found.records) == 1)
        match(contract, header)
        return Planned(header, text, key_texts(contract, file.key), found.records[1:], found.open_quote)
    except Refused as refused:
        return refused


def read(contract: Contract, plan: Planned | Refused, key: bytes) -> Read:
    if isinstance(plan, Refused):
        return Read(plan.code, isinstance(plan, RefusedAtHeader))
    if plan.open_quote:
        return Read("UNREADABLE", header=plan.header)
    found, width = Read(header=plan.header), len(plan.header)
    raws: dict[int, str] = {}
    good: dict[int, dict[str, str | None]] = {}
    for record in plan.records:
        if record.start == record.end and width > 1:
            continue  # a blank line
        found.records += 1
        raw = plan.text[record.start : record.end]
        values, reasons = judged(contract, plan, record, raw)
        found.torn = found.torn or (record.odd and b"\n" in raw.replace(b"\r", b"\n"))
        raws[found.records] = raw.decode("utf-8", "backslashreplace")
        if reasons:
            found.rejects[found.records] = raws[found.records], reasons
        else:
            good[found.records] = {name: text for name, (text, _) in values.items()}
            found.rows[found.records] = row_of(contract, good[found.records], key)
    for number, reasons in repeated(contract, found.rows, good).items():
        found.rejects[number] = raws[number], reasons
        del found.rows[number]
    marks = [counted(contract, good[number]) for number in found.rows]
    found.counted = tuple(map(sum, zip(*marks, strict=True)))
    return found


def judged(contract: Contract, plan: Planned, record: Record, raw: bytes) -> tuple[dict[str, Clear], list[Reason]]:
    """A record's clear texts by column and the rules that it breaks."""
    broken = structure(record, raw, len(plan.header))
    if broken:
        return {}, [(rule, "", "") for rule in broken]
    cells = dict(zip(plan.header, (field.decode() for field in record.fields), strict=True))
    values = {}
    for column in contract.columns:
        field = next((cells[s] for s in column.sources if s in cells), None)
        values[column.name] = clear_text(contract, column, plan.key_texts.get(column.name, field))
    return values, reasons_of(contract, values, from_key=False) + reasons_of(contract, values, from_key=True)


def structure(record: Record, raw: bytes, width: int) -> list[str]:
    """What is wrong with a record before anybody looks at its values, in the order of the alphabet."""
    wrong = ["columns"] if len(record.fields) != width else []
    if not is_text(raw):
        wrong.append("encoding")
    if len(raw) > LONGEST:
        wrong.append("line_length")
    return [*wrong, "quoting"] if record.broken else wrong


def is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
