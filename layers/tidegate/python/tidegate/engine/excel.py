"""Excel workbooks (xlsx): one worksheet, its first row the names, each further row that is not blank a record.

openpyxl streams the rows of a sheet, but holds the workbook's shared texts. Formulas give the value that Excel saved with them; of
merged cells the first has the value, the others are empty.
"""

import datetime as dt
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

import pyarrow as pa

from tidegate.contracts.contract import Contract
from tidegate.engine.canonical import plain_float
from tidegate.engine.rows import Joiner, Piece, Taken
from tidegate.engine.segments import Part, Segment
from tidegate.engine.values import FilePlan, StagedFile
from tidegate.engine.workbooks import FAULTS, check_container, check_rows, damaged, is_fault
from tidegate.errors import FileRefused

_PIECE_ROWS = 1 << 12
_ERROR = "e"  # openpyxl's data type of #N/A, #DIV/0! and the like


class ExcelForm:
    """One worksheet of a workbook."""

    def __init__(self, contract: Contract) -> None:
        """Keep which sheet and which names the contract takes."""
        self._sheet = contract.sheet
        self._taken = Taken(contract)

    def header(self, file: StagedFile) -> tuple[str, ...]:
        """Return the texts of the first row, up to the last that is not blank.

        Raises:
            FileRefused: EMPTY_FILE, UNSUPPORTED_CONTENT, UNREADABLE, TOO_LARGE, or WRONG_HEADER: no such sheet, or a blank first row.
                UNSUPPORTED_CONTENT also when several sheets have rows and the contract does not say which.
        """
        with self._rows(file) as rows:
            first = next(rows, None)
            if first is None:
                raise FileRefused("EMPTY_FILE", "the worksheet is empty: send the names alone if there is nothing to send")
            names = [_text(cell)[0] or "" for cell in first]
        names = [name.strip() for name in names]
        while names and not names[-1]:
            names.pop()
        if not names:
            raise FileRefused("WRONG_HEADER", "the first row of the worksheet is blank: send it with the names of the columns")
        return tuple(names)

    def segments(self, plans: Sequence[tuple[int, FilePlan]], size: int, refused: dict[int, FileRefused]) -> Iterator[Segment]:
        """Read some thousand rows at a time, and join small files."""
        if not plans:
            return
        joiner = Joiner(plans[0][1].header, size)
        for number, plan in plans:
            try:
                for piece in self._pieces(number, plan):
                    yield from joiner.add(piece)
            except FileRefused as error:
                refused[number] = error
                joiner.forget(number)
        yield from joiner.rest()

    def _pieces(self, number: int, plan: FilePlan) -> Iterator[Piece]:
        places = [place for place, name in enumerate(plan.header) if name in self._taken]
        first = 0
        with self._rows(plan.file) as rows:
            next(rows, None)
            records = (row for row in rows if any(cell.value is not None and cell.value != "" for cell in row))
            while chunk := list(islice(records, _PIECE_ROWS)):
                yield _piece(Part(number, first, len(chunk)), chunk, places or [0], len(plan.header))
                first += len(chunk)

    @contextmanager
    def _rows(self, file: StagedFile) -> Iterator[Iterator[Sequence[Any]]]:
        import openpyxl

        warnings.filterwarnings("ignore", module="openpyxl")  # some quote a cell
        check_container(file.path)
        try:
            with file.path.open("rb") as content:  # by its path openpyxl would look at the name
                book = openpyxl.load_workbook(content, read_only=True, data_only=True, keep_links=False)
                sheet = self._chosen(book)
                sheet.reset_dimensions()  # what a writer says of them may be wrong
                yield check_rows(sheet.iter_rows())
        except FAULTS:
            raise damaged() from None
        except OSError as error:
            if not is_fault(error):
                raise
            raise damaged() from None

    def _chosen(self, book: Any) -> Any:  # noqa: ANN401 - openpyxl has no types
        if self._sheet and self._sheet not in [sheet.title for sheet in book.worksheets]:
            raise FileRefused(
                "WRONG_HEADER", f"the workbook has no worksheet {self._sheet}: name it so, or change sheet in the contract"
            )
        if not book.worksheets:
            raise FileRefused("WRONG_HEADER", "the workbook has no worksheet: send the rows in one")
        if self._sheet:
            return book[self._sheet]
        if any(_has_cells(sheet) for sheet in book.worksheets[1:]):
            message = "several worksheets of the workbook have rows: name the one to read, by sheet, in the contract"
            raise FileRefused("UNSUPPORTED_CONTENT", message)
        return book.worksheets[0]


def _has_cells(sheet: Any) -> bool:  # noqa: ANN401 - openpyxl has no types
    sheet.reset_dimensions()
    return any(cell.value not in {None, ""} for row in sheet.iter_rows() for cell in row)


def _piece(part: Part, chunk: Sequence[Sequence[Any]], places: Sequence[int], width: int) -> Piece:
    broken: dict[int, tuple[str, ...]] = {}
    texts: dict[str, list[str | None]] = {f"h{place}": [] for place in places}
    marks: dict[str, list[bool]] = {f"b{place}": [] for place in places}
    for row, cells in enumerate(chunk):
        rules = {"columns"} if any(cell.value not in {None, ""} for cell in cells[width:]) else set()
        for place in places:
            cell = cells[place] if place < len(cells) else None
            text, typed = (None, False) if cell is None else _text(cell)
            texts[f"h{place}"].append(text)
            marks[f"b{place}"].append(typed)
            if cell is not None and cell.data_type == _ERROR:
                rules.add("cell_error")
        if rules:
            broken[row] = tuple(sorted(rules))
    as_text = pa.table({name: pa.array(values, pa.large_string()) for name, values in texts.items()})
    return Piece(part, as_text, pa.table({name: pa.array(values, pa.bool_()) for name, values in marks.items()}), broken)


def _text(cell: Any) -> tuple[str | None, bool]:  # noqa: ANN401 - openpyxl has no types
    """Return a cell's text, and whether it was a typed value (see `canonical`)."""
    value = cell.value
    if value is None or isinstance(value, str):
        return value, False
    if isinstance(value, bool):
        return str(value).lower(), True
    if isinstance(value, float):
        return plain_float(repr(value)), True
    if isinstance(value, dt.timedelta):  # of a format such as [h]:mm:ss
        seconds = value // dt.timedelta(seconds=1)
        return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}" + _fraction(value.microseconds), True
    if isinstance(value, dt.datetime | dt.time):
        return value.replace(microsecond=0).isoformat() + _fraction(value.microsecond), True
    return str(value), True


def _fraction(microseconds: int) -> str:
    return f".{microseconds:06}".rstrip("0") if microseconds else ""
