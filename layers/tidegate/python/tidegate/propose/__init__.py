"""A first contract from sample files: `tidegate contract propose`.

The way of a sample: `dialect` (format, encoding, delimiter) → `sample` (the row engine cuts it into named text columns, `nested` opens
objects) → `profile` (counts and shapes) → `generations` (which names are one column) → `types`, `temporal`, `privacy`, `keys`
(decisions, each with its evidence) → `columns`, `document` (YAML). The sample is then loaded with the proposal: a column whose type
the engine refuses becomes text.
"""

from tidegate.propose.proposal import Proposal, propose
from tidegate.propose.sample import dataset_name

__all__ = ["Proposal", "dataset_name", "propose"]
