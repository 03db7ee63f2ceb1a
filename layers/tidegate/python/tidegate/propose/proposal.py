"""From sample files to a first contract: read, profile, judge, write, and load the sample with what was written."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tidegate.contracts.contract import ColumnType, Format, Kind
from tidegate.contracts.parse import parse_contract
from tidegate.engine import Limits
from tidegate.engine.headers import snake_name
from tidegate.propose.columns import Proposed
from tidegate.propose.dialect import detect
from tidegate.propose.document import comment, quoted, scalar, shown
from tidegate.propose.generations import FileDate, Group, file_date, oldest_first, same_columns
from tidegate.propose.header import check_header
from tidegate.propose.keys import Candidate, Keys, find_keys
from tidegate.propose.nested import as_declared
from tidegate.propose.privacy import Guess, context_of, guess
from tidegate.propose.profile import Profile, Profiler
from tidegate.propose.sample import Sample, load, read_sample, rejects
from tidegate.propose.temporal import Parts, clear_order
from tidegate.propose.types import Typed, infer

_TRIES = 4
_COLUMN_RULES = frozenset({"type", "pattern", "valid_values", "required", "primary_key"})


@dataclass(frozen=True, slots=True)
class Proposal:
    """A contract's text, and what loading the sample with it gave; `rejected` is (rule, column, records)."""

    dataset: str
    text: str
    columns: int
    rows_read: int
    rows_accepted: int
    rejected: tuple[tuple[str, str, int], ...]
    notes: tuple[str, ...]


def propose(paths: Sequence[Path], domain: str, name: str, *, workdir: Path, limit: int, limits: Limits) -> Proposal:
    """Propose the contract of `domain.name` from files that have one header, or several generations of one.

    `limit` is how many bytes of text are read of each file; `workdir` is the caller's to remove: rows of the sample stay in it.

    Raises:
        FileRefused: a file cannot be read as a table.
        ContractInvalid: `domain` or `name` is no word of a contract.
    """
    dataset = f"{domain}.{name}"
    workdir.mkdir(parents=True, exist_ok=True)
    dialect = detect(paths, limit)
    sample = read_sample(paths, dataset, dialect, workdir=workdir, limit=limit, limits=limits)
    profiler = Profiler(sample.path, workdir, limits)
    try:
        return _Builder(sample, dataset, profiler, workdir, limits).build()
    finally:
        profiler.close()


