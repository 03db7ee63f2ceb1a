"""The public files of ../shared/data, loaded by the application's own code into a lake of this process."""

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import yaml

from tests.integration.twins import World, real
from tidegate.aws.iceberg import GlueLake
from tidegate.contracts.publish import publish
from tidegate.model.runs import Account, Epoch, Manifest, ManifestFile, RunState

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "data"
DATASETS = {f"healthcare.{path.stem}": [path] for path in sorted((SHARED / "synthea").glob("*.csv"))} | {
    "covid.jhu_daily": sorted((SHARED / "covid" / "jhu_daily").glob("*.csv")),
    "covid.states_daily": [SHARED / "covid" / "testing" / "states_daily.csv"],
}
_FIRST_ARRIVAL = 1_767_225_600_000_000  # microseconds since 1970
_SECOND = 1_000_000


class Loaded:
    """A lake that the files were loaded into, each as a delta, and can be loaded into again."""

    def __init__(self, lake: GlueLake, bucket: str, place: Path) -> None:
        self.lake, self._place, self._runs, self._arrivals = lake, place, 0, 0
        self._world: World = real(lake, bucket)
        self._files: dict[str, list[ManifestFile]] = {}

    def load(self, dataset: str, paths: Sequence[Path]) -> int:
        """Load files in one run, in the order given; return the accepted rows."""
        publish(_contract(dataset), "contract", store=self._world.objects)
        files = [self._arrive(dataset, path) for path in paths]
        self._files.setdefault(dataset, []).extend(files)
        return self._run(dataset, files)

    def newest(self, dataset: str) -> int:
        """When the newest file of a dataset arrived, in microseconds since 1970."""
        return max(int(file.arrival[:16]) for file in self._files[dataset])

    def replay_everything(self, dice: random.Random) -> None:
        """Load every file once more, in random order and batches."""
        batches: list[tuple[str, list[ManifestFile]]] = []
        for dataset, files in self._files.items():
            mixed = [_again(file) for file in dice.sample(files, len(files))]
            middle = dice.randrange(len(mixed))
            batches += [(dataset, some) for some in (mixed[:middle], mixed[middle:]) if some]
        for dataset, some in dice.sample(batches, len(batches)):
            self._run(dataset, some)

    def _arrive(self, dataset: str, path: Path) -> ManifestFile:
        self._arrivals += 1
        key = f"{dataset.replace('.', '/')}/delta/{path.name}"
        self._world.landing.put(key, path.read_bytes(), "v1")
        arrival = f"{_FIRST_ARRIVAL + self._arrivals * _SECOND:016d}-{path.name[:8]}"
        return ManifestFile(f"{dataset}#{path.name}", key, "landing", key, "v1", 0, arrival, "", replaces=False, loaded=False)

    def _run(self, dataset: str, files: Sequence[ManifestFile]) -> int:
        self._runs += 1
        version = yaml.safe_load(_contract(dataset))["version"]
        contract_key = f"contracts/{dataset.replace('.', '/')}/{version}.odcs.yaml"
        manifest = Manifest(dataset, 1, f"run-{self._runs}", contract_key, version, Epoch(), Epoch(), tuple(files))
        self._world.decide(manifest.run_id, RunState.RUNNING)
        done = self._world.load(manifest, self._place / manifest.run_id, None, lambda: None)
        assert isinstance(done, Account), done
        self._world.decide(manifest.run_id, RunState.SUCCEEDED)
        return done.books.rows_accepted


def _again(file: ManifestFile) -> ManifestFile:
    return replace(file, replaces=True, loaded=True)


def _contract(dataset: str) -> str:
    return (ROOT / "contracts" / f"{dataset.replace('.', '/')}.odcs.yaml").read_text(encoding="utf-8")
