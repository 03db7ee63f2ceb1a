"""Regular expressions in contracts: what Python and RE2 (DuckDB's engine) read in the same way."""

import re
from collections.abc import Iterator

_ESCAPE_OR_CLASS = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
_ONLY_PYTHON = (
    (re.compile(r"\(\?<?[=!]"), "look-around is not supported"),
    (re.compile(r"\(\?>|[*+?}]\+"), "possessive matching is not supported"),
    (re.compile(r"\(\?P=|\(\?\("), "back-references are not supported"),
)
_END = re.compile(r"(?<!\\)(?:\\\\)*\\Z")
_BACK_REFERENCE = re.compile(r"(?<!\\)(?:\\\\)*\\[1-9]")
_REPEAT = re.compile(r"\{([0-9]+)(?:,([0-9]*))?\}")
_MOST_REPEATS = 1000


def check_pattern(pattern: str, *, groups: int | None = None) -> Iterator[tuple[str, str]]:
    """Say what is wrong with a regular expression, as (message, hint); `groups` is how many capturing groups it has to have."""
    try:
        compiled = re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        yield f"is not a regular expression: {error}", "RE2 syntax"
        return
    bare = _ESCAPE_OR_CLASS.sub("_", pattern)
    yield from ((message, "RE2 syntax") for part, message in _ONLY_PYTHON if part.search(bare))
    if _BACK_REFERENCE.search(pattern):
        yield "back-references are not supported", "RE2 syntax"
    if _END.search(pattern):
        yield r"\Z is not supported", "$"
    if any(int(n) > _MOST_REPEATS for match in _REPEAT.findall(bare) for n in match if n):
        yield f"repeats more than {_MOST_REPEATS} times", "use minLength and maxLength"
    if groups is not None and compiled.groups != groups:
        yield f"should have exactly one group, not {compiled.groups}", "put (…) around the value, (?:…) around anything else"
