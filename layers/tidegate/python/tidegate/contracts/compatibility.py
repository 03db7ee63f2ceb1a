"""What becomes of tables, old files and readers when one version of a contract follows another: a pure comparison.

breaking   something that worked stops: a table refuses the change, files or records that were accepted are refused, keys or values
           of old and new rows no longer fit, a hidden value is shown
careful    old and new rows differ until the files are replayed, or readers may meet something new
safe       nothing that was loaded or is sent is read in another way
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum

from tidegate.contracts.column_changes import LATER, column_changes
from tidegate.contracts.contract import Column, Contract, LoadMode, RowCount, SchemaDrift


class Severity(StrEnum):
    """How much care a change needs; see the module."""

    BREAKING = "breaking"
    CAREFUL = "careful"
    SAFE = "safe"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: where, what changed, and what follows from it. No text holds a value of a file."""

    severity: Severity
    place: str
    what: str
    effect: str

    def line(self) -> str:
        """One printable line."""
        return f"{self.severity}: {self.place}: {self.what}: {self.effect}"


_Found = tuple[str, str, str, str]
_OWN_RULES = {
    "domain",
    "name",
    "version",
    "sha256",
    "columns",
    "description",
    "csv",
    "row_count",
    "load_mode",
    "schema_drift",
    "max_shrink",
    "keeps_raw",
}
_RAW = "rejected records that are there stay as they are until their files are replayed, and in the table's history after that"
_NO_EFFECT_ON_ROWS = {"attempts", "batch_window", "crawl", "sort_by", "target_file_mb"}
_FOLD = f"keys that no new file touches keep the row that the old rule chose {LATER}"


def compare(old: Contract, new: Contract) -> tuple[Change, ...]:
    """The differences from one version to the next, worst first, then in the order of the contract."""
    found = [Change(Severity(s), place, what, effect) for s, place, what, effect in _changes(old, new)]
    order = list(Severity)
    return tuple(sorted(found, key=lambda change: order.index(change.severity)))


def is_breaking(changes: Sequence[Change]) -> bool:
    """Whether one of the changes is breaking."""
    return any(change.severity is Severity.BREAKING for change in changes)


def raises_major(old: str, new: str) -> bool:
    """Whether a version says that it may break: the first number is greater, or the second one while the first is 0."""
    before, after = ([int(n) for n in version.split(".")] for version in (old, new))
    return after[0] > before[0] or (before[0] == after[0] == 0 and after[1] > before[1])


def _changes(old: Contract, new: Contract) -> Iterator[_Found]:
    if old.dataset != new.dataset:
        yield (
            "breaking",
            "id",
            f"{old.dataset} became {new.dataset}",
            "another dataset with tables of its own; the old ones stay as they are",
        )
        return
    yield from _contract(old, new)
    yield from _key(old, new)
    yield from _partitions(old, new)
    before, after = ({c.name: c for c in contract.columns} for contract in (old, new))
    for name, column in before.items():
        if name in after:
            yield from column_changes(column, after[name])
        else:
            yield from _removed(column, new)
    for name, column in after.items():
        if name not in before:
            yield from _added(column)


