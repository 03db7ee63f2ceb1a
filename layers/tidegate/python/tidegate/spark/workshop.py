"""The workshop of many machines: files are read and checked in tasks, one large file in several of them.

The rows that they accept and reject lie in the lake bucket as data files before they are in a table; the driver commits them with
the code that the Lambda has.
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tidegate import engine
from tidegate.aws.stored_files import fetch_stored
from tidegate.contracts.contract import Contract
from tidegate.engine import FieldIds, FileResult, Inspection, Parents, StagedFile
from tidegate.engine.casts import sql_type
from tidegate.engine.splits import head_of, ranges_of, splits_of
from tidegate.engine.sql import text
from tidegate.engine.values import Split
from tidegate.errors import AccessDenied, NotFound, ServiceUnavailable
from tidegate.model.runs import Books, Leaving, Manifest, ManifestFile
from tidegate.ports import DataFile, Layers, Objects, Outcome, StoredFile, Swap, Table
from tidegate.spark.folding import CutRows, LeaveOut, WritePiece, stored
from tidegate.spark.tasks import HEAD, Cluster, InspectFiles, LoadFiles, StoredParent, SurveyRange, staged
from tidegate.tables import duck
from tidegate.tables.replacement import may_lose
from tidegate.tables.rewriting import Decided
from tidegate.tables.silver import Spread, fold_silver
from tidegate.tables.workshop import LocalWorkshop
from tidegate.tables.writing import Form, cut, form_of

_AT_ONCE = 16  # calls of S3
_PACKED = 1_000_000  # rows that speak of places, which are small
_NOWHERE = Path("elsewhere")


@dataclass(frozen=True, slots=True)
class Portions:
    """About how many bytes of files one task reads, and from how many on one file is worth several tasks."""

    task: int = 64 << 20
    splitting: int = 128 << 20


@dataclass(frozen=True, slots=True)
class _Plan:
    """The tasks of a batch: each with the numbers of its files in the batch."""

    tasks: list[LoadFiles]
    numbers: list[tuple[int, ...]]


class SparkWorkshop:
    """What `LocalWorkshop` is on one machine. `local` is the driver's own: what is not done in tasks is done there."""

    def __init__(
        self,
        local: LocalWorkshop,
        manifest: Manifest,
        cluster: Cluster,
        landing: Objects,
        lake: Objects,
        s3: Any,  # noqa: ANN401 - boto3 client
        portions: Portions,
    ) -> None:
        """Take the files of the manifest for work on a cluster."""
        self.local, self.cluster, self.portions = local, cluster, portions
        self.landing, self.lake, self.s3 = landing, lake, s3
        self.directory, self.key_id = local.directory, local.key_id
        self._manifest = manifest
        self._files = {f.file_id: f for f in manifest.files}
        self._fetched: dict[str, Path] = {}

    def stage(self, files: Sequence[ManifestFile], landing: Objects) -> Iterator[StagedFile | NotFound | AccessDenied]:
        """See which files are there. They are fetched where they are read."""

        def look(file: ManifestFile) -> StagedFile | NotFound | AccessDenied:
            try:
                size = landing.size(file.key, file.version_id)
            except (NotFound, AccessDenied) as error:
                return error
            if size != file.size:
                raise ServiceUnavailable(f"{file.key} has {size} bytes, {file.size} were announced")
            return staged(file, _NOWHERE)

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            yield from pool.map(look, files)

    def inspect(self, contract: Contract, files: Sequence[StagedFile]) -> Inspection:
        """Read the headers."""
        wanted = self._of(files)
        groups = _portioned([min(f.size, HEAD) for f in wanted], self.portions.task)
        return engine.combined(
            contract, self.cluster.perform([InspectFiles(contract, tuple(wanted[n] for n in g)) for g in groups])
        )

    def run(self, contract: Contract, files: Sequence[StagedFile], layers: Layers, run_id: str, parents: Parents) -> Outcome:
        """Parse, type, check and mask every row, in tasks."""
        wanted = self._of(files)
        ids: FieldIds = {"bronze": layers.bronze.field_ids, "quarantine": layers.quarantine.field_ids}
        places = {"bronze": layers.bronze.location, "quarantine": layers.quarantine.location}
        whole = LoadFiles(contract, (), ids, places, run_id, self._stored_parents(contract, parents))
        plan = self._plan(contract, whole, wanted)
        outcomes: list[Outcome] = self.cluster.perform(plan.tasks)
        refused = {
            n
            for task, numbers, outcome in zip(plan.tasks, plan.numbers, outcomes, strict=True)
            if task.split is not None
            for n in numbers
            if outcome.files[0].refused
        }
        if refused:  # which of it the engine makes of the whole file: nobody knows who has seen only a split of it
            again = sorted(refused)
            kept = [(n, o) for n, o in zip(plan.numbers, outcomes, strict=True) if refused.isdisjoint(n)]
            redone: list[Outcome] = self.cluster.perform([replace(whole, files=(wanted[n],)) for n in again])
            both = sorted([*kept, *zip([(n,) for n in again], redone, strict=True)], key=lambda pair: pair[0])
            return self._joined(contract, len(wanted), [n for n, _ in both], [o for _, o in both])
        return self._joined(contract, len(wanted), plan.numbers, outcomes)

    def replace(self, table: Table, leaving: Sequence[Leaving], arriving: Sequence[DataFile]) -> Swap:
        """Take rows of landing objects out of bronze or quarantine and put others in."""
        form, run_id = Form(table.columns, table.field_ids, 0), self._manifest.run_id
        touched = may_lose(table, leaving)
        left: list[tuple[int, StoredFile | None]] = self.cluster.perform(
            [LeaveOut(form, table.location, run_id, StoredFile(f.path, f.rows, f.bytes), tuple(leaving)) for f in touched]
        )
        kept = [file for removed, file in left if removed and file]
        remove = [file for file, (removed, _) in zip(touched, left, strict=True) if removed]
        added = sum(f.rows for f in arriving if isinstance(f, StoredFile))
        return Swap(remove, [*kept, *arriving], added, sum(removed for removed, _ in left))

    def fold(
        self, contract: Contract, manifest: Manifest, layers: Layers, arriving: Sequence[DataFile], leaving: Sequence[Leaving]
    ) -> tuple[Swap, Books]:
        """Bring silver up to date with bronze and say what became of each accepted row."""
        here = self._here(arriving)
        uris = {path: file.uri for path, file in zip(here, arriving, strict=True) if isinstance(file, StoredFile)}
        silver, room = layers.silver, self.local.room(layers.silver.name)

        def write(decided: Decided) -> list[StoredFile]:
            return self._written(contract, silver.location, decided, uris)

        target = form_of(contract, silver.columns, silver.field_ids).target
        return fold_silver(contract, manifest, layers, here, leaving, room, self.local.limits, Spread(write, target, uris.values()))

    def living(self, contract: Contract, rows: Sequence[DataFile]) -> int:
        """Count the rows that silver would hold of these alone."""
        return self.local.living(contract, self._here(rows))

    def measure(
        self, contract: Contract, manifest: Manifest, layers: Layers, arriving: Sequence[DataFile], leaving: Sequence[Leaving]
    ) -> Sequence[float | None]:
        """Return what each of `Rules.measured` asks of the batch."""
        return self.local.measure(contract, manifest, layers, self._here(arriving), leaving)

    # Planning

    def _of(self, files: Sequence[StagedFile]) -> list[ManifestFile]:
        return [self._files[file.file_id] for file in files]

    def _plan(self, contract: Contract, whole: LoadFiles, files: Sequence[ManifestFile]) -> _Plan:
        """Cut large files, and put small ones together, in their order. Rows that refer to each other stay together."""
        if any(reference.table == contract.table for reference in contract.rules.references):
            return _Plan([replace(whole, files=tuple(files))], [tuple(range(len(files)))]) if files else _Plan([], [])
        cuts = {n: self._cut(contract, file) for n, file in enumerate(files) if file.size >= self.portions.splitting}
        tasks, numbers = [], []
        small = [n for n in range(len(files)) if not cuts.get(n)]
        for group in _portioned([files[n].size for n in small], self.portions.task):
            numbers.append(tuple(small[place] for place in group))
            tasks.append(replace(whole, files=tuple(files[n] for n in numbers[-1])))
        for n, (head, splits) in ((n, found) for n, found in cuts.items() if found):
            for split in splits:
                numbers.append((n,))
                tasks.append(replace(whole, files=(files[n],), split=split, head=head))
        return _Plan(tasks, numbers)

    def _cut(self, contract: Contract, file: ManifestFile) -> tuple[int, list[Split]] | None:
        """Return the bytes before a file's records, and its splits; None when it has to be read as a whole."""
        with self.landing.ranged(file.key, file.version_id, 0, min(HEAD, file.size)) as stream:
            head = head_of(stream.read(), contract)
        if head is None or head >= file.size:
            return None
        ranges = ranges_of(head, file.size, self.portions.task)
        return head, splits_of(self.cluster.perform([SurveyRange(contract, file, start, stop) for start, stop in ranges]))

    def _stored_parents(self, contract: Contract, parents: Parents) -> Mapping[str, StoredParent]:
        """Put the values that rows may refer to where tasks find them: of each table only the columns that are named."""
        kept = {}
        for table, parent in parents.items():
            names = {name for r in contract.rules.references if r.table == table for name in r.to}
            columns = {name: kind for name, kind in parent.columns.items() if name in names or name == "_object_key"}
            key = f"runs/{self._manifest.dataset}/{self._manifest.run_id}/parents/{table}.parquet" if parent.paths else ""
            kept[table] = StoredParent(columns, key)
            if key:
                with duck.connect(self.directory, self.local.limits) as db:
                    path = self.directory / f"{table}.parquet"
                    rows = f"SELECT DISTINCT * FROM ({duck.reading(columns, parent.paths)})"
                    db.execute(f"COPY ({rows}) TO {text(str(path))} (FORMAT parquet)")
                self.lake.upload(key, path)
                path.unlink()
        return kept

    def _written(self, contract: Contract, location: str, decided: Decided, uris: Mapping[Path, str]) -> list[StoredFile]:
        """Have silver's pieces written in tasks, with the rows that come to them from the tasks that cut these out of their files."""
        homes = self._packed(decided, "SELECT source, rn, home FROM coming", "homes")
        gone = self._packed(decided, "SELECT source, rn FROM gone", "gone")
        files = {number: stored(path, decided.origins.get(number) or uris[path]) for number, path in decided.sources.items()}
        cuts = [CutRows(decided.form, files[number], packed) for number, packed in homes.items()]
        pieces = [
            WritePiece(
                contract, decided.form, location, self._manifest.run_id, piece, {b.number: gone[b.number] for b in piece.bases}
            )
            for piece in decided.pieces
        ]
        return [file for written in self.cluster.exchange(cuts, pieces) for file in written]

    def _packed(self, decided: Decided, rows: str, name: str) -> dict[int, tuple[bytes, ...]]:
        """Return rows as Parquet files by the number of the file that they speak of."""
        directory = self.directory / name
        found = cut(decided.db, rows, "source", directory, _PACKED)
        packed = {number: tuple(path.read_bytes() for path in paths) for number, paths in found.items()}
        shutil.rmtree(directory)
        return packed

    # Answers

    def _joined(self, contract: Contract, count: int, numbers: Sequence[Sequence[int]], outcomes: Sequence[Outcome]) -> Outcome:
        results: dict[int, FileResult] = {}
        for place, outcome in zip(numbers, outcomes, strict=True):
            for n, result in zip(place, outcome.files, strict=True):
                results[n] = _sum(results[n], result) if n in results else result
        return Outcome(
            tuple(results[n] for n in range(count)),
            tuple(file for outcome in outcomes for file in outcome.accepted),
            tuple(file for outcome in outcomes for file in outcome.quarantined),
            self._newest(contract, [outcome.newest for outcome in outcomes if outcome.newest]),
        )

    def _newest(self, contract: Contract, texts: Sequence[str]) -> str:
        column = next((c for c in contract.columns if c.name == contract.order_by), None)
        if column is None or not texts:
            return ""
        with duck.connect(self.directory, self.local.limits) as db:
            query = f"SELECT max(t::{sql_type(column.type)})::VARCHAR FROM (SELECT unnest($texts::VARCHAR[]) AS t)"
            return str(db.execute(query, {"texts": list(texts)}).fetchall()[0][0])

    def _here(self, files: Sequence[DataFile]) -> list[Path]:
        """Copy stored rows to the driver's disk, once."""
        missing = [f for f in files if isinstance(f, StoredFile) and f.uri not in self._fetched]
        room = self.local.room("arrived")
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            paths = pool.map(lambda file: fetch_stored(self.s3, file, room / Path(file.uri).name), missing)
        self._fetched |= {file.uri: path for file, path in zip(missing, paths, strict=True)}
        return [self._fetched[f.uri] if isinstance(f, StoredFile) else f for f in files]


def _portioned(sizes: Sequence[int], portion: int) -> list[list[int]]:
    """Return the places of some sizes, in their order, in groups of about a portion."""
    groups: list[list[int]] = []
    room = 0
    for place, size in enumerate(sizes):
        if not groups or size > room:
            groups.append([])
            room = portion
        groups[-1].append(place)
        room -= size
    return groups


def _sum(one: FileResult, other: FileResult) -> FileResult:
    """Add the books of two splits of a file."""
    counted = (
        tuple(a + b for a, b in zip(one.counted, other.counted, strict=True))
        if one.counted and other.counted
        else one.counted or other.counted
    )
    return FileResult(
        one.file_id,
        one.rows_read + other.rows_read,
        one.rows_accepted + other.rows_accepted,
        one.rows_quarantined + other.rows_quarantined,
        None,
        counted,
    )
