"""Checks on a batch as a whole, before anything of it is committed: what holds it back, and what is only told."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from tidegate.contracts.contract import Contract
from tidegate.contracts.rules import Limit, Query, Severity
from tidegate.engine import FileResult
from tidegate.errors import BatchRefused, RowsRefused
from tidegate.model.files import Warned
from tidegate.model.runs import Leaving, Manifest, Receipt
from tidegate.ports import Clock, Layers, Ledger, Outcome, Workshop
from tidegate.usecases.full_loads import check_full_load
from tidegate.usecases.volumes import percent_of_usual, rows_of

_NONE = Limit("mustBe", (0,))
_DATE = len("2020-01-31")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A batch that may be committed: what came out of its files, the tables as they are, and what would leave them."""

    contract: Contract
    manifest: Manifest
    output: Outcome
    layers: Layers
    leaving: Sequence[Leaving]

    @property
    def files(self) -> list[FileResult]:
        """The files that are not refused."""
        return [f for f in self.output.files if f.refused is None]

    @property
    def rows(self) -> int:
        """Accepted rows."""
        return sum(f.rows_accepted for f in self.files)


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule on the batch that does not hold: what it is about, and how to say so. `of_rows`: it counts rows that break it."""

    severity: Severity
    warned: Warned
    said: str
    of_rows: bool = False


def check_batch(batch: Candidate, *, ledger: Ledger, clock: Clock, workshop: Workshop) -> tuple[Warned, ...]:
    """Return the warnings about the batch; raise BatchRefused or RowsRefused when it is not what the contract accepts.

    A person who forced the batch turns what would hold it back into warnings. A batch whose files are all refused has no rows to
    measure: the files say what is wrong.
    """
    contract, manifest, output = batch.contract, batch.manifest, batch.output
    if not manifest.forced and manifest.files and manifest.files[0].load == manifest.epoch.load != "":
        check_full_load(contract, manifest, workshop.living(contract, output.accepted), batch.layers, output)
    if not batch.files:
        return ()
    broken = [*_row_count(batch), *_limits(batch), *_measured(batch, workshop), *_history(batch, ledger, clock)]
    held = [b for b in broken if b.severity is Severity.ERROR]
    if held and not manifest.forced:
        way_on = "drop a complete file, publish a contract with other bounds and replay, or `tidegate replay --run RUN --force`"
        refusal = RowsRefused if all(b.of_rows for b in held) else BatchRefused
        raise refusal(f"{contract.dataset}: {'; '.join(b.said for b in held)}; {way_on}")
    return tuple(b.warned for b in broken)


def _row_count(batch: Candidate) -> Iterator[Broken]:
    bounds, rows = batch.contract.row_count, batch.rows
    if bounds is not None and not (bounds.at_least or 0) <= rows <= (rows if bounds.at_most is None else bounds.at_most):
        wanted = f"from {bounds.at_least or 0} to {bounds.at_most if bounds.at_most is not None else 'any number'}"
        said = f"rowCount wants {wanted} accepted rows in a batch, this one has {rows}"
        yield Broken(Severity(bounds.severity), Warned("row_count", "", rows), said)


def _limits(batch: Candidate) -> Iterator[Broken]:
    for place, check in enumerate(batch.contract.rules.counted):
        counted = sum(f.counted[place] for f in batch.files if f.counted)
        if check.limit is not None and not check.limit.holds_of(counted, batch.rows):
            said = f"{check.rule} of {check.column} must {check.limit}, {counted} of {batch.rows} rows break it"
            yield Broken(check.severity, Warned(check.rule, check.column, counted), said, of_rows=True)


def _measured(batch: Candidate, workshop: Workshop) -> Iterator[Broken]:
    rules = batch.contract.rules.measured
    if not rules:
        return
    found = workshop.measure(batch.contract, batch.manifest, batch.layers, batch.output.accepted, batch.leaving)
    for rule, number in zip(rules, found, strict=True):
        if isinstance(rule, Query):
            yield from _asked(rule, number, batch.rows)
            continue
        counted = int(number or 0)
        if not (rule.limit or _NONE).holds_of(counted, batch.rows):
            said = f"{rule.rule} of {rule.column}: {counted} of {batch.rows} rows have values that another row of the table has too"
            yield Broken(rule.severity, Warned(rule.rule, rule.column, counted), said, of_rows=True)


def _asked(query: Query, number: float | None, rows: int) -> Iterator[Broken]:
    if number is not None and query.limit.holds(number):
        return
    told = "" if not query.shown else ", it is null" if number is None else f", it is {number:g}"
    said = f"{query.rule}: the number of the query must {query.limit}{told}"
    yield Broken(query.severity, Warned(query.rule, query.column, int(number or 0) if query.shown else rows), said)


def _history(batch: Candidate, ledger: Ledger, clock: Clock) -> Iterator[Broken]:
    """Compare with what the ledger remembers of earlier loads."""
    rules = batch.contract.rules
    if not rules.volumes and rules.freshness is None:
        return
    state, files = ledger.state(batch.manifest.dataset), len(batch.files)
    for volume in rules.volumes:
        percent = percent_of_usual(volume, batch.manifest, batch.rows, files, state)
        if percent is not None and not volume.limit.holds(percent):
            rows = rows_of(batch.manifest, batch.rows, files)
            said = f"{volume.rule}: the rows must {volume.limit} of the median of earlier loads, {rows} are {percent:.1f}"
            yield Broken(volume.severity, Warned(volume.rule, "", rows), said)
    newest = max(state.watermark, batch.output.newest)
    if rules.freshness is not None and newest:
        age = int((datetime.fromtimestamp(clock() / 1e6, UTC) - _moment(newest)).total_seconds())
        if age > rules.freshness.seconds:
            column = batch.contract.order_by or ""
            said = f"freshness: the newest {column} is {age} seconds old, {rules.freshness.seconds} are allowed"
            yield Broken(rules.freshness.severity, Warned("freshness", column, batch.rows), said)


def _moment(text: str) -> datetime:
    """The instant of an orderBy value. What has no zone is UTC; a date lasts until its end."""
    if len(text) == _DATE:
        return datetime.combine(datetime.fromisoformat(text) + timedelta(days=1), time(), UTC)
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def warnings_by_file(contract: Contract, output: Outcome) -> Mapping[str, tuple[Warned, ...]]:
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
