"""The header of every file against the contract: which file is refused, where each column comes from, what drift brings."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from tidegate.contracts.contract import Column, ColumnType, Contract, Kind, SchemaDrift
from tidegate.engine.csv_header import expected_header
from tidegate.engine.forms import form_of
from tidegate.engine.values import FilePlan, Refusal, StagedFile
from tidegate.errors import BatchRefused, FileRefused

MAX_NAME = 120
_SHOWN_NAMES, _SHOWN_LENGTH = 10, 60
_NAME = re.compile(r"(?!.*[0-9]{3})[A-Za-z_][A-Za-z0-9_ ./()#%-]*\Z")


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
    form = form_of(contract)
    plans: list[FilePlan] = []
    refused: dict[str, Refusal] = {}
    for file in files:
        try:
            plans.append(_plan(contract, file, form.header(file)))
        except FileRefused as error:
            refused[file.file_id] = Refusal(error.code, str(error))
    return combined(contract, [Inspection(tuple(plans), refused, ())])


def combined(contract: Contract, inspections: Sequence[Inspection]) -> Inspection:
    """Return what inspections of parts of a batch say of all of it."""
    plans = tuple(plan for inspection in inspections for plan in inspection.plans)
    refused = {file: refusal for inspection in inspections for file, refusal in inspection.refused.items()}
    evolve = contract.schema_drift is SchemaDrift.EVOLVE
    return Inspection(plans, refused, _extra_columns(contract, [p.header for p in plans]) if evolve else ())


def _plan(contract: Contract, file: StagedFile, header: tuple[str, ...]) -> FilePlan:
    twice = [name for name in dict.fromkeys(header) if header.count(name) > 1]
    if twice:
        shown = shown_names(contract, header, twice)
        raise FileRefused("DUPLICATE_HEADER", f"column names appear more than once: {shown}: give each column its own name")
    _match(contract, header)
    unknown = unknown_names(contract, header)
    if unknown and contract.schema_drift is SchemaDrift.QUARANTINE:
        shown = shown_names(contract, header, unknown)
        raise FileRefused("UNEXPECTED_COLUMNS", f"columns that the contract does not name: {shown}: add them or drop them")
    if unknown and contract.schema_drift is SchemaDrift.FAIL:
        shown = shown_names(contract, header, unknown)
        raise BatchRefused(f"{file.key}: columns that the contract does not name: {shown}")
    return FilePlan(file, header, tuple(_key_values(contract, file)))


def _match(contract: Contract, header: tuple[str, ...]) -> None:
    present = set(header)
    sourced = [c for c in contract.columns if c.sources]
    missing = [c for c in sourced if (c.required or c.primary_key) and present.isdisjoint(c.sources)]
    if missing:
        names = ", ".join(" or ".join(c.sources) for c in missing)
        raise FileRefused("WRONG_HEADER", f"missing columns: {names}: {expected_header(contract)}")
    if sourced and all(present.isdisjoint(c.sources) for c in sourced):
        raise FileRefused("WRONG_HEADER", f"no column of the contract is in the header: {expected_header(contract)}")


def unknown_names(contract: Contract, header: Sequence[str]) -> list[str]:
    """Names of a header that no column of the contract is read from."""
    known = {source for column in contract.columns for source in column.sources}
    return [name for name in header if name not in known]


def shown_names(contract: Contract, header: Sequence[str], names: Sequence[str]) -> str:
    """Names of a header for people; see `shown_name`."""
    more = f" and {len(names) - _SHOWN_NAMES} more" if len(names) > _SHOWN_NAMES else ""
    return ", ".join(shown_name(contract, header, name) for name in names[:_SHOWN_NAMES]) + more


def shown_name(contract: Contract, header: Sequence[str], name: str) -> str:
    """A name of a header for logs and messages, or its place where it may be a value.

    Of a file without a header line the first record stands where the names should be. So a name is shown when the contract has it,
    or when the line is mostly names that the contract has and this one looks like a name: a word without a number in it.
    """
    known = {source for column in contract.columns for source in column.sources}
    line_is_header = 2 * sum(n in known for n in header) > len(header)
    if name in known or (line_is_header and len(name) <= _SHOWN_LENGTH and _NAME.match(name)):
        return name
    return f"(column {header.index(name) + 1})"


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
        for unknown in unknown_names(contract, header):
            if unknown in names:
                continue
            name = snake_name(unknown)
            if name in taken or name in here:
                name = _distinct(name, unknown)
            here.add(name)
            names[unknown] = name
            sources.setdefault(name, []).append(unknown)
    return tuple(Column(name, _type_of(contract, name, found), sources=tuple(found)) for name, found in sources.items())


def _type_of(contract: Contract, name: str, sources: Sequence[str]) -> ColumnType:
    """The type that the contract declares for new columns of such a name, by the first pattern that fits; otherwise a string."""
    fits = (kind for pattern, kind in contract.drift_types if any(fnmatchcase(n, pattern) for n in (name, *sources)))
    return ColumnType(next(fits, Kind.STRING))
