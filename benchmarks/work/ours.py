"""Ours: the whole contract over the files of a folder, and the fold that makes silver of it, as a first load does both.

    python -m benchmarks.work.ours FILES OUT [memory in MiB] [steps]

Writes accepted.parquet, quarantined.parquet and, unless the steps are `rows`, silver.parquet and what it has no room for beside it.
"""

import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tidegate import engine
from tidegate.contracts.contract import Contract
from tidegate.contracts.parse import parse_contract
from tidegate.model.runs import Commit, Epoch, Manifest
from tidegate.ports import Layers, LiveFile
from tidegate.tables.schema import duckdb_type, field_ids, quarantine_schema, row_schema
from tidegate.tables.silver import fold_silver

KEY = b"the key of the benchmark"
CONTRACT = Path(__file__).resolve().parents[1] / "contract.odcs.yaml"
THREADS = 2


class NewTable:
    """A table that nothing was committed to yet."""

    author = ""

    def __init__(self, contract: Contract, name: str) -> None:
        """Take the schema from the contract."""
        schema = row_schema(contract)
        self.name = name
        self.columns: Mapping[str, str] = {f.name: duckdb_type(f.field_type) for f in schema.fields}
        self.field_ids: Mapping[str, int] = field_ids(schema)

    def committed(self, run_id: str) -> Mapping[str, str] | None:  # noqa: ARG002 - the port's signature
        """Nothing was."""
        return None

    def live(self) -> Sequence[LiveFile]:
        """No data files."""
        return []

    def bounds(self, column: str) -> Mapping[str, tuple[str, str]]:  # noqa: ARG002 - the port's signature
        """No data files."""
        return {}

    def fetch(self, files: Sequence[LiveFile], directory: Path) -> Sequence[Path]:  # noqa: ARG002 - the port's signature
        """No data files."""
        return []

    def commit(self, run_id: str, *, remove: Sequence[LiveFile], add: Sequence[Path], summary: Mapping[str, str]) -> Commit:
        """Nobody commits here."""
        raise NotImplementedError

    def undo(self) -> None:
        """Nothing to take back."""
        raise NotImplementedError


def read_contract() -> Contract:
    """Return the benchmark's contract."""
    return parse_contract(CONTRACT.read_text(encoding="utf-8"), "benchmarks/contract.odcs.yaml")


def rows(contract: Contract, files: Sequence[Path], out: Path, limits: engine.Limits) -> engine.Output:
    """Run the row engine; exit when it refuses a file."""
    staged = [engine.StagedFile(f"f{n:06d}", f"bench/claims/delta/{f.name}", "v", f"{n:06d}", f) for n, f in enumerate(files)]
    output = engine.run(
        contract,
        staged,
        field_ids={"bronze": field_ids(row_schema(contract)), "quarantine": field_ids(quarantine_schema())},
        keyring=engine.Keyring("bench", KEY),
        run_id="bench",
        workdir=out,
        limits=limits,
    )
    if any(f.refused for f in output.files):
        sys.exit("the engine refused a file of the benchmark")
    return output


def fold(contract: Contract, accepted: Path, out: Path, limits: engine.Limits) -> dict[str, int]:
    """Make silver of the accepted rows alone; return what became of them."""
    manifest = Manifest(contract.dataset, 1, "bench", "k", contract.version, Epoch(), Epoch(), ())
    layers = Layers(*(NewTable(contract, layer) for layer in ("bronze", "quarantine", "silver")))
    room = out / "silver-room"
    room.mkdir()
    swap, books = fold_silver(contract, manifest, layers, [accepted], [], room, limits)
    for number, made in enumerate(swap.add):
        made.rename(out / (f"silver-{number}.parquet" if number else "silver.parquet"))
    return {"inserted": books.rows_inserted, "superseded": books.rows_superseded}


def main(folder: Path, out: Path, memory: int, steps: str) -> None:
    """Load, and print the books and the seconds of each step."""
    contract, limits = read_contract(), engine.Limits(memory_mb=memory, threads=THREADS)
    ready, ready_cpu = time.monotonic(), time.process_time()
    output = rows(contract, sorted(folder.glob("*.csv")), out, limits)
    read, read_cpu = time.monotonic(), time.process_time()
    if output.accepted is None:
        sys.exit("no row was accepted")
    books = fold(contract, output.accepted, out, limits) if steps == "all" else {}
    done, done_cpu = time.monotonic(), time.process_time()
    notes = {
        "rows_read": sum(f.rows_read for f in output.files),
        "rows_accepted": sum(f.rows_accepted for f in output.files),
        "rows_quarantined": sum(f.rows_quarantined for f in output.files),
        **books,
        "steps": {  # CPU and wall seconds
            "imports and contract": {"cpu": ready_cpu},
            "row engine": {"cpu": read_cpu - ready_cpu, "wall": read - ready},
            "fold": {"cpu": done_cpu - read_cpu, "wall": done - read},
        },
    }
    print(json.dumps(notes))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int((sys.argv[3:] or ["4096"])[0]), (sys.argv[4:] or ["all"])[0])
