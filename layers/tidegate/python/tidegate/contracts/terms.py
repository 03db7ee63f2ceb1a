"""Expressions over source columns as plain values: what `contracts/transform.py` reads and the row engine compiles."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Sort(StrEnum):
    """What an expression gives; there is no conversion between them but by a function."""

    TEXT = "text"
    NUMBER = "number"  # an exact decimal
    CONDITION = "condition"  # true, false or unknown
    DATE = "date"
    TIMESTAMP = "timestamp"  # without zone
    TIME = "time"


#: Operations on a text that may give an empty one, which counts as null.
MAY_EMPTY = frozenset(
    {"trim", "ltrim", "rtrim", "substring", "replace", "split_part", "concat", "concat_ws", "regexp_replace", "regexp_extract"}
)
#: Operations that give an empty text for an empty text, so that whether it is null can be asked behind them.
PASS_EMPTY = frozenset({"upper", "lower", "trim", "ltrim", "rtrim", "substring", "left", "right", "replace", "split_part"})


@dataclass(frozen=True, slots=True)
class Term:
    """One node of an expression.

    `op` is `source` (`value` is the header name), `literal` or `figure` (`value` is the text or the number), or a function or
    operator. Literal arguments of a function that have to be known beforehand (patterns, formats,
    positions) are in `options`, the others in `terms`. `scale` is how many digits a NUMBER has behind the point, at most.
    """

    op: str
    sort: Sort
    terms: tuple["Term", ...] = ()
    value: str = ""
    options: tuple[str, ...] = ()
    scale: int = 0

    def __iter__(self) -> Iterator["Term"]:
        """Iterate over this term and everything below it."""
        yield self
        for term in self.terms:
            yield from term

    @property
    def sources(self) -> tuple[str, ...]:
        """Header names in the order of their first use."""
        return tuple(dict.fromkeys(term.value for term in self if term.op == "source"))

    @property
    def may_be_empty(self) -> bool:
        """Whether the result may be an empty text, which has to be made null before anything else is done with it."""
        return self.op in MAY_EMPTY or (self.op in PASS_EMPTY and self.terms[0].may_be_empty)
