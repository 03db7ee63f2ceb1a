"""What the use cases need from the outside, as protocols. `tidegate.aws` implements them; tests hold fakes to the same contract."""

from tidegate.ports.ledger import Ledger, Registration
from tidegate.ports.services import Clock, Letters, Objects, ObjectVersion, Timer, Workflow
from tidegate.ports.tables import (
    Catalog,
    DataFile,
    KeptTable,
    Lake,
    Layers,
    LiveFile,
    Merger,
    Orphan,
    QuarantineReader,
    Snapshot,
    Store,
    StoredFile,
    Table,
    TableVersion,
)
from tidegate.ports.workshop import Outcome, Swap, Workshop

__all__ = [
    "Catalog",
    "Clock",
    "DataFile",
    "KeptTable",
    "Lake",
    "Layers",
    "Ledger",
    "Letters",
    "LiveFile",
    "Merger",
    "ObjectVersion",
    "Objects",
    "Orphan",
    "Outcome",
    "QuarantineReader",
    "Registration",
    "Snapshot",
    "Store",
    "StoredFile",
    "Swap",
    "Table",
    "TableVersion",
    "Timer",
    "Workflow",
    "Workshop",
]
