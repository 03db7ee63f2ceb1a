"""The row engine: landing objects on local disk in, one Parquet file of accepted rows and one of quarantined rows out.

    inspect(contract, files)   reads headers only: refused files and the extra columns that drift brings
    run(contract, files, …)    parses, types, checks and masks every row

The way of a file: `headers` (is it this dataset?) → `forms` (its format, read from plain text on disk as segments of whole records) →
`reader` (DuckDB: text → typed, checked, masked rows; structural rejects) → `output` (Parquet, raw bytes, counted books).
"""

from tidegate.engine.headers import Inspection, combined, inspect
from tidegate.engine.rowset import check_contract, run
from tidegate.engine.values import FieldIds, FilePlan, FileResult, Keyring, Limits, Output, Parent, Parents, Refusal, StagedFile

__all__ = [
    "FieldIds",
    "FilePlan",
    "FileResult",
    "Inspection",
    "Keyring",
    "Limits",
    "Output",
    "Parent",
    "Parents",
    "Refusal",
    "StagedFile",
    "check_contract",
    "combined",
    "inspect",
    "run",
]