class _Builder:
    def __init__(self, sample: Sample, dataset: str, profiler: Profiler, workdir: Path, limits: Limits) -> None:
        self.sample, self.dataset, self.profiler, self.workdir, self.limits = sample, dataset, profiler, workdir, limits
        self.dated = file_date([file.name for file in sample.files]) if len(sample.files) > 1 else None
        self.shapes: dict[str, Mapping[str, int]] = {}
        self.profiles: dict[str, Profile] = {}
        self.text_because: dict[str, str] = {}

    def build(self) -> Proposal:
        groups = self._groups()
        for attempt in range(_TRIES):
            columns, keys = self._columns(groups)
            columns = [replace(c, key=c.name in keys.primary) for c in columns]
            text = self._text(columns, keys)
            contract = parse_contract(text, f"the proposal of {self.dataset}")
            files = [file.staged for file in self.sample.files]
            output = load(contract, files, self.workdir / f"try-{attempt}", self.limits)
            rejected = rejects(output)
            wrong = {c: n for rule, c, n in rejected if rule in _COLUMN_RULES and c not in self.text_because}
            if not wrong:
                break
            for column, count in wrong.items():
                self.text_because[column] = f"{count:,} texts are not of the type that the others have: text"
        read = sum(f.rows_read for f in output.files)
        accepted = sum(f.rows_accepted for f in output.files)
        return Proposal(self.dataset, text, len(columns), read, accepted, tuple(rejected), tuple(self._warnings(columns, keys)))

    def _groups(self) -> list[Group]:
        """Header names by target column, in the order of the newest header."""
        files = oldest_first(self.sample.files, self.dated)
        if len({f.header for f in files}) == 1:
            return same_columns(files, {})
        self._profile([Group((name,)) for name in self.sample.columns])
        kinds = {name: self._kind(name) for name in self.sample.columns}
        return same_columns(files, kinds)

    def _kind(self, name: str) -> Kind | None:
        expression = self._expression(Group((name,)))
        profile = self.profiles[expression]
        return self._typed(profile, self.shapes[expression], expression).kind if profile.plain else None

    def _expression(self, group: Group) -> str:
        parts = [f"c{self.sample.columns.index(name)}" for name in group.names]
        return parts[0] if len(parts) == 1 else f"coalesce({', '.join(parts)})"

    def _profile(self, groups: Sequence[Group]) -> None:
        """Profile what was not profiled before."""
        todo = {self._expression(group): group for group in groups if self._expression(group) not in self.profiles}
        columns = [
            (group.names[0], expression, sum(f.rows - f.broken for f in self.sample.files if set(group.names) & set(f.header)))
            for expression, group in todo.items()
        ]
        for (_, expression, _), profile in zip(columns, self.profiler.profiles(columns), strict=True):
            numeric = not profile.plain or profile.all("numbers")
            self.profiles[expression] = profile
            self.shapes[expression] = {} if numeric else self.profiler.shapes(expression)

    def _typed(self, profile: Profile, shapes: Mapping[str, int], expression: str, *, day_first: bool | None = None) -> Typed:
        return infer(profile, shapes, self._parts(expression), day_first=day_first)

    def _parts(self, expression: str) -> Parts:
        return functools.partial(self.profiler.parts, expression)

    def _columns(self, groups: Sequence[Group]) -> tuple[list[Proposed], Keys]:
        self._profile(groups)
        profiled = [(group, e, self.profiles[e], self.shapes[e]) for group in groups for e in [self._expression(group)]]
        if self.sample.dialect.format is Format.CSV:
            check_header([(group.names[0], profile, shapes) for group, _, profile, shapes in profiled])
        said = {clear_order(shapes, self._parts(e)) for _, e, _, shapes in profiled if shapes} - {None}
        day_first = said.pop() if len(said) == 1 else None
        context = context_of(self.dataset, [name for group in groups for name in group.names])
        names = _target_names(groups)
        columns = []
        for (group, expression, profile, shapes), name in zip(profiled, names, strict=True):
            typed = self._typed(profile, shapes, expression, day_first=day_first)
            typed = as_declared(typed, profile, self.sample.declared.get(group.names[0]))
            if name in self.text_because:
                typed = Typed(ColumnType(Kind.STRING), (self.text_because[name],))
            everywhere = all(set(group.names) & set(file.header) for file in self.sample.files)
            columns.append(
                Proposed(name, group, expression, profile, shapes, typed, guess(profile, typed.kind, context), everywhere)
            )
        if self.dated:
            columns.insert(0, self._file_date(self.dated, names))
        return columns, self._keys(columns)

    def _file_date(self, dated: FileDate, names: Sequence[str]) -> Proposed:
        name = next(n for n in ("report_date", "file_date", "date_in_file_name", "c_date_in_file_name") if n not in names)
        rows = self.sample.rows
        shares = [(f.rows - f.broken) / rows for f in self.sample.files] if rows else []
        profile = Profile(name, rows, rows, rows, len(set(dated.dates)), len(set(dated.dates)), repeats=sum(s * s for s in shares))
        typed = Typed(ColumnType(Kind.DATE), formats=(dated.format,))
        return Proposed(name, Group(()), "_file_id", profile, {}, typed, Guess(), from_name=dated)

    def _keys(self, columns: Sequence[Proposed]) -> Keys:
        candidates = [
            Candidate(c.name, c.expression, c.profile, c.typed, c.guess, c.everywhere, place) for place, c in enumerate(columns)
        ]
        return find_keys(candidates, self.profiler, self.sample.rows, len(self.sample.files))

    def _warnings(self, columns: Sequence[Proposed], keys: Keys) -> list[str]:
        said = [f"{c.name}: {e}" for c in columns for e in c.typed.evidence if e.startswith("AMBIGUOUS")]
        hidden = [c.name for c in columns if c.guess.hidden]
        if hidden:
            said.append(f"classified personal: {', '.join(hidden)}")
        said.append(f"loadMode {keys.mode}: {keys.evidence['loadMode']}")
        return said

    def _text(self, columns: Sequence[Proposed], keys: Keys) -> str:
        domain, _, name = self.dataset.partition(".")
        form, csv = self.sample.dialect.format, self.sample.dialect.csv
        server = f'{{server: landing, type: s3, location: "s3://landing/{domain}/{name}/", format: {form.value}'
        server += f", delimiter: {quoted(csv.delimiter)}" if form is Format.CSV else ""
        server += f", encoding: {csv.encoding}}}" if csv.encoding != "utf-8" else "}"
        lines = [
            *(comment(line) for line in self._head()),
            "apiVersion: v3.2.0",
            "kind: DataContract",
            f"id: {self.dataset}",
            f"domain: {domain}",
            f"name: {name}",
            "version: 0.1.0",
            "status: draft",
            "description:",
            f"  purpose: {scalar('Say here what the dataset is for')}",
            "servers:",
            *(comment(line, 2) for line in self.sample.dialect.evidence),
            f"  - {server}",
            "schema:",
            f"  - name: {domain}_{name}",
            "    logicalType: object",
            "    properties:",
            *(column.lines() for column in columns),
            "customProperties:",
            comment(keys.evidence["loadMode"], 2),
            f"  - {{property: loadMode, value: {keys.mode.value}}}",
        ]
        if keys.evidence.get("orderBy"):
            lines.append(comment(keys.evidence["orderBy"], 2))
        if keys.order_by:
            lines.append(f"  - {{property: orderBy, value: {keys.order_by}}}")
        if keys.delete_when:
            column, marks = keys.delete_when
            values = ", ".join(quoted(mark) for mark in marks)
            lines.append(comment(keys.evidence["deleteWhen"], 2))
            lines.append(f"  - {{property: deleteWhen, value: {{column: {column}, values: [{values}]}}}}")
        return "\n".join(lines) + "\n"

    def _head(self) -> list[str]:
        files = self.sample.files
        what = (
            shown(files[0].name) if len(files) == 1 else f"{len(files):,} files, {shown(files[0].name)} to {shown(files[-1].name)}"
        )
        said = [
            f"Proposed by `tidegate contract propose` from {what}: {self.sample.rows:,} rows. Read every line before you publish it."
        ]
        cut = [f for f in files if f.cut]
        if cut:
            read = sum(f.rows for f in cut)
            said.append(
                f"SAMPLED: of {len(cut)} long file{'s' * (len(cut) > 1)} only the first {read:,} records were read; the others may differ."
            )
        broken = sum(f.broken for f in files)
        if broken:
            said.append(
                f"{broken:,} records cannot be cut into the header's fields; they would be quarantined and are not counted here."
            )
        blank = sum("" in f.header for f in files)
        if blank:
            said.append(
                "A column of the header has no name, so no column here can name it; it comes as a new text column, `unnamed`."
            )
        headers = list(dict.fromkeys(f.header for f in files))
        if len(headers) > 1:
            widths = ", ".join(str(n) for n in sorted({len(h) for h in headers}))
            said.append(f"{len(headers)} different headers ({widths} columns).")
        return said


def _target_names(groups: Sequence[Group]) -> list[str]:
    """Snake case, each name once."""
    taken: set[str] = set()
    found = []
    longest = 110
    for group in groups:
        base = name = snake_name(group.names[0])
        number = 2
        while name in taken:
            name = f"{base[:longest]}_{number}"
            number += 1
        taken.add(name)
        found.append(name)
    return found
