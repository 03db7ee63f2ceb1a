"""The formats of files. Each one says which names a file has, and reads files of the same names as segments."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

from tidegate.contracts.contract import Contract, Format
from tidegate.engine.csv_header import end_of_header, parse_header
from tidegate.engine.excel import ExcelForm
from tidegate.engine.json_form import JsonForm
from tidegate.engine.parquet import ParquetForm
from tidegate.engine.segments import Segment
from tidegate.engine.sources import encoding_of, head
from tidegate.engine.texts import Cutter
from tidegate.engine.values import FilePlan, StagedFile
from tidegate.errors import FileRefused


class Form(Protocol):
    """How the files of a contract's format are read."""

    def header(self, file: StagedFile) -> tuple[str, ...]:
        """Return the names of a file's fields; raise FileRefused when it is not of this format."""
        ...

    def segments(self, plans: Sequence[tuple[int, FilePlan]], size: int, refused: dict[int, FileRefused]) -> Iterator[Segment]:
        """Read numbered files of one header in their order, about `size` bytes at a time.

        A file that turns out unreadable is added to `refused` by number; segments with its earlier records may have been given already.
        """
        ...


def form_of(contract: Contract) -> Form:
    """Return how the contract's files are read."""
    return _FORMS[contract.format](contract)


class CsvForm:
    """Text with a header line, cut into fields by a delimiter."""

    def __init__(self, contract: Contract) -> None:
        """Raise ContractInvalid when the contract's encoding is not known."""
        self._contract, self._encoding = contract, encoding_of(contract)

    def header(self, file: StagedFile) -> tuple[str, ...]:
        """Read the header line."""
        form = self._contract.csv
        return parse_header(head(file, self._encoding, lambda data: end_of_header(data, form) is not None), self._contract)

    def segments(self, plans: Sequence[tuple[int, FilePlan]], size: int, refused: dict[int, FileRefused]) -> Iterator[Segment]:
        """Cut large files where records end, and join small ones."""
        return Cutter(self._contract.csv, self._encoding, size).segments(plans, refused)


_FORMS: Mapping[Format, Callable[[Contract], Form]] = {
    Format.CSV: CsvForm,
    Format.JSON: JsonForm,
    Format.PARQUET: ParquetForm,
    Format.EXCEL: ExcelForm,
}
