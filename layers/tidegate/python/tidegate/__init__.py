"""Tidegate: drop a file in S3; every row ends in a table or in quarantine, exactly once, and you can prove it."""

import os

# numpy comes with pyarrow, and its threads, for algebra that nobody does here, would spin at every start.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # noqa: TID251 - set for a library, not read

__version__ = "0.1.0"
