"""Checks on a batch as a whole, before anything of it is committed: what holds it back, and what is only told."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tidegate.contracts.contract import Contract
from tidegate.contracts.rules import Limit, Severity
from tidegate.engine import FileResult, Output
from tidegate.errors import BatchRefused
from tidegate.model.files import Warned
from tidegate.model.runs import Leaving, Manifest, Receipt
from tidegate.ports import Layers, Workshop

_NONE = Limit("mustBe", (0,))


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule on the batch that does not hold: what it is about, and how to say so."""

    severity: Severity
    warned: Warned
    said: str


def check_batch(
    contract: Contract, manifest: Manifest, output: Output, layers: Layers, leaving: Sequence[Leaving], workshop: Workshop
) -> tuple[Warned, ...]:
    """Return the warnings about the batch; raise BatchRefused when it is not what the contract accepts.

    A person who forced the batch turns what would hold it back into warnings. A batch whose files are all refused has no rows to
    measure: the files say what is wrong.
    """
    whole = [f for f in output.files if f.refused is None]
    if not manifest.forced and manifest.files and manifest.files[0].load == manifest.epoch.load != "":
        _check_full_load(contract, manifest, workshop.living(contract, output.accepted), layers, output)
    broken: list[Broken] = []
    if whole:
        measured = workshop.measure(contract, manifest, layers, output.accepted, leaving) if contract.rules.measured else ()
        broken = [*_broken(contract, whole), *_broken_in_table(contract, measured, sum(f.rows_accepted for f in whole))]
    held = [b.said for b in broken if b.severity is Severity.ERROR]
    if held and not manifest.forced:
        way_on = "drop a complete file, publish a contract with other bounds and replay, or `tidegate replay --run RUN --force`"
        raise BatchRefused(f"{contract.dataset}: {'; '.join(held)}; {way_on}")
    return tuple(b.warned for b in broken)


def _broken(contract: Contract, files: Sequence[FileResult]) -> Iterator[Broken]:
    rows = sum(f.rows_accepted for f in files)
    bounds = contract.row_count
    if bounds is not None and not (bounds.at_least or 0) <= rows <= (rows if bounds.at_most is None else bounds.at_most):
        wanted = f"from {bounds.at_least or 0} to {bounds.at_most if bounds.at_most is not None else 'any number'}"
        said = f"rowCount wants {wanted} accepted rows in a batch, this one has {rows}"
        yield Broken(Severity(bounds.severity), Warned("row_count", "", rows), said)
    for place, check in enumerate(contract.rules.counted):
        counted = sum(f.counted[place] for f in files if f.counted)
        if check.limit is not None and not check.limit.holds_of(counted, rows):
            said = f"{check.rule} of {check.column} must {check.limit}, {counted} of {rows} rows break it"
            yield Broken(check.severity, Warned(check.rule, check.column, counted), said)


def _broken_in_table(contract: Contract, measured: Sequence[int], rows: int) -> Iterator[Broken]:
    for rule, counted in zip(contract.rules.measured, measured, strict=True):
        if not (rule.limit or _NONE).holds_of(counted, rows):
            said = f"{rule.rule} of {rule.column}: {counted} of {rows} rows have values that another row of the table has too"
            yield Broken(rule.severity, Warned(rule.rule, rule.column, counted), said)


def warnings_by_file(contract: Contract, output: Output) -> Mapping[str, tuple[Warned, ...]]:
    """Return, by file id, the rules about rows that accepted rows break."""
    rules = list(enumerate(contract.rules.counted))
    return {
        f.file_id: tuple(
            Warned(rule.rule, rule.column, f.counted[place]) for place, rule in rules if rule.limit is None and f.counted[place]
        )
        for f in output.files
        if f.counted
    }


def summed(receipts: Iterable[Receipt]) -> tuple[Warned, ...]:
    """Return the warnings of several files as one list."""
    rows: Counter[tuple[str, str]] = Counter()
    for warned in (w for r in receipts for w in r.warnings):
        rows[warned.rule, warned.column] += warned.rows
    return tuple(Warned(rule, column, number) for (rule, column), number in rows.items())


def _check_full_load(contract: Contract, manifest: Manifest, rows: int, layers: Layers, output: Output) -> None:
    """Hold back a full load that would take away what nobody said should go. `rows` are those that the table would have after it."""
    held = sum(f.rows for f in layers.silver.live())
    way_on = "drop a complete full load, or, when this is what was meant, `tidegate replay --run RUN --force`"
    whole = {f.file_id for f in output.files if f.refused is None}
    parts = [f for f in manifest.files if not f.marker]
    lost = [f.key for f in parts if f.file_id not in whole]
    if lost:
        raise BatchRefused(
            f"{contract.dataset}: {len(lost)} of {len(parts)} parts of this full load are refused, {lost[0]} first; {way_on}"
        )
    if held and not rows:
        raise BatchRefused(f"{contract.dataset}: this full load is empty, the table has {held} rows; {way_on}")
    if contract.max_shrink is not None and rows < held * (1 - contract.max_shrink):
        raise BatchRefused(
            f"{contract.dataset}: this full load would leave {rows} rows, the table has {held};"
            f" maxShrink is {contract.max_shrink:.0%}; {way_on}"
        )
