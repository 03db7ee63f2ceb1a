"""What the list of functions says about each: its parameters, what it means, and an example that a test computes.

A parameter is the sorts that it takes joined by `|`, or `any` (every one of them has the sort of the first), or a literal: `'text'`,
`'texts'` (it may be empty), `'pattern'`, `'format'`, `'g'`, or a whole number from a bound to a bound such as `1..1000`. `?` behind
it means that it may be left out, `*` that there may be more of it.
"""

from dataclasses import dataclass

from tidegate.contracts.terms import Sort

NUMBER_SCALE = 9
"""Digits behind the point that `number(x)` takes."""
QUOTIENT_SCALE = 12
"""Digits behind the point to which a quotient is rounded."""
MAX_SCALE = 30
"""Digits behind the point that an intermediate result may have, of 38 in all."""


@dataclass(frozen=True, slots=True)
class Function:
    """One function. `result` None: the sort of its arguments. `gives` is the example's result as text, empty for null."""

    name: str
    parameters: tuple[str, ...]
    result: Sort | None
    meaning: str
    example: str
    gives: str

    @property
    def least(self) -> int:
        """Fewest arguments."""
        return sum(not p.endswith("?") for p in self.parameters)

    @property
    def most(self) -> int | None:
        """Most arguments; None when there is no bound of its own."""
        return None if self.parameters[-1].endswith("*") else len(self.parameters)

    @property
    def signature(self) -> str:
        """The function as documentation shows it."""
        shown = ", ".join(_shown(p) for p in self.parameters)
        return f"{self.name}({shown})"


def _shown(parameter: str) -> str:
    bare = parameter.rstrip("?*")
    bare = "n" if ".." in bare else "'text'" if bare == "'texts'" else bare.replace("|", " or ")
    return f"[{bare}]" if parameter.endswith("?") else f"{bare}, …" if parameter.endswith("*") else bare
