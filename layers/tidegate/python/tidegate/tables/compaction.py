"""One data file out of several, with the same rows and the field ids of the table."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tidegate.engine import Limits
from tidegate.errors import BooksUnbalanced
from tidegate.ports import LiveFile, Table
from tidegate.tables.duck import connect, copy_to, reading


@dataclass(frozen=True, slots=True)
class LocalMerger:
    """A directory, and what DuckDB may use there."""

    directory: Path
    limits: Limits

    @contextmanager
    def merged(self, table: Table, files: Sequence[LiveFile]) -> Iterator[Path]:
        """Copy the files and write their rows into one, in the order of arrival; both are gone after the block."""
        with TemporaryDirectory(dir=self.directory, prefix="merge-") as name:
            room = Path(name)
            paths = table.fetch(files, room)
            with connect(room, self.limits) as db:
                rows = f"{reading(table.columns, paths)} ORDER BY _arrival, _file_id, _record"
                path = copy_to(db, rows, room / "merged.parquet", table.field_ids)
            if path is None:
                raise BooksUnbalanced(f"{table.name}: {len(files)} data files of {sum(f.rows for f in files)} rows gave none")
            yield path
