"""What the driver of a Glue job does of a fold: decide on narrow rows which ones make silver. Nothing is written.

    python -m benchmarks.work.decide FOLDER OUT MEMORY FILES

Takes so many of the Parquet files of accepted rows in a folder as a first load, with so many MiB for DuckDB.
"""

import json
import sys
import time
from pathlib import Path

from benchmarks.work.ours import THREADS, NewTable, read_contract
from tidegate.engine import Limits
from tidegate.model.runs import Epoch, Manifest
from tidegate.ports import DataFile, Layers
from tidegate.tables.rewriting import Decided
from tidegate.tables.silver import Spread, fold_silver
from tidegate.tables.writing import TARGET_BYTES


def main(folder: Path, out: Path, memory: int, files: int) -> None:
    """Decide, and print what was decided."""
    contract, pieces = read_contract(), list[int]()

    def write(decided: Decided) -> list[DataFile]:
        pieces.append(len(decided.pieces))
        return []

    manifest = Manifest(contract.dataset, 1, "bench", "k", contract.version, Epoch(), Epoch(), ())
    layers = Layers(*(NewTable(contract, layer) for layer in ("bronze", "quarantine", "silver")))
    arriving = sorted(folder.glob("*.parquet"))[:files]
    limits = Limits(memory_mb=memory, threads=THREADS, temp_dir=out)
    began = time.monotonic()
    swap, _ = fold_silver(contract, manifest, layers, arriving, [], out, limits, Spread(write, TARGET_BYTES))
    size = sum(path.stat().st_size for path in arriving) / 1e6
    print(json.dumps({"rows": swap.added, "megabytes": size, "pieces": pieces[0], "seconds": time.monotonic() - began}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
