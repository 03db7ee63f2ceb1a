"""A full load takes the place of the whole table: it is held back where it would take away what nobody said should go."""

from tidegate.contracts.contract import Contract
from tidegate.errors import BatchRefused
from tidegate.model.runs import Manifest
from tidegate.ports import Layers, Outcome


def check_full_load(contract: Contract, manifest: Manifest, rows: int, layers: Layers, output: Outcome) -> None:
    """Raise BatchRefused for a full load that is not whole, empty, or too small. `rows` are those that the table would have after it."""
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
