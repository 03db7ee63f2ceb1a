"""Ways to spoil a row, each with the rules that the engine must name for it."""

from collections.abc import Callable, Sequence
from functools import partial

from demo.dice import Dice
from demo.records import Record, Row, cells_of, good, render

#: Spoils one row of a file with the given header.
Fault = Callable[[Sequence[str], Row], Record]

LATIN_1_E_ACUTE = "\udce9"  # render() writes it as the single byte 0xE9, which UTF-8 does not allow there


def wrong(rule: str, /, **cells: str) -> Fault:
    """Put other texts in some cells. Header names are written with `_` for a blank or a slash."""
    return partial(_wrong, (rule,), cells)


def both(first: tuple[str, str, str], second: tuple[str, str, str]) -> Fault:
    """Break two rules in one record; each is (rule, header name, text)."""
    return partial(_wrong, (first[0], second[0]), {first[1]: first[2], second[1]: second[2]})


def _wrong(rules: tuple[str, ...], cells: dict[str, str], header: Sequence[str], row: Row) -> Record:
    named = {name.replace("/", "_").replace(" ", "_"): name for name in header}
    spoiled = row | {named[alias]: text for alias, text in cells.items()}
    return Record(render(cells_of(header, spoiled)), spoiled, rules)


def too_many(header: Sequence[str], row: Row) -> Record:
    """Add a cell that has no column."""
    return Record(render([*cells_of(header, row), "surplus"]), row, ("columns",))


def too_few(header: Sequence[str], row: Row) -> Record:
    """Leave out the last two cells."""
    return Record(render(cells_of(header, row)[:-2]), row | dict.fromkeys(header[-2:], ""), ("columns",))


def bad_quoting(column: str) -> Fault:
    """Let text follow the closing quotation mark, as a hand-written export does."""
    return partial(_bad_quoting, column)


def _bad_quoting(column: str, header: Sequence[str], row: Row) -> Record:
    raw = render(cells_of(header, row), {list(header).index(column): '"as told" by phone'})
    return Record(raw, row | {column: "as told by phone"}, ("quoting",))


def bad_byte(column: str) -> Fault:
    """Write an é as Latin-1 does in the middle of a cell."""
    return partial(_bad_byte, column)


def _bad_byte(column: str, header: Sequence[str], row: Row) -> Record:
    cell = row[column]
    spoiled = row | {column: cell[: len(cell) // 2] + LATIN_1_E_ACUTE + cell[len(cell) // 2 :]}
    return Record(render(cells_of(header, spoiled)), spoiled, ("encoding",))


def plant(
    dice: Dice, header: Sequence[str], rows: Sequence[Row], faults: Sequence[Fault], spare: Callable[[], Row]
) -> tuple[Record, ...]:
    """Return the rows as good records with one spoiled `spare` row per fault between them."""
    records = [good(header, row) for row in rows]
    for fault in faults:
        records.insert(dice.below(len(records) + 1), fault(header, spare()))
    return tuple(records)
