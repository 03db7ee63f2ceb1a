"""The text of an expression to sqlglot's tree: DuckDB's grammar with every function as it is written, and nothing but one value."""

from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from sqlglot import exp
    from sqlglot.dialects.duckdb import DuckDB
    from sqlglot.parsers.duckdb import DuckDBParser
    from sqlglot.tokenizer_core import Token

MAX_CHARACTERS = 4000
MAX_NESTING = 40
_OPENING, _CLOSING = ("L_PAREN", "CASE"), ("R_PAREN", "END")
_SIGNS = ("NOT", "DASH", "PLUS", "TILDE")


class LogicInvalid(ValueError):
    """An expression cannot be used: what is wrong, and what to write instead."""

    def __init__(self, message: str, hint: str = "") -> None:
        """Keep both."""
        super().__init__(message)
        self.message, self.hint = message, hint


def parse_text(text: str) -> "exp.Expr":
    """Parse one expression. What sqlglot's grammar takes is much more than what is allowed: see `transform`.

    Raises:
        LogicInvalid: it is no expression, or larger or deeper than anybody writes.
    """
    from sqlglot import exp
    from sqlglot.errors import ParseError, SqlglotError

    if len(text) > MAX_CHARACTERS:
        raise LogicInvalid(f"has more than {MAX_CHARACTERS} characters", "split it over several columns, or compute downstream")
    if "\0" in text:
        raise LogicInvalid("has a NUL character", "take it out")
    dialect, parser = _grammar()
    try:
        tokens = dialect.tokenize(text)
        _check_tokens(tokens)
        trees = parser(dialect=dialect).parse_into(exp.Condition, tokens, text)
    except ParseError as error:
        raise _unreadable(error) from None
    except (SqlglotError, RecursionError):
        raise LogicInvalid("cannot be read", 'one expression over source columns, such as upper("State")') from None
    tree = trees[0] if len(trees) == 1 else None
    if tree is None:
        raise LogicInvalid("is not one expression", 'such as upper("State")')
    return tree


@cache
def _grammar() -> "tuple[DuckDB, type[DuckDBParser]]":
    """DuckDB's grammar without its functions, so that each stays a name with arguments. Loaded when the first expression is met."""
    from sqlglot.dialects.duckdb import DuckDB
    from sqlglot.parsers.duckdb import DuckDBParser

    class Parser(DuckDBParser):
        FUNCTIONS: ClassVar[dict[str, Any]] = {}
        FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {}
        NO_PAREN_FUNCTIONS: ClassVar[dict[Any, Any]] = {}

    return DuckDB(), Parser


def _check_tokens(tokens: "list[Token]") -> None:
    """The parser descends for every one of these, so their number is bounded before it starts."""
    depth = signs = 0
    for token in tokens:
        name = token.token_type.name
        if token.comments:
            raise LogicInvalid("has a comment", "use transformDescription")
        depth += (name in _OPENING) - (name in _CLOSING)
        signs = signs + 1 if name in _SIGNS else 0
        if depth > MAX_NESTING or signs > MAX_NESTING:
            raise LogicInvalid(f"is nested more than {MAX_NESTING} levels deep", "compute downstream")


def _unreadable(error: "Exception") -> LogicInvalid:
    found = getattr(error, "errors", None) or [{}]
    near = str(found[0].get("highlight") or "").strip()
    return LogicInvalid(f"cannot be read near {near}" if near else "cannot be read", 'one expression, such as upper("State")')