def _contract(old: Contract, new: Contract) -> Iterator[_Found]:
    if old.load_mode is not new.load_mode:
        yield "breaking", "loadMode", f"{old.load_mode} became {new.load_mode}", _mode_effect(new.load_mode)
    if old.schema_drift is not new.schema_drift:
        refuses = new.schema_drift in {SchemaDrift.QUARANTINE, SchemaDrift.FAIL}
        effect = (
            "files with other columns are refused, old ones when they are replayed" if refuses else "only files to come are read so"
        )
        yield "breaking" if refuses else "careful", "schemaDrift", f"{old.schema_drift} became {new.schema_drift}", effect
    for name in ("delimiter", "quote", "escape", "encoding"):
        if getattr(old.csv, name) != getattr(new.csv, name):
            yield (
                "breaking",
                f"servers.{name}",
                "changed",
                "files written the old way are refused or misread, old ones when they are replayed",
            )
    if old.max_shrink != new.max_shrink:
        tighter = new.max_shrink is not None and (old.max_shrink is None or new.max_shrink < old.max_shrink)
        effect = "full loads that were accepted may be held" if tighter else "larger losses are let through"
        yield "careful", "maxShrink", f"{old.max_shrink} became {new.max_shrink}", effect
    yield from _raw(old.keeps_raw, new.keeps_raw)
    yield from _row_count(old.row_count or RowCount(), new.row_count or RowCount())
    for field in fields(Contract):
        before, after = getattr(old, field.name), getattr(new, field.name)
        if field.name in _OWN_RULES or before == after:
            continue
        word = _word(field.name)
        if field.name in {"order_by", "delete_when"}:
            yield "careful", word, "changed", _FOLD
        elif field.name in _NO_EFFECT_ON_ROWS:
            yield "safe", word, f"{before} became {after}", "rows are read as before"
        else:
            yield "careful", word, "changed", f"rows that were loaded stay as they were {LATER}"


def _raw(old: bool, new: bool) -> Iterator[_Found]:  # noqa: FBT001 - two of a kind
    if old is not new:
        what = "none became keep" if new else "keep became none"
        yield "breaking" if new else "careful", "quarantineRaw", what, _RAW


def _mode_effect(mode: LoadMode) -> str:
    return {
        LoadMode.APPEND: "rows that replaced each other now stand side by side; silver has to be rebuilt",
        LoadMode.UPSERT: "of rows with one key only the newest stays; silver has to be rebuilt",
        LoadMode.REPLACE: "each file replaces what the others brought",
    }[mode]


def _row_count(old: RowCount, new: RowCount) -> Iterator[_Found]:
    least = (new.at_least or 0) > (old.at_least or 0)
    most = new.at_most is not None and (old.at_most is None or new.at_most < old.at_most)
    if least or most or (old.severity, new.severity) == ("warning", "error"):
        yield "careful", "quality.rowCount", "narrower", "batches that were accepted are refused"
    elif old != new:
        yield "safe", "quality.rowCount", "wider", "batches that were accepted still are"


def _key(old: Contract, new: Contract) -> Iterator[_Found]:
    if set(old.primary_key) != set(new.primary_key):
        names = " and ".join(new.primary_key) or "nothing"
        what = f"{' and '.join(old.primary_key) or 'nothing'} became {names}"
        yield (
            "breaking",
            "primaryKey",
            what,
            "which rows replace each other changes: silver has to be rebuilt, by a replay of the dataset",
        )


def _partitions(old: Contract, new: Contract) -> Iterator[_Found]:
    before, after = (" and ".join(f"{c.name} by {c.partition}" for c in each.partitioned) or "nothing" for each in (old, new))
    if before != after:
        effect = "the table refuses it: partitions are chosen when silver is made, so make it anew"
        yield "breaking", "partitioned", f"{before} became {after}", effect


def _removed(column: Column, new: Contract) -> Iterator[_Found]:
    heir = next((c.name for c in new.columns if set(c.sources) & set(column.sources)), "")
    place = f"columns.{column.name}"
    if heir:
        yield (
            "breaking",
            place,
            f"renamed to {heir}",
            f"the table has both: {column.name} is null in new rows, {heir} in old ones {LATER}",
        )
        return
    drift = "; with schemaDrift evolve its source comes back as a column of text" if new.schema_drift is SchemaDrift.EVOLVE else ""
    yield "breaking", place, "removed", f"it stays in the table and is null in new rows, where readers may rely on it{drift}"


def _added(column: Column) -> Iterator[_Found]:
    place = f"columns.{column.name}"
    if column.required or column.primary_key:
        yield "breaking", place, "added as required", "files without it are refused, old ones when they are replayed"
    else:
        yield "safe", place, "added", f"null in rows that were loaded {LATER}"


def _word(field: str) -> str:
    first, *rest = field.split("_")
    return first + "".join(word.capitalize() for word in rest)
