"""Gold's models, built by dbt in this process. dbt comes with the layer of the function that builds gold, and is imported here only."""

import contextlib
import hashlib
import importlib.resources
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from tidegate.usecases.gold import Built, Settled
from tidegate.warehouses.locks import take_locks_of_threads

_GOOD = frozenset({"success", "pass", "warn", "no-op"})


@dataclass(frozen=True, slots=True)
class DbtBuilder:
    """The dbt project in a folder; `room` is where dbt may write. `target` is one of its profiles."""

    project: Path
    room: Path
    target: str

    @property
    def account(self) -> Path:
        """What dbt tells of the last build: its log, which may quote what a warehouse said."""
        return self.room / "dbt.log"

    def sources(self) -> Mapping[str, str]:
        """Name the tables that models are made from, as `<layer>.<table>`, each with its dataset."""
        told = yaml.safe_load((self.project / "models/sources.yml").read_text(encoding="utf-8"))
        tables = ((source["name"], table) for source in told["sources"] for table in source["tables"])
        return {f"{layer}.{table['name']}": table["config"]["meta"]["dataset"] for layer, table in tables}

    def version(self) -> str:
        """Name the project's files as they are."""
        digest = hashlib.sha256()
        for path in sorted(p for p in self.project.rglob("*") if p.is_file() and p.suffix in (".sql", ".yml", ".csv")):
            digest.update(f"{path.relative_to(self.project)}\0".encode() + path.read_bytes())
        return digest.hexdigest()

    def build(self, changed: Collection[str], lake: Settled) -> Built:
        """Build what is downstream of some tables, each read at its version, none where it has none; what fails is in the answer."""
        # With what is downstream goes what else that is made of: its views of tables that nobody built from yet.
        downstream = [f"@source:{name}" for name in sorted(changed)]
        # Unit tests are about the code, which does not change here.
        selected = ["--select", *downstream, "tag:still", "--exclude-resource-type", "unit_test"]
        done = self._invoke("build", *selected, "--vars", json.dumps(asdict(lake)))
        if done.exception is not None:
            return Built(0, [f"dbt: {type(done.exception).__name__}"])
        results = [(result.node.unique_id, str(result.status)) for result in done.result]
        failed = [name for name, status in results if status not in _GOOD and status != "skipped"]
        skipped = sum(status == "skipped" for _, status in results)
        return Built(len(results) - len(failed) - skipped, failed, skipped)

    def _invoke(self, *words: str) -> Any:  # noqa: ANN401 - dbt has no types
        take_locks_of_threads()
        from dbt.cli.main import dbtRunner

        room = [f"--target-path={self.room / 'target'}", f"--log-path={self.room}"]
        places = [f"--project-dir={self.project}", f"--profiles-dir={self.project}", f"--target={self.target}"]
        return dbtRunner().invoke([*words, *places, *room, "--log-level=none", "--log-level-file=info", "--no-use-colors"])


@contextlib.contextmanager
def shipped_project() -> Iterator[Path]:
    """The project as it came with the layer."""
    with importlib.resources.as_file(importlib.resources.files("tidegate_gold")) as place:
        yield place
