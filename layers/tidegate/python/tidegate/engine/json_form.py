"""JSON files as segments: the records of small files joined, of large ones cut, their fields as text."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import overload

import pyarrow as pa

from tidegate.contracts.contract import Contract, SchemaDrift
from tidegate.contracts.json_paths import spell
from tidegate.engine.json_fields import Fields, reached, readiness, records_path
from tidegate.engine.json_records import Found, Records
from tidegate.engine.json_values import shown
from tidegate.engine.json_window import decoded
from tidegate.engine.segments import FieldSegment, Part
from tidegate.engine.sources import encoding_of, opened, utf8_chunks
from tidegate.engine.values import FilePlan, StagedFile
from tidegate.errors import FileRefused

MAX_NEW_KEYS = 1000
"""Keys that a file's records may have beside those that the contract reaches: each would be a column."""


_WAITING = 512


class JsonForm:
    """Lines, an array, or documents that hold the records somewhere inside."""

    def __init__(self, contract: Contract) -> None:
        """Raise ContractInvalid when the contract's encoding is not known."""
        encoding_of(contract)
        self._contract = contract

    def header(self, file: StagedFile) -> tuple[str, ...]:
        """Return the first source of every column, whether or not it occurs, then the keys of records that no path reaches.

        Every record is read for this, so that no key is overlooked, unless unknown keys are ignored.
        """
        state = file.path.stat()
        return _header(file, (state.st_size, state.st_mtime_ns, state.st_ino), self._contract)

    def segments(self, plans: Sequence[tuple[int, FilePlan]], size: int, refused: dict[int, FileRefused]) -> Iterator[FieldSegment]:
        """Cut large files where records end, and join small ones."""
        if not plans:
            return
        header = plans[0][1].header
        fields = Fields(self._contract, header)
        pile = _Pile(header, fields)
        for number, plan in plans:
            first, start = 0, len(pile.raws)
            try:
                with _opened(plan.file, self._contract) as records:
                    for found in records:
                        pile.add(found)
                        if pile.size >= size:
                            here = len(pile.raws) - start
                            yield pile.segment([*pile.parts, Part(number, first, here)])
                            first, start, pile = first + here, 0, _Pile(header, fields)
            except FileRefused as error:
                refused[number] = error
                pile.drop(start)
                continue
            if len(pile.raws) > start:
                pile.parts.append(Part(number, first, len(pile.raws) - start))
        if pile.raws:
            yield pile.segment(pile.parts)


@lru_cache(maxsize=4096)
def _header(file: StagedFile, _: tuple[int, int, int], contract: Contract) -> tuple[str, ...]:
    """Read the names of a file once, although a load asks for them twice; the second argument tells what a path held at the time."""
    known, every = reached(contract), contract.schema_drift is not SchemaDrift.IGNORE
    seen: dict[str, None] = {}
    any_record = False
    with _opened(file, contract) as records:
        for found in records:
            any_record = True
            if found.value is not None:
                seen.update(dict.fromkeys(found.value))
                if not every and not known.isdisjoint(found.value):
                    break
            if len(seen) > MAX_NEW_KEYS + len(known):
                message = (
                    f"its records have over {MAX_NEW_KEYS} keys that the contract does not name: is one a map? ignore or reach it"
                )
                raise FileRefused("UNEXPECTED_COLUMNS", message)
    if not any_record and (records.left_out or (records.documents and not records.met)):
        raise FileRefused("WRONG_HEADER", f"nothing in it is a record of the dataset: expected them at {contract.json.records}")
    if seen and known and known.isdisjoint(seen):
        names = ", ".join(column.sources[0] for column in contract.columns if column.sources)
        raise FileRefused("WRONG_HEADER", f"no record has a key of the contract: expected {names}")
    new = (spell(key) for key in seen if key not in known) if every else ()
    return (*(column.sources[0] for column in contract.columns if column.sources), *new)


@contextmanager
def _opened(file: StagedFile, contract: Contract) -> Iterator[Records]:
    """Open the records of a file."""
    with opened(file) as stream:
        chunks = decoded(utf8_chunks(stream, encoding_of(contract)))
        yield Records(chunks, records_path(contract), contract.json.delimiter, readiness(contract))


class _Pile:
    """Records of one or several files that become one segment. Their values wait for a while: columns are faster than cells."""

    def __init__(self, header: tuple[str, ...], fields: Fields) -> None:
        self._header, self._fields = header, fields
        self._columns: list[list[str | None]] = [[] for _ in header]
        self._broken: dict[int, tuple[str, ...]] = {}
        self._waiting: list[Found] = []
        self._places: list[int] = []
        self.raws: list[str] = []
        self.parts: list[Part] = []
        self.size = 0

    def add(self, found: Found) -> None:
        """Add a record."""
        if found.rules:
            self._broken[len(self.raws)] = found.rules
        else:
            self._waiting.append(found)
            self._places.append(len(self.raws))
            if len(self._waiting) >= _WAITING:
                self._flush()
        self.raws.append(found.raw)
        self.size += len(found.raw)

    def _flush(self) -> None:
        columns, misfits = self._fields.texts(self._waiting)
        self._broken |= {self._places[n]: ("path",) for n in misfits}
        for column, texts in zip(self._columns, columns, strict=True):
            column.extend([text for n, text in enumerate(texts) if n not in misfits] if misfits else texts)
        self._waiting, self._places = [], []

    def drop(self, start: int) -> None:
        """Take out the records from a place on."""
        self._flush()
        whole = start - sum(place < start for place in self._broken)
        for column in self._columns:
            del column[whole:]
        self._broken = {place: rules for place, rules in self._broken.items() if place < start}
        self.size -= sum(map(len, self.raws[start:]))
        del self.raws[start:]

    def segment(self, parts: Sequence[Part]) -> FieldSegment:
        """Make a segment of what was added."""
        self._flush()
        columns = {f"h{place}": pa.array(column, pa.large_string()) for place, column in enumerate(self._columns)}
        return FieldSegment(self._header, tuple(parts), pa.table(columns), self._broken, _Shown(self.raws))


class _Shown(Sequence[str]):
    """The texts of records, made fit for a table when they are asked for: few are."""

    def __init__(self, raws: list[str]) -> None:
        self._raws = raws

    def __len__(self) -> int:
        return len(self._raws)

    @overload
    def __getitem__(self, place: int) -> str: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[str]: ...

    def __getitem__(self, place: int | slice) -> str | Sequence[str]:
        return shown(self._raws[place]) if isinstance(place, int) else [shown(raw) for raw in self._raws[place]]
