"""Trial: what a contract would make of files, by the row engine that loads them, without a ledger, a table or AWS."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tidegate.contracts.contract import Contract, LoadMode
from tidegate.engine import FileResult, Output, StagedFile
from tidegate.errors import Permanent
from tidegate.model.arrivals import Kind, route
from tidegate.tables.rejects import RuleCount, Wanted, opened
from tidegate.tables.schema import field_ids, quarantine_schema, row_schema
from tidegate.tables.workshop import LocalWorkshop

_RUN = "trial"


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of it. `contract` has the columns that drift would add, named in `drift`; `rules` count the rejected records.

    `living` is how many rows silver would hold of these files alone; None where every row stays. `held` says why the batch as a
    whole would be refused, empty when it would not.
    """

    contract: Contract
    output: Output
    drift: tuple[str, ...]
    rules: tuple[RuleCount, ...]
    living: int | None
    held: str

    @property
    def read(self) -> int:
        """Records of the files that are not refused."""
        return sum(f.rows_read for f in self.output.files)

    @property
    def accepted(self) -> int:
        """Of these, the accepted."""
        return sum(f.rows_accepted for f in self.output.files)

    @property
    def quarantined(self) -> int:
        """And the quarantined."""
        return sum(f.rows_quarantined for f in self.output.files)

    @property
    def refused(self) -> tuple[FileResult, ...]:
        """Files that are refused as a whole."""
        return tuple(f for f in self.output.files if f.refused)

    @property
    def clean(self) -> bool:
        """Whether every row of every file would be in a table."""
        return not (self.refused or self.quarantined or self.held)


def stage(contract: Contract, paths: Sequence[Path], key: str = "") -> list[StagedFile]:
    """Return local files as if they had landed, under `key` (below it, when it ends with a slash), or as deltas of the dataset.

    Raises:
        Permanent: the key leads to another dataset or to none, or is one for several files.
    """
    below = key or f"{contract.dataset.replace('.', '/')}/delta/"
    if len(paths) > 1 and not below.endswith("/"):
        raise Permanent(f"{key} is the key of one file, there are {len(paths)}: end it with / to put them below it")
    staged = []
    for number, path in enumerate(paths, start=1):
        where = route(below + path.name if below.endswith("/") else below)
        if where.dataset != contract.dataset or where.kind is Kind.MARKER:
            problem = where.problem or f"it leads to {where.dataset}, the contract is of {contract.dataset}"
            raise Permanent(f"--key {key}: {problem}")
        landed = below + path.name if below.endswith("/") else below
        staged.append(StagedFile(f"{number}:{path}", landed, "", f"{number:016d}", path, load_id=where.load_id))
    return staged


def trial(contract: Contract, files: Sequence[StagedFile], workshop: LocalWorkshop) -> Trial:
    """Run files through the row engine; their Parquet is in the workshop's directory.

    Raises:
        BatchRefused: the contract's schemaDrift is `fail`, and a file has a column that the contract does not name.
    """
    extra = workshop.inspect(contract, files).extra_columns
    grown = contract.with_columns(*extra)
    ids: Mapping[str, Mapping[str, int]] = {"bronze": field_ids(row_schema(grown)), "quarantine": field_ids(quarantine_schema())}
    output = workshop.convert(grown, files, ids, _RUN, {})
    room = workshop.directory / "rejects"
    room.mkdir()
    with opened([output.quarantined] if output.quarantined else [], room, workshop.limits) as rejects:
        rules = tuple(rejects.by_rule(Wanted()))
    living = None if contract.load_mode is LoadMode.APPEND else workshop.living(grown, [output.accepted] if output.accepted else [])
    return Trial(grown, output, tuple(c.name for c in extra), rules, living, _held(contract, output))


def _held(contract: Contract, output: Output) -> str:
    bounds, rows = contract.row_count, sum(f.rows_accepted for f in output.files)
    if bounds is None or bounds.severity != "error" or all(f.refused for f in output.files):
        return ""
    if (bounds.at_least is None or rows >= bounds.at_least) and (bounds.at_most is None or rows <= bounds.at_most):
        return ""
    most = "any number" if bounds.at_most is None else bounds.at_most
    return f"rowCount wants from {bounds.at_least or 0} to {most} accepted rows in a batch, these are {rows}"
