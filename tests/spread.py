"""The workshop of many machines on one: its tasks are performed here, one after the other, and everything between them is pickled."""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pyarrow as pa
import pyarrow.parquet as pq

from tests.fakes import FakeObjects
from tests.fuzz.observe import KEY, Observed, Seen, field_ids, rejects_of, rows_of, staged
from tests.reference.batch import Given
from tidegate.contracts.contract import Contract
from tidegate.engine import Keyring, Limits
from tidegate.model.runs import Epoch, Manifest, ManifestFile
from tidegate.ports import Layers, Outcome, StoredFile
from tidegate.spark.tasks import Cluster, Task, Tools, answer, perform, receive, request, send
from tidegate.spark.workshop import Portions, SparkWorkshop
from tidegate.tables.workshop import LocalWorkshop

LIMITS = Limits(memory_mb=512, threads=1)
#: So small that files of a few lines are cut, or read by several tasks.
TINY = Portions(task=40, splitting=60)


@dataclass
class FolderS3:
    """What of boto3's S3 client data files need, on local disk."""

    folder: Path

    def upload_file(self, path: str, bucket: str, key: str) -> None:
        place = self.folder / bucket / key
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, place)

    def download_file(self, bucket: str, key: str, path: str) -> None:
        shutil.copy(self.folder / bucket / key, path)

    def local(self, file: StoredFile) -> Path:
        return self.folder / file.uri.removeprefix("s3://")


@dataclass
class Serial:
    """A cluster of one machine; it remembers what it did. One task in `twice` is performed twice, and its first answer is lost."""

    landing: FakeObjects
    lake: FakeObjects
    s3: Any
    keyring: Keyring
    performed: list[str] = field(default_factory=list)
    twice: int = 0

    def perform(self, tasks: Sequence[Task]) -> list[Any]:
        self.performed += [type(task).__name__ for task in tasks]
        return [answer(perform(body, self.tools)) for body in self._asked(tasks)]

    def _asked(self, tasks: Sequence[Task], *given: Any) -> Iterator[bytes]:
        for number, body in enumerate(request(None, task) for task in tasks):
            if self.twice and number % self.twice == 0:
                perform(body, self.tools, *given)
            yield body

    def exchange(self, senders: Sequence[Task], receivers: Sequence[Task]) -> list[Any]:
        self.performed += [type(task).__name__ for task in (*senders, *receivers)]
        sent: dict[int, list[tuple[bool, bytes]]] = {number: [] for number in range(len(receivers))}
        for body in reversed(list(self._asked(senders))):  # they come in any order
            for number, parcel in send(body, self.tools):
                sent[number].append(parcel)
        return [answer(receive(body, self.tools, sent[number])) for number, body in enumerate(self._asked(receivers, ()))]

    def tools(self, _site: None, room: Path) -> Tools:
        return Tools(self.landing, self.lake, self.s3, self.keyring, LIMITS, room)


def workshop(room: Path, serial: Serial, manifest: Manifest, portions: Portions = TINY) -> SparkWorkshop:
    local = LocalWorkshop(room, LIMITS, serial.keyring)
    cluster: Cluster = serial
    return SparkWorkshop(local, manifest, cluster, serial.landing, serial.lake, serial.s3, portions)


def observe_spread(contract: Contract, given: Sequence[Given], folder: Path, portions: Portions = TINY) -> tuple[Observed, Serial]:
    """Do what `observe` does by tasks; the rows are in the order of files and records."""
    serial = Serial(FakeObjects(), FakeObjects(), FolderS3(folder / "s3"), Keyring("k1", KEY))
    described = []
    for number, file in enumerate(given):
        serial.landing.put(file.key, file.content, f"v{number}")
        arrival = f"2026-01-01#{number:06d}"
        described.append(
            ManifestFile(f"f{number}", "o", "landing", file.key, f"v{number}", len(file.content), arrival, "", replaces=False)
        )
    manifest = Manifest("shop.sales", 1, "run-1", "key", "1.0.0", Epoch(), Epoch(), tuple(described))
    room = Path(tempfile.mkdtemp(dir=folder))
    made = workshop(room, serial, manifest, portions)
    files = [f for f in made.stage(described, serial.landing) if not isinstance(f, Exception)]
    inspection = made.inspect(contract, files)
    whole = contract.with_columns(*inspection.extra_columns)
    ids = field_ids(whole)
    layers = SimpleNamespace(**{n: SimpleNamespace(field_ids=ids[n], location=f"s3://lake/{n}") for n in ids})
    outcome = made.run(whole, files, cast("Layers", layers), "run-1", {})
    local = [staged(folder, number, file) for number, file in enumerate(given)]
    return _observed(contract, whole, outcome, local, serial.s3), serial


def _observed(contract: Contract, whole: Contract, outcome: Outcome, files: Any, s3: FolderS3) -> Observed:
    seen = tuple(
        Seen(f.refused and f.refused.code, f.rows_read, f.rows_accepted, f.rows_quarantined, f.counted) for f in outcome.files
    )

    def tables(stored: Sequence[Any]) -> list[pa.Table]:
        return [pq.read_table(s3.local(file)) for file in stored]

    rows = [row for t in tables(outcome.accepted) for row in rows_of(t, whole.columns, files, contract.version)]
    rejects = [reject for t in tables(outcome.quarantined) for reject in rejects_of(t, files, contract.version)]
    return Observed(whole.columns, seen, sorted(rows, key=_place), sorted(rejects, key=_place))


def _place(row: Any) -> tuple[int, int]:
    return row[0], row[1]
