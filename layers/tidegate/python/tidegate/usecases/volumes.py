"""How many rows usually come: kept in the ledger by each run that is settled, compared by the next."""

from collections.abc import Sequence
from statistics import median

from tidegate.contracts.rules import Volume
from tidegate.contracts.volumes import REMEMBERED
from tidegate.model.files import FileState
from tidegate.model.runs import DatasetState, Manifest, Receipt

#: Fewer earlier loads than these say nothing about what is usual.
ENOUGH = 3


def kind_of(manifest: Manifest) -> str:
    """Return which loads a batch is compared with: full ones, or deltas."""
    return "full" if manifest.files and manifest.files[0].load else "delta"


def rows_of(manifest: Manifest, rows: int, files: int) -> int:
    """Return what is compared: all rows of a full load, the rows a file of deltas."""
    return rows if kind_of(manifest) == "full" else round(rows / files)


def percent_of_usual(volume: Volume, manifest: Manifest, rows: int, files: int, state: DatasetState) -> float | None:
    """Return the rows of a batch in percent of the median of earlier loads; None while there are too few of them."""
    before = list(state.volumes.get(kind_of(manifest), ()))[-volume.runs :]
    usual = median(before) if len(before) >= min(ENOUGH, volume.runs) else 0
    return 100 * rows_of(manifest, rows, files) / usual if usual else None


def remembered(manifest: Manifest, receipts: Sequence[Receipt], before: DatasetState, now: int) -> tuple[dict[str, list[int]], int]:
    """Return the volumes and the time of the last load after a run. Files that were loaded before bring nothing new."""
    volumes = {kind: list(rows) for kind, rows in before.volumes.items()}
    fresh = {f.file_id for f in manifest.files if not f.loaded and not f.marker}
    loaded = [r for r in receipts if r.file_id in fresh and r.state is FileState.LOADED and not r.kept]
    if not loaded:
        return volumes, before.loaded_at
    rows = rows_of(manifest, sum(r.rows_accepted for r in loaded), len(loaded))
    volumes[kind_of(manifest)] = [*volumes.get(kind_of(manifest), []), rows][-REMEMBERED:]
    return volumes, now
