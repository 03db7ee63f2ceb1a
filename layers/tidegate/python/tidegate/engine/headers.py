"""The header of every file against the contract: which file is refused, where each column comes from, what drift brings."""

import csv
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tidegate.contracts.contract import Column, ColumnType, Contract, Kind, SchemaDrift
from tidegate.engine.records import record_pattern
from tidegate.engine.sources import MAX_RECORD_BYTES, encoding_of, head
from tidegate.engine.values import Refusal, StagedFile
from tidegate.errors import BatchRefused, FileRefused

MAX_NAME = 120
_SHOWN_NAMES, _SHOWN_LENGTH = 10, 60


@dataclass(frozen=True, slots=True)
class FilePlan:
    """How one file is read: its header names, and `from_key` values by column name."""

    file: StagedFile
    header: tuple[str, ...]
    key_values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Inspection:
    """What the headers say.

    `plans` are in the order of the files, `refused` is by file id, `extra_columns` are those that the contract does not name yet.
    """

    plans: tuple[FilePlan, ...]
    refused: Mapping[str, Refusal]
    extra_columns: tuple[Column, ...]


def inspect(contract: Contract, files: Sequence[StagedFile]) -> Inspection:
    """Read the headers of all files.

    With drift policy `evolve` the caller adds `extra_columns` to the tables before it calls `run`.

    Raises:
        BatchRefused: the drift policy is `fail` and a header has a column that the contract does not name.
        ContractInvalid: the contract's encoding is unknown.
    """
    encoding = encoding_of(contract)
    plans: list[FilePlan] = []
    refused: dict[str, Refusal] = {}
    for file in files:
        try:
            plans.append(_plan(contract, file, encoding))
        except FileRefused as error:
            refused[file.file_id] = Refusal(error.code, str(error))
    evolve = contract.schema_drift is SchemaDrift.EVOLVE
    return Inspection(tuple(plans), refused, _extra_columns(contract, [p.header for p in plans]) if evolve else ())


def _plan(contract: Contract, file: StagedFile, encoding: str) -> FilePlan:
    header = _parse(head(file, encoding), contract)
    _match(contract, header)
    unknown = _unknown(contract, header)
    if unknown and contract.schema_drift is SchemaDrift.QUARANTINE:
        raise FileRefused(
            "UNEXPECTED_COLUMNS", f"columns that the contract does not name: {_shown(unknown)}: add them or drop them"
        )
    if unknown and contract.schema_drift is SchemaDrift.FAIL:
        raise BatchRefused(f"{file.file_id}: columns that the contract does not name: {_shown(unknown)}")
    return FilePlan(file, header, tuple(_key_values(contract, file)))


def _parse(data: bytes, contract: Contract) -> tuple[str, ...]:
    match = record_pattern(contract.csv).match(data)
    end = match.start("nl") if match else len(data)
    if end > MAX_RECORD_BYTES or (match and (match["o1"] is not None or match["o2"] is not None)):
        raise FileRefused("WRONG_HEADER", f"the first record does not end within {MAX_RECORD_BYTES} bytes: {_expected(contract)}")
    try:
        text = data[:end].decode()
    except UnicodeDecodeError:
        raise FileRefused(
            "UNDECODABLE", "the header is not valid text: send UTF-8, or declare the encoding in the contract"
        ) from None
    if not text.strip():
        raise FileRefused("WRONG_HEADER" if data.strip() else "EMPTY_FILE", f"the first line is blank: {_expected(contract)}")
    form = contract.csv
    doubled = form.escape in {form.quote, ""}
    csv.field_size_limit(MAX_RECORD_BYTES)
    reader = csv.reader(
        [text],
        delimiter=form.delimiter,
        quotechar=form.quote or None,
        quoting=csv.QUOTE_MINIMAL if form.quote else csv.QUOTE_NONE,
        doublequote=doubled,
        escapechar=None if doubled else form.escape,
    )
    header = tuple(name.strip() for row in reader for name in row)
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise FileRefused("DUPLICATE_HEADER", f"column names appear more than once: {_shown(twice)}: give each column its own name")
    return header


def _match(contract: Contract, header: tuple[str, ...]) -> None:
    present = set(header)
    sourced = [c for c in contract.columns if c.sources]
    missing = [c for c in sourced if (c.required or c.primary_key) and present.isdisjoint(c.sources)]
    if missing:
        names = ", ".join(" or ".join(c.sources) for c in missing)
        raise FileRefused("WRONG_HEADER", f"missing columns: {names}: {_expected(contract)}")
    if sourced and all(present.isdisjoint(c.sources) for c in sourced):
        raise FileRefused("WRONG_HEADER", f"no column of the contract is in the header: {_expected(contract)}")


def _expected(contract: Contract) -> str:
    names = contract.csv.delimiter.join(c.sources[0] for c in contract.columns if c.sources)
    return f"expected a header line like {names}"


def _unknown(contract: Contract, header: Sequence[str]) -> list[str]:
    known = {source for column in contract.columns for source in column.sources}
    return [name for name in header if name not in known]


def _shown(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN_NAMES} more" if len(names) > _SHOWN_NAMES else ""
    return ", ".join(name[:_SHOWN_LENGTH] or "(no name)" for name in names[:_SHOWN_NAMES]) + more


def _key_values(contract: Contract, file: StagedFile) -> list[tuple[str, str]]:
    values = []
    for column in contract.columns:
        if column.from_key is None:
            continue
        match = re.search(column.from_key, file.key)
        if match is None or match.group(1) is None:
            raise FileRefused("KEY_MISMATCH", f"the object key does not give {column.name}: it has to match {column.from_key}")
        values.append((column.name, match.group(1)))
    return values


def snake_name(header: str) -> str:
    """A source column's name as a table column: lower-case ASCII words joined by underscores, at most 120 characters."""
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", header)
    name = re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_") or "unnamed"
    name = f"c_{name}" if name[0].isdigit() else name
    return name if len(name) <= MAX_NAME else _distinct(name[: MAX_NAME - 7], header)


def _distinct(name: str, header: str) -> str:
    return f"{name}_{hashlib.sha256(header.encode()).hexdigest()[:6]}"


def _extra_columns(contract: Contract, headers: Sequence[tuple[str, ...]]) -> tuple[Column, ...]:
    """New columns in order of first sight; two spellings of one name share a column unless one file has both."""
    taken = {column.name for column in contract.columns}
    sources: dict[str, list[str]] = {}
    names: dict[str, str] = {}
    for header in dict.fromkeys(headers):
        here = {names[h] for h in header if h in names}
        for unknown in _unknown(contract, header):
            if unknown in names:
                continue
            name = snake_name(unknown)
            if name in taken or name in here:
                name = _distinct(name, unknown)
            here.add(name)
            names[unknown] = name
            sources.setdefault(name, []).append(unknown)
    return tuple(Column(name, ColumnType(Kind.STRING), sources=tuple(found)) for name, found in sources.items())
