"""One proposed column: its lines in the contract and the comment above them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from tidegate.contracts.contract import Kind
from tidegate.propose.document import comment, item, listed, names, quoted, scalar, shown
from tidegate.propose.generations import FileDate, Group
from tidegate.propose.names import is_category, is_end, is_identifier
from tidegate.propose.privacy import Guess
from tidegate.propose.profile import Profile
from tidegate.propose.types import Typed

_ENOUGH = 20  # rows from which "none empty" says something
_STRONG, _STRONG_DISTINCT = 100, 20  # rows and different texts from which a shape is a rule
_MOST_VALUES, _EACH, _LONGEST_VALUE = 10, 5, 40
_UUID = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_HEX = 16
_INDENT = 6
_LOGICAL = {Kind.DECIMAL: "number", Kind.DOUBLE: "number", Kind.TIMESTAMPTZ: "timestamp"}


@dataclass(frozen=True, slots=True)
class Proposed:
    """A column of the proposal. `expression` reads its text in the sample; `everywhere`: every header has it."""

    name: str
    group: Group
    expression: str
    profile: Profile
    shapes: Mapping[str, int]
    typed: Typed
    guess: Guess
    everywhere: bool = True
    from_name: FileDate | None = None
    key: bool = False

    def lines(self) -> str:
        """The comment and the item."""
        return comment(f"{self._title()}: {'; '.join(self._evidence())}", _INDENT) + "\n" + item(self._fields(), _INDENT)

    @property
    def required(self) -> bool:
        """Whether a row without it should be refused: identifiers and moments that are never empty, but no open ends."""
        if self.key or self.from_name:
            return True
        p = self.profile
        if p.empty or self.typed.nulls or p.plain < _ENOUGH or not self.everywhere:
            return False
        moment = self.typed.kind in {Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMPTZ} and not is_end(p.name)
        return moment or is_identifier(p.name) or p.all("uuids")

    @property
    def values(self) -> tuple[str, ...]:
        """The only texts that a column of categories has, when enough rows say so."""
        p = self.profile
        if self.key or self.guess.hidden or self.typed.kind is not Kind.STRING or not is_category(p.name) or p.plain < _STRONG:
            return ()
        counts = {v: n for v, n in p.values.items() if v not in self.typed.nulls}
        strong = 1 < len(counts) <= _MOST_VALUES and min(counts.values()) >= _EACH and p.longest <= _LONGEST_VALUE
        return tuple(sorted(counts)) if strong else ()

    @property
    def pattern(self) -> str:
        """The expression that every text matches, when enough different ones say so."""
        p = self.profile
        soft = sum(n for w, n in p.words.items() if w not in self.typed.nulls)
        if self.typed.kind is not Kind.STRING or p.plain < _STRONG or p.distinct_plain < _STRONG_DISTINCT or soft or self.values:
            return ""
        if p.all("uuids"):
            return _UUID
        fixed = p.shortest == p.longest
        if fixed and p.all("digits"):
            return f"[0-9]{{{p.longest}}}"
        if fixed and p.longest >= _HEX and p.all("hexes"):
            return f"[0-9a-f]{{{p.longest}}}"
        if len(self.shapes) == 1:
            (shape,) = self.shapes
            if "9" in shape and shape.isascii() and not (self.guess.hidden and re.search("[A-Za-z]", shape)):
                return re.sub("9+", lambda m: f"[0-9]{{{len(m[0])}}}", re.sub(r"([^A-Za-z0-9 ])", r"\\\1", shape))
        return ""

    def _title(self) -> str:
        return "the file's name" if self.from_name else " / ".join(shown(n) for n in self.group.names)

    def _evidence(self) -> list[str]:
        if self.from_name:
            return [self.from_name.evidence]
        p = self.profile
        said = [self.group.evidence, *self.typed.evidence]
        if p.filled:
            different = f"{p.distinct:,} different in {p.filled:,}" if p.distinct > 1 else "one text only"
            empty = f"{p.empty:,} of {p.rows:,} empty" if p.empty else "none empty"
            said.append(f"{different}, {empty}")
        if not self.everywhere:
            said.append("not in every header")
        if self.pattern:
            said.append("one pattern in all of them")
        if self.values:
            said.append(f"each of {len(self.values)} values at least {_EACH} times")
        said.append(self.guess.evidence)
        return [s for s in said if s]

    def _fields(self) -> list[str]:
        kind = self.typed.kind
        fields = [f"name: {scalar(self.name)}", f"logicalType: {_LOGICAL.get(kind, kind.value)}"]
        if kind is Kind.DECIMAL:
            fields.append(f'physicalType: "decimal({self.typed.type.precision},{self.typed.type.scale})"')
        if options := self._options():
            fields.append(f"logicalTypeOptions: {{{', '.join(options)}}}")
        fields += ["primaryKey: true"] if self.key else []
        fields += ["required: true"] if self.required else []
        if self.group.names and not self.from_name and self.group.names != (self.name,):
            fields.append(f"transformSourceObjects: {names(self.group.names)}")
        fields += [f"classification: {self.guess.classification}"] if self.guess.classification else []
        if self.values:
            fields.append(f"quality: [{{metric: invalidValues, arguments: {{validValues: {listed(self.values)}}}, mustBe: 0}}]")
        if customs := self._customs():
            fields.append(f"customProperties: [{', '.join(customs)}]")
        return fields

    def _options(self) -> list[str]:
        formats = self.typed.formats
        options = [f"format: {quoted(formats[0])}"] if len(formats) == 1 else []
        if self.typed.kind is Kind.TIMESTAMPTZ:
            options.append("timezone: true")
        if self.typed.default_zone:
            options.append("defaultTimezone: Etc/UTC")
        return [*options, f"pattern: {quoted(self.pattern)}"] if self.pattern else options

    def _customs(self) -> list[str]:
        customs = []
        if self.from_name:
            customs.append(f"{{property: fromKey, value: {quoted(self.from_name.pattern)}}}")
        if len(self.typed.formats) > 1:
            customs.append(f"{{property: formats, value: {listed(self.typed.formats)}}}")
        if self.typed.nulls:
            customs.append(f"{{property: nullValues, value: {listed(self.typed.nulls)}}}")
        if self.guess.privacy:
            customs.append(f"{{property: privacy, value: {self.guess.privacy.value}}}")
        return customs
